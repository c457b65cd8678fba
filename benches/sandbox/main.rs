//! The sandbox against its targets and against OpenSSH's own server: the first sign-in, transfers, sign-ins a second, memory,
//! size.
//!
//! ```text
//! cargo bench -p sftp-okta-sandbox --bench sandbox [-- --rounds 5 --mebibytes 512 --seconds 5 --quick]
//! ```
//!
//! Run it on a machine with nothing else to do. It measures and prints; it never judges a time, so it cannot fail on a slow
//! machine. It does fail if what was transferred is not what arrived, or if OpenSSH's `sftp`, `ssh-keygen`, `sshd` or
//! `sftp-server` is missing (Debian: openssh-client, openssh-server, openssh-sftp-server).
//!
//! - The program is the real `sftp-okta`, built with the profile `release`; `SFTP_OKTA_BINARY=/path` takes a built one
//!   instead. For its size without the sandbox it is built a second time, into a folder that is removed again; `--quick` leaves
//!   that out.
//! - OpenSSH's `sshd` runs as whoever runs this, on loopback, with keys of its own and `sftp-server` behind it. Both servers
//!   have the same client with the same cipher, and both keep their files below the same folder. They take turns, in another
//!   order in each round, so that drift hits both alike; the median of each is told.
//! - Sign-ins: clients of russh, in this program, which do a whole sign-in each (connection, key exchange, password, the real
//!   function, the small Okta) and leave. They share the cores with the sandbox and cost about as much as it does. The same
//!   clients then sign in to `sshd` with a key, which tells how fast the machine is.
//!
//! This target belongs to the package of the sandbox, though its files are here with the other benchmarks.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measured")]

mod binary;
mod deploy;
#[path = "../lambda/machine.rs"]
mod machine;
mod openssh;
mod report;
mod sandbox;
mod sign_ins;
mod transfers;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use report::{Report, Row};
use sandbox::Sandbox;

/// What a benchmark may end with.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much is measured.
#[derive(Clone, Copy)]
struct Options {
    rounds: usize,
    mebibytes: u64,
    seconds: u64,
    is_quick: bool,
}

/// Where everything of this run lies; it goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-sandbox-{}", std::process::id()));
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
    let tools = openssh::Tools::find()?;
    let program = binary::path()?;
    let folder = Folder::new()?;
    let mut report = Report::new(options, &tools.version);

    report.add(binary::help(&program)?);
    deploy::measure(&program, &folder.0, &tools, &mut report)?;

    let sandbox = Sandbox::deployed(&program, &folder.0.join("lasting"))?;
    report.extend(transfers::measure(&sandbox, &folder.0, &tools, options)?);
    report.extend(sign_ins::measure(&sandbox, &folder.0, &tools, options.seconds)?);
    report.add(Row::at_most("memory of the sandbox after all that", sandbox.peak_memory()?, "MiB", 150.0));
    report.own(sandbox.cpu());
    drop(sandbox);
    report.has_measured();

    report.add(binary::size(&program, "program with the sandbox", 24.0)?);
    report.add(if options.is_quick {
        Row::missing("program without the sandbox", "--quick")
    } else {
        binary::slim(&folder.0)?
    });
    println!("{report}");
    Ok(())
}

fn options() -> Result<Options> {
    let mut options = Options { rounds: 5, mebibytes: 512, seconds: 5, is_quick: false };
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--quick" {
            options.is_quick = true;
            continue;
        }
        let number = arguments.next().and_then(|text| text.parse::<u64>().ok()).filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("{argument} needs a number above 0"))?;
        match argument.as_str() {
            "--rounds" => options.rounds = usize::try_from(number)?,
            "--mebibytes" => options.mebibytes = number,
            "--seconds" => options.seconds = number,
            _ => return Err(format!("unknown argument {argument:?}").into()),
        }
    }
    Ok(options)
}
