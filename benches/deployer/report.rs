//! The table, and what must be known to read it.

use std::fmt;

use crate::Options;
use crate::machine::{self, Ticks};
use crate::timing::Cost;

/// How to read it.
const NOTES: &str = "\
x is how many times better than the target: 1.00 or more meets it.
All look at the same endpoint with the same stack, template, tags and credentials, and find nothing to change. Wall time is the
  median of all runs, without what the others would sleep (five seconds in each deploy); processor time is the mean of user and
  system time, and hardly depends on what else the machine does.
Calls: those to AWS, counted by a proxy on the way. The server is found by the hint that the last deploy left.
ONLINE: from the moment at which DescribeServer shows it (asked every 10 ms) to the line that says so, at the usual
  --poll-interval of 2 s; the most of all rounds. One tenth of a second beyond the pause is for the ways there and back.";

/// One figure.
pub(crate) struct Row {
    name: String,
    figure: (f64, &'static str),
    target: Option<(String, f64)>,
}

impl Row {
    /// A figure without a target.
    pub(crate) fn plain(name: &str, figure: f64, unit: &'static str) -> Self {
        Self { name: name.to_owned(), figure: (figure, unit), target: None }
    }

    /// A figure that is to be at most so large.
    pub(crate) fn at_most(name: &str, figure: f64, unit: &'static str, most: f64) -> Self {
        Self { target: Some((format!("at most {most} {unit}"), most / figure)), ..Self::plain(name, figure, unit) }
    }

    /// A figure that is to be at least so large.
    pub(crate) fn at_least(name: &str, figure: f64, unit: &'static str, least: f64) -> Self {
        Self { target: Some((format!("at least {least} {unit}"), figure / least)), ..Self::plain(name, figure, unit) }
    }

    /// Wall and processor time, each to be at most one of so many parts of theirs.
    pub(crate) fn contest(name: &str, ours: &Cost, whose: &str, theirs: &Cost, parts: f64) -> [Self; 2] {
        let row = |name: String, ours: f64, theirs: f64| {
            let target = format!("1/{parts:.0} of {theirs:.0} ms: is 1/{:.0}", theirs / ours);
            Self { target: Some((target, theirs / parts / ours)), ..Self::plain(&name, ours, "ms") }
        };
        [
            row(format!("{name}; {whose}"), ours.wall(), theirs.wall()),
            row("  processor time".to_owned(), ours.processor(), theirs.processor()),
        ]
    }
}

/// What is printed in the end.
pub(crate) struct Report {
    options: Options,
    versions: Vec<String>,
    load: String,
    before: Ticks,
    taken_by_others: [f64; 2],
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(options: Options, versions: Vec<String>) -> Self {
        let (load, before) = (machine::load(), Ticks::now());
        Self { options, versions, load, before, taken_by_others: [0.0; 2], rows: Vec::new() }
    }

    /// Adds figures, and tells them at once: the whole takes minutes.
    pub(crate) fn extend(&mut self, rows: Vec<Row>) {
        for row in rows {
            eprintln!("{row}");
            self.rows.push(row);
        }
    }

    /// Ends the time in which others are watched.
    pub(crate) fn has_measured(&mut self) {
        self.taken_by_others = Ticks::now().taken_by_others(self.before);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, versions, load, taken_by_others: [processes, machines], .. } = self;
        writeln!(f, "machine   {}", machine::described())?;
        writeln!(
            f,
            "load      {load} before, {} after; while measuring, others (the sandbox is one) had {processes:.1} % of all cores (and {machines:.1} % stolen)",
            machine::load()
        )?;
        writeln!(f, "N         {} rounds, in turns", options.rounds)?;
        for version in versions {
            writeln!(f, "version   {version}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "\n{NOTES}")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, figure: (figure, unit), target } = self;
        write!(f, "{name:<86}{figure:>9.2} {unit:<3}")?;
        if let Some((target, ratio)) = target.as_ref().filter(|(_, ratio)| ratio.is_finite()) {
            let met = if *ratio >= 1.0 { "met" } else { "missed" };
            write!(f, " {target:<30}{ratio:>7.2}x  {met}")?;
        }
        Ok(())
    }
}
