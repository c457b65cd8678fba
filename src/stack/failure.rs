//! Why an operation failed: the first failure is the cause, everything after it a consequence.

mod hint;
#[cfg(test)]
mod tests;

use super::events::StackEvent;
use crate::error::{Error, ErrorCode};

/// What to do where the users' bucket is to be made and is there already.
pub(super) const EXISTING_BUCKET: &str =
    "use the bucket that is there with create_bucket = false, or choose another name for the new one";

/// A resource that failed, in CloudFormation's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedResource {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: String,
    /// The resource's own name or ARN; empty where it never had one.
    pub physical_id: String,
    /// Such as `CREATE_FAILED`.
    pub status: String,
    /// The reason given.
    pub reason: String,
}

/// What went wrong in one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackFailure {
    /// The first failure.
    pub cause: Option<FailedResource>,
    /// Further failures of their own, before the rollback began.
    pub also: Vec<FailedResource>,
    /// Failures after the rollback began: what could not be undone.
    pub during_rollback: Vec<FailedResource>,
    /// How many resources were merely cancelled because of the others.
    pub cancelled: usize,
    /// The stack's own word on it, where no resource failed.
    pub stack_reason: Option<String>,
}

/// Finds the cause among an operation's events, oldest first. The same failure told twice is one failure.
#[must_use]
pub fn root_cause(events: &[StackEvent], stack_arn: &str) -> StackFailure {
    let mut failure = StackFailure::default();
    let mut rolling_back = false;
    for event in events {
        if event.is_of_stack(stack_arn) {
            if event.status.contains("ROLLBACK") {
                rolling_back = true;
            }
            if failure.stack_reason.is_none() && (rolling_back || event.is_failure()) {
                failure.stack_reason = event.reason.as_deref().map(|reason| with_hooks(reason, event, events));
            }
        } else if event.is_failure() {
            let failed = failed(event, events);
            if event.is_collateral() {
                failure.cancelled += 1;
            } else if failure.cause.as_ref() == Some(&failed) {
                // Told before.
            } else if rolling_back {
                add_new(&mut failure.during_rollback, failed);
            } else if failure.cause.is_none() {
                failure.cause = Some(failed);
            } else {
                add_new(&mut failure.also, failed);
            }
        }
    }
    failure
}

fn add_new(list: &mut Vec<FailedResource>, failed: FailedResource) {
    if !list.contains(&failed) {
        list.push(failed);
    }
}

/// What an update that succeeded could not clean up afterwards: CloudFormation lets go of it, and it goes on existing.
pub(super) fn left_behind(events: &[StackEvent], stack_arn: &str) -> Vec<String> {
    let cleanup = events
        .iter()
        .position(|event| event.is_of_stack(stack_arn) && event.status.ends_with("_COMPLETE_CLEANUP_IN_PROGRESS"));
    let after = cleanup.and_then(|start| events.get(start..)).unwrap_or_default();
    after.iter().filter(|event| event.status == "DELETE_FAILED").map(|event| failed(event, events).sentence()).collect()
}

impl StackFailure {
    /// The failure as an error. `what` says which operation on which stack failed.
    #[must_use]
    pub fn into_error(self, what: String, stack_reason: Option<&str>) -> Error {
        let mut error = Error::new(ErrorCode::StackFailed, what);
        match &self.cause {
            Some(cause) => {
                error = error.cause(cause.sentence()).resource(cause.logical_id.clone());
                error = error.request_id(request_id(&cause.reason));
                if let Some(hint) = hint::hint(cause) {
                    error = error.hint(hint);
                }
            }
            None => error.cause = self.stack_reason.as_deref().or(stack_reason).map(ToOwned::to_owned),
        }
        error
            .also(self.also.iter().map(FailedResource::sentence))
            .also(self.during_rollback.iter().map(|left| format!("while rolling back, {}", left.sentence())))
            .also((self.cancelled > 0).then(|| format!("{} more cancelled because of it", self.cancelled)))
    }

    /// The names of all resources that could not be deleted.
    #[must_use]
    pub fn undeleted(&self) -> Vec<&str> {
        let all = self.cause.iter().chain(&self.also).chain(&self.during_rollback);
        let mut names: Vec<&str> =
            all.filter(|failed| failed.status == "DELETE_FAILED").map(|failed| failed.logical_id.as_str()).collect();
        names.dedup();
        names
    }
}

impl FailedResource {
    /// "Function (AWS::Lambda::Function, sftp-okta-demo) UPDATE_FAILED: reason".
    fn sentence(&self) -> String {
        // A resource that was never made has no id yet, or its logical one.
        let id = match self.physical_id.as_str() {
            "" => String::new(),
            id if id == self.logical_id => String::new(),
            id => format!(", {id}"),
        };
        format!("{} ({}{id}) {}: {}", self.logical_id, self.resource_type, self.status, self.reason)
    }
}

/// The service's request id, which the reason names as "Request ID: …" or "RequestToken: …".
fn request_id(reason: &str) -> Option<String> {
    let rest = ["Request ID: ", "RequestId: ", "RequestID: ", "RequestToken: "]
        .iter()
        .find_map(|mark| reason.split_once(mark).map(|(_, rest)| rest))?;
    let id: String = rest.chars().take_while(|each| each.is_ascii_alphanumeric() || *each == '-').collect();
    (id.len() >= 8).then_some(id)
}

/// A reason with what the hooks it names found: "The following hook(s) failed: [X]" says no more than that. Theirs are rows
/// of their own, of the same resource.
fn with_hooks(reason: &str, of: &StackEvent, events: &[StackEvent]) -> String {
    let mut told = reason.to_owned();
    let hooks =
        events.iter().filter(|event| event.logical_id == of.logical_id).filter_map(|event| event.failed_hook.as_ref());
    for hook in hooks.filter(|hook| reason.contains("hook") && reason.contains(&hook.hook_type)) {
        let found = format!("{}: {}", hook.hook_type, hook.reason);
        if !told.contains(&found) {
            told.push_str("; ");
            told.push_str(&found);
        }
    }
    told
}

fn failed(event: &StackEvent, events: &[StackEvent]) -> FailedResource {
    let reason = event.reason.as_deref().unwrap_or("no reason given");
    FailedResource {
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        physical_id: event.physical_id.clone(),
        status: event.status.clone(),
        reason: with_hooks(reason, event, events),
    }
}
