//! Every reference leads somewhere, and everything that can be referred to is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{Finding, catches, entries, finding, holds, set};

const PSEUDO: [&str; 6] =
    ["AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"];

#[derive(Default)]
struct References {
    names: BTreeSet<String>,
    attributes: BTreeSet<String>,
    conditions: BTreeSet<String>,
}

impl References {
    fn collect(&mut self, value: &Value) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, argument)| {
                self.note(key, argument);
                self.collect(argument);
            }),
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn note(&mut self, key: &str, argument: &Value) {
        match (key, argument) {
            ("Ref", Value::String(name)) => _ = self.names.insert(name.clone()),
            ("Fn::GetAtt", Value::Array(parts)) => {
                self.attributes.extend(parts.first().and_then(Value::as_str).map(str::to_owned));
            }
            ("Fn::Sub", Value::String(text)) => self.note_variables(text),
            ("Fn::If", Value::Array(parts)) => {
                self.conditions.extend(parts.first().and_then(Value::as_str).map(str::to_owned));
            }
            // A policy's Condition is an object; a resource's, and the function of that name, a text.
            ("Condition", Value::String(name)) => _ = self.conditions.insert(name.clone()),
            ("DependsOn", Value::String(name)) => _ = self.attributes.insert(name.clone()),
            ("DependsOn", Value::Array(names)) => {
                self.attributes.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => {}
        }
    }

    /// `${Name}`, `${Resource.Attribute}`; `${!Literal}` is none.
    fn note_variables(&mut self, text: &str) {
        for variable in text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name) {
            match variable.split_once('.') {
                _ if variable.starts_with('!') => {}
                Some((resource, _)) => _ = self.attributes.insert(resource.to_owned()),
                None => _ = self.names.insert(variable.to_owned()),
            }
        }
    }
}

fn names(section: &Value) -> BTreeSet<String> {
    entries(section).into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn references_resolve(template: &Value) -> Vec<Finding> {
    let mut used = References::default();
    used.collect(template);
    let (parameters, conditions) = (names(&template["Parameters"]), names(&template["Conditions"]));
    let resources = names(&template["Resources"]);
    let known =
        |name: &&String| parameters.contains(*name) || resources.contains(*name) || PSEUDO.contains(&name.as_str());
    let mut found = Vec::new();
    found.extend(used.names.iter().filter(|name| !known(name)).map(|name| finding(name, "refers to nothing")));
    found.extend(used.attributes.difference(&resources).map(|name| finding(name, "no such resource")));
    found.extend(used.conditions.difference(&conditions).map(|name| finding(name, "no such condition")));
    found.extend(parameters.difference(&used.names).map(|name| finding(name, "a parameter without effect")));
    found.extend(conditions.difference(&used.conditions).map(|name| finding(name, "a condition without effect")));
    found
}

#[test]
fn the_template_holds() {
    holds(references_resolve);
}

#[test]
fn a_dangling_reference_is_caught() {
    let user = "/UserAccessRole/Properties";
    let description = format!("{user}/Description");
    catches(references_resolve, &description, set(json!({"Ref": "Nothing"})));
    catches(references_resolve, &description, set(json!({"Fn::GetAtt": ["Nothing", "Arn"]})));
    catches(references_resolve, &description, set(json!({"Fn::Sub": "a ${Nothing}"})));
    catches(references_resolve, &description, set(json!({"Fn::Sub": "a ${Nothing.Arn}"})));
    catches(references_resolve, &description, set(json!({"Fn::If": ["Nothing", "a", "b"]})));
    catches(references_resolve, "/UserBucket/Condition", set(json!("Nothing")));
    catches(references_resolve, "/IdentityProviderFunction/Properties/Architectures", set(json!(["arm64"])));
}
