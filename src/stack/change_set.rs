//! Change sets: CloudFormation's own plan of an operation, executed only when it is the one that was described.

use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, ExecutionStatus, Parameter, Tag};

use super::apply::Desired;
use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::wait::Patience;

/// A change set is made within seconds; one that takes longer than this is stuck.
const LONGEST: Duration = Duration::from_secs(300);

/// A change set that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangeSet {
    /// By name an obsolete change set can come back empty, so it is only ever addressed by ARN.
    pub(super) arn: String,
    /// The stack it belongs to, by ARN.
    pub(super) stack_arn: String,
}

/// What CloudFormation made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is still being made.
    Pending,
    /// It can be executed.
    Executable {
        /// How many resources it touches.
        changes: usize,
    },
    /// The stack is already as wanted.
    NoChange,
    /// It cannot be executed.
    Rejected(String),
}

/// Asks for a change set. `token` makes the request safe to repeat.
pub(super) async fn create(client: &Client, desired: &Desired, kind: ChangeSetType, token: &str) -> Result<ChangeSet> {
    let parameters = desired
        .parameters
        .iter()
        .map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build())
        .collect();
    let tags = desired.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let answer = client
        .create_change_set()
        .stack_name(&desired.name)
        .change_set_name(token)
        .change_set_type(kind)
        .client_token(token)
        .template_body(&desired.template)
        .set_parameters(Some(parameters))
        .set_tags(Some(tags))
        .capabilities(Capability::CapabilityIam)
        .description("made by sftp-okta")
        .send()
        .await
        .map_err(|error| refused(&desired.name, &error))?;
    match (answer.id, answer.stack_id) {
        (Some(arn), Some(stack_arn)) => Ok(ChangeSet { arn, stack_arn }),
        (_, _) => {
            Err(Error::new(ErrorCode::Service, "CreateChangeSet answered without the ids of change set and stack"))
        }
    }
}

/// CreateChangeSet has no error of its own for a stack that somebody else is changing: it is a ValidationError that says so.
fn refused<E>(
    stack: &str,
    error: &aws_smithy_runtime_api::client::result::SdkError<
        E,
        aws_smithy_runtime_api::client::orchestrator::HttpResponse,
    >,
) -> Error
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
{
    let told = failure(&format!("could not create a change set for stack {stack}"), error);
    match refusal(error) {
        Some(refusal) if refusal.message.contains("_IN_PROGRESS state and can not be updated") => Error {
            code: ErrorCode::Busy,
            hint: Some("another operation on the stack has just begun: run the same command again to wait for its end".into()),
            ..told
        },
        Some(refusal) if refusal.code == "LimitExceededException" => told.hint(
            "CloudFormation keeps about 1,000 change sets a stack: delete old ones (`aws cloudformation list-change-sets`)",
        ),
        Some(_) | None => told,
    }
}

/// Waits until CloudFormation has made up its mind.
pub(super) async fn judge(client: &Client, change_set: &ChangeSet, patience: &Patience) -> Result<Verdict> {
    let patience = patience.at_most(LONGEST);
    let mut changes = 0;
    let mut next: Option<String> = None;
    loop {
        let answer = client
            .describe_change_set()
            .change_set_name(&change_set.arn)
            .set_next_token(next.take())
            .send()
            .await
            .map_err(|error| failure(&format!("could not describe change set {}", change_set.arn), &error))?;
        changes += answer.changes.as_ref().map_or(0, Vec::len);
        let verdict =
            verdict(answer.status.as_ref(), answer.execution_status.as_ref(), answer.status_reason.as_deref(), changes);
        match verdict {
            Verdict::Pending if patience.is_over() => {
                return Err(patience.ran_out(&format!("change set {} is still being made", change_set.arn)));
            }
            Verdict::Pending => {
                changes = 0;
                patience.pause().await;
            }
            Verdict::Executable { .. } if answer.next_token.is_some() => next = answer.next_token,
            Verdict::Executable { .. } | Verdict::NoChange | Verdict::Rejected(_) => return Ok(verdict),
        }
    }
}

