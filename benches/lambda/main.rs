//! The Lambda function against the same job in Python and in Node: what a sign-in costs in time, memory and upload.
//!
//! ```text
//! cargo bench -p sftp-okta-lambda --no-default-features --bench lambda [-- --rounds 40 --warm 200 --quick]
//! ```
//!
//! Run it on a machine with nothing else to do. It measures and prints; it never judges a time, so it cannot fail on a slow
//! machine. It does fail if the contenders do not give the same answers and write the same log lines, which it checks first.
//!
//! - The function is the real `bootstrap`, built with the profile `lambda` just as `build.rs` builds it for the deployer;
//!   `SFTP_OKTA_BOOTSTRAP=/path` takes a built one instead.
//! - The contenders are in `benches/contenders/`. Python 3.11 is `/usr/bin/python3.11` or else `python3.11` from the path
//!   (`SFTP_OKTA_PYTHON=/path` for another); its packages are installed from `benches/contenders/requirements.txt` into
//!   `.tools/benchmarks` on the first run, which needs a connection. Node is `node` from the path. What is missing is
//!   reported as not measured.
//! - All of them talk to the same stand-ins of the Lambda Runtime API, Okta and Secrets Manager: threads of this program.
//!   Plain http on loopback: the function accepts an Okta without TLS there, and trusts no certificate but public ones.
//! - Three jobs: a password; a password and groups; a password and 1,000 access rules. Groups are one request more, with a
//!   token that is kept. For that token the first sign-in reads the service app's key from a stand-in of Secrets Manager and
//!   signs with it, whoever the contender is; the stand-ins look at every signature. Rows without groups do none of this. Ratios are to the function at the same job. `--quick` is for seeing that all of it works: 3 rounds of
//!   50 sign-ins.
//! - In each round each contender is started once, signs in once (the first answer), a few times more for warming up and
//!   then `--warm` times. The contenders take turns, in another order in each round, so that drift hits all alike.
//!
//! This target belongs to the package `sftp-okta-lambda`, though its files are here with the other benchmarks: a target of
//! the deployer would have to link the deployer, AWS SDKs included, to measure a program that has nothing of them.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod bootstrap;
mod check;
mod contender;
mod figures;
mod function;
mod machine;
mod okta;
mod python;
mod report;
mod service_app;
mod sign_in;
mod stand_in;
mod target;
mod zip;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use contender::Contender;
use figures::Measured;
use report::Report;
use sign_in::Job;

/// Sign-ins between the first one and those that count as warm, for compilers that work while they run.
const WARMING_UP: usize = 50;

struct Options {
    rounds: usize,
    warm: usize,
}

/// Where everything of this run lies; it goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-lambda-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo says so when it is a benchmark that it runs, and not all targets as tests.
    if !env::args().any(|argument| argument == "--bench") {
        println!("nothing measured: run this with cargo bench");
        return Ok(());
    }
    let options = options()?;
    let folder = Folder::new()?;
    let okta = okta::start()?;
    let contenders = contender::all(&folder.0, &okta)?;

    let ready: Vec<&Contender> = contenders.iter().filter(|contender| contender.missing.is_none()).collect();
    for job in [Job::Password, Job::Groups] {
        let these: Vec<&Contender> = ready.iter().copied().filter(|contender| contender.job == job).collect();
        check::same_answers(&these, &okta)?;
    }

    let mut report = Report::new(options.rounds, options.warm);
    let mut measured: Vec<Measured> = ready.iter().map(|_| Measured::default()).collect();
    for round in 0..options.rounds {
        let order = (0..ready.len()).map(|turn| (turn + round) % ready.len());
        for index in order {
            if let (Some(contender), Some(measured)) = (ready.get(index), measured.get_mut(index)) {
                let sign_ins = vec![sign_in::right().to_string(); 1 + WARMING_UP + options.warm];
                let run = function::run(contender, &okta, sign_ins)?;
                check::all_accepted(contender, &run)?;
                measured.add(&run, WARMING_UP);
            }
        }
    }
    report.finish(&contenders, measured);
    println!("{report}");
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { rounds: 40, warm: 200 };
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let option = match argument.as_str() {
            "--rounds" => &mut options.rounds,
            "--warm" => &mut options.warm,
            "--quick" => {
                options = Options { rounds: 3, warm: 50 };
                continue;
            }
            _ => return Err(format!("unknown argument {argument:?}: known are --rounds, --warm and --quick").into()),
        };
        let number = arguments.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
        *option = number.ok_or_else(|| format!("{argument} needs a number above 0"))?;
    }
    Ok(options)
}
