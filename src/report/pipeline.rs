//! The result in the forms that pipelines read: outputs, a summary and one annotation for GitHub, variables for GitLab.

use std::fmt::Write as _;

use super::{Outcome, Report, cost, summary};
use crate::doctor::Level;
use crate::exit_code::ExitCode;
use crate::progress::clean;

/// Rows of a summary. GitHub takes 1 MiB a step, and a person far less.
pub(super) const ROWS: usize = 200;
/// Characters of a cell.
const CELL: usize = 300;
/// Characters of what went wrong, and what to do: the end of it may be what counts.
const PASSAGE: usize = 4000;

/// What later steps and jobs want to know, by GitHub's names for it. What is not known is empty, so that a later step
/// never reads the value of an earlier one.
#[must_use]
pub fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let server = report.server.as_ref();
    let of_server = |read: fn(&super::ServerReport) -> String| server.map(read).unwrap_or_default();
    vec![
        ("result", word(report)),
        ("server-id", of_server(|server| server.id.clone())),
        ("endpoint", of_server(|server| server.endpoint.clone())),
        ("host-key", of_server(|server| server.host_key_fingerprint.clone().unwrap_or_default())),
        ("stack-arn", report.stack.as_ref().map(|stack| stack.arn.clone()).unwrap_or_default()),
        ("changes", report.changes.len().to_string()),
    ]
}

/// The result's word in the JSON document.
fn word(report: &Report) -> String {
    serde_json::to_value(report.result)
        .ok()
        .and_then(|word| word.as_str().map(ToOwned::to_owned))
        .unwrap_or_else(|| "failed".to_owned())
}

/// The lines for `$GITHUB_OUTPUT`, each value between lines of `delimiter`. It must be one that nobody can foresee: a value
/// that held it could set outputs of its own.
#[must_use]
pub fn github_output(report: &Report, delimiter: &str) -> String {
    let lines = facts(report).into_iter().map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    lines.collect()
}

/// A dotenv file as GitLab reads it (`artifacts:reports:dotenv`): one line a value, so line breaks become spaces.
#[must_use]
pub fn dotenv(report: &Report) -> String {
    let lines = facts(report).into_iter().map(|(name, value)| {
        // No SFTP_OKTA_ in front: a later job's sftp-okta would read that as a setting.
        format!("SFTP_{}={}\n", name.to_uppercase().replace('-', "_"), clean(&value))
    });
    lines.collect()
}

/// The one annotation of a failure, as a workflow command: the root cause, and what to do. What `status` and `doctor` find
/// fails a step too.
#[must_use]
pub fn github_annotation(report: &Report) -> Option<String> {
    let Some(error) = report.error.as_ref() else { return worst(report).map(|fault| annotation(report, &fault)) };
    let mut text = clean(&error.message);
    for (label, value) in [("why", &error.cause), ("where", &error.resource), ("what to do", &error.hint)] {
        if let Some(value) = value {
            let _ = write!(text, "\n{label}: {}", clean(value));
        }
    }
    Some(annotation(report, &text))
}

fn annotation(report: &Report, text: &str) -> String {
    let title = format!("sftp-okta {}", report.command);
    format!("::error title={}::{}\n", escaped_property(&title), escaped(text))
}

/// The worst of what was looked for and is not as it should be.
fn worst(report: &Report) -> Option<String> {
    if !matches!(report.command, "status" | "doctor") || report.exit_code() != ExitCode::Unhealthy {
        return None;
    }
    let name = report.deployment.name.as_deref().unwrap_or_default();
    if let Some(found) = report.findings.iter().find(|found| found.level == Level::Error) {
        let remedy = found.remedy.as_deref().map(|remedy| format!("\nwhat to do: {}", clean(remedy)));
        return Some(format!("{}: {}{}", found.check, clean(&found.message), remedy.unwrap_or_default()));
    }
    let of_all = report.deployments.iter().flatten().find_map(|row| Some((row.name.as_str(), row.faults.first()?)));
    let told = match (report.faults.first(), of_all) {
        (Some(fault), _) => format!("{name}: {fault}"),
        (None, Some((name, fault))) => format!("{name}: {fault}"),
        (None, None) if report.deployments.is_some() => "there is no deployment here".to_owned(),
        (None, None) if report.result == Outcome::Absent => format!("{name} is not deployed"),
        (None, None) => format!("{name} is not healthy"),
    };
    Some(clean(&told))
}

