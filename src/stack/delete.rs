//! Deleting the stack, and telling what stays.

use aws_sdk_cloudformation::Client;

use super::describe::Stack;
use super::events::StackEvent;
use super::failure::root_cause;
use super::settle::{Operation, settle, wait_for_others};
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
                let (settled, operation) = wait_for_others(client, &stack, patience, progress).await?;
                match settled {
                    // Ours carry tags but under review; what is left of another's deletion is that other's.
                    Some(settled) if settled.tags.is_empty() => {
                        return Err(Error::new(
                            ErrorCode::StackFailed,
                            format!("stack {} is in {}", settled.name, settled.status),
                        )
                        .cause("it does not carry this deployment's tags, so it is not touched")
                        .resource(settled.arn)
                        .hint("whoever made it has to finish its deletion"));
                    }
                    Some(settled) => stack = settled,
                    None => return Ok(kept(operation.events())),
                }
            }
            TeardownStep::Stop(blocked) => return Err(stack.stopped(&blocked)),
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
    refuse_protected(stack)?;
    client
        .delete_stack()
        .stack_name(&stack.arn)
        .client_request_token(token)
        .send()
        .await
        .map_err(|error| failure(&format!("could not delete stack {}", stack.name), &error))?;
    progress.goes_on(&format!("CloudFormation goes on deleting stack {}", stack.name));

    let mut operation = Operation::deletion(stack, token);
    let left = settle(client, &mut operation, patience, progress).await?;
    progress.nothing_goes_on();
    let Some(left) = left else { return Ok(kept(operation.events())) };
    let what = format!("stack {} could not be deleted and is now in {}", left.name, left.status);
    Err(root_cause(operation.events(), &left.arn)
        .into_error(what, left.reason.as_deref())
        .hint_if_none("remove what blocks it, then run `sftp-okta teardown` again"))
}

fn kept(events: &[StackEvent]) -> Deleted {
    let skipped = events.iter().filter(|event| event.status == "DELETE_SKIPPED");
    Deleted { kept: skipped.map(|event| (event.resource_type.clone(), event.physical_id.clone())).collect() }
}

/// Refuses a stack that is protected against deletion. Only whoever protected it may lift that.
///
/// # Errors
/// `StackFailed`, with the command that lifts the protection.
pub fn refuse_protected(stack: &Stack) -> Result<()> {
    if !stack.termination_protection {
        return Ok(());
    }
    Err(Error::new(ErrorCode::StackFailed, format!("stack {} is protected against deletion", stack.name))
        .resource(stack.arn.clone())
        .hint(format!(
            "if it may really go: `aws cloudformation update-termination-protection --no-enable-termination-protection \
             --stack-name {}`, then teardown again",
            stack.name
        )))
}
