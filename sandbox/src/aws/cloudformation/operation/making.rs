//! Creates and updates resources in the order of what they wait for; when one fails, gives back what was.

use super::super::intrinsics::Scope;
use super::super::make::{Place, known};
use super::super::plan::{differing, evaluate, outputs};
use super::super::stack::{Stack, StackResource, Status};
use super::super::template::parse;
use super::super::{parameters, references, types};
use super::removing::is_kept;
use super::{Doomed, Operation, Phase, Verb, Work, mark};
use crate::aws::wire::Refusal;
use crate::state::{State, World};

/// Ends what is in progress and begins what can be begun.
pub(super) fn step(world: &World, state: &mut State, stack: &mut Stack) -> bool {
    let Some(mut operation) = stack.operation.take() else { return false };
    let mut working = std::mem::take(&mut operation.working);
    // What failed is told before what only had to stop.
    working.sort_by_key(|work| work.failure.is_none());
    stack.operation = Some(operation.clone());
    let failing = working.iter().any(|work| work.failure.is_some());
    for work in &working {
        let verb = work.verb.name();
        match &work.failure {
            None if !failing => {
                let said = (work.verb == Verb::Import).then_some("Resource import completed.");
                mark(stack, &work.id, &format!("{verb}_COMPLETE"), said);
                operation.done.insert(work.id.clone());
            }
            None => {
                let noun = if work.verb == Verb::Update { "update" } else { "creation" };
                mark(stack, &work.id, &format!("{verb}_FAILED"), Some(&format!("Resource {noun} cancelled")));
            }
            Some(reason) => {
                mark(stack, &work.id, &format!("{verb}_FAILED"), Some(reason));
                operation.failed.push(work.id.clone());
            }
        }
    }
    if failing {
        return fail(stack, operation, &working);
    }
    let next = begin_next(world, state, stack, &mut operation);
    match next {
        Ok(()) if operation.working.is_empty() => finish(stack, operation),
        Ok(()) => {
            stack.operation = Some(operation);
            true
        }
        // What was checked before can hardly fail now; when it does, the operation fails as a whole.
        Err(refusal) => fail_with(stack, operation, refusal.message),
    }
}

fn begin_next(world: &World, state: &mut State, stack: &mut Stack, operation: &mut Operation) -> Result<(), Refusal> {
    let template = parse(&operation.wanted.body)?;
    let (values, pseudo) = (operation.wanted.values.clone(), stack.pseudo());
    let mut scope = Scope::new(&template, &values, &pseudo)?;
    let dependencies = references::dependencies(&scope)?;
    // What needs no change is done at once, and lets others begin.
    loop {
        for id in &operation.done {
            if let Some(made) = known(stack, id) {
                scope.made.insert(id.clone(), made);
            }
        }
        let ready: Vec<_> = dependencies
            .iter()
            .filter(|(id, waits_for)| {
                !operation.done.contains(*id) && waits_for.iter().all(|id| operation.done.contains(id))
            })
            .map(|(id, _)| id.clone())
            .collect();
        let mut idle = false;
        for id in ready {
            let (Some(declared), Some(waits_for)) = (template.resources.get(&id), dependencies.get(&id)) else {
                continue;
            };
            let wanted = evaluate(&scope, &id, declared, waits_for, &operation.wanted.tags)?;
            let before = stack.resources.get(&id).filter(|before| before.physical_id.is_some()).cloned();
            let work = match before {
                None => Some(create(world, state, stack, operation, wanted)),
                Some(before) => change(world, state, stack, operation, before, wanted),
            };
            match work {
                Some(work) => operation.working.push(work),
                None => {
                    operation.done.insert(id);
                    idle = true;
                }
            }
        }
        if !idle || !operation.working.is_empty() {
            return Ok(());
        }
    }
}

