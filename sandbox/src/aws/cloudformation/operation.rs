//! Create, update, rollback and delete, a step at a time.
//!
//! A step ends what is in progress and begins what can be begun; between two steps the sandbox waits, so that a person sees
//! IN_PROGRESS. Everything a step needs is in the state: an operation that a stop of the sandbox interrupted goes on where
//! it was, as AWS's does when the deployer is gone.

mod making;
mod removing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::stack::{Stack, StackResource, Status, Tags, Wanted};
use crate::clock::now;
use crate::state::{State, World};

pub(super) use removing::is_kept;

/// An operation on a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Operation {
    /// The client's token; every event carries it.
    pub(super) token: Option<String>,
    phase: Phase,
    /// What the stack is to be.
    wanted: Wanted,
    /// What it was; none for what is new.
    before: Option<Wanted>,
    disable_rollback: bool,
    retain_except_on_create: bool,
    /// A failed create deletes the stack.
    delete_on_failure: bool,
    /// Logical ids that are taken over.
    imports: BTreeSet<String>,
    working: Vec<Work>,
    done: BTreeSet<String>,
    created: BTreeSet<String>,
    /// What was there before, of everything that was looked at.
    changed: BTreeMap<String, StackResource>,
    /// Those of them that were really changed.
    touched: BTreeSet<String>,
    restored: bool,
    leftovers: Vec<StackResource>,
    doomed: Vec<Doomed>,
    failed: Vec<String>,
}

/// What an operation is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Creates and updates.
    Making,
    /// Gives changed resources back what they were.
    Restoring,
    /// Removes what is not wanted; then the stack has this status.
    Removing(Status),
}

/// A resource in progress.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Work {
    id: String,
    verb: Verb,
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Verb {
    Create,
    Update,
    Import,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Import => "IMPORT",
        }
    }
}

/// A resource that leaves the stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Doomed {
    resource: StackResource,
    kept: bool,
    begun: bool,
}

/// How an operation is to go.
#[derive(Debug, Clone, Default)]
pub(super) struct Manner {
    pub(super) token: Option<String>,
    pub(super) disable_rollback: bool,
    pub(super) retain_except_on_create: bool,
    pub(super) delete_on_failure: bool,
    pub(super) imports: BTreeSet<String>,
}

impl Operation {
    fn new(phase: Phase, manner: Manner, wanted: Wanted) -> Self {
        Self {
            token: manner.token,
            phase,
            wanted,
            before: None,
            disable_rollback: manner.disable_rollback,
            retain_except_on_create: manner.retain_except_on_create,
            delete_on_failure: manner.delete_on_failure,
            imports: manner.imports,
            working: Vec::new(),
            done: BTreeSet::new(),
            created: BTreeSet::new(),
            changed: BTreeMap::new(),
            touched: BTreeSet::new(),
            restored: false,
            leftovers: Vec::new(),
            doomed: Vec::new(),
            failed: Vec::new(),
        }
    }

    fn is_update(&self) -> bool {
        self.before.is_some()
    }

    /// The tags of a stack that is being created: it has them from the start, as on AWS.
    pub(super) fn tags_of_creation(&self) -> Option<&Tags> {
        (self.phase == Phase::Making && !self.is_update()).then_some(&self.wanted.tags)
    }
}

/// Begins to create or (where there is something already) to update a stack.
pub(super) fn begin(stack: &mut Stack, wanted: Wanted, manner: Manner) {
    let is_create = stack.status == Status::ReviewInProgress;
    stack.disable_rollback = manner.disable_rollback;
    let mut operation = Operation::new(Phase::Making, manner, wanted);
    if !is_create {
        operation.before = Some(stack.wanted.clone());
        stack.updated = Some(now());
    }
    stack.operation = Some(operation);
    let status = if is_create { Status::CreateInProgress } else { Status::UpdateInProgress };
    stack.enter(status, Some("User Initiated".into()));
}

/// Begins to delete a stack.
pub(super) fn begin_delete(stack: &mut Stack, token: Option<String>, retained: &[String]) {
    let manner = Manner { token, ..Manner::default() };
    let mut operation = Operation::new(Phase::Removing(Status::DeleteComplete), manner, stack.wanted.clone());
    let doom = |resource: &StackResource| Doomed {
        kept: is_kept(resource.deletion_policy.as_deref(), false) || retained.contains(&resource.logical_id),
        resource: resource.clone(),
        begun: false,
    };
    operation.doomed = stack.resources.values().map(doom).collect();
    stack.operation = Some(operation);
    stack.enter(Status::DeleteInProgress, Some("User Initiated".into()));
}

/// Works on the stack's operation until it is over.
pub(super) fn run(world: &Arc<World>, arn: &str) {
    let (world, arn) = (Arc::clone(world), arn.to_owned());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(world.pace()).await;
            if !world.change(|state| step(&world, state, &arn)) {
                return;
            }
        }
    });
}

/// One step. Says whether there is another one.
pub(super) fn step(world: &World, state: &mut State, arn: &str) -> bool {
    let Some(mut stack) = state.stacks.take(arn) else { return false };
    let goes_on = match stack.operation.as_ref().map(|operation| operation.phase) {
        None => false,
        Some(Phase::Making) => making::step(world, state, &mut stack),
        Some(Phase::Restoring) => making::restore(world, state, &mut stack),
        Some(Phase::Removing(end)) => removing::step(world, state, &mut stack, end),
    };
    if !goes_on {
        stack.operation = None;
    }
    state.stacks.put(stack);
    goes_on
}

/// Sets the status of a resource of the stack, with its event.
fn mark(stack: &mut Stack, id: &str, status: &str, reason: Option<&str>) {
    let Some(resource) = stack.resources.get_mut(id) else { return };
    resource.status = status.into();
    resource.reason = reason.map(ToOwned::to_owned);
    resource.at = now();
    let resource = resource.clone();
    stack.tell(&resource, status, reason);
}
