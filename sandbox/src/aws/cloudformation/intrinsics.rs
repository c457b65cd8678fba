//! Intrinsic functions: a template's values become what they stand for.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::parameters::{self, Values};
use super::template::{Template, format_error};
use crate::ACCOUNT;
use crate::aws::wire::Refusal;
use crate::aws::wire::call::partition;

/// What a value is that is known only when its resource was made. CloudFormation shows it in change sets.
pub(super) const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// How deep conditions may be nested.
const DEEPEST: usize = 100;

/// What `Ref` and `Fn::GetAtt` give for a resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Made {
    /// For `Ref`.
    pub(super) physical_id: String,
    /// For `Fn::GetAtt`.
    pub(super) attributes: BTreeMap<String, Value>,
    /// It is not made yet: everything about it is [`UNKNOWN`].
    pub(super) unknown: bool,
}

/// What the pseudo parameters stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Pseudo {
    /// `AWS::Region`.
    pub(super) region: String,
    /// `AWS::StackName`.
    pub(super) stack_name: String,
    /// `AWS::StackId`.
    pub(super) stack_arn: String,
}

/// Everything a value can refer to.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    /// The template.
    pub(super) template: &'a Template,
    /// Values of its parameters.
    pub(super) values: &'a Values,
    /// Pseudo parameters.
    pub(super) pseudo: &'a Pseudo,
    /// Its conditions, evaluated.
    pub(super) conditions: BTreeMap<String, bool>,
    /// Resources made so far.
    pub(super) made: BTreeMap<String, Made>,
}

impl<'a> Scope<'a> {
    /// Evaluates the conditions.
    pub(super) fn new(template: &'a Template, values: &'a Values, pseudo: &'a Pseudo) -> Result<Self, Refusal> {
        let mut scope = Self { template, values, pseudo, conditions: BTreeMap::new(), made: BTreeMap::new() };
        for name in template.conditions.keys() {
            let holds = scope.condition(name, 0)?;
            scope.conditions.insert(name.clone(), holds);
        }
        Ok(scope)
    }

