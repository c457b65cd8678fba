//! The summary of a step on GitHub: what changes, down to each resource, how it ended, and what `doctor` found.

use std::fmt::Write as _;

use super::markdown::{cell, code, passage};
use super::pipeline::in_json;
use super::{Report, cost, findings};
use crate::doctor::{Finding, Level};
use crate::plan::Change;
use crate::progress::count;
use crate::stack::ResourceChange;

/// Rows of a summary. GitHub takes 1 MiB a step, and a person far less.
const ROWS: usize = 200;

/// The summary of a step, in Markdown.
#[must_use]
pub fn github_summary(report: &Report) -> String {
    let name = report.deployment.name.as_deref().unwrap_or_default();
    let mut text = format!("### sftp-okta {}: {} {}\n\n", report.command, cell(name), in_json(report.result));
    let mut rows: Vec<(&str, &str)> = Vec::new();
    if let Some(server) = &report.server {
        rows.extend([("endpoint", server.endpoint.as_str()), ("server", &server.id), ("state", &server.state)]);
        rows.extend(server.host_key_fingerprint.as_deref().map(|key| ("host key", key)));
    }
    if let Some(stack) = &report.stack {
        rows.extend([("stack", stack.name.as_str()), ("status", &stack.status)]);
    }
    if let (Some(account), Some(region)) = (&report.deployment.account, &report.deployment.region) {
        rows.extend([("account", account.as_str()), ("region", region)]);
    }
    rows.extend(report.deployment.endpoint.as_deref().map(|endpoint| ("not AWS", endpoint)));
    if !rows.is_empty() {
        text.push_str("| | |\n|---|---|\n");
        for (label, value) in rows {
            let _ = writeln!(text, "| {label} | {} |", code(value));
        }
        text.push('\n');
    }
    text.push_str(&changes(&report.changes));
    text.push_str(&of_findings(&report.findings));
    if let Some(cost) = cost::sum(report) {
        let _ = writeln!(text, "{}\n", cell(&cost));
    }
    for (title, items) in [("Differs from the configuration", &report.differences), ("Warnings", &report.warnings)] {
        if !items.is_empty() {
            let _ = writeln!(text, "{title}:\n");
            items.iter().take(ROWS).for_each(|item| text.push_str(&format!("- {}\n", cell(item))));
            text.push('\n');
        }
    }
    if let Some(error) = &report.error {
        let _ = writeln!(text, "**{}**\n", passage(&error.message));
        for (label, value) in error.details() {
            let _ = writeln!(text, "- {label}: {}", passage(value));
        }
        text.push('\n');
    }
    text
}

