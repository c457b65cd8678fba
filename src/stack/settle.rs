//! Waiting for the end of an operation on a stack, and telling a stale read from that end.

use aws_sdk_cloudformation::Client;

use super::describe::{Stack, describe};
use super::events::{EventLog, StackEvent};
use super::status::{Outcome, StackStatus};
use crate::error::Result;
use crate::progress::Progress;
use crate::wait::{Backoff, Patience};

/// Every how many looks the stack itself is asked in place of its events: events lag, and may end early.
const LOOKS_PER_DESCRIBE: u32 = 4;
/// The same where the events tell an end that the stack does not confirm yet.
const LOOKS_PER_DESCRIBE_AFTER_THE_END: u32 = 2;
/// How often a failed operation's events are read again where they do not tell the end yet: the cause may be among them.
const LATE_LOOKS: u32 = 3;

/// The operation that a wait is for.
#[derive(Debug, Clone)]
pub struct Operation {
    stack_arn: String,
    log: EventLog,
    kind: Kind,
}

/// What the operation does, with what was read of the stack before it. CloudFormation is eventually consistent: right
/// after the request the stack may still read as before, and nothing in a settled status says which operation it ended.
#[derive(Debug, Clone)]
enum Kind {
    /// Makes the stack. Before it there was no settled status that could be read.
    Creation,
    /// Changes it. `LastUpdatedTime` is set anew by every update (API reference, Stack).
    Change { status: StackStatus, last_updated: Option<i64> },
    /// Deletes it.
    Deletion { status: StackStatus },
    /// The newest one, whoever began it. What follows decides anew by the status, so any settled one will do.
    Newest,
}

impl Operation {
    /// Our request with `token` makes the stack.
    #[must_use]
    pub fn creation(stack_arn: &str, token: &str) -> Self {
        Self { stack_arn: stack_arn.into(), log: EventLog::of_request(stack_arn, token), kind: Kind::Creation }
    }

    /// Our request with `token` changes the stack, which was `before`.
    #[must_use]
    pub fn change(before: &Stack, token: &str) -> Self {
        let kind = Kind::Change { status: before.status.clone(), last_updated: before.last_updated };
        Self { stack_arn: before.arn.clone(), log: EventLog::of_request(&before.arn, token), kind }
    }

    /// Our request with `token` deletes the stack, which was `before`.
    #[must_use]
    pub fn deletion(before: &Stack, token: &str) -> Self {
        let kind = Kind::Deletion { status: before.status.clone() };
        Self { stack_arn: before.arn.clone(), log: EventLog::of_request(&before.arn, token), kind }
    }

    /// Whatever operation is under way.
    #[must_use]
    pub fn under_way(stack: &Stack) -> Self {
        Self { stack_arn: stack.arn.clone(), log: EventLog::of_newest_operation(&stack.arn), kind: Kind::Newest }
    }

    /// The operation's events so far, oldest first.
    #[must_use]
    pub fn events(&self) -> &[StackEvent] {
        self.log.events()
    }

    /// Whether its events tell that it ended.
    fn has_told_its_end(&self) -> bool {
        self.log.stack_status().is_some_and(|status| status.outcome() != Outcome::Running)
    }

    /// Whether `stack` is how this operation left it, and not how it was before.
    fn is_ended_as(&self, stack: &Stack) -> bool {
        if stack.status.outcome() == Outcome::Running {
            return false;
        }
        let is_gone = stack.status.outcome() == Outcome::Gone;
        let is_new = match &self.kind {
            Kind::Creation | Kind::Newest => true,
            Kind::Change { status, last_updated } => stack.status != *status || stack.last_updated != *last_updated,
            Kind::Deletion { status } => stack.status == StackStatus::DeleteFailed && stack.status != *status,
        };
        // A change that succeeded has a new LastUpdatedTime, so a stack that was changed before and shows the old one is read as
        // it was then, with the old parameters and outputs, even where the events tell the same status.
        let is_old = stack.status.outcome() == Outcome::Succeeded
            && matches!(self.kind, Kind::Change { last_updated: Some(_), .. });
        let is_told = self.log.stack_status().as_ref() == Some(&stack.status);
        is_gone || is_new || (is_told && !is_old)
    }
}

