//! The result as a person reads it.

use std::fmt::Write as _;

use super::cost::cost;
use super::sandbox::{in_sandbox, users};
use super::{Outcome, Report, deployments, findings};
use crate::plan;
use crate::progress::{Style, clean, count, shortened};

/// Renders the report. Failures tell their story on stderr, so here they say only what is there now.
pub(super) fn render(report: &Report) -> String {
    if let (Outcome::Written, Some(text)) = (report.result, &report.text) {
        return text.clone();
    }
    let mut text = String::new();
    let name = report.deployment.name.as_deref().unwrap_or_default();
    let headline = match report.result {
        Outcome::Deployed => format!("{name} is ONLINE"),
        Outcome::Unchanged => format!("{name} is ONLINE, unchanged"),
        Outcome::Planned if report.changes.is_empty() => format!("{name} is as configured: nothing to do"),
        Outcome::Planned => format!("{name}: {} to make", count(report.changes.len(), "change")),
        Outcome::Healthy | Outcome::Unhealthy if report.command == "doctor" => {
            format!("{name}: {}", findings::verdict(report))
        }
        Outcome::Healthy | Outcome::Unhealthy if report.deployments.is_some() => {
            count(report.deployments.as_ref().map_or(0, Vec::len), "deployment")
        }
        Outcome::Absent if report.deployments.is_some() => "there is no deployment here".to_owned(),
        Outcome::Healthy => format!("{name} is healthy"),
        Outcome::Unhealthy => format!("{name} is not healthy"),
        Outcome::Absent => format!("{name} is not deployed"),
        // Only a sandbox has no name.
        Outcome::Removed if name.is_empty() => "the sandbox is empty and does not run".to_owned(),
        Outcome::Removed => format!("{name} is removed"),
        Outcome::Verified => format!("{name}: {} can sign in", report.verify.as_ref().map_or("", |told| &told.user)),
        // The decisions are the result; whoever reads them needs no heading.
        Outcome::Shown => return text,
        Outcome::Running => "the sandbox runs".to_owned(),
        Outcome::Stopped if report.command == "sandbox status" => "the sandbox does not run".to_owned(),
        Outcome::Stopped => "the sandbox is stopped".to_owned(),
        Outcome::Granted => match report.explain.as_ref().and_then(|told| Some((told, told.rule?))) {
            Some((told, rule)) => format!("{} is let in by rule {rule}", clean(&told.login)),
            None => return text,
        },
        Outcome::Refused => match report.explain.as_ref().and_then(|told| Some((told, told.refusal.as_ref()?))) {
            Some((told, why)) => format!("{} is refused: {why}", clean(&told.login)),
            None => return text,
        },
        Outcome::Packaged => "packaged".to_owned(),
        Outcome::Written => "written".to_owned(),
        Outcome::Declined => "nothing was changed".to_owned(),
        Outcome::Failed => return text,
    };
    let _ = writeln!(text, "{headline}");
    if let Some(explained) = &report.explain {
        let _ = write!(text, "\n{}", explained.lines());
        return text;
    }
    let facts = facts(report);
    if !facts.is_empty() {
        let _ = writeln!(text);
    }
    for (label, value) in facts {
        let _ = writeln!(text, "  {label:<11} {value}");
    }
    if report.result == Outcome::Planned && !report.changes.is_empty() {
        let _ = write!(text, "\n{}", plan::render(&report.changes, Style::new(false)));
    }
    if let (Outcome::Running, Some(sandbox)) = (report.result, &report.sandbox) {
        let _ = match sandbox.users.is_empty() {
            true => {
                writeln!(text, "\nIts users are those of {}: the sandbox asks that organisation.", sandbox.okta_url)
            }
            false => write!(text, "\nUsers of its Okta:\n{}", users(sandbox)),
        };
    }
    if report.result == Outcome::Removed {
        let gone: Vec<String> = report
            .changes
            .iter()
            .map(|change| format!("{} {}", change.kind.in_words(), shortened(&change.name)))
            .collect();
        list(&mut text, "Gone:", gone.iter().map(String::as_str));
    }
    section(&mut text, &findings::lines(&report.findings));
    section(&mut text, &report.deployments.as_deref().map(deployments::lines).unwrap_or_default());
    section(&mut text, &report.drift.as_deref().map(findings::drift).unwrap_or_default());
    list(&mut text, "Differs from the configuration:", report.differences.iter().map(String::as_str));
    let kept: Vec<String> =
        report.kept.iter().map(|kept| format!("{} {}\n    {}", kept.kind, kept.name, kept.why)).collect();
    list(&mut text, "Kept:", kept.iter().map(String::as_str));
    if let Some(cost) = cost(report) {
        let _ = writeln!(text, "\n{cost}");
    }
    if let Some(next) = next(report) {
        let _ = writeln!(text, "\n{next}");
    }
    text
}

