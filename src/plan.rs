//! What a deploy would change: one list over artifact, stack and server. Pure.

pub mod saved;

use std::fmt::Write as _;

use serde::Serialize;

use crate::error::Result;
use crate::progress::{Style, clean};
use crate::server::{Found, Remedy, ServerState, ServerStep, Spec, refuse_other_provider, refuse_replacement};
use crate::stack::{DeployStep, Desired, ResourceChange, Stack, made_by_us, same_template};

/// What happens to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is started.
    Start,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happens.
    pub action: Action,
    /// To what kind of thing: `artifact-bucket`, `artifact`, `stack`, `server`.
    pub kind: &'static str,
    /// To which one.
    pub name: String,
    /// What about it changes, a line each.
    pub details: Vec<String>,
    /// Whether users cannot connect while it is made: the server is stopped and started for it.
    #[serde(skip_serializing_if = "is_false")]
    pub interrupts: bool,
    /// What an update of the stack does to each of its resources, where CloudFormation was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceChange>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Change {
    /// A change of which no resources are known.
    #[must_use]
    pub fn new(action: Action, kind: &'static str, name: &str, details: Vec<String>) -> Self {
        Self { action, kind, name: name.to_owned(), details, interrupts: false, resources: Vec::new() }
    }

    /// Whether it is the same change, whatever is known of its resources.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.action, self.kind, &self.name, &self.details) == (other.action, other.kind, &other.name, &other.details)
    }
}

/// What is said of a change that users notice.
const INTERRUPTS: &str =
    "! interrupts the service: the server is stopped for this, and nobody can connect until it is ONLINE again";

/// What is there now.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whether the artifact bucket exists.
    pub artifact_bucket: bool,
    /// Whether the bucket holds this artifact.
    pub artifact: bool,
    /// The stack.
    pub stack: Option<Stack>,
    /// The template it was made from.
    pub template: Option<String>,
    /// The servers.
    pub servers: Found,
}

/// What should be there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The artifact bucket's name.
    pub artifact_bucket: String,
    /// The artifact's key in it.
    pub artifact_key: String,
    /// The server's identity provider type, in Transfer's word.
    pub identity_provider_type: &'static str,
    /// The stack.
    pub stack: Desired,
    /// Whether the stack is to be protected against deletion. `false` leaves it as it is: only a person lifts a protection.
    pub termination_protection: bool,
}

/// Decides what a deploy has to change. `spec` is the server as it should be on the stack as it is, where that stack
/// has its outputs already.
///
/// # Errors
/// When a state needs a person first: the same error that the deploy would end with.
pub fn decide(wanted: &Wanted, seen: &Seen, spec: Option<&Spec>) -> Result<Vec<Change>> {
    seen.servers.refuse_what_is_unclear()?;
    let stack = stack_change(wanted, seen)?;
    let mut changes = Vec::new();
    // The artifact is only needed by a stack that changes: one that is as wanted has its code already.
    if stack.is_some() && !seen.artifact_bucket {
        changes.push(Change::new(Action::Create, "artifact-bucket", &wanted.artifact_bucket, Vec::new()));
    }
    if stack.is_some() && !seen.artifact {
        changes.push(Change::new(Action::Create, "artifact", &wanted.artifact_key, Vec::new()));
    }
    changes.extend(stack);
    changes.extend(server_change(wanted, seen, spec)?);
    Ok(changes)
}

/// Whether the stack still has to be protected against deletion.
#[must_use]
pub fn has_to_be_protected(wanted: &Wanted, stack: &Stack) -> bool {
    wanted.termination_protection && !stack.termination_protection
}

fn stack_change(wanted: &Wanted, seen: &Seen) -> Result<Option<Change>> {
    let name = &wanted.stack.name;
    let protected = || match wanted.termination_protection {
        true => vec!["termination protection: on".to_owned()],
        false => Vec::new(),
    };
    let Some(stack) = &seen.stack else { return Ok(Some(Change::new(Action::Create, "stack", name, protected()))) };
    match stack.status.for_deploy() {
        DeployStep::Create => Ok(Some(Change::new(Action::Create, "stack", name, protected()))),
        DeployStep::DeleteThenCreate => {
            let why = format!("it is in {}: its creation failed and was undone", stack.status);
            Ok(Some(Change::new(Action::Replace, "stack", name, vec![why])))
        }
        DeployStep::Wait => {
            let why = format!("after the operation under way ends ({})", stack.status);
            Ok(Some(Change::new(Action::Update, "stack", name, vec![why])))
        }
        DeployStep::Update
            if wanted.stack.is_met_by(stack, seen.template.as_deref()) && !has_to_be_protected(wanted, stack) =>
        {
            Ok(None)
        }
        DeployStep::Update => Ok(Some(Change::new(Action::Update, "stack", name, stack_details(wanted, seen, stack)))),
        DeployStep::Stop(blocked) => Err(stack.stopped(&blocked)),
    }
}

