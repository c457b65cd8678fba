//! What a deploy would change: one list over artifact, stack and server. Pure.

mod change;
pub mod saved;

pub use change::{Action, Binding, Change, Detail, Kind, are_approved, bindings, render};

use crate::error::Result;
use crate::progress::clean;
use crate::server::{Found, Remedy, Server, ServerState, ServerStep, Spec, refuse_failed, refuse_replacement};
use crate::stack::{
    DeployStep, Desired, Replacement, ResourceAction, ResourceChange, Stack, made_by_us, refuse_protected,
    same_template,
};

/// What of the stack a server refers to: the resource's name in the template, and the server's field.
const REFERENCES: [(&str, &str); 5] = [
    ("TransferIdentityProviderApi", "Url"),
    ("TransferIdentityProviderRole", "InvocationRole"),
    ("IdentityProviderFunction", "Function"),
    ("TransferSFTPCloudWatchLogsWriteLogs", "LoggingRole"),
    ("TransferLogGroup", "StructuredLogDestinations"),
];

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
    /// The stack.
    pub stack: Desired,
    /// The server as far as the settings tell: without what it takes from the stack.
    pub server: Spec,
    /// Whether the stack is to be protected against deletion. `false` leaves it as it is: only a person lifts a protection.
    pub termination_protection: bool,
}

/// Decides what a deploy has to change. `spec` is the server as it should be on the stack as it is, where that stack
/// has its outputs already.
///
/// # Errors
/// When a state needs a person first: the same error that the deploy would end with.
pub fn decide(wanted: &Wanted, seen: &Seen, spec: Option<&Spec>) -> Result<Vec<Change>> {
    refuse_stuck(seen, Some(&wanted.server))?;
    refuse_other_server(wanted, seen)?;
    let stack = stack_change(wanted, seen);
    let mut changes = Vec::new();
    // The artifact is only needed by a stack that changes: one that is as wanted has its code already.
    if stack.is_some() && !seen.artifact_bucket {
        changes.push(Change::new(Action::Create, Kind::ArtifactBucket, &wanted.artifact_bucket, Vec::new()));
    }
    if stack.is_some() && !seen.artifact {
        changes.push(Change::new(Action::Create, Kind::Artifact, &wanted.artifact_key, Vec::new()));
    }
    let is_made_anew = stack.as_ref().is_some_and(|stack| stack.action != Action::Update);
    changes.extend(stack);
    changes.extend(server_change(wanted, seen, spec.filter(|_| !is_made_anew)));
    Ok(changes)
}

/// Refuses what is stuck in a state that only a person can bring it out of. `spec` is the server as it should be, as far
/// as that is known.
///
/// # Errors
/// `StackFailed` or `ServerFailed`, with what to do.
pub fn refuse_stuck(seen: &Seen, spec: Option<&Spec>) -> Result<()> {
    seen.servers.refuse_what_is_unclear()?;
    if let Some(stack) = &seen.stack {
        match stack.status.for_deploy() {
            DeployStep::Stop(blocked) => return Err(stack.stopped(&blocked)),
            DeployStep::DeleteThenCreate => refuse_protected(stack)?,
            DeployStep::Create | DeployStep::Update | DeployStep::Wait => {}
        }
    }
    seen.servers.owned.first().map_or(Ok(()), |server| refuse_failed(server, spec))
}

/// Refuses a server that would have to be another one. Known without the stack's outputs, and told before the stack is
/// changed: that would be changed under a server that asks what is no longer there.
///
/// # Errors
/// `ServerFailed`, naming the difference.
pub fn refuse_other_server(wanted: &Wanted, seen: &Seen) -> Result<()> {
    let Some(server) = seen.servers.owned.first() else { return Ok(()) };
    refuse_replacement(server, &wanted.server.differences(server))
}

/// Whether the stack still has to be protected against deletion.
#[must_use]
pub fn has_to_be_protected(wanted: &Wanted, stack: &Stack) -> bool {
    wanted.termination_protection && !stack.termination_protection
}

fn stack_change(wanted: &Wanted, seen: &Seen) -> Option<Change> {
    let change = |action, details| Some(Change::new(action, Kind::Stack, &wanted.stack.name, details));
    let protected = || -> Vec<Detail> {
        match wanted.termination_protection {
            true => vec!["termination protection: on".into()],
            false => Vec::new(),
        }
    };
    let Some(stack) = &seen.stack else { return change(Action::Create, protected()) };
    match stack.status.for_deploy() {
        DeployStep::Create => change(Action::Create, protected()),
        DeployStep::DeleteThenCreate => {
            let why = format!("it is in {}: its creation failed and was undone", stack.status);
            change(Action::Replace, vec![Detail::at_the_moment(why)])
        }
        DeployStep::Wait => {
            let why = format!("after the operation under way ends ({})", stack.status);
            change(Action::Update, vec![Detail::at_the_moment(why)])
        }
        DeployStep::Update
            if wanted.stack.is_met_by(stack, seen.template.as_deref()) && !has_to_be_protected(wanted, stack) =>
        {
            None
        }
        DeployStep::Update => {
            let mut details = stack_details(wanted, seen, stack);
            // It serves, and yet there is something to say about it: its last change came to nothing.
            if stack.status.next_step().is_some() {
                details.push(Detail::at_the_moment(format!("it is in {}: {}", stack.status, stack.status.meaning())));
            }
            change(Action::Update, details)
        }
        // Refused before.
        DeployStep::Stop(_) => None,
    }
}

