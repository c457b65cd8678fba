//! The deployer against AWS's own tools at one endpoint: a deploy with nothing to change, `status`, `--help`, the number of
//! calls, and how soon ONLINE is told.
//!
//! ```text
//! cargo bench -p sftp-okta-lambda --no-default-features --bench deployer [-- --rounds 5 --servers 999 --quick]
//! ```
//!
//! Run it on a machine with nothing else to do. It measures and prints; it never judges a time, so it cannot fail on a slow
//! machine. It does fail if one of them finds something to change, or if `status` and its contender ask different things.
//!
//! - The program is the real `sftp-okta`, built with the profile `release`; `SFTP_OKTA_BINARY=/path` takes a built one instead.
//! - The endpoint is its own sandbox, with one deployment in it. All tools look at the same stack, have the same template, tags
//!   and credentials, and reach it over plain http on loopback.
//! - The contenders are the aws command line and boto3 (`tests/requirements-clients.txt`) and aws-sam-cli
//!   (`benches/contenders/requirements-sam.txt`), installed into `.tools/` on the first run, which needs a connection. They run
//!   on `/usr/bin/python3.11` or else `python3` (`SFTP_OKTA_PYTHON=/path` for another). What they would only sleep is taken away
//!   (`benches/contenders/no_pauses`), and their programs are compiled and in the page cache by a first run that does not count.
//! - They take turns, round for round. Wall time is the median of all runs. Processor time is the mean of user and system time
//!   of the process and its children; the kernel tells it in hundredths of a second, so what is quick runs many times a round.
//!
//! This target belongs to the package of the function, though its files are here with the other benchmarks: it needs next to
//! nothing, and a target of the deployer would have to be linked with all AWS SDKs to measure a program from outside.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measured")]

mod calls;
mod deployed;
#[path = "../lambda/machine.rs"]
mod machine;
mod online;
mod program;
mod proxy;
mod report;
mod timing;
mod tools;
mod versus;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use deployed::Deployed;
use report::Report;
use tools::Tools;

/// What a benchmark may end with.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much is measured.
#[derive(Clone, Copy)]
struct Options {
    rounds: usize,
    /// How many servers of others there are in the end: with ours as many as one page of ListServers holds.
    servers: usize,
}

/// Where everything of this run lies; it goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-deployer-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn main() -> Result<()> {
    // Cargo says so when it is a benchmark that it runs, and not all targets as tests.
    if !env::args().any(|argument| argument == "--bench") {
        println!("nothing measured: run this with cargo bench");
        return Ok(());
    }
    let options = options()?;
    let tools = Tools::ready()?;
    let program = program::path()?;
    let folder = Folder::new()?;
    let mut deployed = Deployed::make(&program, &folder.0)?;
    let mut report = Report::new(options, tools.versions()?);

    report.extend(versus::aws_and_sam(&deployed, &tools, options)?);
    report.extend(versus::help(&deployed, &tools, options)?);
    report.extend(versus::status(&deployed, &tools, options)?);
    let alone = calls::alone(&deployed)?;
    report.has_measured();

    deployed.add_servers(options.servers)?;
    report.extend(calls::among_others(&deployed, &alone, options.servers)?);
    report.extend(online::measure(&deployed, &tools, options)?);
    println!("{report}");
    Ok(())
}

fn options() -> Result<Options> {
    let mut options = Options { rounds: 5, servers: 999 };
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--quick" {
            options = Options { rounds: 1, servers: 100 };
            continue;
        }
        let number = arguments.next().and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("{argument} needs a number above 0"))?;
        match argument.as_str() {
            "--rounds" => options.rounds = number,
            "--servers" => options.servers = number,
            _ => return Err(format!("unknown argument {argument:?}").into()),
        }
    }
    Ok(options)
}