fn stack_details(wanted: &Wanted, seen: &Seen, stack: &Stack) -> Vec<String> {
    let mut details = Vec::new();
    match seen.template.as_deref() {
        Some(template) if same_template(template, &wanted.stack.template) => {}
        Some(template) if !made_by_us(template) => details.push(
            "template: it was changed by hand at AWS, or by another tool; this version's takes its place".to_owned(),
        ),
        Some(_) | None => details.push("template: this version's".to_owned()),
    }
    if has_to_be_protected(wanted, stack) {
        details.push("termination protection: off → on".to_owned());
    }
    for (what, now, then) in
        [("parameter", &stack.parameters, &wanted.stack.parameters), ("tag", &stack.tags, &wanted.stack.tags)]
    {
        for (key, value) in then {
            match now.get(key) {
                Some(old) if old == value => {}
                Some(old) => details.push(format!("{what} {key}: {} → {}", quoted(old), quoted(value))),
                None => details.push(format!("{what} {key}: {}", quoted(value))),
            }
        }
        details.extend(now.keys().filter(|key| !then.contains_key(*key)).map(|key| format!("{what} {key}: removed")));
    }
    details
}

fn server_change(wanted: &Wanted, seen: &Seen, spec: Option<&Spec>) -> Result<Option<Change>> {
    let Some(server) = seen.servers.owned.first() else {
        return Ok(Some(Change::new(Action::Create, "server", &wanted.stack.name, Vec::new())));
    };
    // Known without the stack's outputs, and told before the stack is changed: it would be changed under a server that asks
    // what is no longer there.
    refuse_other_provider(server, wanted.identity_provider_type)?;
    let differences = spec.map(|spec| spec.differences(server)).unwrap_or_default();
    refuse_replacement(server, &differences)?;
    let mut details: Vec<String> = differences
        .iter()
        .map(|found| format!("{}: {} → {}", found.field, quoted(&found.now), quoted(&found.wanted)))
        .collect();
    let starts = match server.state.for_deploy() {
        ServerStep::Ready => false,
        ServerStep::Wait | ServerStep::Start | ServerStep::Failed { .. } => true,
    };
    if starts {
        details.push(format!("state: {} → ONLINE", server.state));
    }
    let action = if starts && details.len() == 1 { Action::Start } else { Action::Update };
    // One that stands still is not interrupted: nobody is connected.
    let serves = matches!(server.state, ServerState::Online | ServerState::Starting);
    let interrupts = serves && differences.iter().any(|difference| difference.remedy == Remedy::Restart);
    let change = |details| Change { interrupts, ..Change::new(action, "server", &server.id, details) };
    Ok((!details.is_empty()).then(|| change(details)))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", clean(text))
}

/// The plan as a person reads it.
#[must_use]
pub fn render(changes: &[Change], style: Style) -> String {
    let mut text = String::new();
    for change in changes {
        let (mark, verb) = match change.action {
            Action::Create => (style.good("+"), "create"),
            Action::Update => (style.running("~"), "update"),
            Action::Start => (style.running("~"), "start"),
            Action::Replace => (style.bad("±"), "replace"),
            Action::Delete => (style.bad("-"), "delete"),
        };
        let _ = writeln!(
            text,
            "  {mark} {verb:<8}{:<16} {}",
            change.kind.replace('-', " "),
            style.bold(&shortened(&change.name))
        );
        for detail in &change.details {
            let _ = writeln!(text, "      {}", style.dim(detail));
        }
        if change.interrupts {
            let _ = writeln!(text, "      {}", style.bad(INTERRUPTS));
        }
        for resource in &change.resources {
            text.push_str(&resource.render(style));
        }
    }
    text
}

/// A name with its SHA-256 cut to what a person compares.
#[must_use]
pub fn shortened(name: &str) -> String {
    let is_digest = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = name.split(['/', '.']).find(|part| is_digest(part));
    match digest.and_then(|digest| Some((digest, digest.get(..12)?))) {
        Some((digest, start)) => name.replace(digest, &format!("{start}…")),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