/// The data of a workflow command (actions/toolkit, `escapeData`).
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command (actions/toolkit, `escapeProperty`).
fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// The summary of a step, in Markdown.
#[must_use]
pub fn github_summary(report: &Report) -> String {
    let name = report.deployment.name.as_deref().unwrap_or_default();
    let mut text = format!("### sftp-okta {}: {} {}\n\n", report.command, cell(name), word(report));
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
    text.push_str(&summary::changes(&report.changes));
    text.push_str(&summary::findings(&report.findings));
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

/// Text that Markdown and HTML show as it is, short enough for a cell.
pub(super) fn cell(text: &str) -> String {
    shown(text, CELL)
}

/// The same, of any reasonable length.
fn passage(text: &str) -> String {
    shown(text, PASSAGE)
}

fn shown(text: &str, most: usize) -> String {
    let text = clean(text);
    let mut shown = String::new();
    let mut letters = text.chars();
    for character in letters.by_ref().take(most) {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' | '@' => {
                // By number: no Markdown, no cell border, no mention of a person.
                let _ = write!(shown, "&#{};", u32::from(character));
            }
            other => shown.push(other),
        }
    }
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A cell's text in the letters of code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::deployed;
    use super::*;
    use crate::doctor::Finding;
    use crate::error::{Error, ErrorCode};
    use crate::plan::{Action, Change, Kind};
    use crate::prices;
    use crate::report::DeploymentRow;
    use crate::stack::{PropertyChange, Replacement, ResourceAction, ResourceChange};

    fn failed() -> Report {
        let mut report = Report::new("deploy");
        let cause = "50% of ::error::it\n::add-mask::x\r\u{1b}[31m";
        report.error =
            Some(Error::new(ErrorCode::StackFailed, "no").cause(cause).hint("try a, b").resource("Function"));
        report
    }

    #[test]
    fn outputs_are_between_delimiters() {
        insta::assert_snapshot!(github_output(&deployed(), "EOF-1").lines().take(9).collect::<Vec<_>>().join("\n"), @r"
        result<<EOF-1
        deployed
        EOF-1
        server-id<<EOF-1
        s-0123456789abcdef0
        EOF-1
        endpoint<<EOF-1
        s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com
        EOF-1
        ");
        let empty = github_output(&failed(), "D");
        assert!(empty.contains("result<<D\nfailed\nD\n") && empty.contains("server-id<<D\n\nD\n"), "{empty}");
    }

    #[test]
    fn variables_are_one_line_each() {
        let mut report = deployed();
        if let Some(server) = &mut report.server {
            server.endpoint = "a\nSFTP_RESULT=forged".into();
        }
        insta::assert_snapshot!(dotenv(&report), @r"
        SFTP_RESULT=deployed
        SFTP_SERVER_ID=s-0123456789abcdef0
        SFTP_ENDPOINT=a SFTP_RESULT=forged
        SFTP_HOST_KEY=SHA256:abc
        SFTP_STACK_ARN=arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-partners/1
        SFTP_CHANGES=0
        ");
    }

    #[test]
    fn an_annotation_is_one_command_whatever_aws_says() {
        assert_eq!(github_annotation(&deployed()), None);
        insta::assert_snapshot!(github_annotation(&failed()).unwrap(), @"::error title=sftp-okta deploy::no%0Awhy: 50%25 of ::error::it ::add-mask::x  [31m%0Awhere: Function%0Awhat to do: try a, b");
    }

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

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cell(&"a".repeat(CELL)), "a".repeat(CELL));
        assert_eq!(cell(&"a".repeat(CELL + 1)), format!("{}…", "a".repeat(CELL)));
        let mut report = failed();
        let long = format!("{} and the end", "b".repeat(CELL));
        report.error = Some(Error::new(ErrorCode::StackFailed, "no").cause(long.clone()).hint(long.clone()));
        let summary = github_summary(&report);
        assert!(summary.contains(&format!("- why: {long}\n- what to do: {long}\n")), "{summary}");
        report.error = Some(Error::new(ErrorCode::StackFailed, "no").cause("b".repeat(PASSAGE + 1)));
        assert!(github_summary(&report).contains("b…\n"));
    }

    #[test]
    fn what_is_not_healthy_has_one_annotation_with_the_worst() {
        let annotated = |report: &Report| github_annotation(report).unwrap_or_default();
        let mut doctor = Report::new("doctor");
        doctor.result = Outcome::Unhealthy;
        doctor.findings = vec![
            Finding::new("bucket", Level::Error, "no bucket\n::error::x").remedy("make it"),
            Finding::new("okta", Level::Error, "no organisation"),
        ];
        let mut status = Report::new("status");
        status.deployment.name = Some("partners".into());
        status.result = Outcome::Unhealthy;
        status.warnings = vec!["a namesake".into(), "there is no server".into()];
        status.faults = vec!["there is no server".into()];
        let mut all = Report::new("status");
        all.result = Outcome::Unhealthy;
        let row = |name: &str, faults: &[&str]| DeploymentRow {
            name: name.into(),
            stack: "s".into(),
            stack_status: None,
            servers: Vec::new(),
            faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
            usd_per_month: prices::Priced::TransferServer.usd_per_month(),
        };
        all.deployments = Some(vec![row("good", &[]), row("lost", &["a server without a stack", "twice"])]);
        let absent = Report { result: Outcome::Absent, faults: Vec::new(), ..status.clone() };
        insta::assert_snapshot!([&doctor, &status, &all, &absent].map(annotated).concat(), @"
        ::error title=sftp-okta doctor::bucket: no bucket ::error::x%0Awhat to do: make it
        ::error title=sftp-okta status::partners: there is no server
        ::error title=sftp-okta status::lost: a server without a stack
        ::error title=sftp-okta status::partners is not deployed
        ");
        let healthy = Report { result: Outcome::Healthy, ..status.clone() };
        let planned = Report { command: "plan", ..status };
        assert_eq!([&healthy, &planned].map(github_annotation), [None, None]);
    }
}
