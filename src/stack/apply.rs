//! Bringing the stack to where it should be, from whatever state it is in.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ChangeSetType;

use super::change_set::{self, Verdict};
use super::delete::delete;
use super::describe::{Stack, describe};
use super::events::EventLog;
use super::failure::root_cause;
use super::status::{DeployStep, Outcome, StackStatus};
use super::template::{Parameters, same_template};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::wait::Patience;

/// Every how many looks at the events the stack itself is asked: events lag, and may end early.
const LOOKS_PER_DESCRIBE: u32 = 4;
/// The stack's own row is an event too.
const ROWS_OF_THE_STACK: usize = 1;

/// The stack as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// The stack's name.
    pub name: String,
    /// The template's text.
    pub template: String,
    /// Every parameter's value.
    pub parameters: Parameters,
    /// Every tag, those that tell ownership included.
    pub tags: BTreeMap<String, String>,
}

/// What applying it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The stack afterwards.
    pub stack: Stack,
    /// Whether anything was changed.
    pub changed: bool,
}

impl Desired {
    /// Whether `stack` is as desired already, by what can be read without a change set. `template` is its deployed one.
    #[must_use]
    pub fn is_met_by(&self, stack: &Stack, template: Option<&str>) -> bool {
        stack.status.for_deploy() == DeployStep::Update
            && stack.parameters == self.parameters
            && stack.tags == self.tags
            && template.is_some_and(|template| same_template(template, &self.template))
    }
}

