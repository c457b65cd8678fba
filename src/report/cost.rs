//! What a month costs, as a person reads it.

use super::{Outcome, Report};
use crate::prices::MonthlyCost;
use crate::progress::fold;

/// How wide a line of prices may be, so that it fits a terminal of 80 columns.
const WIDTH: usize = 78;

/// What a month costs, where that is known.
pub(super) fn cost(report: &Report) -> Option<String> {
    let cost = report.cost.as_ref()?;
    let lead = lead(report.result);
    if costs_nothing(report) {
        return Some(format!("{lead}  nothing"));
    }
    Some(told(cost, lead))
}

/// What a month costs, without what comes on top by use.
pub(super) fn sum(report: &Report) -> Option<String> {
    let cost = report.cost.as_ref()?;
    let sum = if costs_nothing(report) { "nothing".to_owned() } else { cost.sentence() };
    Some(format!("{} {sum}", lead(report.result)))
}

/// Nothing was left.
fn costs_nothing(report: &Report) -> bool {
    report.result == Outcome::Removed && report.kept.is_empty()
}

const fn lead(result: Outcome) -> &'static str {
    match result {
        Outcome::Planned => "Costs while it runs:",
        Outcome::Removed => "Still costs:",
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
        | Outcome::Failed => "Costs:",
    }
}

/// The sum, its items below each other, what comes on top by use, and where the prices are from.
fn told(cost: &MonthlyCost, lead: &str) -> String {
    let mut lines = vec![format!("{lead}  {}", cost.total())];
    let widest = cost.items.first().map_or(0, |dearest| dearest.usd_per_month.to_string().len());
    lines.extend(
        cost.items.iter().map(|item| format!("  {:>widest$}  {}", item.usd_per_month.to_string(), item.name())),
    );
    let on_top = cost.on_top();
    if !on_top.is_empty() {
        lines.push(fold(&format!("  on top by use, in USD: {}", on_top.join("; ")), WIDTH));
    }
    lines.push(fold(&format!("  {} ({})", cost.as_of, cost.source), WIDTH));
    lines.join("\n")
}
