//! Deleting the stack, and telling what stays.

use aws_sdk_cloudformation::Client;

use super::apply::{settle, stopped};
use super::describe::Stack;
use super::events::EventLog;
use super::failure::root_cause;
use super::status::TeardownStep;
use crate::aws::failure;
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::wait::Patience;

/// What a deletion left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Resources kept on purpose: type and physical id.
    pub kept: Vec<(String, String)>,
}

/// Deletes a stack and waits until it is gone. The caller has made sure that the stack is ours to delete.
///
/// # Errors
/// `StackFailed` with the reason when something cannot go, `Deadline`, or what CloudFormation says.
pub async fn delete(
    client: &Client,
    stack: &Stack,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Deleted> {
    let mut stack = stack.clone();
    loop {
        match stack.status.for_teardown() {
            TeardownStep::Nothing => return Ok(Deleted::default()),
            TeardownStep::Delete => return delete_now(client, &stack, token, patience, progress).await,
            TeardownStep::Wait => {
                progress
                    .note(&format!("Stack {} is in {}: waiting for that operation to end", stack.name, stack.status));
                let mut log = EventLog::of_newest_operation(&stack.arn);
                match settle(client, &stack.arn, &mut log, patience, progress).await? {
                    Some(settled) => stack = settled,
                    None => return Ok(kept(&log)),
                }
            }
            TeardownStep::Stop(blocked) => return Err(stopped(&stack, blocked.why, blocked.next)),
        }
    }
}

async fn delete_now(
    client: &Client,
    stack: &Stack,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Deleted> {
    if stack.termination_protection {
        return Err(Error::new(ErrorCode::StackFailed, format!("stack {} is protected against deletion", stack.name))
            .resource(stack.arn.clone())
            .hint(format!(
                "if it may really go: `aws cloudformation update-termination-protection --no-enable-termination-protection \
                 --stack-name {}`, then teardown again",
                stack.name
            )));
    }
    client
        .delete_stack()
        .stack_name(&stack.arn)
        .client_request_token(token)
        .send()
        .await
        .map_err(|error| failure(&format!("could not delete stack {}", stack.name), &error))?;
    progress.goes_on(&format!("CloudFormation goes on deleting stack {}", stack.name));

    let mut log = EventLog::of_request(&stack.arn, token);
    match settle_deleted(client, stack, &mut log, patience, progress).await? {
        None => Ok(kept(&log)),
        Some(left) => {
            let what = format!("stack {} could not be deleted and is now in {}", left.name, left.status);
            let error = root_cause(log.events(), &left.arn).into_error(what, left.reason.as_deref());
            Err(match error.hint {
                Some(_) => error,
                None => error.hint("remove what blocks it, then run `sftp-okta teardown` again"),
            })
        }
    }
}

/// Waits for the end of a deletion. Right after DeleteStack the stack may still read as before, settled: only
/// DELETE_FAILED is an end then, and gone is the other.
async fn settle_deleted(
    client: &Client,
    stack: &Stack,
    log: &mut EventLog,
    patience: &Patience,
    progress: &Progress,
) -> Result<Option<Stack>> {
    loop {
        match settle(client, &stack.arn, log, patience, progress).await? {
            Some(left) if left.status == stack.status && log.stack_status().is_none() => {
                if patience.is_over() {
                    return Err(patience.ran_out(&format!("stack {} is not yet being deleted", left.name)));
                }
                patience.pause().await;
            }
            other => return Ok(other),
        }
    }
}

fn kept(log: &EventLog) -> Deleted {
    let kept = log
        .events()
        .iter()
        .filter(|event| event.status == "DELETE_SKIPPED")
        .map(|event| (event.resource_type.clone(), event.physical_id.clone()))
        .collect();
    Deleted { kept }
}
