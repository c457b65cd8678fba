//! Random programs against a small AWS in memory, on a clock of their own: deploys, changes, teardowns, two people at once,
//! twelve kinds of faults, kills, and a console that somebody else uses. After every run the invariants of a deployer are
//! compared with what is there, and in the end one run has to put everything right.
//!
//! The deployer's own library runs here, with the AWS SDK; only what carries its calls is replaced. `MODEL_PROGRAMS` says
//! how many programs, `MODEL_SEED` runs one. A program that fails is made as simple as it can be, and is told with its seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::use_debug,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and this one tells what it did"
)]

mod aws;
mod configuration;
mod invariant;
mod judge;
mod program;
mod run;
mod secrets;
mod wire;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use invariant::Compared;
use program::Program;
use run::{Tally, check};

/// How many programs, unless it is said otherwise.
const PROGRAMS: usize = 2000;
/// Seeds of programs that failed once.
const REGRESSIONS: &str = include_str!("regressions.txt");
/// From how many programs on each invariant must have been compared.
const ALL_SHOWN: usize = 100;
/// How many failures are looked into before the rest is left.
const ENOUGH: usize = 3;

fn main() -> ExitCode {
    if !secrets::is_inside() {
        return secrets::run_inside();
    }
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = folder.path().join("bootstrap");
    std::fs::write(&bootstrap, small_program()).unwrap();
    configuration::learn(&bootstrap);
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let programs = number("MODEL_PROGRAMS").and_then(|many| usize::try_from(many).ok()).unwrap_or(PROGRAMS);
    let first = number("MODEL_FIRST").unwrap_or(1);
    let seeds: Vec<u64> = match number("MODEL_SEED") {
        Some(seed) => vec![seed],
        None => regressions().chain((first..).take(programs)).collect(),
    };
    println!("model: {} programs, seeds {} to {}", seeds.len(), first, first + programs as u64 - 1);
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::<Tally>::new(), Vec::<u64>::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            // Unoptimised, the SDK's futures are large; the deployer itself runs on the main thread, which has as much.
            let thread = thread::Builder::new().stack_size(8 << 20);
            let started = thread.spawn_scoped(scope, || {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let program = Program::of(*seed);
                    match outcome(&program, &bootstrap) {
                        Ok(tally) => done.lock().unwrap().0.push(tally),
                        Err(why) => {
                            let many = {
                                let failed = &mut done.lock().unwrap().1;
                                failed.push(*seed);
                                failed.len()
                            };
                            if many > ENOUGH {
                                return;
                            }
                            tell(&program, &why, &bootstrap);
                        }
                    }
                }
            });
            started.unwrap();
        }
    });
    let (tallies, mut failed) = done.into_inner().unwrap();
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    println!(
        "model: {} of {} programs hold: {} runs, {} calls, {} kills, {} failed runs, {} times two at once, {} hours of AWS in {:.0} s",
        tallies.len(),
        tallies.len() + failed.len(),
        sum(|tally| tally.runs),
        sum(|tally| tally.calls),
        sum(|tally| tally.kills),
        sum(|tally| tally.failures),
        sum(|tally| tally.both),
        tallies.iter().map(|tally| tally.seconds).sum::<u64>() / 3600,
        began.elapsed().as_secs_f32(),
    );
    let mut compared = Compared::default();
    tallies.iter().for_each(|tally| compared.add(&tally.compared));
    println!("model: compared: {compared}");
    if failed.is_empty() {
        // A single program need not come to all of them.
        let missing = if seeds.len() >= ALL_SHOWN { compared.missing() } else { Vec::new() };
        if !missing.is_empty() {
            println!("model: never compared: {missing:?}");
        }
        return if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    failed.sort_unstable();
    println!("model: failed seeds {failed:?}; one alone: MODEL_SEED={} cargo test --test model", failed[0]);
    ExitCode::FAILURE
}

fn regressions() -> impl Iterator<Item = u64> {
    REGRESSIONS.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok())
}

/// A panic is a failure of the program too.
fn outcome(program: &Program, bootstrap: &Path) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| check(program, bootstrap))).unwrap_or_else(|_| Err("it panicked".into()))
}

/// Tells the failure of the simplest program that fails too.
fn tell(program: &Program, why: &str, bootstrap: &Path) {
    let (mut simplest, mut why) = (program.clone(), why.to_owned());
    let mut tries = 0;
    while tries < 400 {
        let simpler = simplest.simpler().into_iter().find_map(|simpler| {
            tries += 1;
            outcome(&simpler, bootstrap).err().map(|why| (simpler, why))
        });
        match simpler {
            Some((simpler, because)) => (simplest, why) = (simpler, because),
            None => break,
        }
    }
    println!("seed {}: {why}\n{simplest:#?}", program.seed);
}

/// The function never runs here, so the smallest file that looks like it will do.
fn small_program() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]); // an executable for x86_64
    bytes.extend(0x40_1000_u64.to_le_bytes()); // its entry
    bytes.extend([0; 20]); // no program headers, no sections
    bytes.extend([64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0]);
    bytes
}
