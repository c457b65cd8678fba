//! The rights that a command needs of its caller, as IAM policies. Pure. What a pipeline's role gets is printed from here
//! (`doctor --print-policy`), the example policy is this text, and `doctor` asks IAM about these same actions.

mod statements;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

/// What the role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `deploy`; it also covers `plan`, `status` and `teardown`.
    Deploy,
    /// `plan`: reads only.
    Plan,
    /// `status`, with `--drift` and `--all`: reads only.
    Status,
    /// `teardown`.
    Teardown,
}

/// What the statements name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Such as `aws`.
    pub partition: String,
    /// The account's id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The deployment's name.
    pub deployment: String,
    /// The stack's name.
    pub stack: String,
    /// The bucket with the function's zip and the lease.
    pub artifact_bucket: String,
    /// The users' bucket.
    pub bucket: String,
    /// Whether the stack makes that bucket.
    pub creates_bucket: bool,
    /// The policy that bounds the stack's roles.
    pub boundary: Option<String>,
}

/// Who makes the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// This program.
    Direct,
    /// CloudFormation, or another service, with the caller's rights.
    Service,
}

/// A policy document. Serialises to IAM's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    #[serde(rename = "Version")]
    version: &'static str,
    /// What is allowed; nothing is denied.
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

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
    /// Who makes these calls.
    #[serde(skip)]
    pub through: Through,
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

/// The policy of a role for this purpose.
#[must_use]
pub fn policy(purpose: Purpose, names: &Names) -> Policy {
    let statements = match purpose {
        Purpose::Deploy => statements::deploy(names),
        Purpose::Plan => statements::plan(names),
        Purpose::Status => statements::status(names),
        Purpose::Teardown => statements::teardown(names),
    };
    Policy { version: "2012-10-17", statements }
}

/// IAM's limit for a managed policy, in characters without white space. A role's inline policies may have 10,240 together
/// (IAM User Guide, "IAM and AWS STS quotas").
pub const LONGEST_MANAGED: usize = 6144;

impl Policy {
    /// Its length as IAM counts it.
    #[must_use]
    pub fn length(&self) -> usize {
        serde_json::to_string(self)
            .map(|json| json.chars().filter(|letter| !letter.is_whitespace()).count())
            .unwrap_or(0)
    }

    /// The document, indented, with a line break at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialising these types cannot fail: every key is a text.
        serde_json::to_string_pretty(self).map(|json| format!("{json}\n")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names() -> Names {
        Names {
            partition: "aws".into(),
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            deployment: "partners".into(),
            stack: "sftp-okta-partners".into(),
            artifact_bucket: "sftp-okta-artifacts-111122223333-eu-west-1".into(),
            bucket: "acme-partner-files".into(),
            creates_bucket: false,
            boundary: Some("arn:aws:iam::111122223333:policy/sftp-okta-boundary".into()),
        }
    }

    fn actions(purpose: Purpose) -> BTreeSet<&'static str> {
        policy(purpose, &names()).statements.into_iter().flat_map(|statement| statement.actions).collect()
    }

    #[test]
    fn a_deployer_may_do_all_that_the_others_may() {
        let deploy = actions(Purpose::Deploy);
        for purpose in [Purpose::Plan, Purpose::Teardown] {
            let more: Vec<_> = actions(purpose).difference(&deploy).copied().collect();
            assert_eq!(more, [""; 0], "{purpose:?}");
        }
    }

    #[test]
    fn readers_change_nothing() {
        for purpose in [Purpose::Plan, Purpose::Status] {
            for action in actions(purpose) {
                let verb = action.split_once(':').map_or(action, |(_, verb)| verb);
                let reads = ["Get", "List", "Describe", "Detect", "GET"].iter().any(|start| verb.starts_with(start));
                assert!(reads, "{purpose:?}: {action}");
            }
        }
    }

    #[test]
    fn every_policy_is_short_enough() {
        for purpose in [Purpose::Deploy, Purpose::Plan, Purpose::Status, Purpose::Teardown] {
            for creates_bucket in [false, true] {
                let policy = policy(purpose, &Names { creates_bucket, ..names() });
                let limit = if creates_bucket { 10_240 } else { LONGEST_MANAGED };
                assert!(policy.length() > 500 && policy.length() <= limit, "{purpose:?}: {}", policy.length());
                let mut sids: Vec<_> = policy.statements.iter().map(|statement| statement.sid).collect();
                sids.sort_unstable();
                sids.dedup();
                assert_eq!(sids.len(), policy.statements.len(), "{purpose:?}: a Sid twice");
            }
        }
    }

    #[test]
    fn a_condition_is_an_object_of_objects() {
        let json = policy(Purpose::Teardown, &names()).to_json();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let own =
            json["Statement"].as_array().unwrap().iter().find(|statement| statement["Sid"] == "OwnServer").unwrap();
        let tag = &own["Condition"]["StringEquals"]["aws:ResourceTag/sftp-okta:deployment"];
        assert_eq!(tag, "partners");
    }
}