fn stack_details(wanted: &Wanted, seen: &Seen, stack: &Stack) -> Vec<Detail> {
    let mut details: Vec<Detail> = Vec::new();
    match seen.template.as_deref() {
        Some(template) if same_template(template, &wanted.stack.template) => {}
        Some(template) if !made_by_us(template) => details
            .push("template: it was changed by hand at AWS, or by another tool; this version's takes its place".into()),
        Some(_) | None => details.push("template: this version's".into()),
    }
    if has_to_be_protected(wanted, stack) {
        details.push("termination protection: off → on".into());
    }
    for (what, now, then) in
        [("parameter", &stack.parameters, &wanted.stack.parameters), ("tag", &stack.tags, &wanted.stack.tags)]
    {
        for (key, value) in then {
            match now.get(key) {
                Some(old) if old == value => {}
                Some(old) => details.push(format!("{what} {key}: {} → {}", quoted(old), quoted(value)).into()),
                None => details.push(format!("{what} {key}: {}", quoted(value)).into()),
            }
        }
        let gone = now.keys().filter(|key| !then.contains_key(*key));
        details.extend(gone.map(|key| Detail::from(format!("{what} {key}: removed"))));
    }
    details
}

/// What changes about the server. Without a `spec` the stack is yet to be made, or to get its outputs.
fn server_change(wanted: &Wanted, seen: &Seen, spec: Option<&Spec>) -> Option<Change> {
    let Some(server) = seen.servers.owned.first() else {
        return Some(Change::new(Action::Create, Kind::Server, &wanted.stack.name, Vec::new()));
    };
    let later = if spec.is_none() { wanted.server.fields_of_stack() } else { &[] };
    let mut differences = spec.unwrap_or(&wanted.server).differences(server);
    differences.retain(|difference| !later.contains(&difference.field));
    let mut details: Vec<Detail> = differences
        .iter()
        .map(|found| format!("{}: {} → {}", found.field, quoted(&found.now), quoted(&found.wanted)).into())
        .collect();
    details.extend(later.iter().map(|field| known_later(field)));
    let starts = match server.state.for_deploy() {
        ServerStep::Ready => false,
        // One that failed has been refused, but where other elastic IPs may mend it.
        ServerStep::Wait | ServerStep::Start | ServerStep::Failed { .. } => true,
    };
    if starts {
        details.push(Detail::at_the_moment(format!("state: {} → ONLINE", server.state)));
    }
    let action = if starts && details.len() == 1 { Action::Start } else { Action::Update };
    // One that stands still is not interrupted: nobody is connected.
    let serves = matches!(server.state, ServerState::Online | ServerState::Starting);
    let interrupts = serves && differences.iter().any(|difference| difference.remedy == Remedy::Restart);
    let change = |details| Change { interrupts, ..Change::new(action, Kind::Server, &server.id, details) };
    (!details.is_empty()).then(|| change(details))
}

/// Adds to `changes` how the server follows the stack: which of its fields name a resource that the stack's change makes
/// anew.
pub fn add_what_follows(changes: &mut Vec<Change>, wanted: &Wanted, server: Option<&Server>) {
    let Some(server) = server else { return };
    let resources = changes.iter().filter(|change| change.kind == Kind::Stack).flat_map(|change| &change.resources);
    let anew = resources.filter(|resource| is_made_anew(resource));
    let referred = anew.filter_map(|resource| field_that_names(&resource.logical_id));
    let fields: Vec<&str> = referred.filter(|field| wanted.server.fields_of_stack().contains(field)).collect();
    if fields.is_empty() {
        return;
    }
    let details = fields.iter().map(|field| known_later(field));
    match changes.iter_mut().find(|change| change.kind == Kind::Server) {
        // It is made on the stack as it will be.
        Some(change) if change.action == Action::Create => {}
        Some(change) => {
            change.action = Action::Update;
            let new: Vec<Detail> = details.filter(|detail| !change.details.contains(detail)).collect();
            change.details.splice(0..0, new);
        }
        None => changes.push(Change::new(Action::Update, Kind::Server, &server.id, details.collect())),
    }
}

/// The field of a server that names this resource of the template.
fn field_that_names(logical_id: &str) -> Option<&'static str> {
    REFERENCES.iter().find(|(resource, _)| *resource == logical_id).map(|(_, field)| *field)
}

/// Whether the resource is, or may be, another one afterwards.
const fn is_made_anew(resource: &ResourceChange) -> bool {
    match resource.action {
        ResourceAction::Add => true,
        ResourceAction::Modify | ResourceAction::Other => match resource.replacement {
            Replacement::Always | Replacement::Conditional => true,
            Replacement::Never => false,
        },
        ResourceAction::Remove | ResourceAction::Import => false,
    }
}

fn known_later(field: &str) -> Detail {
    Detail::at_the_moment(format!("{field}: known after the stack's change"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", clean(text))
}

#[cfg(test)]
mod tests;
