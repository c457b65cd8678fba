//! What an operation would change: the template evaluated against the stack, resource by resource.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::intrinsics::{Made, Scope, UNKNOWN};
use super::make::known;
use super::parameters;
use super::references;
use super::stack::{Output, Stack, StackResource, Tags, Wanted};
use super::template::{Declaration, Template};
use super::types;
use crate::aws::wire::Refusal;
use crate::clock::now;

/// A row of a change set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) action: Action,
    pub(super) logical_id: String,
    pub(super) physical_id: Option<String>,
    pub(super) kind: String,
    /// `True`, `Conditional`, `False`; none for what is added or removed.
    pub(super) replacement: Option<String>,
    /// `Properties`, `Tags`, `DeletionPolicy`, `UpdateReplacePolicy`.
    pub(super) scope: BTreeSet<String>,
    pub(super) policy_action: Option<String>,
    pub(super) details: Vec<Detail>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Action {
    Add,
    Modify,
    Remove,
    Import,
}

/// One property, and why it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Detail {
    pub(super) attribute: String,
    pub(super) name: Option<String>,
    /// `Never`, `Conditionally`, `Always`.
    pub(super) recreation: String,
    /// Whether the new value is known before.
    pub(super) is_static: bool,
    pub(super) source: String,
    pub(super) cause: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// A plan: the rows, and whether the outputs or the stack's tags differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    pub(super) beside: bool,
}

/// A resource as the template wants it now. Nothing is known yet of what has to be made first.
pub(super) fn evaluate(
    scope: &Scope<'_>,
    id: &str,
    declared: &Declaration,
    waits_for: &BTreeSet<String>,
    tags: &Tags,
) -> Result<StackResource, Refusal> {
    let tags = if types::is_tagged(&declared.kind) { tags.clone() } else { Tags::new() };
    Ok(StackResource {
        logical_id: id.into(),
        kind: declared.kind.clone(),
        physical_id: None,
        properties: scope.resolve(&declared.properties)?.unwrap_or(Value::Null),
        attributes: BTreeMap::new(),
        tags,
        waits_for: waits_for.clone(),
        deletion_policy: declared.deletion_policy.clone(),
        update_replace_policy: declared.update_replace_policy.clone(),
        status: String::new(),
        reason: None,
        at: now(),
    })
}

/// The properties that differ.
pub(super) fn differing<'a>(old: &'a StackResource, new: &'a StackResource) -> Vec<&'a str> {
    let names =
        |resource: &'a StackResource| resource.properties.as_object().into_iter().flat_map(|members| members.keys());
    let names: BTreeSet<_> = names(old).chain(names(new)).collect();
    let differs = |name: &&String| !same(old.properties.get(name.as_str()), new.properties.get(name.as_str()));
    names.into_iter().filter(differs).map(String::as_str).collect()
}

/// `15` and `'15'` are the same to CloudFormation.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(Some(left), Some(right)))
        }
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            left.len() == right.len() && left.iter().all(|(name, value)| same(Some(value), right.get(name)))
        }
        (Some(left), Some(right)) => parameters::text(left) == parameters::text(right),
        (left, right) => left.is_none() && right.is_none(),
    }
}

/// Compares a stack with what is wanted. `importing` takes over resources that are there already.
pub(super) fn plan(
    stack: &Stack,
    old: Option<&Template>,
    new: &Template,
    wanted: &Wanted,
    importing: &dyn Fn(&StackResource) -> bool,
) -> Result<Plan, Refusal> {
    let pseudo = stack.pseudo();
    let mut scope = Scope::new(new, &wanted.values, &pseudo)?;
    let dependencies = references::dependencies(&scope)?;
    let mut changes = BTreeMap::new();
    for id in references::waves(&dependencies).into_iter().flatten() {
        let (Some(declared), Some(waits_for)) = (new.resources.get(&id), dependencies.get(&id)) else { continue };
        let mut after = evaluate(&scope, &id, declared, waits_for, &wanted.tags)?;
        let unknown = Made { physical_id: UNKNOWN.into(), attributes: BTreeMap::new(), unknown: true };
        let made = match stack.resources.get(&id).filter(|before| before.physical_id.is_some()) {
            None => {
                let action = if importing(&after) { Action::Import } else { Action::Add };
                changes.insert(id.clone(), added(action, &after));
                unknown
            }
            Some(before) if before.kind != after.kind => {
                return Err(Refusal::validation(format!(
                    "Update of resource type is not permitted. The new template modifies resource type of the following \
                     resources: [{id}]"
                )));
            }
            Some(before) => {
                after.physical_id = before.physical_id.clone();
                let raw = old.and_then(|old| old.resources.get(&id)).map(|declared| &declared.properties);
                let values = (&stack.wanted.values, &wanted.values);
                let change = modified(before, &after, raw, &declared.properties, &scope, values);
                let replaced = change.as_ref().is_some_and(|change| change.replacement.as_deref() != Some("False"));
                changes.extend(change.map(|change| (id.clone(), change)));
                if replaced { unknown } else { known(stack, &id).unwrap_or(unknown) }
            }
        };
        scope.made.insert(id, made);
    }
    let gone = stack.resources.values().filter(|resource| !dependencies.contains_key(&resource.logical_id));
    changes.extend(gone.map(|resource| (resource.logical_id.clone(), removed(resource))));
    let beside = stack.wanted.tags != wanted.tags || stack.outputs != outputs(&scope)?;
    Ok(Plan { changes: changes.into_values().collect(), beside })
}

