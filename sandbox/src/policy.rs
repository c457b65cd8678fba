//! IAM policies: whether statements allow an action on a resource (IAM User Guide, "Policy evaluation logic").
//!
//! A statement with an operator that is not known here never allows, and always denies.

mod condition;
mod pattern;
mod role;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use pattern::matches;
pub(crate) use role::{identity_policies, is_allowed_to_role};

/// What is known of a request, by condition key. Keys differ in case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context(BTreeMap<String, Vec<String>>);

/// A context with one value for each key.
pub(crate) fn context<const N: usize>(keys: [(&str, &str); N]) -> Context {
    Context(keys.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), vec![value.to_owned()])).collect())
}

impl Context {
    /// With one more key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.to_ascii_lowercase(), vec![value.to_owned()]);
        self
    }

    fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Such as `s3:GetObject`.
    pub(crate) action: &'a str,
    /// An ARN.
    pub(crate) resource: &'a str,
    /// Who asks: every name that a policy may have for it. Only policies of resources and roles look at it.
    pub(crate) principals: &'a [String],
    /// What is known beside.
    pub(crate) context: &'a Context,
}

/// What policies say of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A statement allows it and none denies it.
    Allow,
    /// A statement denies it.
    Deny,
    /// No statement speaks of it.
    Silence,
}

/// A policy document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Document {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allows: bool,
    principal: Option<Element>,
    action: Element,
    resource: Option<Element>,
    conditions: Vec<condition::Condition>,
}

/// A list of patterns, or everything but them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    patterns: Vec<String>,
    is_negated: bool,
}

impl Document {
    /// Reads a document; `None` for what is not one.
    pub(crate) fn from_json(document: &Value) -> Option<Self> {
        let statements = match document.get("Statement")? {
            Value::Array(statements) => statements.iter().map(Statement::from_json).collect::<Option<_>>()?,
            one @ Value::Object(_) => vec![Statement::from_json(one)?],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
        Some(Self { statements })
    }

    /// Reads a document that is text, as session policies are.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Self::from_json(&serde_json::from_str(text).ok()?)
    }
}

impl Statement {
    fn from_json(statement: &Value) -> Option<Self> {
        let allows = match statement.get("Effect")?.as_str()? {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        let element = |name: &str, read: fn(&Value) -> Option<Vec<String>>| {
            let negated = format!("Not{name}");
            match (statement.get(name), statement.get(&negated)) {
                (Some(value), None) => read(value).map(|patterns| Some(Element { patterns, is_negated: false })),
                (None, Some(value)) => read(value).map(|patterns| Some(Element { patterns, is_negated: true })),
                (None, None) => Some(None),
                (Some(_), Some(_)) => None,
            }
        };
        Some(Self {
            allows,
            principal: element("Principal", principals)?,
            action: element("Action", texts)??,
            resource: element("Resource", texts)?,
            conditions: condition::read(statement.get("Condition"))?,
        })
    }

    fn applies(&self, request: &Request<'_>) -> bool {
        let is_named = |name: &String| name == "*" || request.principals.contains(name);
        let principal = self.principal.as_ref().is_none_or(|element| element.holds(is_named));
        let action = request.action.to_ascii_lowercase();
        let is_action = |pattern: &String| matches(&pattern.to_ascii_lowercase(), &action);
        let is_resource =
            |pattern: &String| matches(&condition::with_variables(pattern, request.context), request.resource);
        principal
            && self.action.holds(is_action)
            && self.resource.as_ref().is_none_or(|element| element.holds(is_resource))
            && self.conditions.iter().all(|condition| condition.holds(request.context).unwrap_or(!self.allows))
    }
}

impl Element {
    fn holds(&self, is_it: impl Fn(&String) -> bool) -> bool {
        self.patterns.iter().any(is_it) != self.is_negated
    }
}

/// What the documents say together: one Deny is enough, and otherwise one Allow.
pub(crate) fn decide(documents: &[Document], request: &Request<'_>) -> Decision {
    let applying = || documents.iter().flat_map(|document| &document.statements).filter(|one| one.applies(request));
    if applying().any(|statement| !statement.allows) {
        Decision::Deny
    } else if applying().next().is_some() {
        Decision::Allow
    } else {
        Decision::Silence
    }
}

/// Whether the documents together allow the request.
pub(crate) fn allows(documents: &[Document], request: &Request<'_>) -> bool {
    decide(documents, request) == Decision::Allow
}

/// One text or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// `*`, or lists by kind. The kinds do not overlap in what they name.
fn principals(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Object(kinds) => {
            kinds.values().map(texts).collect::<Option<Vec<_>>>().map(|lists| lists.into_iter().flatten().collect())
        }
        other => texts(other),
    }
}

#[cfg(test)]
#[path = "policy/tests.rs"]
mod tests;
