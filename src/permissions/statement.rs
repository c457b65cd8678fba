//! One statement, and how several become one.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

/// One statement that allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it is about, in letters and digits.
    #[serde(rename = "Sid")]
    pub sid: &'static str,
    #[serde(rename = "Effect")]
    effect: &'static str,
    /// The actions.
    #[serde(rename = "Action", serialize_with = "one_or_many")]
    pub actions: Vec<&'static str>,
    /// The resources.
    #[serde(rename = "Resource", serialize_with = "one_or_many")]
    pub resources: Vec<String>,
    /// `operator`, `key`, `values`.
    #[serde(rename = "Condition", skip_serializing_if = "Vec::is_empty", serialize_with = "conditions")]
    pub conditions: Vec<(&'static str, String, Vec<String>)>,
}

/// One is written as itself: IAM counts characters.
fn one_or_many<T: Serialize, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error> {
    match values {
        [one] => one.serialize(to),
        many => many.serialize(to),
    }
}

/// The same, as a value.
struct OneOrMany<'a>(&'a [String]);

impl Serialize for OneOrMany<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        one_or_many(self.0, to)
    }
}

/// IAM wants an object of objects. No two conditions of a statement share an operator.
fn conditions<S: Serializer>(conditions: &[(&'static str, String, Vec<String>)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(conditions.len()))?;
    for (operator, key, values) in conditions {
        map.serialize_entry(operator, &std::collections::BTreeMap::from([(key, OneOrMany(values))]))?;
    }
    map.end()
}

/// A statement without conditions.
pub(super) fn allow(sid: &'static str, actions: &[&'static str], resources: Vec<String>) -> Statement {
    Statement { sid, effect: "Allow", actions: actions.to_vec(), resources, conditions: Vec::new() }
}

impl Statement {
    /// Under a condition.
    pub(super) fn when(mut self, operator: &'static str, key: &str, values: &[&str]) -> Self {
        self.conditions.push((operator, key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
        self
    }

    /// Takes in what another one allows under the same conditions.
    fn take_in(&mut self, other: Self) {
        let Self { actions, resources, .. } = other;
        actions.into_iter().for_each(|action| add(&mut self.actions, action));
        resources.into_iter().for_each(|resource| add(&mut self.resources, resource));
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

/// Makes one statement of all that have one name: a document is counted by its characters. They have the same conditions,
/// and no action of one can mean a resource of another, so that nothing more is allowed (both are tested).
pub(super) fn together(statements: Vec<Statement>) -> Vec<Statement> {
    let mut all: Vec<Statement> = Vec::new();
    for statement in statements {
        match all.iter_mut().find(|known| known.sid == statement.sid && known.conditions == statement.conditions) {
            Some(known) => known.take_in(statement),
            None => all.push(statement),
        }
    }
    all
}
