//! What the figures should be, and how far they are from it.

use std::fmt;

use crate::figures::{Figures, Row};
use crate::sign_in::Job;

/// A figure beside its target.
pub(crate) struct Target {
    what: String,
    figure: f64,
    unit: &'static str,
    bound: Bound,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// What, in which column, and how many times less than somebody else's at the same job.
const TIMES: [(&str, usize, &str, Job, f64); 10] = [
    ("first sign-in", 0, "Python 3.11", Job::Password, 15.0),
    ("first sign-in", 0, "Node", Job::Password, 20.0),
    ("first sign-in", 0, "Python 3.11, boto3", Job::Password, 60.0),
    ("first sign-in", 0, "Python 3.11, groups", Job::Groups, 15.0),
    ("first sign-in", 0, "Node, groups", Job::Groups, 20.0),
    ("first sign-in", 0, "Python 3.11, boto3, groups", Job::Groups, 60.0),
    ("warm median", 1, "Python 3.11", Job::Password, 1.25),
    ("warm median", 1, "Python 3.11, groups", Job::Groups, 1.25),
    ("peak memory", 3, "Python 3.11", Job::Password, 5.0),
    ("peak memory", 3, "Python 3.11, groups", Job::Groups, 5.0),
];

/// All targets of which the figures are there.
pub(crate) fn all(rows: &[Row]) -> Vec<Target> {
    let figures = |is_it: &dyn Fn(&Row) -> bool| rows.iter().find(|row| is_it(row))?.figures.as_ref().ok();
    let rust = |job: Job| figures(&|row| row.job == job);
    let mut all = Vec::new();
    for (what, column, other, job, times) in TIMES {
        if let (Some(ours), Some(theirs)) = (rust(job), figures(&|row| row.name == other)) {
            let figure = at(theirs, column) / at(ours, column);
            let what = format!("{what}, {other} / Rust");
            all.push(Target { what, figure, unit: "times", bound: Bound::AtLeast(times) });
        }
    }
    if let Some(ours) = rust(Job::Password) {
        let zip = at(ours, 4) * 1024.0 / 1e6;
        all.push(Target { what: "zip".to_owned(), figure: zip, unit: "MB", bound: Bound::AtMost(1.5) });
        if let Some(rules) = rust(Job::Rules) {
            let more = |column| at(rules, column) - at(ours, column);
            let what = |what: &str| format!("1,000 access rules, {what}");
            let decision = (what("a decision (warm median)"), more(1), "ms", 1.0);
            let memory = (what("more memory at the peak"), more(3) * 1.048_576, "MB", 10.0);
            for (what, figure, unit, most) in [decision, memory] {
                all.push(Target { what, figure, unit, bound: Bound::AtMost(most) });
            }
        }
    }
    all
}

fn at(figures: &Figures, column: usize) -> f64 {
    figures.get(column).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, figure, unit, bound } = self;
        let (word, target, ratio) = match bound {
            Bound::AtLeast(least) => ("at least", least, figure / least),
            // A difference may be nothing, or less, between two medians: it is as good as a thousandth.
            Bound::AtMost(most) => ("at most", most, most / figure.max(0.001)),
        };
        let target = format!("{word} {target} {unit}");
        write!(f, "{what:<52} {figure:>8.3} {unit:<5}   {target:<20} {ratio:.2}x")
    }
}
