//! The table, and what must be known to read it.

use std::fmt;
use std::thread;
use std::time::Instant;

use crate::Options;
use crate::machine::{self, Ticks};

/// How to read it.
const NOTES: &str = "\
x is how many times better than the target: 1.00 or more meets it.
Nothing to first sign-in: `deploy --sandbox --yes` with an empty home, then OpenSSH's `sftp` with a password; medians.
  Processor time is that of the deployer, of `sftp`, of the sandbox and of its functions.
Put and get: a whole session of OpenSSH's `sftp`, sign-in included, with this server and with OpenSSH's; medians.
Sign-ins: their clients run on the same cores. OpenSSH's server has a key in place of a password and a function.";

/// One figure.
pub(crate) struct Row {
    name: String,
    figure: Result<(f64, &'static str), String>,
    target: Option<(String, f64)>,
}

impl Row {
    /// A figure without a target.
    pub(crate) fn plain(name: &str, figure: f64, unit: &'static str) -> Self {
        Self { name: name.to_owned(), figure: Ok((figure, unit)), target: None }
    }

    /// A figure that is to be at most so large.
    pub(crate) fn at_most(name: &str, figure: f64, unit: &'static str, most: f64) -> Self {
        Self { target: Some((format!("at most {most} {unit}"), most / figure)), ..Self::plain(name, figure, unit) }
    }

    /// A figure that is to be at least so large.
    pub(crate) fn at_least(name: &str, figure: f64, unit: &'static str, least: f64) -> Self {
        Self { target: Some((format!("at least {least} {unit}"), figure / least)), ..Self::plain(name, figure, unit) }
    }

    /// A figure that is to be at least as large as that of somebody else.
    pub(crate) fn against(name: &str, figure: f64, unit: &'static str, whose: &str, theirs: f64) -> Self {
        let target = Some((format!("{whose} {theirs:.0} {unit}"), figure / theirs));
        Self { target, ..Self::plain(name, figure, unit) }
    }

    /// A figure that is to be at most as large as that of somebody else.
    pub(crate) fn at_most_theirs(name: &str, figure: f64, unit: &'static str, whose: &str, theirs: f64) -> Self {
        let target = Some((format!("{whose} {theirs:.2} {unit}"), theirs / figure));
        Self { target, ..Self::plain(name, figure, unit) }
    }

    /// What was not measured.
    pub(crate) fn missing(name: &str, why: &str) -> Self {
        Self { name: name.to_owned(), figure: Err(why.to_owned()), target: None }
    }
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// What is printed in the end.
pub(crate) struct Report {
    pub(crate) options: Options,
    version: String,
    load: String,
    began: Instant,
    before: Ticks,
    /// Seconds of processor time of sandboxes, which are nobody's children.
    sandboxes: f64,
    taken_by_others: [f64; 2],
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(options: Options, version: &str) -> Self {
        let (load, before, began) = (machine::load(), Ticks::now(), Instant::now());
        let version = version.to_owned();
        Self { options, version, load, began, before, sandboxes: 0.0, taken_by_others: [0.0; 2], rows: Vec::new() }
    }

    /// Counts a sandbox's processor time as this run's own.
    pub(crate) fn own(&mut self, seconds: f64) {
        self.sandboxes += seconds;
    }

    /// Adds a figure, and tells it at once: the whole takes minutes.
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("{row}");
        self.rows.push(row);
    }

    pub(crate) fn extend(&mut self, rows: Vec<Row>) {
        rows.into_iter().for_each(|row| self.add(row));
    }

    /// Ends the time in which others are watched.
    pub(crate) fn has_measured(&mut self) {
        let [processes, machines] = Ticks::now().taken_by_others(self.before);
        let cores = thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let own = self.sandboxes / (self.began.elapsed().as_secs_f64() * cores) * 100.0;
        self.taken_by_others = [(processes - own).max(0.0), machines];
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, version, load, taken_by_others: [processes, machines], .. } = self;
        let Options { rounds, seconds, .. } = options;
        writeln!(f, "machine   {}", machine::described())?;
        writeln!(
            f,
            "load      {load} before; while measuring, others had {processes:.1} % of all cores (and {machines:.1} % stolen)"
        )?;
        writeln!(f, "N         {rounds} rounds, in turns; {seconds} s of sign-ins of each kind")?;
        writeln!(f, "version   {version}\n")?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "\n{NOTES}")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, figure, target } = self;
        write!(f, "{name:<42}")?;
        match figure {
            Ok((figure, unit)) => write!(f, "{figure:>10.2} {unit:<6}")?,
            Err(why) => write!(f, " not measured: {why}")?,
        }
        if let Some((target, ratio)) = target {
            let met = if *ratio >= 1.0 { "met" } else { "missed" };
            write!(f, " {target:<24}{ratio:>7.2}x  {met}")?;
        }
        Ok(())
    }
}
