//! The deployer is killed at every call it makes to AWS, before the call arrives there and after it has taken effect; one
//! more run of the same command then has to put everything right.
//!
//! The real binary runs against the sandbox, with a proxy between them that never answers one call. Nobody asks the deployer
//! how it went: whether all is well is read from the sandbox itself, past the proxy.
//!
//! The calls are those of a run that nothing disturbs (of one kind a dozen at most, spread over all of them: only polls are
//! more), and each kind of them must have been the last of a run that was really killed. The last line is `converged N of N`,
//! where only such runs count.
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
    pub(crate) mod small_program;
}

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use story::{End, Point, Story};

/// Worlds at a time. Each mostly waits, for a pause of the deployer's or for the stack.
const AT_A_TIME: usize = 6;

/// What came of the points of a story.
#[derive(Default)]
struct Done {
    /// Runs that were killed, or that broke something.
    tried: usize,
    /// Those of them after which one more run put everything right.
    converged: usize,
    /// Runs that ended before they could be killed.
    ended_first: usize,
    /// The kinds of calls at which a run was killed, before and after they took effect.
    killed: BTreeSet<(String, bool)>,
}

fn main() -> ExitCode {
    let only = std::env::args().nth(1).filter(|only| !only.starts_with('-'));
    let began = Instant::now();
    account::expect_notice_of_operations();
    let mut sum = Done::default();
    let mut never = 0;
    for story in Story::all() {
        if only.as_ref().is_some_and(|only| !story.name.contains(only.as_str())) {
            continue;
        }
        let points = story.points();
        let done = every_point(&story, &points);
        let (converged, tried) = (done.converged, done.tried);
        let kinds: BTreeSet<(String, bool)> =
            points.iter().map(|point| (point.kind.clone(), point.committed)).collect();
        println!("{:<24} converged {converged} of {tried}, killed at {} kinds of calls", story.name, kinds.len() / 2);
        for (kind, committed) in kinds.difference(&done.killed) {
            let when = if *committed { "after" } else { "before" };
            println!("{}: never killed {when} {kind} took effect", story.name);
            never += 1;
        }
        sum.tried += done.tried;
        sum.converged += done.converged;
        sum.ended_first += done.ended_first;
    }
    let Done { tried, converged, ended_first, .. } = sum;
    println!("{ended_first} more runs ended before they could be killed");
    println!("converged {converged} of {tried} ({:.0} s)", began.elapsed().as_secs_f32());
    if converged == tried && tried > 0 && never == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Kills the story at every point.
fn every_point(story: &Story, points: &[Point]) -> Done {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Done::default());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let end = catch_unwind(AssertUnwindSafe(|| story.killed_at(point)));
                    let mut done = done.lock().unwrap();
                    match end {
                        Ok(End::Killed) => {
                            done.tried += 1;
                            done.converged += 1;
                            done.killed.insert((point.kind.clone(), point.committed));
                        }
                        Ok(End::EndedFirst) => done.ended_first += 1,
                        Err(_) => {
                            println!("{}: killed {point} did not converge; what failed stands on stderr", story.name);
                            done.tried += 1;
                        }
                    }
                }
            });
        }
    });
    done.into_inner().unwrap()
}