    /// Whether a resource or an output exists.
    pub(super) fn exists(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(false))
    }

    fn condition(&self, name: &str, depth: usize) -> Result<bool, Refusal> {
        if let Some(known) = self.conditions.get(name) {
            return Ok(*known);
        }
        let unresolved =
            || format_error(&format!("Unresolved condition dependency {name} in the Conditions block of the template"));
        let value = self.template.conditions.get(name).ok_or_else(unresolved)?;
        // No template is as deep as that, but a circle is.
        if depth > DEEPEST {
            return Err(format_error("Found circular condition dependency"));
        }
        self.holds(value, depth + 1)
    }

    fn holds(&self, value: &Value, depth: usize) -> Result<bool, Refusal> {
        let wrong =
            || Refusal::validation("Template error: every Condition member must be a boolean function of conditions");
        let (name, argument) = call(value).ok_or_else(wrong)?;
        let list = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (name, list) {
            ("Condition", _) => self.condition(argument.as_str().ok_or_else(wrong)?, depth),
            ("Fn::Not", [one]) => Ok(!self.holds(one, depth + 1)?),
            ("Fn::And", all) => all.iter().try_fold(true, |so_far, one| Ok(self.holds(one, depth + 1)? && so_far)),
            ("Fn::Or", all) => all.iter().try_fold(false, |so_far, one| Ok(self.holds(one, depth + 1)? || so_far)),
            ("Fn::Equals", [left, right]) => {
                let (left, right) = (self.resolve(left)?, self.resolve(right)?);
                Ok(left.map(|value| parameters::text(&value)) == right.map(|value| parameters::text(&value)))
            }
            (_, _) => Err(wrong()),
        }
    }

    /// What a value stands for; `None` where it is `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value) -> Result<Option<Value>, Refusal> {
        if let Some((name, argument)) = call(value).filter(|(name, _)| is_function(name)) {
            return self.function(name, argument);
        }
        Ok(Some(match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
            Value::Array(list) => Value::Array(self.list(list)?),
            Value::Object(members) => {
                let mut resolved = Map::new();
                for (name, member) in members {
                    if let Some(member) = self.resolve(member)? {
                        resolved.insert(name.clone(), member);
                    }
                }
                Value::Object(resolved)
            }
        }))
    }

    fn list(&self, list: &[Value]) -> Result<Vec<Value>, Refusal> {
        list.iter().filter_map(|member| self.resolve(member).transpose()).collect()
    }

    fn function(&self, name: &str, argument: &Value) -> Result<Option<Value>, Refusal> {
        let list = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let wrong = || Refusal::validation(format!("Template error: {name} has wrong arguments"));
        match (name, list) {
            ("Ref", _) => self.reference(argument.as_str().ok_or_else(wrong)?),
            ("Fn::GetAtt", [id, attribute]) => {
                let attribute = self.text(attribute)?;
                self.attribute(id.as_str().ok_or_else(wrong)?, &attribute).map(Some)
            }
            ("Fn::Sub", []) => self.substitute(argument.as_str().ok_or_else(wrong)?, None),
            ("Fn::Sub", [text, variables]) => self.substitute(text.as_str().ok_or_else(wrong)?, Some(variables)),
            ("Fn::Join", [separator, parts]) => {
                let parts = self.resolve(parts)?.ok_or_else(wrong)?;
                let parts: Vec<_> = parts.as_array().ok_or_else(wrong)?.iter().map(parameters::text).collect();
                Ok(Some(parts.join(separator.as_str().ok_or_else(wrong)?).into()))
            }
            ("Fn::Split", [separator, text]) => {
                let text = self.text(text)?;
                Ok(Some(text.split(separator.as_str().ok_or_else(wrong)?).collect()))
            }
            ("Fn::Select", [index, from]) => {
                let from = self.resolve(from)?.ok_or_else(wrong)?;
                let index: usize = self.text(index)?.parse().map_err(|_| wrong())?;
                let outside = || {
                    Refusal::validation(format!(
                        "Template error: Fn::Select cannot select nonexistent value at index {index}"
                    ))
                };
                from.get(index).cloned().map(Some).ok_or_else(outside)
            }
            ("Fn::If", [condition, yes, no]) => {
                let condition = condition.as_str().ok_or_else(wrong)?;
                let unresolved = || {
                    Refusal::validation(format!(
                        "Template error: unresolved condition dependency {condition} in Fn::If"
                    ))
                };
                let holds = self.conditions.get(condition).ok_or_else(unresolved)?;
                self.resolve(if *holds { yes } else { no })
            }
            ("Fn::FindInMap", [map, first, second]) => {
                let (map, first, second) = (self.text(map)?, self.text(first)?, self.text(second)?);
                let found = self.template.mappings.get(&map).and_then(|map| map.get(&first)?.get(&second));
                let missing = || {
                    Refusal::validation(format!("Template error: Unable to get mapping for {map}::{first}::{second}"))
                };
                found.cloned().map(Some).ok_or_else(missing)
            }
            ("Fn::Base64", _) => Ok(Some(STANDARD.encode(self.text(argument)?).into())),
            ("Fn::ImportValue", _) => {
                Err(Refusal::validation(format!("No export named {} found.", self.text(argument)?)))
            }
            ("Condition", _) => Ok(Some(self.holds(&serde_json::json!({"Condition": argument}), 0)?.into())),
            (_, _) => Err(wrong()),
        }
    }

    fn text(&self, value: &Value) -> Result<String, Refusal> {
        Ok(self.resolve(value)?.as_ref().map(parameters::text).unwrap_or_default())
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, Refusal> {
        let part = partition(&self.pseudo.region);
        let suffix = if part == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let pseudo = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => self.pseudo.region.as_str(),
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => part,
            "AWS::URLSuffix" => suffix,
            "AWS::StackName" => self.pseudo.stack_name.as_str(),
            "AWS::StackId" => self.pseudo.stack_arn.as_str(),
            "AWS::NotificationARNs" => return Ok(Some(Value::Array(Vec::new()))),
            _ => {
                let of_resource = || self.made.get(name).map(|made| made.physical_id.clone().into());
                let found = parameters::referenced(self.template, name, self.values).or_else(of_resource);
                return found.map(Some).ok_or_else(|| unresolved(name));
            }
        };
        Ok(Some(pseudo.into()))
    }

    fn attribute(&self, id: &str, attribute: &str) -> Result<Value, Refusal> {
        let made = self.made.get(id).ok_or_else(|| unresolved(id))?;
        if made.unknown {
            return Ok(UNKNOWN.into());
        }
        made.attributes.get(attribute).cloned().ok_or_else(|| {
            Refusal::validation(format!(
                "Template error: resource {id} does not support attribute type {attribute} in Fn::GetAtt"
            ))
        })
    }

    fn substitute(&self, text: &str, variables: Option<&Value>) -> Result<Option<Value>, Refusal> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(Refusal::validation(
                    "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
                ));
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let own = variables.and_then(|variables| variables.get(name));
            let value = match (own, name.split_once('.')) {
                (Some(value), _) => self.resolve(value)?,
                (None, Some((id, attribute))) => Some(self.attribute(id, attribute)?),
                (None, None) => self.reference(name)?,
            };
            result.push_str(&value.as_ref().map(parameters::text).unwrap_or_default());
        }
        result.push_str(rest);
        Ok(Some(result.into()))
    }
}

/// An object with one member may be a function.
pub(super) fn call(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object()?;
    let (name, argument) = members.iter().next()?;
    (members.len() == 1).then_some((name.as_str(), argument))
}

/// Whether a member's name is that of a function. `Condition` is one only in conditions: in a policy it is a key.
pub(super) fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

fn unresolved(name: &str) -> Refusal {
    format_error(&format!("Unresolved resource dependencies [{name}] in the Resources block of the template"))
}
