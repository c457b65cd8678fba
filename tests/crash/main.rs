//! The deployer is killed at every call it makes to AWS, before the call arrives there and after it has taken effect; one
//! more run of the same command then has to put everything right.
//!
//! The real binary runs against the sandbox, with a proxy between them that never answers one call. Nobody asks the deployer
//! how it went: whether all is well is read from the sandbox itself, past the proxy. The last line is `converged N of N`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::use_debug,
    reason = "a test fails by panicking, and this one tells what it did"
)]

mod account;
mod story;

#[path = "../it/support"]
mod support {
    #![allow(dead_code, reason = "the other tests use more of it")]
    pub(crate) mod aws_proxy;
    pub(crate) mod cli;
    pub(crate) mod fault;
    pub(crate) mod loopback;
    pub(crate) mod process;
    pub(crate) mod scope;
    pub(crate) mod sigv4;
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use story::{Point, Story};

/// Worlds at a time. Each mostly waits, for a pause of the deployer's or for the stack.
const AT_A_TIME: usize = 6;

fn main() -> ExitCode {
    let only = std::env::args().nth(1).filter(|only| !only.starts_with('-'));
    let began = Instant::now();
    let (mut converged, mut tried) = (0, 0);
    for story in Story::all() {
        if only.as_ref().is_some_and(|only| !story.name.contains(only.as_str())) {
            continue;
        }
        let (good, all) = every_point(&story);
        println!("{:<24} converged {good} of {all}", story.name);
        converged += good;
        tried += all;
    }
    println!("converged {converged} of {tried} ({:.0} s)", began.elapsed().as_secs_f32());
    if converged == tried && tried > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Kills the story at call 1, 2, 3 …, until it is over before the call that was to be its last.
fn every_point(story: &Story) -> (usize, usize) {
    let next = AtomicUsize::new(0);
    let over = [AtomicBool::new(false), AtomicBool::new(false)];
    let done = Mutex::new((0, 0));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let point = Point { call: number / 2 + 1, committed: number % 2 == 1 };
                    if over.iter().all(|over| over.load(Ordering::SeqCst)) {
                        return;
                    }
                    if over[usize::from(point.committed)].load(Ordering::SeqCst) {
                        continue;
                    }
                    match catch_unwind(AssertUnwindSafe(|| story.killed_at(point))) {
                        Ok(Some(_)) => {
                            let mut done = done.lock().unwrap();
                            *done = (done.0 + 1, done.1 + 1);
                        }
                        Ok(None) => over[usize::from(point.committed)].store(true, Ordering::SeqCst),
                        Err(_) => {
                            println!("{}: killed {point} did not converge; what failed stands on stderr", story.name);
                            done.lock().unwrap().1 += 1;
                        }
                    }
                }
            });
        }
    });
    done.into_inner().unwrap()
}
