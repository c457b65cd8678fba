//! Change sets: how a stack is made and changed.

use std::time::Duration;

use tokio::time::Instant;

use super::super::{Answer, Asked, Aws, Manners, page, query, query_error};
use super::{Pairs, Stack, Turn};
use crate::invariant::Invariant;

#[derive(Debug)]
pub(super) struct Set {
    ready: Instant,
    creates: bool,
    values: (Pairs, Pairs),
    changes: bool,
    executed: bool,
}

/// `Parameters.member.1.ParameterKey` and the like.
fn pairs(form: &Pairs, list: &str, key: &str, value: &str) -> Pairs {
    (1..)
        .map_while(|at| {
            let name = form.get(&format!("{list}.member.{at}.{key}"))?;
            Some((name.clone(), form.get(&format!("{list}.member.{at}.{value}")).cloned().unwrap_or_default()))
        })
        .collect()
}

pub(super) fn create(aws: &mut Aws, form: &Pairs, name: &str, now: Instant) -> Answer {
    let values = (pairs(form, "Parameters", "ParameterKey", "ParameterValue"), pairs(form, "Tags", "Key", "Value"));
    let creates = form.get("ChangeSetType").is_some_and(|kind| kind == "CREATE");
    let set_name = form.get("ChangeSetName").cloned().unwrap_or_default();
    let ready = now + Duration::from_secs(1);
    match aws.stacks.named(name) {
        None if !creates => {
            return query_error(400, "ValidationError", &format!("Stack [{name}] does not exist"));
        }
        Some(stack) if stack.is_busy() || creates != (stack.status == "REVIEW_IN_PROGRESS") => {
            let text = format!("Stack:{} is in {} state and can not be updated.", stack.arn, stack.status);
            return query_error(400, "ValidationError", &text);
        }
        None => {
            let mut stack = aws.stacks.next(name, now);
            stack.enter(now, Turn { status: "REVIEW_IN_PROGRESS", resource: None, values: None });
            aws.stacks.stacks.insert(stack.arn.clone(), stack);
        }
        Some(_) => {}
    }
    let Some(stack) = aws.stacks.named_mut(name) else { return query_error(500, "InternalFailure", "") };
    if !stack.tags.is_empty() && !stack.is_ours() {
        aws.crimes.push((Invariant::I3, format!("a change set for somebody else's stack {name}")));
        return query_error(403, "AccessDenied", "not yours");
    }
    let arn = format!("{}/{set_name}", stack.arn.replace(":stack/", ":changeSet/"));
    let changes = creates || (&stack.parameters, &stack.tags) != (&values.0, &values.1);
    if let Some(known) = stack.sets.get(&arn) {
        // The same token is the same request.
        if known.values != values {
            return query_error(400, "AlreadyExistsException", "the change set exists");
        }
    } else {
        stack.sets.insert(arn.clone(), Set { ready, creates, values, changes, executed: false });
    }
    query("CreateChangeSet", &format!("<Id>{arn}</Id><StackId>{}</StackId>", stack.arn))
}

pub(super) fn list(aws: &Aws, form: &Pairs, stack: &Stack) -> Answer {
    let mut arns: Vec<&String> = stack.sets.keys().collect();
    if aws.manners.backwards {
        arns.reverse();
    }
    let (arns, next) = page(&arns, form.get("NextToken"), aws.manners.page);
    let rows: String = arns.iter().map(|arn| format!("<member><ChangeSetId>{arn}</ChangeSetId></member>")).collect();
    let next = next.map(|next| format!("<NextToken>{next}</NextToken>")).unwrap_or_default();
    query("ListChangeSets", &format!("<Summaries>{rows}</Summaries>{next}"))
}

