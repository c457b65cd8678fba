//! The result in the forms that pipelines read: outputs and one annotation for GitHub, variables for GitLab.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Outcome, Report};
use crate::doctor::Level;
use crate::exit_code::ExitCode;
use crate::progress::clean;

/// What later steps and jobs want to know, by GitHub's names for it. What is not known is empty, so that a later step
/// never reads the value of an earlier one.
#[must_use]
pub fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let server = report.server.as_ref();
    let of_server = |read: fn(&super::ServerReport) -> String| server.map(read).unwrap_or_default();
    vec![
        ("result", in_json(report.result)),
        ("server-id", of_server(|server| server.id.clone())),
        ("endpoint", of_server(|server| server.endpoint.clone())),
        ("host-key", of_server(|server| server.host_key_fingerprint.clone().unwrap_or_default())),
        ("stack-arn", report.stack.as_ref().map(|stack| stack.arn.clone()).unwrap_or_default()),
        ("changes", report.changes.len().to_string()),
    ]
}

/// The word that a value has in the JSON document.
pub(super) fn in_json(value: impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
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

#[cfg(test)]
mod tests {
    use super::super::tests::{deployed, failed};
    use super::*;
    use crate::doctor::Finding;
    use crate::prices;
    use crate::report::DeploymentRow;

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
