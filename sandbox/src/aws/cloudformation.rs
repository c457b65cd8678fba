//! CloudFormation: really evaluates the submitted template, for the resource types in [`types`].

mod answers;
mod change_set;
mod drift;
mod intrinsics;
mod make;
mod operation;
mod parameters;
mod physical_id;
mod plan;
mod references;
mod request;
mod stack;
mod template;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use self::operation::Manner;
use self::stack::{Stack, Status};
use self::template::parse;
use super::wire::query::Parameters;
use super::wire::{Call, Refusal};
use crate::state::{State, World};

pub(crate) use self::stack::Stacks;
pub(crate) use self::types::type_names;

/// Goes on with the operations that a stop interrupted.
pub(crate) fn resume(world: &Arc<World>) {
    for arn in world.read(|state| state.stacks.unfinished()) {
        operation::run(world, &arn);
    }
}

/// Answers a call.
pub(crate) fn answer(world: &Arc<World>, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "CreateChangeSet" => world.change(|state| change_set::create(world, state, call, form)),
        "DescribeChangeSet" => world.change(|state| change_set::describe(state, call, form)),
        "ListChangeSets" => world.read(|state| change_set::list(state, call, form)),
        "DeleteChangeSet" => world.change(|state| change_set::delete(state, call, form)),
        "ExecuteChangeSet" => {
            let begun = world.change(|state| change_set::execute(state, call, form))?;
            begun.iter().for_each(|arn| operation::run(world, arn));
            Ok(json!({}))
        }
        "CreateStack" | "UpdateStack" => {
            let (arn, begun) = world.change(|state| apply(world, state, call, form))?;
            if begun {
                operation::run(world, &arn);
            }
            Ok(json!({"StackId": arn}))
        }
        "DeleteStack" => {
            let begun = world.change(|state| delete(state, call, form))?;
            begun.iter().for_each(|arn| operation::run(world, arn));
            Ok(Value::Null)
        }
        "UpdateTerminationProtection" => world.change(|state| {
            let stack = request::named_mut(state, call, form)?;
            stack.protected = form.flag("EnableTerminationProtection") == Some(true);
            Ok(json!({"StackId": stack.arn}))
        }),
        "SetStackPolicy" => world.change(|state| request::named_mut(state, call, form).map(|_| Value::Null)),
        "DetectStackDrift" => world.change(|state| drift::detect(state, call, form)),
        "DescribeStackDriftDetectionStatus" => world.read(|state| drift::status(world, state, call, form)),
        "ValidateTemplate" | "GetTemplateSummary" => world.read(|state| summary(world, state, call, form)),
        _ => world.read(|state| look(state, call, form)),
    }
}