/// Describes, deletes or executes one.
pub(super) fn answer(aws: &mut Aws, asked: &Asked, form: &Pairs, now: Instant) -> Answer {
    let arn = form.get("ChangeSetName").cloned().unwrap_or_default();
    let Manners { stack: takes, .. } = aws.manners;
    let gone = || query_error(404, "ChangeSetNotFound", &format!("ChangeSet [{arn}] does not exist"));
    let found = aws.stacks.stacks.values_mut().find(|stack| {
        stack.sets.contains_key(&arn)
            || Some(&stack.name) == form.get("StackName")
                && stack.sets.keys().any(|key| key.ends_with(&format!("/{arn}")))
    });
    let Some(stack) = found else { return gone() };
    let Some(key) = stack.sets.keys().find(|key| **key == arn || key.ends_with(&format!("/{arn}"))).cloned() else {
        return gone();
    };
    let stack_arn = stack.arn.clone();
    let Some(set) = stack.sets.get_mut(&key) else { return gone() };
    let (status, execution, reason) = match () {
        () if now < set.ready => ("CREATE_IN_PROGRESS", "UNAVAILABLE", ""),
        () if !set.changes => (
            "FAILED",
            "UNAVAILABLE",
            "The submitted information didn't contain changes. Submit different information to create a change set.",
        ),
        () if set.executed => ("CREATE_COMPLETE", "EXECUTE_COMPLETE", ""),
        () => ("CREATE_COMPLETE", "AVAILABLE", ""),
    };
    match asked.action.as_str() {
        "DescribeChangeSet" => query(
            "DescribeChangeSet",
            &format!(
                "<ChangeSetId>{key}</ChangeSetId><StackId>{stack_arn}</StackId><Status>{status}</Status>\
                 <ExecutionStatus>{execution}</ExecutionStatus><StatusReason>{reason}</StatusReason><Changes></Changes>"
            ),
        ),
        "DeleteChangeSet" => {
            stack.sets.remove(&key);
            query("DeleteChangeSet", "")
        }
        _ if execution != "AVAILABLE" => query_error(
            400,
            "InvalidChangeSetStatus",
            &format!("ChangeSet [{key}] cannot be executed in its current execution status of [{execution}]"),
        ),
        _ => {
            set.executed = true;
            let (creates, values) = (set.creates, set.values.clone());
            stack.sets.retain(|other, _| *other == key);
            stack.token = form.get("ClientRequestToken").cloned().unwrap_or_default();
            stack.updated = (!creates).then_some(now);
            let fails = aws.stacks.failures > 0;
            aws.stacks.failures = aws.stacks.failures.saturating_sub(1);
            begin(stack, now, takes, creates, fails, values);
            query("ExecuteChangeSet", "")
        }
    }
}

fn begin(stack: &mut Stack, now: Instant, takes: Duration, creates: bool, fails: bool, values: (Pairs, Pairs)) {
    let before = (stack.parameters.clone(), stack.tags.clone());
    let turn = |status, resource, values| Turn { status, resource, values };
    let failed = |status| Some((status, "Resource handler returned message: no (HandlerErrorCode: InvalidRequest)"));
    if creates {
        stack.enter(now, turn("CREATE_IN_PROGRESS", None, Some(values)));
        stack.then = match fails {
            false => vec![(now + takes, turn("CREATE_COMPLETE", Some(("CREATE_COMPLETE", "")), None))],
            true => vec![
                (now + takes, turn("ROLLBACK_IN_PROGRESS", failed("CREATE_FAILED"), None)),
                (now + takes * 2, turn("ROLLBACK_COMPLETE", Some(("DELETE_COMPLETE", "")), None)),
            ],
        };
        stack.roles_since = now + takes;
    } else {
        stack.enter(now, turn("UPDATE_IN_PROGRESS", None, None));
        stack.then = match fails {
            false => vec![
                (now + takes, turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Some(("UPDATE_COMPLETE", "")), Some(values))),
                (now + takes * 3 / 2, turn("UPDATE_COMPLETE", None, None)),
            ],
            true => vec![
                (now + takes, turn("UPDATE_ROLLBACK_IN_PROGRESS", failed("UPDATE_FAILED"), None)),
                (now + takes * 2, turn("UPDATE_ROLLBACK_COMPLETE", None, Some(before))),
            ],
        };
    }
}
