//! Change sets: CloudFormation's own plan of an operation, executed only when it is the one that was described.

use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, ExecutionStatus, Parameter, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::desired::Desired;
use super::refused::{not_begun, refused_operation};
use super::resource_change::{self, ResourceChange};
use crate::aws::{Refusal, failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
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
    /// It can be executed.
    Executable {
        /// How many resources it touches. None is no reason not to execute it: outputs or tags may differ.
        changes: usize,
        /// What CloudFormation warns of.
        warning: Option<String>,
    },
    /// The stack is already as wanted.
    NoChange,
    /// It cannot be executed.
    Rejected(String),
    /// Another change set of the stack was executed meanwhile.
    Overtaken,
}

/// A change set that CloudFormation has made up its mind about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// What it does to each resource, with the values of properties.
    pub(super) resources: Vec<ResourceChange>,
}

/// Asks for a change set. `token` makes the request safe to repeat. `None` while another operation on the stack goes on,
/// which DescribeStacks may not show yet.
pub(super) async fn create(
    client: &Client,
    desired: &Desired,
    kind: ChangeSetType,
    token: &str,
) -> Result<Option<ChangeSet>> {
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
        .set_import_existing_resources(desired.adopt.then_some(true))
        .description("made by sftp-okta")
        .send()
        .await;
    match answer {
        Ok(answer) => of_ids(answer.id, answer.stack_id).map(Some),
        // Its name is this run's own token: the SDK repeated a request whose answer was lost.
        Err(error) if refusal(&error).is_some_and(|refusal| refusal.code == "AlreadyExistsException") => {
            let call = client.describe_change_set().stack_name(&desired.name).change_set_name(token);
            let made = call.send().await.map_err(|_| refused(&desired.name, &error))?;
            of_ids(made.change_set_id, made.stack_id).map(Some)
        }
        Err(error) if refusal(&error).is_some_and(|refusal| is_under_way(&refusal)) => Ok(None),
        Err(error) => Err(refused(&desired.name, &error)),
    }
}

fn of_ids(arn: Option<String>, stack_arn: Option<String>) -> Result<ChangeSet> {
    match (arn, stack_arn) {
        (Some(arn), Some(stack_arn)) => Ok(ChangeSet { arn, stack_arn }),
        (_, _) => Err(Error::new(ErrorCode::Service, "CloudFormation named neither the change set nor its stack")),
    }
}

/// CreateChangeSet has no error of its own for a stack that somebody is changing: it is a ValidationError that says so.
fn is_under_way(refusal: &Refusal) -> bool {
    refusal.code == "ValidationError" && refusal.message.contains("_IN_PROGRESS state and can not be updated")
}

fn refused<E>(stack: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let told = refused_operation(&format!("could not create a change set for stack {stack}"), error);
    match refusal(error) {
        Some(refusal) if refusal.code == "LimitExceededException" => told.hint(
            "CloudFormation keeps about 1,000 change sets a stack: delete old ones (`aws cloudformation list-change-sets`)",
        ),
        Some(_) | None => told,
    }
}

/// Waits until CloudFormation has made up its mind.
pub(super) async fn judge(
    client: &Client,
    change_set: &ChangeSet,
    patience: &Patience,
    progress: &Progress,
) -> Result<Judged> {
    let patience = patience.at_most(LONGEST);
    let mut resources = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let asked = client
            .describe_change_set()
            .change_set_name(&change_set.arn)
            .include_property_values(true)
            .set_next_token(next.clone())
            .send();
        match asked.await {
            Ok(answer) => {
                if next.is_none() {
                    resources.clear();
                }
                resources.extend(answer.changes.unwrap_or_default().into_iter().filter_map(resource_change::of_sdk));
                let (status, execution) = (answer.status.as_ref(), answer.execution_status.as_ref());
                let reason = answer.status_reason.as_deref();
                match verdict(status, execution, reason, resources.len()) {
                    Some(Verdict::Executable { .. }) if answer.next_token.is_some() => {
                        next = answer.next_token;
                        continue;
                    }
                    Some(Verdict::Executable { warning, .. }) => {
                        if reason.is_some_and(is_cut) {
                            add_missing(client, change_set, &mut resources).await;
                        }
                        let verdict = Verdict::Executable { changes: resources.len(), warning };
                        return Ok(Judged { verdict, resources });
                    }
                    Some(verdict) => return Ok(Judged { verdict, resources }),
                    None => next = None,
                }
            }
            Err(error) if refusal(&error).is_some_and(|refusal| is_missing(&refusal)) => {
                return Ok(Judged { verdict: Verdict::Overtaken, resources: Vec::new() });
            }
            Err(error) => {
                let error = failure(&format!("could not describe change set {}", change_set.arn), &error);
                if !error.code.may_pass() {
                    return Err(error);
                }
                progress.note(&format!("{error}; looking again"));
            }
        }
        if patience.is_over() {
            return Err(patience.ran_out(&format!("change set {} is still being made", change_set.arn)));
        }
        progress.tick();
        patience.pause().await;
    }
}

