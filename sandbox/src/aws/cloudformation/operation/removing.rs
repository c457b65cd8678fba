//! Removes resources, what others wait for last.

use super::super::make::Place;
use super::super::stack::{Stack, Status};
use super::{Doomed, mark};
use crate::clock::now;
use crate::state::{State, World};

/// Whether a policy keeps a resource. `RetainExceptOnCreate` does not where the operation that made it is rolled back.
pub(in super::super) fn is_kept(policy: Option<&str>, rolling_back: bool) -> bool {
    match policy {
        Some("Retain" | "Snapshot") => true,
        Some("RetainExceptOnCreate") => !rolling_back,
        Some(_) | None => false,
    }
}

/// Ends what is being removed and begins to remove what nothing waits for any more.
pub(super) fn step(world: &World, state: &mut State, stack: &mut Stack, end: Status) -> bool {
    let Some(mut operation) = stack.operation.clone() else { return false };
    let (begun, mut left): (Vec<_>, Vec<_>) = operation.doomed.drain(..).partition(|doomed| doomed.begun);
    for doomed in begun {
        let id = doomed.resource.logical_id.clone();
        let deleted = Place::of(world, state, &stack.name, &stack.arn, &stack.region).delete(&doomed.resource);
        match deleted {
            Ok(()) => tell(stack, &doomed, "DELETE_COMPLETE", None, true),
            Err(reason) => {
                tell(stack, &doomed, "DELETE_FAILED", Some(&reason), false);
                operation.failed.push(id.clone());
                // What it waits for stays too: a rollback or a deletion ends here, a cleanup goes on without.
                if is_strict(end) {
                    left.clear();
                }
            }
        }
    }
    let waiting: Vec<_> = left.iter().map(|doomed| doomed.resource.clone()).collect();
    let mut still = Vec::new();
    let mut skipped = false;
    for mut doomed in left {
        let id = &doomed.resource.logical_id;
        let needed = waiting.iter().any(|other| other.logical_id != *id && other.waits_for.contains(id));
        match (needed, doomed.kept, &doomed.resource.physical_id) {
            (true, _, _) => still.push(doomed),
            (false, true, _) => {
                tell(stack, &doomed, "DELETE_SKIPPED", None, true);
                skipped = true;
            }
            (false, false, None) => {
                tell(stack, &doomed, "DELETE_COMPLETE", None, true);
                skipped = true;
            }
            (false, false, Some(_)) => {
                tell(stack, &doomed, "DELETE_IN_PROGRESS", None, false);
                doomed.begun = true;
                still.push(doomed);
            }
        }
    }
    operation.doomed = still;
    let over = operation.doomed.is_empty() && !skipped;
    let failed = operation.failed.clone();
    stack.operation = Some(operation);
    if over {
        settle(stack, end, &failed);
    }
    !over
}

/// Only a deletion and the rollback of a creation can fail; the cleanup of an update leaves behind what it cannot remove.
fn is_strict(end: Status) -> bool {
    matches!(end, Status::DeleteComplete | Status::RollbackComplete)
}

fn settle(stack: &mut Stack, end: Status, failed: &[String]) {
    let remains: Vec<_> = failed
        .iter()
        .filter(|id| stack.resources.get(*id).is_some_and(|resource| resource.status == "DELETE_FAILED"))
        .map(String::as_str)
        .collect();
    if is_strict(end) && !remains.is_empty() {
        let status = if end == Status::DeleteComplete { Status::DeleteFailed } else { Status::RollbackFailed };
        let reason = format!("The following resource(s) failed to delete: [{}]. ", remains.join(", "));
        return stack.enter(status, Some(reason));
    }
    if end == Status::DeleteComplete {
        stack.deleted = Some(now());
        stack.change_sets.clear();
    }
    stack.enter(end, None);
}

/// An event; the stack's own entry changes only where it is that very resource, and not the successor of it.
fn tell(stack: &mut Stack, doomed: &Doomed, status: &str, reason: Option<&str>, gone: bool) {
    let id = &doomed.resource.logical_id;
    let is_own = stack.resources.get(id).is_some_and(|own| own.physical_id == doomed.resource.physical_id);
    if is_own {
        mark(stack, id, status, reason);
        if gone {
            let removed = stack.resources.remove(id);
            stack.removed.extend(removed);
        }
    } else {
        stack.tell(&doomed.resource, status, reason);
    }
}
