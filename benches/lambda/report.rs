//! The table, and what must be known to read it.

use std::fmt;

use crate::WARMING_UP;
use crate::contender::Contender;
use crate::figures::{Measured, Row, figures};
use crate::machine::{self, Ticks};
use crate::target;

/// What is printed in the end.
pub(crate) struct Report {
    rounds: usize,
    warm: usize,
    load: String,
    before: Ticks,
    taken_by_others: [f64; 2],
    versions: Vec<String>,
    libraries: Vec<(&'static str, u64)>,
    rows: Vec<Row>,
}

/// Headings, each with the digits its figures are shown with.
const COLUMNS: [(&str, usize); 5] =
    [("first sign-in, ms", 2), ("warm median, ms", 3), ("warm p99, ms", 3), ("peak memory, MiB", 1), ("zip, KiB", 1)];

/// How to read it.
const NOTES: &str = "\
x is the ratio to Rust at the same job.
First sign-in: median time from just before the process is made to its first answer. Files are in the page cache, and
  Lambda's own start of a sandbox comes on top for all.
Warm: the function's own work, and the handing over between it, Okta and the Runtime API, which are threads here and answer
  at once. Handing over wakes an idle core each time, which costs all the same and can cost more than the work: ratios are
  smaller the idler the machine. A real Okta is a round trip over the internet, beside which all of these are small.
TLS: all prepare it at the start (certificates read), as each must for an Okta of https; a row \"no TLS\" is spared that.
  All then speak plain http over loopback: no handshake and no encryption for anyone.
Groups: one request more for each, with the service app's token. All of them read the app's key from Secrets Manager in their
  first sign-in, sign with it (RS256) and get the token, which they keep. Node signs with what it brings; Python needs the
  library cryptography, which is in its zip because Lambda does not bring it. Every signature is looked at.
1,000 access rules: 10,000 users in 999 rules, read to the end for each sign-in because only the last rule means the user.
Memory: VmHWM, median. Zip: what is uploaded; Python, Node and boto3 are then Lambda's own.";

impl Report {
    pub(crate) fn new(rounds: usize, warm: usize) -> Self {
        let (load, before) = (machine::load(), Ticks::now());
        let (taken_by_others, versions, libraries, rows) = Default::default();
        Self { rounds, warm, load, before, taken_by_others, versions, libraries, rows }
    }

    /// Takes the figures, which are in the order of those contenders that could be measured.
    pub(crate) fn finish(&mut self, contenders: &[Contender], measured: Vec<Measured>) {
        self.taken_by_others = Ticks::now().taken_by_others(self.before);
        let mut measured = measured.into_iter();
        for contender in contenders {
            let figures = match &contender.missing {
                Some(why) => Err(why.clone()),
                None => measured.next().map(|measured| figures(measured, contender.zip)).ok_or_else(String::new),
            };
            self.rows.push(Row { name: contender.name, job: contender.job, figures });
            if !contender.version.is_empty() && !self.versions.contains(&contender.version) {
                self.versions.push(contender.version.clone());
            }
            self.libraries.extend(contender.libraries);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, warm, load, taken_by_others: [processes, machines], .. } = self;
        writeln!(f, "machine   {}", machine::described())?;
        writeln!(
            f,
            "load      {load} before; while measuring, others had {processes:.1} % of all cores (and {machines:.1} % stolen)"
        )?;
        writeln!(
            f,
            "N         {rounds} starts of each, in turns; {warm} warm sign-ins a start, after {WARMING_UP} uncounted"
        )?;
        for version in &self.versions {
            writeln!(f, "version   {version}")?;
        }
        writeln!(f)?;

        write!(f, "{:<26}", "")?;
        for (heading, _) in COLUMNS {
            write!(f, " {heading:>21}")?;
        }
        writeln!(f)?;
        for Row { name, job, figures } in &self.rows {
            let rust = self.rows.iter().find(|row| row.job == *job).and_then(|row| row.figures.as_ref().ok());
            write!(f, "{name:<26}")?;
            match (figures, rust) {
                (Ok(figures), Some(rust)) => {
                    for ((figure, rust), (_, digits)) in figures.iter().zip(rust).zip(COLUMNS) {
                        write!(f, " {figure:>11.digits$} {:>8.2}x", figure / rust)?;
                    }
                }
                (Ok(_), None) => {}
                (Err(why), _) => write!(f, " not measured: {why}")?,
            }
            writeln!(f)?;
        }

        writeln!(f, "\n{:<52} {:>14}   {:<20} x target: 1.00 or more meets it", "against its target", "", "target")?;
        for target in target::all(&self.rows) {
            writeln!(f, "{target}")?;
        }

        writeln!(f, "\n{NOTES}")?;
        for (name, size) in &self.libraries {
            writeln!(f, "With {name} in the zip, to choose its version, that zip has {} KiB.", size / 1024)?;
        }
        Ok(())
    }
}