/// With property values CloudFormation may leave out changes, and says so ("[WARN] --include-property-values option can
/// return incomplete ChangeSet data").
fn is_cut(reason: &str) -> bool {
    reason.contains("include-property-values")
}

/// Adds the rows that are only told without property values. What was read so far has to do where that fails.
async fn add_missing(client: &Client, change_set: &ChangeSet, resources: &mut Vec<ResourceChange>) {
    let mut next = None;
    loop {
        let asked = client.describe_change_set().change_set_name(&change_set.arn).set_next_token(next).send();
        let Ok(page) = asked.await else { return };
        for row in page.changes.unwrap_or_default().into_iter().filter_map(resource_change::of_sdk) {
            if !resources.iter().any(|known| known.logical_id == row.logical_id) {
                resources.push(row);
            }
        }
        next = page.next_token;
        if next.is_none() {
            return;
        }
    }
}

/// The verdict, once there is one.
///
/// "No changes" has two texts, both of a change set that failed: CloudFormation's own, and the one where a transform is involved.
fn verdict(
    status: Option<&ChangeSetStatus>,
    execution: Option<&ExecutionStatus>,
    reason: Option<&str>,
    changes: usize,
) -> Option<Verdict> {
    let said = reason.filter(|reason| !reason.is_empty());
    let reason = said.unwrap_or("no reason given");
    let nothing_to_do = ["The submitted information didn't contain changes", "No updates are to be performed"];
    let status = status.map_or("", ChangeSetStatus::as_str);
    Some(match (status, execution.map_or("", ExecutionStatus::as_str)) {
        ("CREATE_PENDING" | "CREATE_IN_PROGRESS", _) => return None,
        ("CREATE_COMPLETE", "AVAILABLE") => {
            Verdict::Executable { changes, warning: said.filter(|said| !is_cut(said)).map(ToOwned::to_owned) }
        }
        (_, "OBSOLETE") => Verdict::Overtaken,
        ("FAILED", _) if nothing_to_do.iter().any(|text| reason.contains(text)) => Verdict::NoChange,
        ("FAILED", _) => Verdict::Rejected(reason.to_owned()),
        (status, execution) => Verdict::Rejected(format!("its status is {status}, {execution}: {reason}")),
    })
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
        Err(error) => match refusal(&error) {
            // After a lost answer the SDK asks again, and finds the change set executed: the stack tells the rest.
            Some(refusal) if is_executed(&refusal) => Ok(()),
            Some(refusal) if is_missing(&refusal) || is_obsolete(&refusal) => Err(overtaken(&change_set.stack_arn)),
            Some(_) | None => Err(not_begun(&format!("could not execute change set {}", change_set.arn), &error)),
        },
    }
}

/// CloudFormation leaves the suffix `Exception` out of these two codes on the wire; others who speak its protocol do not.
fn is_executed(refusal: &Refusal) -> bool {
    refusal.code.starts_with("InvalidChangeSetStatus") && refusal.message.contains("EXECUTE_")
}

fn is_obsolete(refusal: &Refusal) -> bool {
    refusal.code.starts_with("InvalidChangeSetStatus") && refusal.message.contains("OBSOLETE")
}

fn is_missing(refusal: &Refusal) -> bool {
    refusal.code.starts_with("ChangeSetNotFound")
}

/// The error where somebody else changed the stack between our plan and its execution.
pub(super) fn overtaken(stack: &str) -> Error {
    Error::new(ErrorCode::Busy, format!("another change of stack {stack} came first"))
        .cause("its change set was executed before this run's, which is void by that")
        .hint("run the same command again to compare with the stack as it is then")
}

/// Deletes a change set that will not be executed. Failed ones pile up otherwise, to a limit of about 1,000 a stack.
pub(super) async fn discard(client: &Client, change_set: &ChangeSet) -> Result<()> {
    let sent = client.delete_change_set().change_set_name(&change_set.arn).send().await;
    match sent {
        Ok(_) => Ok(()),
        Err(error) if refusal(&error).is_some_and(|refusal| is_missing(&refusal)) => Ok(()),
        Err(error) => Err(failure(&format!("could not delete change set {}", change_set.arn), &error)),
    }
}

/// Whether the stack has a change set besides `ours`. It then belongs to somebody's work in progress.
pub(super) async fn has_others(client: &Client, ours: &ChangeSet) -> Result<bool> {
    let mut next = None;
    loop {
        let answer = client
            .list_change_sets()
            .stack_name(&ours.stack_arn)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| failure(&format!("could not list the change sets of {}", ours.stack_arn), &error))?;
        let mut found = answer.summaries.unwrap_or_default().into_iter();
        if found.any(|summary| summary.change_set_id.as_deref() != Some(ours.arn.as_str())) {
            return Ok(true);
        }
        next = answer.next_token;
        if next.is_none() {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests;