/// What only reads.
fn look(state: &State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "DescribeStacks" => match form.text("StackName") {
            Some(_) => Ok(json!({"Stacks": [answers::stack(request::named(state, call, form)?)]})),
            None => {
                let living =
                    state.stacks.of_region(&call.region).filter(|stack| stack.status != Status::DeleteComplete);
                Ok(json!({"Stacks": living.map(answers::stack).collect::<Vec<_>>()}))
            }
        },
        "ListStacks" => {
            let wanted = form.list("StackStatusFilter");
            let fits = |stack: &&Stack| wanted.is_empty() || wanted.contains(&stack.status.to_string());
            let stacks = state.stacks.of_region(&call.region).filter(fits);
            Ok(json!({"StackSummaries": stacks.map(answers::summary).collect::<Vec<_>>()}))
        }
        "DescribeStackEvents" => {
            let name = request::required(form, "StackName")?;
            let missing = || Refusal::validation(format!("Stack [{name}] does not exist"));
            let stack = state.stacks.get(&call.region, name).ok_or_else(missing)?;
            answers::events(stack, form.text("NextToken"))
        }
        "DescribeEvents" => answers::operation_events(request::named(state, call, form)?, form),
        "DescribeAccountLimits" => Ok(answers::account_limits()),
        "DescribeStackResources" => {
            let stack = request::named(state, call, form)?;
            let wanted = form.text("LogicalResourceId");
            let rows = answers::resources(stack).into_iter().filter(|row| wanted.is_none_or(|id| row.logical_id == id));
            Ok(
                json!({"StackResources": rows.map(|row| answers::resource(stack, row, "Timestamp")).collect::<Vec<_>>()}),
            )
        }
        "DescribeStackResource" => {
            let stack = request::named(state, call, form)?;
            let id = request::required(form, "LogicalResourceId")?;
            let row = answers::resources(stack)
                .into_iter()
                .find(|row| row.logical_id == id)
                .ok_or_else(|| Refusal::validation(format!("Resource {id} does not exist for stack {}", stack.name)))?;
            let mut shown = answers::resource(stack, row, "LastUpdatedTimestamp");
            if let Value::Object(members) = &mut shown {
                members.insert("StackId".into(), stack.arn.clone().into());
                members.insert("StackName".into(), stack.name.clone().into());
            }
            Ok(json!({"StackResourceDetail": shown}))
        }
        "ListStackResources" => {
            let stack = request::named(state, call, form)?;
            let rows = answers::resources(stack);
            let rows: Vec<_> =
                rows.into_iter().map(|row| answers::resource(stack, row, "LastUpdatedTimestamp")).collect();
            Ok(json!({"StackResourceSummaries": rows}))
        }
        "GetTemplate" => {
            let stack = request::named(state, call, form)?;
            let body = &stack.wanted.body;
            Ok(json!({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}))
        }
        "DescribeStackResourceDrifts" => drift::describe(state, call, form),
        "DetectStackResourceDrift" => drift::detect_resource(state, call, form),
        "GetStackPolicy" => request::named(state, call, form).map(|_| json!({})),
        "ListExports" => Ok(json!({"Exports": []})),
        "ListImports" => Err(Refusal::validation("Export is not imported by any stack.")),
        action => Err(Refusal::invalid_action(action, "2010-05-15")),
    }
}

