//! The tables of a step's summary: what changes, down to each resource, and what `doctor` found.

use std::fmt::Write as _;

use super::findings::word;
use super::pipeline::{ROWS, cell, code};
use crate::doctor::{Finding, Level};
use crate::plan::Change;
use crate::progress::count;
use crate::stack::ResourceChange;

/// A table of the changes, each with what it does to the stack's resources.
pub(super) fn changes(changes: &[Change]) -> String {
    let mut text = String::new();
    if changes.is_empty() {
        return text;
    }
    let rows: Vec<String> = changes
        .iter()
        .flat_map(|change| std::iter::once(of_change(change)).chain(change.resources.iter().map(of_resource)))
        .collect();
    text.push_str("| change | kind | name | details |\n|---|---|---|---|\n");
    rows.iter().take(ROWS).for_each(|row| text.push_str(row));
    if let Some(more) = rows.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let _ = writeln!(text, "| … | | {more} more | |");
    }
    text.push('\n');
    text
}

/// A word of the JSON document.
fn in_json(word: impl serde::Serialize) -> String {
    let word = serde_json::to_value(word).ok();
    word.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn of_change(change: &Change) -> String {
    let details = change.details.iter().take(ROWS).map(|detail| code(&detail.text));
    let details = change.interrupts.then(|| "**interrupts the service**".to_owned()).into_iter().chain(details);
    let details: Vec<String> = details.collect();
    let (action, kind, name) = (in_json(change.action), cell(change.kind.as_str()), code(&change.name));
    format!("| {action} | {kind} | {name} | {} |\n", details.join("<br>"))
}

fn of_resource(resource: &ResourceChange) -> String {
    let alarms = resource.alarms();
    let alarms = (!alarms.is_empty()).then(|| format!("**! {}**", cell(&alarms.join(", "))));
    let details = resource.sentences().into_iter().take(ROWS).map(|sentence| code(&sentence));
    let details: Vec<String> = alarms.into_iter().chain(details).collect();
    let (action, kind) = (in_json(resource.action), cell(resource.short_type()));
    format!("| ↳ {action} | {kind} | {} | {} |\n", code(&resource.logical_id), details.join("<br>"))
}

/// A table of what was found and is worth knowing; how many checks found nothing is a line.
pub(super) fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    let (fine, told): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|found| found.level == Level::Ok);
    if !told.is_empty() {
        text.push_str("| level | check | finding | what to do |\n|---|---|---|---|\n");
        for Finding { check, level, message, remedy } in told.into_iter().take(ROWS) {
            let (level, check, message) = (word(*level), cell(check), cell(message));
            let remedy = remedy.as_deref().map(cell).unwrap_or_default();
            let _ = writeln!(text, "| {level} | {check} | {message} | {remedy} |");
        }
        text.push('\n');
    }
    if !fine.is_empty() {
        let _ = writeln!(text, "As it should be: {}.\n", count(fine.len(), "check"));
    }
    text
}
