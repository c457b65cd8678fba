//! The result in the forms that pipelines read: outputs, a summary and one annotation for GitHub, variables for GitLab.

use std::fmt::Write as _;

use super::Report;
use crate::progress::clean;

/// Rows of a summary. GitHub takes 1 MiB a step, and a person far less.
const ROWS: usize = 200;
/// Characters of a cell.
const CELL: usize = 300;

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

/// The one annotation of a failure, as a workflow command: the root cause, and what to do.
#[must_use]
pub fn github_annotation(report: &Report) -> Option<String> {
    let error = report.error.as_ref()?;
    let mut text = clean(&error.message);
    for (label, value) in [("why", &error.cause), ("where", &error.resource), ("what to do", &error.hint)] {
        if let Some(value) = value {
            let _ = write!(text, "\n{label}: {}", clean(value));
        }
    }
    let title = format!("sftp-okta {}", report.command);
    Some(format!("::error title={}::{}\n", escaped_property(&title), escaped(&text)))
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
    if !report.changes.is_empty() {
        text.push_str("| change | kind | name | details |\n|---|---|---|---|\n");
        for change in report.changes.iter().take(ROWS) {
            let details: Vec<String> = change.details.iter().take(ROWS).map(|detail| code(detail)).collect();
            let details = change.interrupts.then(|| "**interrupts the service**".to_owned()).into_iter().chain(details);
            let details: Vec<String> = details.collect();
            let action = serde_json::to_value(change.action).ok();
            let action = action.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
            let _ = writeln!(
                text,
                "| {action} | {} | {} | {} |",
                cell(change.kind),
                code(&change.name),
                details.join("<br>")
            );
        }
        if let Some(more) = report.changes.len().checked_sub(ROWS).filter(|more| *more > 0) {
            let _ = writeln!(text, "| … | | {more} more | |");
        }
        text.push('\n');
    }
    for (title, items) in [("Differs from the configuration", &report.differences), ("Warnings", &report.warnings)] {
        if !items.is_empty() {
            let _ = writeln!(text, "{title}:\n");
            items.iter().take(ROWS).for_each(|item| text.push_str(&format!("- {}\n", cell(item))));
            text.push('\n');
        }
    }
    if let Some(error) = &report.error {
        let _ = writeln!(text, "**{}**\n", cell(&error.message));
        for (label, value) in [
            ("why", &error.cause),
            ("where", &error.resource),
            ("request id", &error.request_id),
            ("what to do", &error.hint),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "- {label}: {}", cell(value));
            }
        }
        text.push('\n');
    }
    text
}

/// Text that Markdown and HTML show as it is.
fn cell(text: &str) -> String {
    let mut shown = String::new();
    for character in clean(text).chars().take(CELL) {
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
    shown
}

/// The same, in the letters of code.
fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::deployed;
    use super::*;
    use crate::error::{Error, ErrorCode};
    use crate::plan::{Action, Change};

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
            kind: "stack",
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
}