fn create(
    world: &World,
    state: &mut State,
    stack: &mut Stack,
    operation: &mut Operation,
    mut wanted: StackResource,
) -> Work {
    let id = wanted.logical_id.clone();
    let verb = if operation.imports.contains(&id) { Verb::Import } else { Verb::Create };
    stack.resources.insert(id.clone(), wanted.clone());
    operation.created.insert(id.clone());
    let in_progress = format!("{}_IN_PROGRESS", verb.name());
    let began = (verb == Verb::Import).then_some("Resource import started.");
    mark(stack, &id, &in_progress, began);
    let mut place = Place::of(world, state, &stack.name, &stack.arn, &stack.region);
    let made = if verb == Verb::Import { place.import(&mut wanted) } else { place.create(&mut wanted) };
    let initiated = made.is_ok() && verb == Verb::Create;
    stack.resources.insert(id.clone(), wanted);
    if initiated {
        mark(stack, &id, &in_progress, Some("Resource creation Initiated"));
    }
    Work { id, verb, failure: made.err() }
}

/// Nothing, where nothing differs.
fn change(
    world: &World,
    state: &mut State,
    stack: &mut Stack,
    operation: &mut Operation,
    before: StackResource,
    mut wanted: StackResource,
) -> Option<Work> {
    let id = wanted.logical_id.clone();
    wanted.status = before.status.clone();
    wanted.at = before.at;
    let names = differing(&before, &wanted);
    let replaced = names.iter().any(|name| types::replaces(&wanted.kind, name));
    let differs = !names.is_empty() || before.tags != wanted.tags;
    let failed_before = before.status.ends_with("_FAILED");
    if !replaced {
        wanted.physical_id = before.physical_id.clone();
        wanted.attributes = before.attributes.clone();
    }
    operation.changed.insert(id.clone(), before.clone());
    if !differs && !failed_before {
        stack.resources.insert(id, wanted);
        return None;
    }
    operation.touched.insert(id.clone());
    stack.resources.insert(id.clone(), StackResource { physical_id: before.physical_id.clone(), ..wanted.clone() });
    let said = "Requested update requires the creation of a new physical resource; hence creating one.";
    mark(stack, &id, "UPDATE_IN_PROGRESS", replaced.then_some(said));
    let mut place = Place::of(world, state, &stack.name, &stack.arn, &stack.region);
    let made = if replaced { place.create(&mut wanted) } else { place.update(&wanted) };
    if made.is_ok() {
        stack.resources.insert(id.clone(), wanted);
        if replaced {
            mark(stack, &id, "UPDATE_IN_PROGRESS", Some("Resource creation Initiated"));
            operation.leftovers.push(before);
        }
    }
    Some(Work { id, verb: Verb::Update, failure: made.err() })
}

/// Everything is made.
fn finish(stack: &mut Stack, mut operation: Operation) -> bool {
    let evaluated = parse(&operation.wanted.body).and_then(|template| {
        let pseudo = stack.pseudo();
        let mut scope = Scope::new(&template, &operation.wanted.values, &pseudo)?;
        let made = stack.resources.keys().filter_map(|id| Some((id.clone(), known(stack, id)?)));
        scope.made = made.collect();
        let outputs = outputs(&scope)?;
        let kept = references::dependencies(&scope)?;
        Ok((parameters::shown(&template, &operation.wanted.values), outputs, kept, template.description))
    });
    let (shown, outputs, kept, description) = match evaluated {
        Ok(evaluated) => evaluated,
        Err(refusal) => return fail_with(stack, operation, refusal.message),
    };
    stack.parameters = shown;
    stack.outputs = outputs;
    stack.description = description;
    stack.wanted = operation.wanted.clone();
    if !operation.is_update() {
        stack.enter(Status::CreateComplete, None);
        return false;
    }
    let replaced = operation.leftovers.drain(..).map(|resource| Doomed {
        kept: is_kept(resource.update_replace_policy.as_deref(), false),
        resource,
        begun: false,
    });
    let removed =
        stack.resources.values().filter(|resource| !kept.contains_key(&resource.logical_id)).map(|resource| {
            let kept = is_kept(resource.deletion_policy.as_deref(), false);
            Doomed { resource: resource.clone(), kept, begun: false }
        });
    operation.doomed = replaced.chain(removed).collect();
    operation.phase = Phase::Removing(Status::UpdateComplete);
    stack.operation = Some(operation);
    stack.enter(Status::UpdateCompleteCleanupInProgress, None);
    true
}

