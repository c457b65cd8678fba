//! Change sets: made, executed, deleted.

mod describe;

use std::collections::BTreeSet;

pub(super) use describe::{describe, list};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::missing_stack;
use super::make::Place;
use super::operation::{self, Manner};
use super::parameters::{self, Shown};
use super::plan::{Action, Change, plan};
use super::request;
use super::stack::{Stack, StackResource, Status, Wanted};
use super::template::{Template, parse};
use crate::aws::wire::query::Parameters;
use crate::aws::wire::{Call, Refusal};
use crate::clock::{Millis, now, uuid};
use crate::state::{State, World};
use crate::{ACCOUNT, aws::s3};

/// CloudFormation's words for nothing to do.
const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";
/// A change set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ChangeSet {
    pub(super) name: String,
    pub(super) arn: String,
    created: Millis,
    /// Until then it is being made.
    ready: Millis,
    description: Option<String>,
    token: Option<String>,
    wanted: Wanted,
    shown: Vec<Shown>,
    changes: Vec<Change>,
    failure: Option<String>,
    execution: Option<String>,
    delete_on_failure: bool,
    disable_rollback: bool,
}

impl ChangeSet {
    /// Its status and its execution status at a moment: looked at once for an answer, which else could speak of two moments.
    fn standing(&self, at: Millis) -> (&'static str, &str) {
        let status = match &self.failure {
            _ if at < self.ready => "CREATE_IN_PROGRESS",
            Some(_) => "FAILED",
            None => "CREATE_COMPLETE",
        };
        let execution = match &self.execution {
            Some(execution) => execution,
            None if status == "CREATE_COMPLETE" => "AVAILABLE",
            None => "UNAVAILABLE",
        };
        (status, execution)
    }
}

/// CreateChangeSet.
pub(super) fn create(world: &World, state: &mut State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let name = request::required(form, "ChangeSetName")?.to_owned();
    let stack_name = request::required(form, "StackName")?.to_owned();
    request::check_name("changeSetName", &name)?;
    let token = form.text("ClientToken").map(ToOwned::to_owned);
    let existing = state.stacks.get(&call.region, &stack_name);
    if let Some(set) = existing.and_then(|stack| stack.change_sets.iter().find(|set| set.name == name)) {
        return match token.is_some() && set.token == token {
            true => Ok(json!({"Id": set.arn, "StackId": existing.map(|stack| stack.arn.clone())})),
            false => Err(Refusal::new("AlreadyExistsException", format!("ChangeSet {name} already exists"))),
        };
    }
    let is_create = match form.text("ChangeSetType").unwrap_or("UPDATE") {
        "CREATE" => true,
        "UPDATE" => false,
        other => {
            return Err(Refusal::validation(format!("The sandbox does not know change sets of type {other}")));
        }
    };
    let fresh = match existing {
        None if is_create => {
            request::check_name("stackName", &stack_name)?;
            Some(request::new_stack(call, &stack_name))
        }
        None => return Err(Refusal::validation(format!("Stack [{stack_name}] does not exist"))),
        Some(stack) if is_create && stack.status != Status::ReviewInProgress => {
            return Err(Refusal::new(
                "AlreadyExistsException",
                format!("Stack [{stack_name}] already exists and cannot be created again with the changeSet [{name}]."),
            ));
        }
        Some(stack) if !is_create && !stack.status.can_update() => return Err(request::not_updatable(stack)),
        Some(_) => None,
    };
    let (wanted, template) = request::wanted(world, state, existing, form)?;
    let existing = existing.cloned();
    let Some(mut stack) = fresh.or(existing) else { return Err(missing_stack(&stack_name)) };
    let (changes, failure) = judge(state, &stack, &template, &wanted, form)?;
    let number = uuid();
    let arn = format!("arn:{}:cloudformation:{}:{ACCOUNT}:changeSet/{name}/{number}", call.partition(), call.region);
    let ready = now() + u64::try_from(world.pace().as_millis()).unwrap_or(0);
    let set = ChangeSet {
        name,
        arn: arn.clone(),
        created: now(),
        ready,
        description: form.text("Description").map(ToOwned::to_owned),
        token,
        shown: parameters::shown(&template, &wanted.values),
        wanted,
        changes,
        failure,
        execution: None,
        delete_on_failure: form.text("OnStackFailure") == Some("DELETE"),
        disable_rollback: form.text("OnStackFailure") == Some("DO_NOTHING"),
    };
    let stack_arn = stack.arn.clone();
    if state.stacks.get(&call.region, &stack_arn).is_none() {
        stack.enter(Status::ReviewInProgress, Some("User Initiated".into()));
        stack.description = template.description;
        state.stacks.put(stack);
    }
    if let Some(stack) = state.stacks.get_mut(&call.region, &stack_arn) {
        stack.change_sets.push(set);
    }
    Ok(json!({"Id": arn, "StackId": stack_arn}))
}

