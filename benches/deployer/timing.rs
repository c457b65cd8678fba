//! Running a program to its end, and what that cost.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;

/// What the runs of one contender cost.
#[derive(Default)]
pub(crate) struct Cost {
    /// Milliseconds, one for each time.
    wall: Vec<f64>,
    /// Seconds, of all of them.
    processor: f64,
}

impl Cost {
    /// Does it so many times in a row. `once` returns the milliseconds it took, all its processes together.
    pub(crate) fn add(&mut self, times: usize, mut once: impl FnMut() -> Result<f64>) -> Result<()> {
        let before = processor_of_children();
        for _ in 0..times {
            self.wall.push(once()?);
        }
        self.processor += processor_of_children() - before;
        Ok(())
    }

    /// The median, in milliseconds.
    pub(crate) fn wall(&self) -> f64 {
        median(&self.wall)
    }

    /// The mean, in milliseconds.
    pub(crate) fn processor(&self) -> f64 {
        self.processor * 1e3 / self.wall.len().max(1) as f64
    }
}

/// Runs a program to its end: what it said, on stdout and then on stderr, and the milliseconds it took.
pub(crate) fn run(command: &mut Command) -> Result<(String, f64)> {
    let began = Instant::now();
    let ended = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let took = began.elapsed().as_secs_f64() * 1e3;
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    if !ended.status.success() {
        return Err(format!("{command:?}: {}\n{said}", ended.status).into());
    }
    Ok((said, took))
}

/// The same; it fails where the program does not say `expected`.
pub(crate) fn run_saying(command: &mut Command, expected: &str) -> Result<f64> {
    let (said, took) = run(command)?;
    if said.contains(expected) {
        Ok(took)
    } else {
        Err(format!("{command:?} does not say {expected:?}:\n{said}").into())
    }
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Seconds of user and system time of the processes that this one has waited for, and of theirs (proc_pid_stat(5), 16th and
/// 17th field, in hundredths).
fn processor_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