/// "No changes" has three forms, and two of them are failures by status (CloudFormation; with a transform; UpdateStack's own).
fn verdict(
    status: Option<&ChangeSetStatus>,
    execution: Option<&ExecutionStatus>,
    reason: Option<&str>,
    changes: usize,
) -> Verdict {
    let reason = reason.unwrap_or("no reason given");
    let nothing_to_do = ["The submitted information didn't contain changes", "No updates are to be performed"];
    match status.map_or("", ChangeSetStatus::as_str) {
        "CREATE_PENDING" | "CREATE_IN_PROGRESS" => Verdict::Pending,
        "CREATE_COMPLETE" if execution.map(ExecutionStatus::as_str) == Some("AVAILABLE") => {
            Verdict::Executable { changes }
        }
        "FAILED" if nothing_to_do.iter().any(|text| reason.contains(text)) => Verdict::NoChange,
        "FAILED" => Verdict::Rejected(reason.to_owned()),
        other => Verdict::Rejected(format!("its status is {other}: {reason}")),
    }
}

/// Executes a change set that was judged executable. `first` says that it creates the stack.
pub(super) async fn execute(client: &Client, change_set: &ChangeSet, token: &str, first: bool) -> Result<()> {
    let sent = client
        .execute_change_set()
        .change_set_name(&change_set.arn)
        .client_request_token(token)
        // The documented default and what tools see disagree, so it is said.
        .disable_rollback(false)
        // Otherwise the bucket of a failed first deploy would stay, and stand in the way of the next one.
        .set_retain_except_on_create(first.then_some(true))
        .send()
        .await;
    match sent {
        Ok(_) => Ok(()),
        // After a lost answer the SDK asks again, and finds the change set executed: the stack tells the rest.
        Err(error) if refusal(&error).is_some_and(|refusal| is_executed(&refusal.code, &refusal.message)) => Ok(()),
        Err(error) => Err(failure(&format!("could not execute change set {}", change_set.arn), &error)),
    }
}

fn is_executed(code: &str, message: &str) -> bool {
    code.starts_with("InvalidChangeSetStatus")
        && (message.contains("EXECUTE_IN_PROGRESS") || message.contains("EXECUTE_COMPLETE"))
}

/// Deletes a change set that will not be executed. Failed ones pile up otherwise, to a limit of about 1,000 a stack.
pub(super) async fn discard(client: &Client, change_set: &ChangeSet) -> Result<()> {
    let sent = client.delete_change_set().change_set_name(&change_set.arn).send().await;
    match sent {
        Ok(_) => Ok(()),
        Err(error) if refusal(&error).is_some_and(|refusal| refusal.code.starts_with("ChangeSetNotFound")) => Ok(()),
        Err(error) => Err(failure(&format!("could not delete change set {}", change_set.arn), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_a_verdict() {
        let status = |text: &str| ChangeSetStatus::from(text);
        let judge = |status_text: &str, execution: &str, reason: &str| {
            verdict(Some(&status(status_text)), Some(&ExecutionStatus::from(execution)), Some(reason), 3)
        };
        let unchanged =
            "The submitted information didn't contain changes. Submit different information to create a change set.";
        assert_eq!(judge("CREATE_PENDING", "UNAVAILABLE", ""), Verdict::Pending);
        assert_eq!(judge("CREATE_COMPLETE", "AVAILABLE", "[WARN] x"), Verdict::Executable { changes: 3 });
        assert_eq!(judge("FAILED", "UNAVAILABLE", unchanged), Verdict::NoChange);
        assert_eq!(judge("FAILED", "UNAVAILABLE", "No updates are to be performed."), Verdict::NoChange);
        assert_eq!(judge("FAILED", "UNAVAILABLE", "bad"), Verdict::Rejected("bad".into()));
        assert_eq!(
            judge("CREATE_COMPLETE", "OBSOLETE", "r"),
            Verdict::Rejected("its status is CREATE_COMPLETE: r".into())
        );
        assert_eq!(judge("NEW", "AVAILABLE", "r"), Verdict::Rejected("its status is NEW: r".into()));
    }

    #[test]
    fn an_executed_change_set_is_no_error() {
        assert!(is_executed(
            "InvalidChangeSetStatus",
            "ChangeSet [x] cannot be executed in its current status of [EXECUTE_COMPLETE]"
        ));
        assert!(!is_executed(
            "InvalidChangeSetStatus",
            "cannot be executed in its current execution status of [OBSOLETE]"
        ));
    }
}
