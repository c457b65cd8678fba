//! What a template's values refer to, and the order that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::intrinsics::{Scope, call};
use super::template::{Template, format_error};
use crate::aws::wire::Refusal;

/// A reference: a name and, for `Fn::GetAtt`, the attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    /// Of a parameter or a resource.
    pub(super) name: String,
    /// Such as `Arn`.
    pub(super) attribute: Option<String>,
}

/// All references of a value. With a scope only those of the branches that its conditions take.
pub(super) fn of(value: &Value, scope: Option<&Scope<'_>>) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    collect(value, scope, &mut found);
    found
}

fn collect(value: &Value, scope: Option<&Scope<'_>>, found: &mut BTreeSet<Reference>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    if let Some((name, argument)) = call(value) {
        match (name, list(argument).as_slice()) {
            ("Ref", _) => {
                found.extend(argument.as_str().map(|name| Reference { name: name.into(), attribute: None }));
                return;
            }
            ("Fn::GetAtt", [id, attribute]) => {
                collect(attribute, scope, found);
                let attribute = attribute.as_str().map(ToOwned::to_owned);
                found.extend(id.as_str().map(|name| Reference { name: name.into(), attribute }));
                return;
            }
            ("Fn::Sub", []) => return substitutions(argument, &Value::Null, found),
            ("Fn::Sub", [text, variables]) => {
                collect(variables, scope, found);
                return substitutions(text, variables, found);
            }
            ("Fn::If", [condition, yes, no]) => {
                let holds = scope.and_then(|scope| scope.conditions.get(condition.as_str()?));
                if holds != Some(&false) {
                    collect(yes, scope, found);
                }
                if holds != Some(&true) {
                    collect(no, scope, found);
                }
                return;
            }
            (_, _) => {}
        }
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(list) => list.iter().for_each(|member| collect(member, scope, found)),
        Value::Object(members) => members.values().for_each(|member| collect(member, scope, found)),
    }
}

fn substitutions(text: &Value, variables: &Value, found: &mut BTreeSet<Reference>) {
    let names = text.as_str().unwrap_or_default().split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    for (name, _) in names.filter(|(name, _)| !name.starts_with('!') && variables.get(name.trim()).is_none()) {
        let (name, attribute) = match name.trim().split_once('.') {
            Some((id, attribute)) => (id, Some(attribute.to_owned())),
            None => (name.trim(), None),
        };
        found.insert(Reference { name: name.into(), attribute });
    }
}

/// The resources that exist, each with those that it waits for. Refuses what refers to nothing, and circles.
pub(super) fn dependencies(scope: &Scope<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, Refusal> {
    let template = scope.template;
    let exists =
        |id: &str| template.resources.get(id).is_some_and(|declared| scope.exists(declared.condition.as_deref()));
    let mut result = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for (id, declared) in template.resources.iter().filter(|(id, _)| exists(id)) {
        let mut waits_for: BTreeSet<String> = declared.depends_on.iter().cloned().collect();
        for reference in of(&declared.properties, Some(scope)) {
            if !is_value(template, &reference.name) {
                waits_for.insert(reference.name);
            }
        }
        missing.extend(waits_for.iter().filter(|name| !exists(name)).cloned());
        result.insert(id.clone(), waits_for);
    }
    if !missing.is_empty() {
        return Err(unresolved(&missing, "Resources"));
    }
    let waves = waves(&result);
    let ordered: usize = waves.iter().map(Vec::len).sum();
    if ordered < result.len() {
        let done: BTreeSet<_> = waves.into_iter().flatten().collect();
        let left: Vec<_> = result.keys().filter(|id| !done.contains(*id)).cloned().collect();
        return Err(Refusal::validation(format!("Circular dependency between resources: [{}]", left.join(", "))));
    }
    Ok(result)
}

/// Refuses what refers to nothing, whatever the conditions say.
pub(super) fn check(template: &Template) -> Result<(), Refusal> {
    let known = |name: &str| is_value(template, name) || template.resources.contains_key(name);
    let missing_of = |value: &Value| {
        of(value, None).into_iter().map(|reference| reference.name).filter(|name| !known(name)).collect::<Vec<_>>()
    };
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for declared in template.resources.values() {
        missing.extend(missing_of(&declared.properties));
        missing.extend(declared.depends_on.iter().filter(|id| !template.resources.contains_key(*id)).cloned());
        if let Some(condition) = declared.condition.as_ref().filter(|name| !template.conditions.contains_key(*name)) {
            return Err(format_error(&format!(
                "Unresolved condition dependency {condition} in the Resources block of the template"
            )));
        }
    }
    if !missing.is_empty() {
        return Err(unresolved(&missing, "Resources"));
    }
    let missing: BTreeSet<_> = template.outputs.values().flat_map(missing_of).collect();
    if !missing.is_empty() {
        return Err(unresolved(&missing, "Outputs"));
    }
    let values: BTreeSet<_> = template.conditions.values().flat_map(|value| of(value, None)).collect();
    let missing: BTreeSet<_> =
        values.into_iter().map(|reference| reference.name).filter(|name| !is_value(template, name)).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format_error(&format!(
            "Unresolved dependencies [{}]. Cannot reference resources in the Conditions block of the template",
            join(&missing)
        ))),
    }
}

/// What can be made at once, then what can be made after that, and so on. A circle is left out.
pub(super) fn waves(dependencies: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut waves = Vec::new();
    loop {
        let ready = |(id, waits_for): &(&String, &BTreeSet<String>)| {
            !done.contains(id.as_str()) && waits_for.iter().all(|id| done.contains(id.as_str()))
        };
        let wave: Vec<_> = dependencies.iter().filter(ready).map(|(id, _)| id).collect();
        if wave.is_empty() {
            return waves;
        }
        waves.push(wave.iter().map(|id| (*id).clone()).collect());
        done.extend(wave.into_iter().map(String::as_str));
    }
}

fn is_value(template: &Template, name: &str) -> bool {
    template.parameters.contains_key(name) || name.starts_with("AWS::")
}

fn unresolved(names: &BTreeSet<String>, block: &str) -> Refusal {
    format_error(&format!("Unresolved resource dependencies [{}] in the {block} block of the template", join(names)))
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
