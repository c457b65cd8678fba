//! Reads a template, YAML with short tags or JSON, into one form: every intrinsic function by its long name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::aws::wire::Refusal;

/// A template, read but not yet evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Template {
    /// What it says about itself.
    pub(super) description: Option<String>,
    /// Declared parameters.
    pub(super) parameters: BTreeMap<String, Value>,
    /// Mappings, as `Fn::FindInMap` reads them.
    pub(super) mappings: Value,
    /// Conditions, unevaluated.
    pub(super) conditions: BTreeMap<String, Value>,
    /// Resources by logical id.
    pub(super) resources: BTreeMap<String, Declaration>,
    /// Outputs, unevaluated.
    pub(super) outputs: BTreeMap<String, Value>,
}

/// A resource as the template declares it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Declaration {
    /// Such as `AWS::IAM::Role`.
    pub(super) kind: String,
    /// It exists only where this condition holds.
    pub(super) condition: Option<String>,
    /// What it waits for beside what it refers to.
    pub(super) depends_on: Vec<String>,
    /// What happens to it when it leaves the stack.
    pub(super) deletion_policy: Option<String>,
    /// What happens to the old one when it is replaced.
    pub(super) update_replace_policy: Option<String>,
    /// Unevaluated.
    pub(super) properties: Value,
}

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];
const MEMBERS: [&str; 9] = [
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
];

/// Reads a template.
pub(super) fn parse(body: &str) -> Result<Template, Refusal> {
    let document = document(body)?;
    let Value::Object(document) = document else {
        return Err(format_error("unsupported structure."));
    };
    let unknown: Vec<_> = document.keys().filter(|name| !SECTIONS.contains(&name.as_str())).cloned().collect();
    if !unknown.is_empty() {
        return Err(Refusal::validation(format!("Invalid template property or properties [{}]", unknown.join(", "))));
    }
    if document.contains_key("Transform") || document.contains_key("Rules") {
        return Err(Refusal::validation("The sandbox's CloudFormation has no Transform and no Rules"));
    }
    let section = |name: &str| -> Result<BTreeMap<String, Value>, Refusal> {
        match document.get(name) {
            None | Some(Value::Null) => Ok(BTreeMap::new()),
            Some(Value::Object(members)) => Ok(members.clone().into_iter().collect()),
            Some(_) => Err(format_error(&format!("[/{name}] unsupported structure."))),
        }
    };
    let declared = section("Resources")?;
    if declared.is_empty() {
        return Err(format_error("At least one Resources member must be defined."));
    }
    let resources = declared.into_iter().map(|(id, value)| Ok((id.clone(), declaration(&id, &value)?)));
    Ok(Template {
        description: document.get("Description").and_then(Value::as_str).map(|text| text.trim_end().to_owned()),
        parameters: section("Parameters")?,
        mappings: document.get("Mappings").cloned().unwrap_or(Value::Null),
        conditions: section("Conditions")?,
        resources: resources.collect::<Result<_, Refusal>>()?,
        outputs: section("Outputs")?,
    })
}

fn declaration(id: &str, value: &Value) -> Result<Declaration, Refusal> {
    let Value::Object(members) = value else {
        return Err(format_error(&format!("[/Resources/{id}] resource definition is malformed")));
    };
    if !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format_error(&format!("Resource name {id} is non alphanumeric.")));
    }
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(Refusal::validation(format!("Invalid template resource property '{unknown}'")));
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let kind = text("Type").ok_or_else(|| {
        format_error(&format!("[/Resources/{id}] Every Resources object must contain a Type member."))
    })?;
    let depends_on = match members.get("DependsOn") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        Some(_) | None => Vec::new(),
    };
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        let known = ["Delete", "Retain", "Snapshot", "RetainExceptOnCreate"];
        if let Some(given) = text(policy).filter(|given| !known.contains(&given.as_str())) {
            return Err(format_error(&format!("Unrecognized {policy} {given} for resource {id}")));
        }
    }
    Ok(Declaration {
        kind,
        condition: text("Condition"),
        depends_on,
        deletion_policy: text("DeletionPolicy"),
        update_replace_policy: text("UpdateReplacePolicy"),
        properties: members.get("Properties").cloned().unwrap_or_else(|| json!({})),
    })
}

fn document(body: &str) -> Result<Value, Refusal> {
    if body.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(body)
    {
        return Ok(value);
    }
    let yaml = serde_yaml_ng::from_str(body)
        .map_err(|error: serde_yaml_ng::Error| format_error(&format!("YAML not well-formed. ({error})")))?;
    value(yaml)
}

/// Short tags become what they stand for. Keys are text, whatever YAML thinks they are.
fn value(yaml: serde_yaml_ng::Value) -> Result<Value, Refusal> {
    use serde_yaml_ng::Value as Yaml;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => flag.into(),
        Yaml::String(text) => text.into(),
        Yaml::Number(number) => serde_json::to_value(number).unwrap_or(Value::Null),
        Yaml::Sequence(list) => Value::Array(list.into_iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let members = members.into_iter().map(|(name, member)| {
                let name = match value(name)? {
                    Value::String(name) => name,
                    name @ (Value::Bool(_) | Value::Number(_)) => name.to_string(),
                    Value::Null | Value::Array(_) | Value::Object(_) => {
                        return Err(format_error("YAML not well-formed. (a key is not text)"));
                    }
                };
                Ok((name, value(member)?))
            });
            Value::Object(members.collect::<Result<Map<_, _>, _>>()?)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            function(name, value(tagged.value)?)?
        }
    })
}

fn function(tag: &str, argument: Value) -> Result<Value, Refusal> {
    let long = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        "GetAtt" | "Sub" | "Join" | "Select" | "Split" | "If" | "Equals" | "And" | "Or" | "Not" | "FindInMap"
        | "Base64" | "ImportValue" | "GetAZs" | "Cidr" => format!("Fn::{tag}"),
        _ => return Err(format_error(&format!("YAML not well-formed. (unknown tag !{tag})"))),
    };
    let argument = match (tag, argument) {
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((id, attribute)) => json!([id, attribute]),
            None => {
                return Err(Refusal::validation(format!(
                    "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute ({path})"
                )));
            }
        },
        (_, argument) => argument,
    };
    Ok(Value::Object(Map::from_iter([(long, argument)])))
}

/// What is wrong with a template's form.
pub(super) fn format_error(what: &str) -> Refusal {
    Refusal::validation(format!("Template format error: {what}"))
}