/// A table of the changes, each with what it does to the stack's resources.
fn changes(changes: &[Change]) -> String {
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
fn of_findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    let (fine, told): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|found| found.level == Level::Ok);
    if !told.is_empty() {
        text.push_str("| level | check | finding | what to do |\n|---|---|---|---|\n");
        for Finding { check, level, message, remedy } in told.into_iter().take(ROWS) {
            let (level, check, message) = (findings::word(*level), cell(check), cell(message));
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

#[cfg(test)]
mod tests {
    use super::super::tests::{deployed, failed};
    use super::*;
    use crate::plan::{Action, Kind};
    use crate::prices;
    use crate::report::Outcome;
    use crate::stack::{PropertyChange, Replacement, ResourceAction};

    #[test]
    fn a_summary_shows_changes_result_and_cause() {
        let mut report = failed();
        report.deployment.name = Some("partners".into());
        report.changes = vec![Change {
            action: Action::Update,
            kind: Kind::Stack,
            name: "sftp-okta-partners".into(),
            details: vec!["tag a: \"<img>\" → \"b|c\"".into(), "@someone".into()],
            interrupts: false,
            resources: Vec::new(),
        }];
        insta::assert_snapshot!(github_summary(&report), @r#"
        ### sftp-okta deploy: partners failed

        | change | kind | name | details |
        |---|---|---|---|
        | update | stack | <code>sftp-okta-partners</code> | <code>tag a: "&lt;img&gt;" → "b&#124;c"</code><br><code>&#64;someone</code> |

        **no**

        - why: 50% of ::error::it ::add-mask::x  &#91;31m
        - where: Function
        - what to do: try a, b
        "#);
        insta::assert_snapshot!(github_summary(&deployed()), @r"
        ### sftp-okta deploy: partners deployed

        | | |
        |---|---|
        | endpoint | <code>s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com</code> |
        | server | <code>s-0123456789abcdef0</code> |
        | state | <code>ONLINE</code> |
        | host key | <code>SHA256:abc</code> |
        | stack | <code>sftp-okta-partners</code> |
        | status | <code>CREATE&#95;COMPLETE</code> |
        | account | <code>111122223333</code> |
        | region | <code>eu-west-1</code> |
        ");
    }

    /// A row of a change set.
    fn resource(action: ResourceAction, kind: &str, id: &str, replacement: Replacement) -> ResourceChange {
        let property = |path: &str, before: &str, after: &str| PropertyChange {
            path: format!("/Properties/{path}"),
            before: Some(before.into()),
            after: Some(after.into()),
            replacement,
        };
        ResourceChange {
            action,
            logical_id: id.into(),
            resource_type: kind.into(),
            physical_id: None,
            replacement,
            kept: false,
            iam: kind.starts_with("AWS::IAM::"),
            properties: vec![property("A", "1", "2"), property("B", "x", "<y>")],
        }
    }

    #[test]
    fn a_summary_shows_what_happens_to_each_resource_and_what_it_costs() {
        let mut report = Report::new("plan");
        report.result = Outcome::Planned;
        report.deployment.name = Some("partners".into());
        let stack = Change::new(Action::Update, Kind::Stack, "sftp-okta-partners", vec!["tag a".into()]);
        let resources = vec![
            resource(ResourceAction::Add, "AWS::IAM::Role", "New", Replacement::Never),
            resource(ResourceAction::Modify, "AWS::IAM::Role", "Renamed", Replacement::Always),
            resource(ResourceAction::Remove, "AWS::Logs::LogGroup", "Log", Replacement::Never),
        ];
        report.changes =
            vec![Change { resources, ..stack }, Change::new(Action::Update, Kind::Server, "s-1", Vec::new())];
        report.cost = Some(prices::of_resource_types(["AWS::KMS::Key"]));
        insta::assert_snapshot!(github_summary(&report), @r#"
        ### sftp-okta plan: partners planned

        | change | kind | name | details |
        |---|---|---|---|
        | update | stack | <code>sftp-okta-partners</code> | <code>tag a</code> |
        | ↳ add | IAM::Role | <code>New</code> | **! IAM** |
        | ↳ modify | IAM::Role | <code>Renamed</code> | **! REPLACED: a new role, with another ARN, IAM**<br><code>A: "1" → "2" (replaces it)</code><br><code>B: "x" → "&lt;y&gt;" (replaces it)</code> |
        | ↳ remove | Logs::LogGroup | <code>Log</code> | **! DELETED** |
        | update | server | <code>s-1</code> |  |

        Costs while it runs: about USD 1.00 a month (KMS key 1.00)
        "#);
        let many = (0..ROWS).map(|_| resource(ResourceAction::Add, "AWS::X::Y", "Z", Replacement::Never)).collect();
        report.changes = vec![Change { resources: many, ..Change::new(Action::Update, Kind::Stack, "s", Vec::new()) }];
        assert!(github_summary(&report).contains("| … | | 1 more | |"));
    }

    #[test]
    fn a_summary_shows_what_doctor_found() {
        let mut report = Report::new("doctor");
        report.result = Outcome::Unhealthy;
        report.findings = vec![
            Finding::new("bucket", Level::Error, "no bucket <a|b>").remedy("make it"),
            Finding::new("endpoint", Level::Info, "public"),
            Finding::new("region", Level::Ok, "region eu-west-1"),
        ];
        insta::assert_snapshot!(github_summary(&report), @"
        ### sftp-okta doctor:  unhealthy

        | level | check | finding | what to do |
        |---|---|---|---|
        | error | bucket | no bucket &lt;a&#124;b&gt; | make it |
        | info | endpoint | public |  |

        As it should be: 1 check.
        ");
    }
}