/// The outputs, evaluated.
pub(super) fn outputs(scope: &Scope<'_>) -> Result<Vec<Output>, Refusal> {
    let mut outputs = Vec::new();
    for (name, declared) in &scope.template.outputs {
        if !scope.exists(declared.get("Condition").and_then(Value::as_str)) {
            continue;
        }
        let value = declared.get("Value").map(|value| scope.resolve(value)).transpose()?.flatten();
        let description = declared.get("Description").and_then(Value::as_str).map(ToOwned::to_owned);
        let value = value.as_ref().map(parameters::text).unwrap_or_default();
        outputs.push(Output { name: name.clone(), value, description });
    }
    Ok(outputs)
}

fn added(action: Action, resource: &StackResource) -> Change {
    Change {
        action,
        logical_id: resource.logical_id.clone(),
        physical_id: None,
        kind: resource.kind.clone(),
        replacement: None,
        scope: BTreeSet::new(),
        policy_action: None,
        details: Vec::new(),
        before: None,
        after: Some(resource.properties.clone()),
    }
}

fn removed(resource: &StackResource) -> Change {
    let kept = resource.deletion_policy.as_deref().is_some_and(|policy| policy.starts_with("Retain"));
    Change {
        action: Action::Remove,
        physical_id: resource.physical_id.clone(),
        policy_action: Some(if kept { "Retain" } else { "Delete" }.into()),
        before: Some(resource.properties.clone()),
        after: None,
        ..added(Action::Remove, resource)
    }
}

fn modified(
    before: &StackResource,
    after: &StackResource,
    raw_before: Option<&Value>,
    raw_after: &Value,
    scope: &Scope<'_>,
    (old_values, new_values): (&parameters::Values, &parameters::Values),
) -> Option<Change> {
    let mut details = Vec::new();
    let mut parts = BTreeSet::new();
    let mut replacement = "False";
    for name in differing(before, after) {
        parts.insert("Properties".to_owned());
        let shown = |resource: &StackResource| resource.properties.get(name).map(parameters::text);
        let dynamic = shown(after).is_some_and(|value| value.contains(UNKNOWN));
        let recreation = match (types::replaces(&after.kind, name), dynamic) {
            (true, false) => "Always",
            (true, true) => "Conditionally",
            (false, _) => "Never",
        };
        replacement = match (recreation, replacement) {
            ("Always", _) | (_, "True") => "True",
            ("Conditionally", _) | (_, "Conditional") => "Conditional",
            (_, _) => "False",
        };
        let detail = |is_static: bool, source: &str, cause: Option<String>| Detail {
            attribute: "Properties".into(),
            name: Some(name.into()),
            recreation: recreation.into(),
            is_static,
            source: source.into(),
            cause,
            before: shown(before),
            after: shown(after),
        };
        let (was, is) = (raw_before.and_then(|raw| raw.get(name)), raw_after.get(name));
        let mut of_this = Vec::new();
        if raw_before.is_some() && was != is {
            of_this.push(detail(!dynamic, "DirectModification", None));
        }
        for reference in is.map(|value| references::of(value, Some(scope))).unwrap_or_default() {
            if old_values.get(&reference.name) != new_values.get(&reference.name) {
                of_this.push(detail(true, "ParameterReference", Some(reference.name)));
            } else if scope.made.get(&reference.name).is_some_and(|made| made.unknown) {
                of_this.push(match reference.attribute {
                    Some(attribute) => {
                        detail(false, "ResourceAttribute", Some(format!("{}.{attribute}", reference.name)))
                    }
                    None => detail(false, "ResourceReference", Some(reference.name)),
                });
            }
        }
        if of_this.is_empty() {
            of_this.push(detail(!dynamic, "DirectModification", None));
        }
        details.extend(of_this);
    }
    let plain = |attribute: &str| Detail {
        attribute: attribute.into(),
        name: None,
        recreation: "Never".into(),
        is_static: true,
        source: "DirectModification".into(),
        cause: None,
        before: None,
        after: None,
    };
    let others = [
        ("Tags", before.tags != after.tags),
        ("DeletionPolicy", before.deletion_policy != after.deletion_policy),
        ("UpdateReplacePolicy", before.update_replace_policy != after.update_replace_policy),
    ];
    for (name, _) in others.into_iter().filter(|(_, differs)| *differs) {
        parts.insert(name.to_owned());
        details.push(plain(name));
    }
    if parts.is_empty() {
        return None;
    }
    let kept = after.update_replace_policy.as_deref().is_some_and(|policy| policy.starts_with("Retain"));
    let policy_action =
        (replacement != "False").then(|| if kept { "ReplaceAndRetain" } else { "ReplaceAndDelete" }.into());
    Some(Change {
        action: Action::Modify,
        physical_id: before.physical_id.clone(),
        replacement: Some(replacement.into()),
        scope: parts,
        policy_action,
        details,
        before: Some(before.properties.clone()),
        ..added(Action::Modify, after)
    })
}
