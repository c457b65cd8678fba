//! What is told of change sets.

use serde_json::{Value, json};

use super::super::answers::{action_of, missing_stack, tags_of};
use super::super::plan::{Change, Detail};
use super::super::request;
use super::super::stack::Stack;
use super::{ChangeSet, find};
use crate::aws::wire::query::Parameters;
use crate::aws::wire::{Call, Refusal};
use crate::clock::{Millis, iso, now};
use crate::state::State;

/// Rows of a page.
const PAGE: usize = 100;

/// DescribeChangeSet.
pub(in super::super) fn describe(state: &mut State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let (stack, place) = find(state, call, form)?;
    let set = stack.change_sets.get(place).ok_or_else(|| missing_stack(&stack.name))?;
    Ok(described(stack, set, form, now()))
}

fn described(stack: &Stack, set: &ChangeSet, form: &Parameters, at: Millis) -> Value {
    let values = form.flag("IncludePropertyValues") == Some(true);
    let begin: usize = form.text("NextToken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let (status, execution) = set.standing(at);
    let is_made = status != "CREATE_IN_PROGRESS";
    let rows: Vec<_> = set
        .changes
        .iter()
        .skip(begin)
        .take(if is_made { PAGE } else { 0 })
        .map(|change| json!({"Type": "Resource", "ResourceChange": row(change, values)}))
        .collect();
    let next = (is_made && begin + rows.len() < set.changes.len()).then(|| (begin + PAGE).to_string());
    let shown: Vec<_> =
        set.shown.iter().map(|shown| json!({"ParameterKey": shown.name, "ParameterValue": shown.value})).collect();
    json!({
        "ChangeSetName": set.name,
        "ChangeSetId": set.arn,
        "StackId": stack.arn,
        "StackName": stack.name,
        "Description": set.description,
        "Parameters": shown,
        "CreationTime": iso(set.created),
        "ExecutionStatus": execution,
        "Status": status,
        "StatusReason": set.failure.as_ref().filter(|_| is_made),
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "Capabilities": set.wanted.capabilities,
        "Tags": tags_of(&set.wanted.tags),
        "Changes": rows,
        "NextToken": next,
        "IncludeNestedStacks": false,
    })
}

fn row(change: &Change, values: bool) -> Value {
    let context = |value: &Option<Value>| {
        value.as_ref().filter(|_| values).map(|properties| json!({"Properties": properties}).to_string())
    };
    let details: Vec<_> = change.details.iter().map(|detail| shown_detail(detail, values)).collect();
    json!({
        "PolicyAction": change.policy_action,
        "Action": action_of(change.action),
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.kind,
        "Replacement": change.replacement,
        "Scope": change.scope,
        "Details": details,
        "BeforeContext": context(&change.before),
        "AfterContext": context(&change.after),
    })
}

fn shown_detail(detail: &Detail, values: bool) -> Value {
    json!({
        "Target": {
            "Attribute": detail.attribute,
            "Name": detail.name,
            "RequiresRecreation": detail.recreation,
            "Path": detail.name.as_ref().map(|name| format!("/Properties/{name}")),
            "BeforeValue": detail.before.as_ref().filter(|_| values),
            "AfterValue": detail.after.as_ref().filter(|_| values),
        },
        "Evaluation": if detail.is_static { "Static" } else { "Dynamic" },
        "ChangeSource": detail.source,
        "CausingEntity": detail.cause,
    })
}

/// ListChangeSets.
pub(in super::super) fn list(state: &State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let name = request::required(form, "StackName")?;
    let missing = || Refusal::validation(format!("Stack [{name}] does not exist"));
    let stack = state.stacks.get(&call.region, name).ok_or_else(missing)?;
    let at = now();
    let shown = |set: &ChangeSet| {
        let (status, execution) = set.standing(at);
        json!({
            "StackId": stack.arn, "StackName": stack.name, "ChangeSetId": set.arn, "ChangeSetName": set.name,
            "ExecutionStatus": execution, "Status": status, "StatusReason": set.failure,
            "CreationTime": iso(set.created), "Description": set.description,
        })
    };
    Ok(json!({"Summaries": stack.change_sets.iter().map(shown).collect::<Vec<_>>()}))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{SMALL, Sandbox};
    use super::*;

    /// An answer that said "in progress" while it counted its rows, and "complete" right after, had a change set without any.
    #[test]
    fn an_answer_speaks_of_one_moment() {
        let sandbox = Sandbox::new(&[]);
        let fields = [
            ("StackName", "x"),
            ("ChangeSetName", "c"),
            ("ChangeSetType", "CREATE"),
            ("Capabilities.member.1", "CAPABILITY_IAM"),
            ("TemplateBody", SMALL),
        ];
        sandbox.call("CreateChangeSet", &fields).unwrap();
        sandbox.world().read(|state| {
            let stack = state.stacks.get("eu-west-1", "x").unwrap();
            let set = &stack.change_sets[0];
            let told = |at| {
                let told = described(stack, set, &Parameters::parse(b""), at);
                (told["Status"].clone(), told["ExecutionStatus"].clone(), told["Changes"].as_array().unwrap().len())
            };
            assert_eq!(told(set.ready - 1), (json!("CREATE_IN_PROGRESS"), json!("UNAVAILABLE"), 0));
            assert_eq!(told(set.ready), (json!("CREATE_COMPLETE"), json!("AVAILABLE"), 3));
        });
    }
}