/// Lines of their own, after an empty one.
fn section(text: &mut String, lines: &str) {
    if !lines.is_empty() {
        let _ = write!(text, "\n{lines}");
    }
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(server) = &report.server {
        facts.push(("endpoint", server.endpoint.clone()));
        facts.push(("host key", server.host_key_fingerprint.clone().unwrap_or_else(|| "not known".into())));
        facts.push(("server", format!("{}  {}", server.id, server.state)));
        if !server.elastic_ips.is_empty() {
            facts.push(("elastic IPs", server.elastic_ips.join(", ")));
        }
    }
    if let Some(stack) = &report.stack {
        facts.push(("stack", format!("{}  {}", stack.name, stack.status)));
        if let Some(group) = stack.outputs.get("IdentityProviderLogGroup") {
            facts.push(("sign-ins", format!("log group {group}")));
        }
    }
    if let Some(told) = &report.verify {
        facts.extend(told.facts());
    }
    if let (Outcome::Running, Some(sandbox)) = (report.result, &report.sandbox) {
        facts.push(("endpoint", sandbox.endpoint_url.clone()));
        facts.push(("okta", sandbox.okta_url.clone()));
        if let Some(app) = &sandbox.service_app {
            facts.push(("service app", format!("client_id {}  key_id {}", app.client_id, app.key_id)));
            facts.push(("", format!("private_key_secret {}", app.private_key_secret)));
        }
        facts.push(("folder", sandbox.folder.clone()));
        facts.extend(
            sandbox
                .sftp
                .iter()
                .map(|server| ("sftp", format!("{}:{}  {}", server.host, server.port, server.server_id))),
        );
    }
    facts.extend(report.files.iter().map(|file| ("file", file.clone())));
    if let Some(artifact) = &report.artifact
        && let Some(file) = &artifact.file
    {
        facts.push(("file", file.clone()));
        facts.push(("size", format!("{} bytes", artifact.bytes)));
        facts.push(("sha256", artifact.sha256.clone()));
        facts.push(("bootstrap", artifact.bootstrap_sha256.clone()));
    }
    if let (Some(account), Some(region)) = (&report.deployment.account, &report.deployment.region) {
        let place = match &report.deployment.endpoint {
            Some(endpoint) => format!("{account} in {region} ({endpoint}, not AWS)"),
            None => format!("{account} in {region}"),
        };
        facts.push(("account", place));
    }
    facts
}

fn list<'a>(text: &mut String, title: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        let _ = writeln!(text, "\n{title}");
    }
    for item in items {
        let _ = writeln!(text, "  - {item}");
    }
}

/// A file's name as a shell takes it for one word.
fn quoted(file: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    match file.chars().all(plain) {
        true => file.to_owned(),
        false => format!("'{}'", file.replace('\'', r"'\''")),
    }
}

fn next(report: &Report) -> Option<String> {
    // Without the flag the same words would go to AWS.
    let deploy = if report.sandbox.is_some() { "sftp-okta deploy --sandbox" } else { "sftp-okta deploy" };
    match report.result {
        Outcome::Deployed | Outcome::Unchanged => {
            let server = report.server.as_ref()?;
            if let Some(sandbox) = &report.sandbox {
                return in_sandbox(sandbox, &server.id);
            }
            Some(format!("Sign in with an Okta account:  sftp USER@{}", server.endpoint))
        }
        Outcome::Healthy | Outcome::Unhealthy if report.command == "doctor" => None,
        Outcome::Healthy | Outcome::Unhealthy if report.deployments.is_some() => None,
        Outcome::Absent => Some(format!("Make it with:  {deploy}")),
        // What to do instead stands with what is wrong.
        Outcome::Unhealthy if report.deploy_refuses => None,
        Outcome::Unhealthy => Some(format!("Bring it back with:  {deploy}")),
        Outcome::Planned if !report.changes.is_empty() => Some(match report.files.first() {
            Some(file) => format!("Make them with:  {deploy} --plan {}", quoted(file)),
            None => format!("Make them with:  {deploy}"),
        }),
        Outcome::Healthy | Outcome::Verified => in_sandbox(report.sandbox.as_ref()?, &report.server.as_ref()?.id),
        Outcome::Running => {
            let sandbox = report.sandbox.as_ref()?;
            match sandbox.sftp.first() {
                Some(server) => in_sandbox(sandbox, &server.server_id),
                None => Some(format!("Deploy into it with:  {deploy}")),
            }
        }
        Outcome::Stopped if report.command == "sandbox status" => {
            Some("Start it with:  sftp-okta sandbox start --detach".to_owned())
        }
        Outcome::Written if report.command == "init" => Some("See what it would make with:  sftp-okta plan".to_owned()),
        Outcome::Stopped
        | Outcome::Written
        | Outcome::Planned
        | Outcome::Removed
        | Outcome::Packaged
        | Outcome::Granted
        | Outcome::Refused
        | Outcome::Shown
        | Outcome::Declined
        | Outcome::Failed => None,
    }
}
