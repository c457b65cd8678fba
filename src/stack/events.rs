//! The events of one operation on a stack, read a page at a time and told once each.

use std::collections::HashSet;

use aws_sdk_cloudformation::Client;

use super::describe::is_missing;
use super::status::StackStatus;
use crate::aws::{failure, refusal};
use crate::error::Result;
use crate::progress::{Mood, ResourceEvent};

/// The type of a stack's own row among its events.
const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// One row of DescribeStackEvents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Unique; timestamps are not.
    pub id: String,
    /// The token of the request that began the operation.
    pub token: Option<String>,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's own name or ARN; empty until it has one.
    pub physical_id: String,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: String,
    /// Such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why, where CloudFormation says.
    pub reason: Option<String>,
    /// The hook that failed the resource, where the row tells one.
    pub failed_hook: Option<FailedHook>,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// A hook that found fault with a resource, as its own row tells it. The resource's row only names the hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedHook {
    /// Such as `AWS::ControlTower::Hook`.
    pub hook_type: String,
    /// What it found.
    pub reason: String,
}

impl StackEvent {
    /// Whether this is the row of the stack itself (not of a stack nested in it).
    #[must_use]
    pub fn is_of_stack(&self, stack_arn: &str) -> bool {
        self.resource_type == STACK_TYPE && self.physical_id == stack_arn
    }

    /// Whether this row begins an operation: everything before it belongs to an earlier one.
    fn begins_operation(&self, stack_arn: &str) -> bool {
        self.is_of_stack(stack_arn)
            && matches!(
                StackStatus::parse(&self.status),
                StackStatus::CreateInProgress
                    | StackStatus::UpdateInProgress
                    | StackStatus::DeleteInProgress
                    | StackStatus::ImportInProgress
            )
    }

    /// Whether the row tells a failure of the resource.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }

    /// Whether CloudFormation stopped this resource only because another one failed: "Resource creation cancelled". A
    /// resource whose own service speaks of something cancelled is none of these.
    #[must_use]
    pub fn is_collateral(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default().trim().trim_end_matches('.').to_ascii_lowercase();
        reason == "cancelled" || (reason.starts_with("resource ") && reason.ends_with(" cancelled"))
    }

    /// The row as progress shows it.
    #[must_use]
    pub fn as_progress(&self) -> ResourceEvent<'_> {
        let mood = match self.status.as_str() {
            status if status.ends_with("_FAILED") || status.contains("ROLLBACK") => Mood::Bad,
            status if status.ends_with("_COMPLETE") || status.ends_with("_SKIPPED") => Mood::Good,
            _ => Mood::Running,
        };
        ResourceEvent {
            status: &self.status,
            mood,
            resource_type: &self.resource_type,
            logical_id: &self.logical_id,
            reason: self.reason.as_deref(),
        }
    }
}

/// The events of one operation so far, oldest first.
#[derive(Debug, Clone)]
pub(super) struct EventLog {
    stack_arn: String,
    token: Option<String>,
    seen: HashSet<String>,
    events: Vec<StackEvent>,
}

impl EventLog {
    /// The events of the operation that a request with `token` begins.
    pub(super) fn of_request(stack_arn: &str, token: &str) -> Self {
        Self { stack_arn: stack_arn.into(), token: Some(token.into()), seen: HashSet::new(), events: Vec::new() }
    }

    /// The events of the newest operation, whoever began it.
    pub(super) fn of_newest_operation(stack_arn: &str) -> Self {
        Self { stack_arn: stack_arn.into(), token: None, seen: HashSet::new(), events: Vec::new() }
    }

    /// All events so far, oldest first.
    pub(super) fn events(&self) -> &[StackEvent] {
        &self.events
    }

    /// The stack's status as its newest own row tells it.
    pub(super) fn stack_status(&self) -> Option<StackStatus> {
        let own = self.events.iter().rev().find(|event| event.is_of_stack(&self.stack_arn))?;
        Some(StackStatus::parse(&own.status))
    }

    /// Puts late rows where they belong. Rows of the same time stay in the order in which they came.
    pub(super) fn sort(&mut self) {
        self.events.sort_by_key(|event| event.at);
    }

    /// Reads what is new and returns it, oldest first. A stack that is not there has no events.
    ///
    /// Reading stops at the page with a known row; a row may turn up late further down, which is worth the other pages
    /// only once (`to_the_start`).
    ///
    /// # Errors
    /// What CloudFormation says.
    pub(super) async fn poll(&mut self, client: &Client, to_the_start: bool) -> Result<&[StackEvent]> {
        let mut newest_first = Vec::new();
        let mut next = None;
        loop {
            let page =
                match client.describe_stack_events().stack_name(&self.stack_arn).set_next_token(next).send().await {
                    Ok(page) => page,
                    Err(error) if refusal(&error).is_some_and(|refusal| is_missing(&refusal)) => return Ok(&[]),
                    Err(error) => {
                        return Err(failure(&format!("could not read the events of stack {}", self.stack_arn), &error));
                    }
                };
            let rows: Vec<StackEvent> = page.stack_events.unwrap_or_default().into_iter().map(from_sdk).collect();
            let is_known = |event: &StackEvent| !to_the_start && self.seen.contains(&event.id);
            let is_enough = rows.iter().any(|event| is_known(event) || event.begins_operation(&self.stack_arn));
            newest_first.extend(rows);
            next = page.next_token;
            if next.is_none() || is_enough {
                break;
            }
        }
        let fresh = self.take_fresh(newest_first);
        let start = self.events.len();
        self.events.extend(fresh);
        Ok(self.events.get(start..).unwrap_or_default())
    }