fn fail(stack: &mut Stack, operation: Operation, working: &[Work]) -> bool {
    let list = |verb: fn(Verb) -> bool| {
        let of_verb = working.iter().filter(|work| verb(work.verb)).map(|work| work.id.as_str());
        of_verb.collect::<Vec<_>>().join(", ")
    };
    let (created, updated) = (list(|verb| verb != Verb::Update), list(|verb| verb == Verb::Update));
    let said = |verb: &str, ids: &str| match ids {
        "" => String::new(),
        ids => format!("The following resource(s) failed to {verb}: [{ids}]. "),
    };
    let reason = format!("{}{}", said("create", &created), said("update", &updated));
    fail_with(stack, operation, reason)
}

fn fail_with(stack: &mut Stack, mut operation: Operation, reason: String) -> bool {
    let is_update = operation.is_update();
    if operation.disable_rollback {
        stack.wanted = operation.wanted.clone();
        stack.operation = Some(operation);
        stack.enter(if is_update { Status::UpdateFailed } else { Status::CreateFailed }, Some(reason));
        return false;
    }
    if is_update {
        operation.phase = Phase::Restoring;
        stack.operation = Some(operation);
        stack.enter(Status::UpdateRollbackInProgress, Some(reason));
        return true;
    }
    let except = operation.retain_except_on_create;
    let doom = |resource: &StackResource| Doomed {
        kept: is_kept(resource.deletion_policy.as_deref(), true) && !except && resource.physical_id.is_some(),
        resource: resource.clone(),
        begun: false,
    };
    operation.doomed = stack.resources.values().map(doom).collect();
    stack.wanted = operation.wanted.clone();
    let (status, end) = match operation.delete_on_failure {
        true => (Status::DeleteInProgress, Status::DeleteComplete),
        false => (Status::RollbackInProgress, Status::RollbackComplete),
    };
    operation.phase = Phase::Removing(end);
    stack.operation = Some(operation);
    stack.enter(status, Some(format!("{reason}Rollback requested by user.")));
    true
}

/// Gives changed resources back what they were: one step begins all of them, the next one ends them.
pub(super) fn restore(world: &World, state: &mut State, stack: &mut Stack) -> bool {
    let Some(mut operation) = stack.operation.clone() else { return false };
    if !operation.restored && !operation.touched.is_empty() {
        operation.restored = true;
        for id in operation.touched.clone() {
            let Some(before) = operation.changed.get(&id).cloned() else { continue };
            let now = stack.resources.get(&id).cloned();
            let mut place = Place::of(world, state, &stack.name, &stack.arn, &stack.region);
            // What was there before was accepted before.
            let _ = place.apply(&before);
            if let Some(new) = now.filter(|now| now.physical_id != before.physical_id && now.physical_id.is_some()) {
                operation.doomed.push(Doomed { resource: new, kept: false, begun: false });
            }
            stack.resources.insert(id.clone(), before);
            mark(stack, &id, "UPDATE_IN_PROGRESS", None);
            operation.working.push(Work { id, verb: Verb::Update, failure: None });
        }
        stack.operation = Some(operation);
        return true;
    }
    for work in operation.working.drain(..) {
        mark(stack, &work.id, "UPDATE_COMPLETE", None);
    }
    for (id, before) in &operation.changed {
        if !operation.touched.contains(id) {
            stack.resources.insert(id.clone(), before.clone());
        }
    }
    let created = stack.resources.values().filter(|resource| operation.created.contains(&resource.logical_id));
    let except = operation.retain_except_on_create;
    operation.doomed.extend(created.map(|resource| Doomed {
        kept: is_kept(resource.deletion_policy.as_deref(), true) && !except && resource.physical_id.is_some(),
        resource: resource.clone(),
        begun: false,
    }));
    operation.phase = Phase::Removing(Status::UpdateRollbackComplete);
    stack.operation = Some(operation);
    stack.enter(Status::UpdateRollbackCompleteCleanupInProgress, None);
    true
}