/// The rows, or why there can be none.
fn judge(
    state: &State,
    stack: &Stack,
    template: &Template,
    wanted: &Wanted,
    form: &Parameters,
) -> Result<(Vec<Change>, Option<String>), Refusal> {
    let asked = form.flag("ImportExistingResources") == Some(true);
    let importing = |resource: &StackResource| {
        let Some(name) = Place::chosen_name(resource).filter(|_| asked) else { return false };
        let there = match resource.kind.as_str() {
            "AWS::S3::Bucket" => s3::bucket_exists(state, name),
            "AWS::Logs::LogGroup" => state.log_groups.exists(name),
            kind => state.resources.find(kind, name).is_some(),
        };
        there && state.stacks.owner(&resource.kind, name).is_none()
    };
    let old = (!stack.wanted.body.is_empty()).then(|| parse(&stack.wanted.body)).transpose()?;
    let plan = plan(stack, old.as_ref(), template, wanted, &importing)?;
    let lost = plan.changes.iter().find(|change| {
        let policy =
            template.resources.get(&change.logical_id).and_then(|declared| declared.deletion_policy.as_deref());
        change.action == Action::Import && !operation::is_kept(policy, false)
    });
    if let Some(change) = lost {
        return Ok((
            Vec::new(),
            Some(format!(
                "CloudFormation is attempting to import some resources because they already exist in your account. The \
                 resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the \
                 template for successful import. The affected resources are {}",
                change.logical_id
            )),
        ));
    }
    let nothing = plan.changes.is_empty() && !plan.beside && stack.status != Status::ReviewInProgress;
    Ok((plan.changes, nothing.then(|| NO_CHANGES.to_owned())))
}

/// The stack and the place of the change set in it, by ARN or by the names of both.
fn find<'a>(state: &'a mut State, call: &Call, form: &Parameters) -> Result<(&'a mut Stack, usize), Refusal> {
    let wanted = request::required(form, "ChangeSetName")?;
    let missing = || Refusal::new("ChangeSetNotFound", format!("ChangeSet [{wanted}] does not exist")).status(404);
    let stack = if wanted.starts_with("arn:") {
        state.stacks.of_change_set(wanted).ok_or_else(missing)?
    } else {
        let name = form.text("StackName").ok_or_else(|| {
            Refusal::validation("StackName must be specified if ChangeSetName is not specified as an ARN.")
        })?;
        state
            .stacks
            .get_mut(&call.region, name)
            .ok_or_else(|| Refusal::validation(format!("Stack [{name}] does not exist")))?
    };
    let place = stack.change_sets.iter().position(|set| set.arn == wanted || set.name == wanted).ok_or_else(missing)?;
    Ok((stack, place))
}

/// DeleteChangeSet. One that is not there is no error, as on AWS, unless its stack is not there either.
pub(super) fn delete(state: &mut State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    match find(state, call, form) {
        Ok((stack, place)) => {
            let executing = stack.change_sets.get(place).is_some_and(|set| set.execution.is_some());
            if executing && stack.status.is_busy() {
                let arn = stack.change_sets.get(place).map(|set| set.arn.clone()).unwrap_or_default();
                return Err(invalid_status(&arn, "deleted", "EXECUTE_IN_PROGRESS"));
            }
            stack.change_sets.remove(place);
            Ok(json!({}))
        }
        Err(refusal) if refusal.code == "ChangeSetNotFound" => Ok(json!({})),
        Err(refusal) => Err(refusal),
    }
}

/// ExecuteChangeSet. Answers the ARN of the stack whose operation begins; none where it began before.
pub(super) fn execute(state: &mut State, call: &Call, form: &Parameters) -> Result<Option<String>, Refusal> {
    let token = form.text("ClientRequestToken").map(ToOwned::to_owned);
    let (stack, place) = find(state, call, form)?;
    if token.as_ref().is_some_and(|token| stack.tokens.contains(token)) {
        return Ok(None);
    }
    let Some(set) = stack.change_sets.get(place).cloned() else { return Ok(None) };
    match set.standing(now()) {
        ("CREATE_COMPLETE", "AVAILABLE") => {}
        ("CREATE_COMPLETE", execution) => return Err(invalid_status(&set.arn, "executed", execution)),
        (status, _) => return Err(invalid_status(&set.arn, "executed", status)),
    }
    if stack.status != Status::ReviewInProgress && !stack.status.can_update() {
        return Err(request::not_updatable(stack));
    }
    let disable_rollback = form.flag("DisableRollback").unwrap_or(set.disable_rollback);
    let replaces = set.changes.iter().any(|change| change.replacement.as_deref() == Some("True"));
    if disable_rollback && replaces {
        return Err(Refusal::validation("Replacement type updates not supported on stack with disable-rollback."));
    }
    stack.tokens.extend(token.clone());
    // Executing one deletes all others.
    stack.change_sets.retain(|other| other.arn == set.arn);
    if let Some(set) = stack.change_sets.first_mut() {
        set.execution = Some("EXECUTE_COMPLETE".into());
    }
    stack.change_set = Some(set.arn.clone());
    let imports: BTreeSet<_> = set
        .changes
        .iter()
        .filter(|change| change.action == Action::Import)
        .map(|change| change.logical_id.clone())
        .collect();
    let manner = Manner {
        token,
        disable_rollback,
        retain_except_on_create: form.flag("RetainExceptOnCreate") == Some(true),
        delete_on_failure: set.delete_on_failure,
        imports,
    };
    operation::begin(stack, set.wanted, manner);
    Ok(Some(stack.arn.clone()))
}

fn invalid_status(arn: &str, what: &str, status: &str) -> Refusal {
    let message = format!("ChangeSet [{arn}] cannot be {what} in its current status of [{status}]");
    Refusal::new("InvalidChangeSetStatus", message)
}