/// Waits until the operation has ended, telling each event once; returns the stack, or `None` when it is gone.
///
/// One call an interval: DescribeStacks is throttled account-wide at a few calls a second, and parallel pipelines share that.
///
/// # Errors
/// `Deadline`, lost credentials or permissions. Passing errors of a look do not end the wait.
pub async fn settle(
    client: &Client,
    operation: &mut Operation,
    patience: &Patience,
    progress: &Progress,
) -> Result<Option<Stack>> {
    let slower = || Backoff::from(patience.interval.saturating_mul(2));
    let (mut looks, mut backoff, mut complaint) = (0_u32, slower(), String::new());
    loop {
        looks = looks.saturating_add(1);
        let pause = match look(client, operation, looks, progress).await {
            Ok(Look::Ended(stack)) => {
                hear_the_end(client, operation, stack.as_ref(), patience, progress).await;
                return Ok(stack);
            }
            Ok(Look::GoesOn) => {
                backoff = slower();
                patience.interval
            }
            Err(error) if error.code.may_pass() => {
                let told = error.to_string();
                if told != complaint {
                    progress.note(&format!("{told}; looking again"));
                    complaint = told;
                }
                backoff.next_pause()
            }
            Err(error) => return Err(error),
        };
        if patience.is_over() {
            return Err(patience.ran_out(&format!("the operation on stack {} has not ended", operation.stack_arn)));
        }
        progress.tick();
        patience.pause_for(pause).await;
    }
}

/// What one look found.
enum Look {
    GoesOn,
    /// The stack as it is now, or `None` when it is gone.
    Ended(Option<Stack>),
}

async fn look(client: &Client, operation: &mut Operation, looks: u32, progress: &Progress) -> Result<Look> {
    let told_before = operation.has_told_its_end();
    let every = if told_before { LOOKS_PER_DESCRIBE_AFTER_THE_END } else { LOOKS_PER_DESCRIBE };
    if !looks.is_multiple_of(every) {
        tell_new_events(client, operation, false, progress).await?;
        // Only news is confirmed at once. An end the stack did not confirm then waits for its turn.
        if told_before || !operation.has_told_its_end() {
            return Ok(Look::GoesOn);
        }
    }
    match describe(client, &operation.stack_arn).await? {
        None => Ok(Look::Ended(None)),
        Some(stack) if !operation.is_ended_as(&stack) => Ok(Look::GoesOn),
        Some(stack) => Ok(Look::Ended(Some(stack).filter(|stack| stack.status.outcome() != Outcome::Gone))),
    }
}

/// Events lag behind the status, so they are read once more, and for a failure a few times: its cause may be the last to come.
async fn hear_the_end(
    client: &Client,
    operation: &mut Operation,
    stack: Option<&Stack>,
    patience: &Patience,
    progress: &Progress,
) {
    let end = stack.map_or(&StackStatus::DeleteComplete, |stack| &stack.status);
    let failed = end.outcome() == Outcome::Failed;
    let is_told = |operation: &Operation| operation.log.stack_status().as_ref() == Some(end);
    if failed || !is_told(operation) {
        for late in 1..=LATE_LOOKS {
            // What the stack itself says is enough to go on with.
            tell_new_events(client, operation, failed, progress).await.ok();
            if !failed || is_told(operation) || late == LATE_LOOKS || patience.is_over() {
                break;
            }
            patience.pause().await;
        }
    }
    operation.log.sort();
}

async fn tell_new_events(
    client: &Client,
    operation: &mut Operation,
    to_the_start: bool,
    progress: &Progress,
) -> Result<()> {
    for event in operation.log.poll(client, to_the_start).await? {
        progress.resource(&event.as_progress());
    }
    Ok(())
}

/// Waits for the end of an operation that is not ours, and says so. Returns the stack then, and the operation.
///
/// # Errors
/// Those of [`settle`].
pub async fn wait_for_others(
    client: &Client,
    stack: &Stack,
    patience: &Patience,
    progress: &Progress,
) -> Result<(Option<Stack>, Operation)> {
    progress.note(&format!("Stack {} is in {}: waiting for that operation to end", stack.name, stack.status));
    progress.goes_on(&format!("CloudFormation goes on with stack {}", stack.name));
    let mut operation = Operation::under_way(stack);
    let settled = settle(client, &mut operation, patience, progress).await?;
    progress.nothing_goes_on();
    Ok((settled, operation))
}
