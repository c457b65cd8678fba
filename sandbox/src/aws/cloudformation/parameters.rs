//! Parameters of a template: their values, checked against what the template declares.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::template::Template;
use crate::aws::wire::Refusal;
use crate::aws::wire::query::Parameters as Form;

/// Values by name, as text.
pub(super) type Values = BTreeMap<String, String>;

/// A parameter as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shown {
    /// Its name.
    pub(super) name: String,
    /// Its value, or stars.
    pub(super) value: String,
}

/// The values of a request; `before` are those of the stack, which `UsePreviousValue` takes.
pub(super) fn given(form: &Form, before: Option<&Values>) -> Result<Values, Refusal> {
    let mut values = Values::new();
    for entry in form.structures("Parameters") {
        let name = entry.text("ParameterKey").unwrap_or_default().to_owned();
        let value = if entry.flag("UsePreviousValue") == Some(true) {
            let invalid = || {
                Refusal::validation(format!(
                    "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                ))
            };
            before.and_then(|before| before.get(&name)).cloned().ok_or_else(invalid)?
        } else {
            entry.text("ParameterValue").unwrap_or_default().to_owned()
        };
        if values.insert(name.clone(), value).is_some() {
            return Err(Refusal::validation(format!("Parameter {name} is given twice")));
        }
    }
    Ok(values)
}

/// Adds defaults and checks everything.
pub(super) fn complete(template: &Template, given: &Values) -> Result<Values, Refusal> {
    let unknown: Vec<_> = given.keys().filter(|name| !template.parameters.contains_key(*name)).cloned().collect();
    if !unknown.is_empty() {
        return Err(Refusal::validation(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let mut values = Values::new();
    let mut missing = Vec::new();
    for (name, declared) in &template.parameters {
        let default = || declared.get("Default").map(text);
        match given.get(name).cloned().or_else(default) {
            Some(value) => {
                check(name, declared, &value)?;
                values.insert(name.clone(), value);
            }
            None => missing.push(name.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    Err(Refusal::validation(format!("Parameters: [{}] must have values", missing.join(", "))))
}

/// What `Ref` gives.
pub(super) fn referenced(template: &Template, name: &str, values: &Values) -> Option<Value> {
    let value = values.get(name)?;
    let kind = template.parameters.get(name).and_then(|declared| declared.get("Type")).and_then(Value::as_str);
    let is_list = kind.is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
    if is_list { Some(value.split(',').map(str::trim).collect()) } else { Some(json!(value)) }
}

/// Values as anybody may see them.
pub(super) fn shown(template: &Template, values: &Values) -> Vec<Shown> {
    let hidden = |name: &str| {
        template
            .parameters
            .get(name)
            .and_then(|declared| declared.get("NoEcho"))
            .map(text)
            .is_some_and(|flag| flag == "true")
    };
    let show = |(name, value): (&String, &String)| Shown {
        name: name.clone(),
        value: if hidden(name) { "****".into() } else { value.clone() },
    };
    values.iter().map(show).collect()
}

/// YAML's numbers and flags as the text they were.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn check(name: &str, declared: &Value, value: &str) -> Result<(), Refusal> {
    let said = declared.get("ConstraintDescription").map(text);
    let fail = |what: String| {
        let message = match &said {
            Some(said) => format!("Parameter {name} failed to satisfy constraint: {said}"),
            None => format!("Parameter '{name}' {what}"),
        };
        Err(Refusal::validation(message))
    };
    let member = |name: &str| declared.get(name).map(text);
    let count = |name: &str| member(name).and_then(|count| count.parse::<usize>().ok());
    let bound = |name: &str| member(name).and_then(|bound| bound.parse::<f64>().ok());
    let number = || value.trim().parse::<f64>().ok();
    let kind = member("Type").unwrap_or_default();
    let is_known = ["String", "Number", "CommaDelimitedList"].contains(&kind.as_str())
        || kind.starts_with("List<")
        || kind.starts_with("AWS::EC2::");
    if !is_known {
        return Err(Refusal::validation(format!("Template format error: Unrecognized parameter type: {kind}")));
    }
    if value.len() > 4096 {
        return fail("must contain at most 4096 characters".into());
    }
    if let Some(allowed) = declared.get("AllowedValues").and_then(Value::as_array)
        && !allowed.iter().any(|allowed| text(allowed) == value)
    {
        return fail("must be one of AllowedValues".into());
    }
    if let Some(pattern) = member("AllowedPattern") {
        let whole = Regex::new(&format!("^(?:{pattern})$"));
        let whole = whole.map_err(|_| Refusal::validation(format!("Invalid AllowedPattern of parameter {name}")))?;
        if !whole.is_match(value) {
            return fail(format!("must match pattern {pattern}"));
        }
    }
    if let Some(least) = count("MinLength").filter(|least| value.chars().count() < *least) {
        return fail(format!("must contain at least {least} characters"));
    }
    if let Some(most) = count("MaxLength").filter(|most| value.chars().count() > *most) {
        return fail(format!("must contain at most {most} characters"));
    }
    if kind == "Number" {
        let Some(number) = number() else { return fail("must be a number".into()) };
        if let Some(least) = bound("MinValue").filter(|least| number < *least) {
            return fail(format!("must be a number not less than {least}"));
        }
        if let Some(most) = bound("MaxValue").filter(|most| number > *most) {
            return fail(format!("must be a number not greater than {most}"));
        }
    }
    Ok(())
}