/// Creates or updates the stack and waits for the end. The caller has made sure that the stack is ours to change.
///
/// # Errors
/// `StackFailed` with the first failure's reason, `Deadline` while the operation goes on, or what CloudFormation says.
pub async fn apply(
    client: &Client,
    desired: &Desired,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Applied> {
    loop {
        let current = describe(client, &desired.name).await?;
        let step = current.as_ref().map_or(DeployStep::Create, |stack| stack.status.for_deploy());
        match (step, current) {
            (DeployStep::Create, _) => {
                return change(client, desired, ChangeSetType::Create, token, patience, progress).await;
            }
            (DeployStep::Update, _) => {
                return change(client, desired, ChangeSetType::Update, token, patience, progress).await;
            }
            (DeployStep::DeleteThenCreate, Some(stack)) => {
                progress.note(&format!(
                    "Stack {} is in {}: its creation failed before, so it is deleted and made anew",
                    stack.name, stack.status
                ));
                delete(client, &stack, &format!("{token}-clear"), patience, progress).await?;
            }
            (DeployStep::Wait, Some(stack)) => {
                progress
                    .note(&format!("Stack {} is in {}: waiting for that operation to end", stack.name, stack.status));
                let mut log = EventLog::of_newest_operation(&stack.arn);
                settle(client, &stack.arn, &mut log, patience, progress).await?;
            }
            (DeployStep::Stop(blocked), Some(stack)) => return Err(stopped(&stack, blocked.why, blocked.next)),
            (DeployStep::DeleteThenCreate | DeployStep::Wait | DeployStep::Stop(_), None) => {
                return Err(Error::new(
                    ErrorCode::Unexpected,
                    format!("stack {} vanished while it was looked at", desired.name),
                ));
            }
        }
    }
}

/// The error of a stack that needs a person first.
pub(super) fn stopped(stack: &Stack, why: &str, next: &str) -> Error {
    Error::new(ErrorCode::StackFailed, format!("stack {} is in {}", stack.name, stack.status))
        .cause(why)
        .hint(next.replace("{stack}", &stack.name))
        .resource(stack.arn.clone())
}

async fn change(
    client: &Client,
    desired: &Desired,
    kind: ChangeSetType,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Applied> {
    let creates = kind == ChangeSetType::Create;
    let change_set = change_set::create(client, desired, kind, token).await?;
    match change_set::judge(client, &change_set, patience).await? {
        Verdict::NoChange => {
            change_set::discard(client, &change_set).await?;
            let stack = describe(client, &change_set.stack_arn).await?.ok_or_else(|| vanished(desired))?;
            return Ok(Applied { stack, changed: false });
        }
        verdict @ (Verdict::Pending | Verdict::Rejected(_)) => {
            change_set::discard(client, &change_set).await?;
            // A first change set makes an empty stack under review: it would be all that is left of this run.
            if let Some(stack) = describe(client, &change_set.stack_arn).await?
                && stack.status == StackStatus::ReviewInProgress
            {
                delete(client, &stack, &format!("{token}-empty"), patience, progress).await?;
            }
            return Err(rejected(desired, &verdict));
        }
        Verdict::Executable { changes } => progress.expect_resources(changes + ROWS_OF_THE_STACK),
    }
    change_set::execute(client, &change_set, token, creates).await?;
    progress.goes_on(&format!("CloudFormation goes on with stack {}", desired.name));

    let mut log = EventLog::of_request(&change_set.stack_arn, token);
    let stack = settle(client, &change_set.stack_arn, &mut log, patience, progress).await?;
    match stack {
        Some(stack) if stack.status.outcome() == Outcome::Succeeded => Ok(Applied { stack, changed: true }),
        Some(stack) => {
            let verb = if creates { "created" } else { "updated" };
            let what = format!("stack {} could not be {verb} and is now in {}", stack.name, stack.status);
            Err(root_cause(log.events(), &stack.arn).into_error(what, stack.reason.as_deref()))
        }
        None => Err(vanished(desired)),
    }
}

fn rejected(desired: &Desired, verdict: &Verdict) -> Error {
    let reason = match verdict {
        Verdict::Rejected(reason) => reason.clone(),
        Verdict::Pending | Verdict::NoChange | Verdict::Executable { .. } => "it was not ready".to_owned(),
    };
    Error::new(ErrorCode::StackFailed, format!("CloudFormation rejected the change set for stack {}", desired.name))
        .cause(reason)
}

fn vanished(desired: &Desired) -> Error {
    Error::new(ErrorCode::StackFailed, format!("stack {} was deleted by somebody else meanwhile", desired.name))
        .hint("run the same command again to make it anew")
}

/// Waits until the stack is settled, telling each event once; returns it, or `None` when it is gone.
///
/// One call an interval: DescribeStacks is throttled account-wide at a few calls a second, and parallel pipelines share that.
///
/// # Errors
/// `Deadline`, lost credentials or permissions. Passing errors of a look do not end the wait.
pub async fn settle(
    client: &Client,
    stack_arn: &str,
    log: &mut EventLog,
    patience: &Patience,
    progress: &Progress,
) -> Result<Option<Stack>> {
    let mut looks = 0_u32;
    loop {
        looks += 1;
        let looked = look(client, stack_arn, log, looks.is_multiple_of(LOOKS_PER_DESCRIBE), progress).await;
        match looked {
            Ok(Some(settled)) => {
                // Events lag behind the status: one more look, so that the cause of a failure is among them.
                tell_new_events(client, log, progress).await.ok();
                return Ok(settled.filter(|stack| stack.status != StackStatus::DeleteComplete));
            }
            Ok(None) => {}
            Err(error) if is_passing(error.code) => progress.note(&format!("{error}; looking again")),
            Err(error) => {
                let goes_on = "the operation goes on in CloudFormation without this command";
                return Err(Error { message: format!("{} ({goes_on})", error.message), ..error });
            }
        }
        if patience.is_over() {
            return Err(patience.ran_out(&format!("CloudFormation goes on with stack {stack_arn}")));
        }
        progress.tick();
        patience.pause().await;
    }
}

/// One look. `Some` when the stack is settled: the stack, or `None` inside when it is gone.
async fn look(
    client: &Client,
    stack_arn: &str,
    log: &mut EventLog,
    ask_the_stack: bool,
    progress: &Progress,
) -> Result<Option<Option<Stack>>> {
    if !ask_the_stack {
        tell_new_events(client, log, progress).await?;
        let running = log.stack_status().is_none_or(|status| status.outcome() == Outcome::Running);
        if running {
            return Ok(None);
        }
    }
    let stack = describe(client, stack_arn).await?;
    let running = stack.as_ref().is_some_and(|stack| stack.status.outcome() == Outcome::Running);
    Ok((!running).then_some(stack))
}

async fn tell_new_events(client: &Client, log: &mut EventLog, progress: &Progress) -> Result<()> {
    for event in log.poll(client).await? {
        progress.resource(&event.as_progress());
    }
    Ok(())
}

/// Whether a look that failed this way may succeed next time.
fn is_passing(code: ErrorCode) -> bool {
    match code {
        ErrorCode::Network | ErrorCode::Service => true,
        ErrorCode::Usage
        | ErrorCode::Configuration
        | ErrorCode::Credentials
        | ErrorCode::Permission
        | ErrorCode::WrongAccount
        | ErrorCode::StackFailed
        | ErrorCode::ServerFailed
        | ErrorCode::ArtifactFailed
        | ErrorCode::Deadline
        | ErrorCode::Busy
        | ErrorCode::Interrupted
        | ErrorCode::Terminated
        | ErrorCode::Unexpected => false,
    }
}
