//! How stacks, resources and events are shown.

use serde_json::{Value, json};

use super::plan::Action;
use super::stack::{Event, Stack, StackResource, Status, Tags};
use crate::aws::wire::Refusal;
use crate::aws::wire::query::Parameters;
use crate::clock::iso;

/// Events of a page. AWS's pages hold more; these are so short that paging is seen.
const PAGE: usize = 20;

/// DescribeStacks.
pub(super) fn stack(stack: &Stack) -> Value {
    let parameters: Vec<_> = stack
        .parameters
        .iter()
        .map(|shown| json!({"ParameterKey": shown.name, "ParameterValue": shown.value}))
        .collect();
    let outputs: Vec<_> = stack
        .outputs
        .iter()
        .map(|output| json!({"OutputKey": output.name, "OutputValue": output.value, "Description": output.description}))
        .collect();
    let tags = stack.operation.as_ref().and_then(|operation| operation.tags_of_creation());
    json!({
        "StackId": stack.arn,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set,
        "Description": stack.description,
        "Parameters": parameters,
        "CreationTime": iso(stack.created),
        "LastUpdatedTime": stack.updated.map(iso),
        "DeletionTime": stack.deleted.map(iso),
        "RollbackConfiguration": {},
        "StackStatus": stack.status.to_string(),
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": [],
        "Capabilities": stack.wanted.capabilities,
        "Outputs": outputs,
        "Tags": tags_of(tags.unwrap_or(&stack.wanted.tags)),
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    })
}

/// ListStacks.
pub(super) fn summary(stack: &Stack) -> Value {
    json!({
        "StackId": stack.arn,
        "StackName": stack.name,
        "TemplateDescription": stack.description,
        "CreationTime": iso(stack.created),
        "LastUpdatedTime": stack.updated.map(iso),
        "DeletionTime": stack.deleted.map(iso),
        "StackStatus": stack.status.to_string(),
        "StackStatusReason": stack.reason,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    })
}

/// DescribeStackEvents.
pub(super) fn event(stack: &Stack, event: &Event) -> Value {
    json!({
        "StackId": stack.arn,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "Timestamp": iso(event.at),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    })
}

/// DescribeStackResources, which says `Timestamp`, and ListStackResources, which says `LastUpdatedTimestamp`.
pub(super) fn resource(stack: &Stack, resource: &StackResource, time: &str) -> Value {
    let mut shown = json!({
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.kind,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    });
    if let Value::Object(members) = &mut shown {
        members.insert(time.into(), iso(resource.at).into());
        if time == "Timestamp" {
            members.insert("StackId".into(), stack.arn.clone().into());
            members.insert("StackName".into(), stack.name.clone().into());
        }
    }
    shown
}

/// Every resource; of a deleted stack those that it had.
pub(super) fn resources(stack: &Stack) -> Vec<&StackResource> {
    if stack.status == Status::DeleteComplete {
        stack.removed.iter().collect()
    } else {
        stack.resources.values().collect()
    }
}

/// Tags as a list.
pub(super) fn tags_of(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// An action's name.
pub(super) fn action_of(action: Action) -> &'static str {
    match action {
        Action::Add => "Add",
        Action::Modify => "Modify",
        Action::Remove => "Remove",
        Action::Import => "Import",
    }
}

/// CloudFormation's words for a stack that is not there.
pub(super) fn missing_stack(name: &str) -> Refusal {
    Refusal::validation(format!("Stack with id {name} does not exist"))
}

/// DescribeStackEvents: all of them.
pub(super) fn events(stack: &Stack, token: Option<&str>) -> Result<Value, Refusal> {
    let (page, next) = page(stack, token)?;
    let rows: Vec<_> = page.iter().rev().map(|row| event(stack, row)).collect();
    Ok(json!({"StackEvents": rows, "NextToken": next}))
}

/// DescribeEvents: what happened to a stack, or only what failed. Nothing is validated before an operation here, so these are
/// the stack's own events, and a change set has none.
pub(super) fn operation_events(stack: &Stack, form: &Parameters) -> Result<Value, Refusal> {
    let (page, next) = page(stack, form.text("NextToken"))?;
    let only_failed = form.flag("Filters.FailedEvents") == Some(true);
    let is_wanted = |row: &&Event| !only_failed || row.status.ends_with("FAILED");
    let shown = |row: &Event| {
        let mut shown = event(stack, row);
        if let Value::Object(members) = &mut shown {
            members.remove("StackName");
            members.insert("EventType".into(), "STACK_EVENT".into());
        }
        shown
    };
    match form.text("ChangeSetName") {
        Some(_) => Ok(json!({"OperationEvents": []})),
        None => {
            let rows: Vec<_> = page.iter().rev().filter(is_wanted).map(shown).collect();
            Ok(json!({"OperationEvents": rows, "NextToken": next}))
        }
    }
}

/// A page of events, oldest first; pages come newest first. One is told by the event that it begins after, so that new
/// events do not shift it.
fn page<'a>(stack: &'a Stack, token: Option<&str>) -> Result<(&'a [Event], Option<String>), Refusal> {
    let wrong = || Refusal::validation("Invalid NextToken");
    let end = match token {
        Some(token) => token.parse::<usize>().ok().filter(|end| *end <= stack.events.len()).ok_or_else(wrong)?,
        None => stack.events.len(),
    };
    let begin = end.saturating_sub(PAGE);
    Ok((stack.events.get(begin..end).unwrap_or_default(), (begin > 0).then(|| begin.to_string())))
}

/// DescribeAccountLimits: those of an account that asked for no others (User Guide, "Understand CloudFormation quotas").
pub(super) fn account_limits() -> Value {
    let limits = [("StackLimit", 2000), ("StackOutputsLimit", 200), ("ConcurrentResourcesLimit", 2500)];
    let limits = limits.map(|(name, value)| json!({"Name": name, "Value": value}));
    json!({"AccountLimits": limits})
}