    /// What of `newest_first` belongs to this operation and was not seen before, oldest first.
    ///
    /// Pages overlap when rows are added between two calls, and a row may turn up late among older ones: so each row is
    /// judged by its id alone.
    fn take_fresh(&mut self, newest_first: Vec<StackEvent>) -> Vec<StackEvent> {
        let mut fresh = Vec::new();
        for event in newest_first {
            let begins = event.begins_operation(&self.stack_arn);
            if begins && self.token.is_some() && event.token != self.token {
                // Events lag behind the status: the newest operation shown is still the one before ours.
                fresh.clear();
                break;
            }
            if !self.seen.contains(&event.id) && !fresh.iter().any(|other: &StackEvent| other.id == event.id) {
                fresh.push(event);
            }
            if begins {
                break;
            }
        }
        fresh.reverse();
        self.seen.extend(fresh.iter().map(|event| event.id.clone()));
        fresh
    }
}

fn from_sdk(event: aws_sdk_cloudformation::types::StackEvent) -> StackEvent {
    let failed = event.hook_status.is_some_and(|status| status.as_str().ends_with("_FAILED"));
    let reason = event.hook_status_reason.filter(|reason| failed && !reason.is_empty());
    StackEvent {
        failed_hook: event.hook_type.zip(reason).map(|(hook_type, reason)| FailedHook { hook_type, reason }),
        id: event.event_id.unwrap_or_default(),
        token: event.client_request_token,
        logical_id: event.logical_resource_id.unwrap_or_default(),
        physical_id: event.physical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status: event.resource_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: event.resource_status_reason.filter(|reason| !reason.is_empty()),
        at: event.timestamp.and_then(|time| time.to_millis().ok()).unwrap_or_default(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const ARN: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-demo/1";

    pub(crate) fn event(id: &str, token: &str, logical_id: &str, status: &str, reason: Option<&str>) -> StackEvent {
        let own = logical_id == "sftp-okta-demo";
        StackEvent {
            id: id.into(),
            token: Some(token.into()),
            logical_id: logical_id.into(),
            physical_id: if own { ARN.into() } else { format!("{logical_id}-1") },
            resource_type: if own { STACK_TYPE.into() } else { "AWS::IAM::Role".into() },
            status: status.into(),
            reason: reason.map(Into::into),
            failed_hook: None,
            at: id.parse().unwrap_or_default(),
        }
    }

    fn ids(events: &[StackEvent]) -> Vec<&str> {
        events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn reads_back_to_the_start_of_the_operation_and_tells_each_event_once() {
        let mut log = EventLog::of_request(ARN, "b");
        let older = event("1", "a", "sftp-okta-demo", "CREATE_IN_PROGRESS", None);
        let old_end = event("2", "a", "sftp-okta-demo", "CREATE_COMPLETE", None);
        let start = event("3", "b", "sftp-okta-demo", "UPDATE_IN_PROGRESS", None);
        let role = event("4", "b", "Role", "UPDATE_IN_PROGRESS", None);
        let end = event("5", "b", "sftp-okta-demo", "UPDATE_COMPLETE", None);

        assert!(log.take_fresh(vec![old_end.clone(), older.clone()]).is_empty(), "another operation's");
        let first = log.take_fresh(vec![role.clone(), start.clone(), old_end.clone(), older.clone()]);
        assert_eq!(ids(&first), ["3", "4"]);
        let second = log.take_fresh(vec![end, role, start, old_end, older]);
        assert_eq!(ids(&second), ["5"]);
    }

    #[test]
    fn overlapping_pages_tell_no_row_twice_and_a_late_row_is_not_lost() {
        let mut log = EventLog::of_request(ARN, "b");
        let start = event("1", "b", "sftp-okta-demo", "UPDATE_IN_PROGRESS", None);
        let role = event("2", "b", "Role", "UPDATE_FAILED", Some("no"));
        let back = event("3", "b", "sftp-okta-demo", "UPDATE_ROLLBACK_IN_PROGRESS", None);
        log.events = log.take_fresh(vec![back.clone(), back.clone(), start.clone(), start.clone()]);
        assert_eq!(ids(&log.events), ["1", "3"]);
        let late = log.take_fresh(vec![back, role, start]);
        assert_eq!(ids(&late), ["2"]);
        log.events.extend(late);
        log.sort();
        assert_eq!(ids(log.events()), ["1", "2", "3"]);
    }

    #[test]
    fn attaching_takes_the_newest_operation() {
        let mut log = EventLog::of_newest_operation(ARN);
        let fresh = log.take_fresh(vec![
            event("4", "x", "Role", "CREATE_FAILED", None),
            event("3", "x", "sftp-okta-demo", "UPDATE_IN_PROGRESS", None),
            event("2", "a", "sftp-okta-demo", "CREATE_COMPLETE", None),
        ]);
        assert_eq!(ids(&fresh), ["3", "4"]);
    }
}
