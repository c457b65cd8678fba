//! Deleting the stack, and telling what stays.

use aws_sdk_cloudformation::Client;

use super::describe::Stack;
use super::events::StackEvent;
use super::failure::{FailedResource, StackFailure, root_cause};
use super::refused::not_begun;
use super::settle::{Operation, settle, wait_for_others};
use super::status::{StackStatus, TeardownStep};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::wait::Patience;

/// What a deletion left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Resources kept on purpose: type and physical id.
    pub kept: Vec<(String, String)>,
    /// Resources that could not be deleted and were left behind as asked: type, physical id, and why they could not go.
    pub retained: Vec<(String, String, String)>,
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
    match try_delete(client, stack, Repeat::Once, token, patience, progress).await? {
        Ended::Gone(deleted) => Ok(deleted),
        Ended::Failed(stuck) => Err(stuck.error),
    }
}

/// What follows where something could not be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// The same again: what only had to wait for something else goes then.
    Once,
    /// Nothing.
    Never,
}

async fn try_delete(
    client: &Client,
    stack: &Stack,
    repeat: Repeat,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Ended> {
    let mut stack = stack.clone();
    loop {
        match stack.status.for_teardown() {
            TeardownStep::Nothing => return Ok(Ended::Gone(Deleted::default())),
            TeardownStep::Delete => {
                let ended = delete_now(client, &stack, &[], token, patience, progress).await?;
                return match ended {
                    // One that was half deleted before has just had its second attempt.
                    Ended::Failed(stuck)
                        if repeat == Repeat::Once
                            && stack.status != StackStatus::DeleteFailed
                            && stuck.left.status == StackStatus::DeleteFailed
                            && !patience.is_over() =>
                    {
                        delete_again(client, &stuck, token, patience, progress).await
                    }
                    Ended::Gone(_) | Ended::Failed(_) => Ok(ended),
                };
            }
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
                    None => return Ok(gone(operation.events())),
                }
            }
            TeardownStep::Stop(blocked) => return Err(stack.stopped(&blocked)),
        }
    }
}

/// Deletes what is left of a stack once more. What the first attempt kept on purpose is not told again.
async fn delete_again(
    client: &Client,
    stuck: &Stuck,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Ended> {
    progress.note(&format!("{}: trying once more", stuck.error));
    match delete_now(client, &stuck.left, &[], &format!("{token}-again"), patience, progress).await? {
        Ended::Gone(deleted) => {
            let mut kept = stuck.kept.clone();
            kept.extend(deleted.kept.into_iter().filter(|one| !stuck.kept.contains(one)));
            Ok(Ended::Gone(Deleted { kept, ..deleted }))
        }
        Ended::Failed(stuck) => Ok(Ended::Failed(stuck)),
    }
}

/// Deletes a stack of which some resources may be left behind where they cannot be deleted: `retain` names them as the
/// template does. CloudFormation leaves something behind only on a second request, after the first one failed (API
/// reference, DeleteStack, `RetainResources`).
///
/// # Errors
/// As [`delete`], when something else cannot go.
pub async fn delete_retaining(
    client: &Client,
    stack: &Stack,
    retain: &[String],
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Deleted> {
    // Whoever names what may stay knows that it does not go.
    let repeat = if retain.is_empty() { Repeat::Once } else { Repeat::Never };
    let first = try_delete(client, stack, repeat, token, patience, progress).await?;
    let Stuck { left, failure, error, .. } = match first {
        Ended::Gone(deleted) => return Ok(deleted),
        Ended::Failed(stuck) => *stuck,
    };
    let undeleted = failure.undeleted();
    let named: Vec<String> = retain.iter().filter(|name| undeleted.contains(&name.as_str())).cloned().collect();
    if named.is_empty() || left.status != StackStatus::DeleteFailed {
        return Err(error);
    }
    progress.note(&format!("Leaving behind what cannot be deleted: {}", named.join(", ")));
    match delete_now(client, &left, &named, &format!("{token}-retain"), patience, progress).await? {
        Ended::Gone(Deleted { mut kept, .. }) => {
            let retained = retained(&failure, &named);
            // CloudFormation tells them as skipped, like those that the template keeps.
            kept.retain(|(_, id)| !retained.iter().any(|(_, other, _)| other == id));
            Ok(Deleted { kept, retained })
        }
        Ended::Failed(stuck) => Err(stuck.error),
    }
}

fn retained(failure: &StackFailure, named: &[String]) -> Vec<(String, String, String)> {
    let all = failure.cause.iter().chain(&failure.also).chain(&failure.during_rollback);
    let of =
        |failed: &FailedResource| (failed.resource_type.clone(), failed.physical_id.clone(), failed.reason.clone());
    all.filter(|failed| named.contains(&failed.logical_id)).map(of).collect()
}

/// How a deletion ended.
enum Ended {
    Gone(Deleted),
    Failed(Box<Stuck>),
}

/// A stack that could not be deleted.
struct Stuck {
    left: Stack,
    failure: StackFailure,
    error: Error,
    /// Resources kept on purpose: type and physical id.
    kept: Vec<(String, String)>,
}

async fn delete_now(
    client: &Client,
    stack: &Stack,
    retain: &[String],
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Ended> {
    refuse_protected(stack)?;
    client
        .delete_stack()
        .stack_name(&stack.arn)
        .set_retain_resources((!retain.is_empty()).then(|| retain.to_vec()))
        .client_request_token(token)
        .send()
        .await
        .map_err(|error| not_begun(&format!("could not delete stack {}", stack.name), &error))?;
    progress.goes_on(&format!("CloudFormation goes on deleting stack {}", stack.name));

    let mut operation = Operation::deletion(stack, token);
    let left = settle(client, &mut operation, patience, progress).await?;
    progress.nothing_goes_on();
    let Some(left) = left else { return Ok(gone(operation.events())) };
    let what = format!("stack {} could not be deleted and is now in {}", left.name, left.status);
    let failure = root_cause(operation.events(), &left.arn);
    let error = failure.clone().into_error(what, left.reason.as_deref());
    let mut hint =
        error.hint.clone().unwrap_or_else(|| "remove what blocks it, then run `sftp-okta teardown` again".into());
    let names: String = failure.undeleted().iter().map(|name| format!(" --retain {name}")).collect();
    if !names.is_empty() {
        hint.push_str(&format!("; or leave it behind: `sftp-okta teardown{names}`"));
    }
    let error = error.hint(hint);
    Ok(Ended::Failed(Box::new(Stuck { left, failure, error, kept: kept(operation.events()) })))
}

fn gone(events: &[StackEvent]) -> Ended {
    Ended::Gone(Deleted { kept: kept(events), retained: Vec::new() })
}

/// The resources that a deletion kept on purpose.
fn kept(events: &[StackEvent]) -> Vec<(String, String)> {
    let skipped = events.iter().filter(|event| event.status == "DELETE_SKIPPED");
    skipped.map(|event| (event.resource_type.clone(), event.physical_id.clone())).collect()
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
             --stack-name {}`, then run the same command again",
            stack.name
        )))
}
