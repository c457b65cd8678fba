//! Random programs against a small AWS in memory, on a clock of their own: deploys, changes, teardowns, two people at once,
//! twelve kinds of faults, kills, and a console that somebody else uses. After every run the invariants of a deployer are
//! compared with what is there, and in the end one run has to put everything right. One thing is left out: two runs that
//! share no lease, since they name different buckets for the function's code, are not killed.
//!
//! The deployer's own library runs here, with the AWS SDK; only what carries its calls is replaced. First the judge has to
//! name each invariant when it is broken. Then come the programs that failed once, and random ones: `MODEL_PROGRAMS` says how
//! many, `MODEL_FIRST` the first one's seed, `MODEL_SEED` runs one alone. A program that fails is made as simple as it can be,
//! and is told with its seed.
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
mod converge;
mod invariant;
mod judge;
mod program;
mod regressions;
mod run;
mod sabotage;
mod secrets;
#[path = "../it/support/small_program.rs"]
mod small_program;
mod wire;

use std::env;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use invariant::{Compared, INVARIANTS};
use program::Program;
use run::{Tally, check};
use small_program::small_program;

/// How many programs, unless it is said otherwise.
const PROGRAMS: u64 = 2000;
/// From how many programs on each invariant must have been compared.
const ALL_SHOWN: usize = 100;
/// How many failures are looked into before the rest is left.
const ENOUGH: usize = 3;

/// A program, and how it is called.
struct Case {
    name: Name,
    program: Program,
}

/// What a program is found again by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// It failed once, for this reason.
    Regression(&'static str),
    /// It follows from a seed.
    Seed(u64),
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regression(what) => write!(formatter, "{what} (MODEL_PROGRAMS=0 cargo test --test model)"),
            Self::Seed(seed) => write!(formatter, "seed {seed} (MODEL_SEED={seed} cargo test --test model)"),
        }
    }
}

fn main() -> ExitCode {
    if !secrets::is_inside() {
        return secrets::run_inside();
    }
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = folder.path().join("bootstrap");
    std::fs::write(&bootstrap, small_program()).unwrap();
    configuration::learn(&bootstrap);
    let (cases, headline) = cases();
    println!("model: {headline}");
    // Whoever looks into a few programs need not wait for this.
    if cases.len() >= ALL_SHOWN && !judge_names_what_is_broken(&bootstrap) {
        return ExitCode::FAILURE;
    }
    let began = Instant::now();
    let (tallies, mut failed) = check_all(&cases, &bootstrap);
    tell_sum(&tallies, failed.len(), began);
    let mut compared = Compared::default();
    tallies.iter().for_each(|tally| compared.add(&tally.compared));
    println!("model: compared: {compared}");
    failed.sort_unstable();
    for name in &failed {
        println!("model: failed: {name}");
    }
    // A few programs need not come to all of them.
    let missing = if failed.is_empty() && cases.len() >= ALL_SHOWN { compared.missing() } else { Vec::new() };
    if !missing.is_empty() {
        println!("model: never compared: {missing:?}");
    }
    if failed.is_empty() && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The programs to run, and what they are in words.
fn cases() -> (Vec<Case>, String) {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let of_seed = |seed| Case { name: Name::Seed(seed), program: Program::of(seed) };
    if let Some(seed) = number("MODEL_SEED") {
        return (vec![of_seed(seed)], format!("the program of seed {seed} alone"));
    }
    let programs = number("MODEL_PROGRAMS").unwrap_or(PROGRAMS);
    let first = number("MODEL_FIRST").unwrap_or(1);
    let regressions = regressions::all();
    let old = format!("{} programs that failed once", regressions.len());
    let headline = match programs {
        0 => old,
        _ => format!("{old}, and {programs} random ones, of the seeds {first} to {}", first + programs - 1),
    };
    let regressions = regressions.into_iter().map(|(what, program)| Case { name: Name::Regression(what), program });
    (regressions.chain((first..first + programs).map(of_seed)).collect(), headline)
}

fn judge_names_what_is_broken(bootstrap: &Path) -> bool {
    let unnoticed = sabotage::unnoticed(bootstrap);
    match unnoticed.as_slice() {
        [] => println!("model: each of the {INVARIANTS} invariants is named when it is broken"),
        some => some.iter().for_each(|what| println!("model: {what}")),
    }
    unnoticed.is_empty()
}

/// Checks as many at a time as this machine has processors, and gives what the good ones did and which ones failed.
fn check_all(cases: &[Case], bootstrap: &Path) -> (Vec<Tally>, Vec<Name>) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::new(), Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            // Unoptimised, the SDK's futures are large; the deployer itself runs on the main thread, which has as much.
            let thread = thread::Builder::new().stack_size(8 << 20);
            let started = thread.spawn_scoped(scope, || {
                while let Some(Case { name, program }) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match outcome(program, bootstrap) {
                        Ok(tally) => done.lock().unwrap().0.push(tally),
                        Err(why) => {
                            let many = {
                                let failed: &mut Vec<Name> = &mut done.lock().unwrap().1;
                                failed.push(name.clone());
                                failed.len()
                            };
                            if many > ENOUGH {
                                return;
                            }
                            tell(name, program, &why, bootstrap);
                        }
                    }
                }
            });
            started.unwrap();
        }
    });
    done.into_inner().unwrap()
}

fn tell_sum(tallies: &[Tally], failed: usize, began: Instant) {
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    println!(
        "model: {} of {} programs hold: {} runs, {} calls, {} of them for further pages, {} kills, {} failed runs, {} times two at once, {} hours of AWS in {:.0} s",
        tallies.len(),
        tallies.len() + failed,
        sum(|tally| tally.runs),
        sum(|tally| tally.calls),
        sum(|tally| tally.further_pages),
        sum(|tally| tally.kills),
        sum(|tally| tally.failures),
        sum(|tally| tally.both),
        tallies.iter().map(|tally| tally.seconds).sum::<u64>() / 3600,
        began.elapsed().as_secs_f32(),
    );
}

/// A panic is a failure of the program too.
fn outcome(program: &Program, bootstrap: &Path) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| check(program, bootstrap, None))).unwrap_or_else(|_| Err("it panicked".into()))
}

/// Tells the failure of the simplest program that fails too.
fn tell(name: &Name, program: &Program, why: &str, bootstrap: &Path) {
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
    println!("{name}: {why}\n{simplest:#?}");
}
