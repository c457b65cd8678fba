//! What a month costs, as a person reads it.

use super::{Outcome, Report};
use crate::prices::MonthlyCost;

/// What a month costs, where that is known.
pub(super) fn cost(report: &Report) -> Option<String> {
    let cost = report.cost.as_ref()?;
    let (lead, indent) = match report.result {
        Outcome::Planned => ("Costs while it runs:", 22),
        Outcome::Removed if report.kept.is_empty() => return Some("Still costs:  nothing".to_owned()),
        Outcome::Removed => ("Still costs:", 14),
        Outcome::Deployed
        | Outcome::Unchanged
        | Outcome::Healthy
        | Outcome::Unhealthy
        | Outcome::Absent
        | Outcome::Verified
        | Outcome::Shown
        | Outcome::Written
        | Outcome::Running
        | Outcome::Stopped
        | Outcome::Packaged
        | Outcome::Granted
        | Outcome::Refused
        | Outcome::Declined
        | Outcome::Failed => ("Costs:", 8),
    };
    Some(told(cost, lead, indent))
}

/// How long a line of prices may be.
const WIDTH: usize = 110;

/// The sum, what comes on top by use, and where the prices are from, below each other.
fn told(cost: &MonthlyCost, lead: &str, indent: usize) -> String {
    let mut rows: Vec<String> = Vec::new();
    for row in cost.on_top() {
        match rows.last_mut() {
            Some(line) if line.len() + row.len() < WIDTH => *line = format!("{line}; {row}"),
            Some(_) | None => rows.push(row),
        }
    }
    if let Some(first) = rows.first_mut() {
        *first = format!("on top by use, in USD: {first}");
    }
    let lines = std::iter::once(cost.sentence()).chain(rows).chain([format!("{} ({})", cost.as_of, cost.source)]);
    format!("{lead:<indent$}{}", lines.collect::<Vec<_>>().join(&format!("\n{:indent$}", "")))
}