/// CreateStack and UpdateStack. Answers the stack's ARN, and whether something begins.
fn apply(world: &World, state: &mut State, call: &Call, form: &Parameters) -> Result<(String, bool), Refusal> {
    let name = request::required(form, "StackName")?;
    let token = form.text("ClientRequestToken").map(ToOwned::to_owned);
    let existing = state.stacks.get(&call.region, name);
    if let Some(stack) = existing.filter(|stack| token.as_ref().is_some_and(|token| stack.tokens.contains(token))) {
        return Ok((stack.arn.clone(), false));
    }
    let is_create = call.action == "CreateStack";
    match existing {
        Some(_) if is_create => {
            return Err(Refusal::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
        }
        None if !is_create => return Err(Refusal::validation(format!("Stack [{name}] does not exist"))),
        Some(stack) if !stack.status.can_update() => return Err(request::not_updatable(stack)),
        Some(_) | None => {}
    }
    if is_create {
        request::check_name("stackName", name)?;
    }
    let (wanted, template) = request::wanted(world, state, existing, form)?;
    let mut stack = existing.cloned().unwrap_or_else(|| request::new_stack(call, name));
    let old = (!stack.wanted.body.is_empty()).then(|| parse(&stack.wanted.body)).transpose()?;
    let plan = plan::plan(&stack, old.as_ref(), &template, &wanted, &|_| false)?;
    if !is_create && plan.changes.is_empty() && !plan.beside {
        return Err(Refusal::validation("No updates are to be performed."));
    }
    let on_failure = form.text("OnFailure");
    let manner = Manner {
        token: token.clone(),
        disable_rollback: form.flag("DisableRollback").unwrap_or(on_failure == Some("DO_NOTHING")),
        retain_except_on_create: form.flag("RetainExceptOnCreate") == Some(true),
        delete_on_failure: on_failure == Some("DELETE"),
        ..Manner::default()
    };
    if is_create {
        stack.protected = form.flag("EnableTerminationProtection") == Some(true);
    }
    stack.tokens.extend(token);
    operation::begin(&mut stack, wanted, manner);
    let arn = stack.arn.clone();
    state.stacks.forget(&arn);
    state.stacks.put(stack);
    Ok((arn, true))
}

/// DeleteStack. A stack that is not there is no error.
fn delete(state: &mut State, call: &Call, form: &Parameters) -> Result<Option<String>, Refusal> {
    let name = request::required(form, "StackName")?;
    let token = form.text("ClientRequestToken").map(ToOwned::to_owned);
    let retained = form.list("RetainResources");
    let Some(stack) = state.stacks.get_mut(&call.region, name) else { return Ok(None) };
    if token.as_ref().is_some_and(|token| stack.tokens.contains(token)) {
        return Ok(None);
    }
    if stack.protected {
        return Err(Refusal::validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    match stack.status {
        Status::DeleteComplete | Status::DeleteInProgress => return Ok(None),
        Status::CreateInProgress
        | Status::RollbackInProgress
        | Status::UpdateInProgress
        | Status::UpdateCompleteCleanupInProgress
        | Status::UpdateRollbackInProgress
        | Status::UpdateRollbackCompleteCleanupInProgress => {
            return Err(Refusal::validation(format!(
                "Stack [{}] cannot be deleted while in status {}",
                stack.arn, stack.status
            )));
        }
        Status::DeleteFailed => {}
        Status::ReviewInProgress
        | Status::CreateComplete
        | Status::CreateFailed
        | Status::RollbackComplete
        | Status::RollbackFailed
        | Status::UpdateComplete
        | Status::UpdateFailed
        | Status::UpdateRollbackComplete
            if retained.is_empty() => {}
        Status::ReviewInProgress
        | Status::CreateComplete
        | Status::CreateFailed
        | Status::RollbackComplete
        | Status::RollbackFailed
        | Status::UpdateComplete
        | Status::UpdateFailed
        | Status::UpdateRollbackComplete => {
            return Err(Refusal::validation(format!(
                "Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only when the \
                 stack is in the DELETE_FAILED state.",
                stack.arn
            )));
        }
    }
    stack.tokens.extend(token.clone());
    operation::begin_delete(stack, token, &retained);
    Ok(Some(stack.arn.clone()))
}

/// GetTemplateSummary and ValidateTemplate.
fn summary(world: &World, state: &State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let stack = form.text("StackName").map(|_| request::named(state, call, form)).transpose()?;
    let body = match stack {
        Some(stack) => stack.wanted.body.clone(),
        None => request::body(world, state, None, form)?,
    };
    let template = parse(&body)?;
    references::check(&template)?;
    types::check(&template)?;
    let is_summary = call.action == "GetTemplateSummary";
    let declared: Vec<_> = template
        .parameters
        .iter()
        .map(|(name, declared)| {
            let text = |member: &str| declared.get(member).map(parameters::text);
            let mut shown = json!({
                "ParameterKey": name, "DefaultValue": text("Default"), "Description": text("Description"),
                "NoEcho": text("NoEcho").is_some_and(|flag| flag == "true"),
            });
            if let (true, Value::Object(members)) = (is_summary, &mut shown) {
                members.insert("ParameterType".into(), text("Type").unwrap_or_default().into());
                let allowed = declared.get("AllowedValues").and_then(Value::as_array);
                let allowed: Option<Vec<_>> = allowed.map(|values| values.iter().map(parameters::text).collect());
                members.insert("ParameterConstraints".into(), json!({"AllowedValues": allowed}));
            }
            shown
        })
        .collect();
    let needed = types::capabilities(&template);
    let mut answer = json!({
        "Description": template.description,
        "Parameters": declared,
        "Capabilities": needed.iter().map(|(capability, _)| *capability).collect::<Vec<_>>(),
        "CapabilitiesReason": needed.map(|(_, reason)| reason),
    });
    if let (true, Value::Object(members)) = (is_summary, &mut answer) {
        let mut kinds: Vec<_> = template.resources.values().map(|declared| declared.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        members.insert("ResourceTypes".into(), json!(kinds));
        members.insert("Version".into(), json!("2010-09-09"));
    }
    Ok(answer)
}
