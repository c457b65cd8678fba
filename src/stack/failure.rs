//! Why an operation failed: the first failure is the cause, everything after it a consequence.

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

/// Finds the cause among an operation's events, oldest first.
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
                failure.stack_reason.clone_from(&event.reason);
            }
        } else if event.is_failure() {
            if event.is_collateral() {
                failure.cancelled += 1;
            } else if rolling_back {
                failure.during_rollback.push(failed(event));
            } else if failure.cause.is_none() {
                failure.cause = Some(failed(event));
            } else {
                failure.also.push(failed(event));
            }
        }
    }
    failure
}

impl StackFailure {
    /// The failure as an error. `what` says which operation on which stack failed.
    #[must_use]
    pub fn into_error(self, what: String, stack_reason: Option<&str>) -> Error {
        let mut error = Error::new(ErrorCode::StackFailed, what);
        let mut told = Vec::new();
        match &self.cause {
            Some(cause) => {
                error = error.resource(cause.logical_id.clone());
                told.push(cause.sentence());
                if let Some(hint) = hint(cause) {
                    error = error.hint(hint);
                }
            }
            None => told.extend(self.stack_reason.as_deref().or(stack_reason).map(ToOwned::to_owned)),
        }
        told.extend(self.also.iter().map(|also| format!("also {}", also.sentence())));
        told.extend(self.during_rollback.iter().map(|left| format!("while rolling back, {}", left.sentence())));
        if self.cancelled > 0 {
            told.push(format!("{} more cancelled because of it", self.cancelled));
        }
        if told.is_empty() { error } else { error.cause(told.join("; ")) }
    }
}

impl FailedResource {
    fn sentence(&self) -> String {
        format!("{} ({}) {}: {}", self.logical_id, self.resource_type, self.status, self.reason)
    }
}

fn failed(event: &StackEvent) -> FailedResource {
    FailedResource {
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        physical_id: event.physical_id.clone(),
        status: event.status.clone(),
        reason: event.reason.clone().unwrap_or_else(|| "no reason given".to_owned()),
    }
}

/// A remedy for failures that have a known one.
fn hint(failed: &FailedResource) -> Option<String> {
    let reason = failed.reason.as_str();
    if failed.resource_type == "AWS::S3::Bucket" && reason.contains("already exists") {
        return Some(EXISTING_BUCKET.to_owned());
    }
    if reason.contains("CloudWatch Logs role ARN must be set") {
        // API Gateway keeps one such role for a whole account and region (Developer Guide, "Set up CloudWatch logging").
        return Some(
            "this account has no log role for API Gateway yet: deploy with --create-api-gateway-log-role to make one"
                .to_owned(),
        );
    }
    if reason.contains("UnreservedConcurrentExecution") {
        return Some(
            "the account's concurrency limit is too low to reserve any: set reserved_concurrency = 0".to_owned(),
        );
    }
    let (_, rest) = reason.split_once("not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?;
    Some(format!("grant {action} to the caller, then run the same command again"))
}

#[cfg(test)]
mod tests {
    use super::super::events::tests::{ARN, event};
    use super::*;

    #[test]
    fn the_first_failure_is_the_cause_and_cancellations_are_counted() {
        let events = [
            event("1", "t", "sftp-okta-demo", "CREATE_IN_PROGRESS", None),
            event("2", "t", "Cancelled", "CREATE_FAILED", Some("Resource creation cancelled")),
            event(
                "3",
                "t",
                "Function",
                "CREATE_FAILED",
                Some("User is not authorized to perform: lambda:CreateFunction on x"),
            ),
            event("4", "t", "Role", "CREATE_FAILED", Some("limit")),
            event(
                "5",
                "t",
                "sftp-okta-demo",
                "ROLLBACK_IN_PROGRESS",
                Some("The following resource(s) failed: [Function]"),
            ),
            event("6", "t", "Bucket", "DELETE_FAILED", Some("not empty")),
            event("7", "t", "sftp-okta-demo", "ROLLBACK_FAILED", None),
        ];
        let error = root_cause(&events, ARN).into_error("stack sftp-okta-demo could not be created".into(), None);
        insta::assert_snapshot!(serde_json::to_string_pretty(&error).unwrap_or_default(), @r#"
        {
          "code": "stack-failed",
          "message": "stack sftp-okta-demo could not be created",
          "cause": "Function (AWS::IAM::Role) CREATE_FAILED: User is not authorized to perform: lambda:CreateFunction on x; also Role (AWS::IAM::Role) CREATE_FAILED: limit; while rolling back, Bucket (AWS::IAM::Role) DELETE_FAILED: not empty; 1 more cancelled because of it",
          "hint": "grant lambda:CreateFunction to the caller, then run the same command again",
          "resource": "Function"
        }
        "#);
    }

    #[test]
    fn without_a_failed_resource_the_stack_speaks() {
        let events =
            [event("1", "t", "sftp-okta-demo", "UPDATE_ROLLBACK_IN_PROGRESS", Some("Update cancelled by user"))];
        let error = root_cause(&events, ARN).into_error("no".into(), None);
        assert_eq!(error.cause.as_deref(), Some("Update cancelled by user"));
    }
}
