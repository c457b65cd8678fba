//! The rights that a command needs of its caller, as IAM policies. Pure. What a pipeline's role gets is printed from here
//! (`doctor --print-policy`), the example policy is this text, and `doctor` asks IAM about these same actions.

mod names;
mod stack_resources;
mod statement;
mod statements;

use serde::Serialize;

pub use names::Names;
pub use statement::Statement;

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

/// A policy document. Serialises to IAM's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    #[serde(rename = "Version")]
    version: &'static str,
    /// What is allowed; nothing is denied.
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

/// What a role for this purpose may do, topic by topic.
#[must_use]
pub fn rights(purpose: Purpose, names: &Names) -> Vec<Statement> {
    match purpose {
        Purpose::Deploy => statements::deploy(names),
        Purpose::Plan => statements::plan(names),
        Purpose::Status => statements::status(names),
        Purpose::Teardown => statements::teardown(names),
    }
}

/// The policy of a role for this purpose: its rights in as few statements as that takes.
#[must_use]
pub fn policy(purpose: Purpose, names: &Names) -> Policy {
    Policy { version: "2012-10-17", statements: statement::together(rights(purpose, names)) }
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

    const ALL: [Purpose; 4] = [Purpose::Deploy, Purpose::Plan, Purpose::Status, Purpose::Teardown];

    /// Each leaves room below IAM's limit, for longer names and for what is still to come.
    #[test]
    fn every_policy_is_short_enough() {
        let lengths = ALL.map(|purpose| {
            [false, true].map(|creates_bucket| policy(purpose, &Names { creates_bucket, ..names() }).length())
        });
        insta::assert_debug_snapshot!(lengths, @"
        [
            [
                5495,
                5853,
            ],
            [
                783,
                783,
            ],
            [
                1658,
                1658,
            ],
            [
                2339,
                2339,
            ],
        ]
        ");
        let [[deploy, with_bucket], ..] = lengths;
        assert!(deploy <= 5600, "of {LONGEST_MANAGED}: {deploy}");
        assert!(with_bucket <= LONGEST_MANAGED, "of {LONGEST_MANAGED}: {with_bucket}");
    }

    #[test]
    fn no_sid_is_there_twice() {
        for purpose in ALL {
            let statements = policy(purpose, &Names { creates_bucket: true, ..names() }).statements;
            let sids: BTreeSet<_> = statements.iter().map(|statement| statement.sid).collect();
            assert_eq!(sids.len(), statements.len(), "{purpose:?}");
        }
    }

    /// Whether an action can be about a resource: one of its own service, and of a type that the action knows (Service
    /// Authorization Reference).
    fn can_mean(action: &str, resource: &str) -> bool {
        let (service, verb) = action.split_once(':').unwrap();
        let Some(rest) = resource.splitn(6, ':').nth(5) else { return resource == "*" };
        let of_service = resource.split(':').nth(2) == Some(service);
        of_service
            && match service {
                "s3" => verb.ends_with("Object") == rest.contains('/'),
                "cloudwatch" => verb.contains("Dashboard") == rest.starts_with("dashboard/"),
                "transfer" => (verb == "TestIdentityProvider") == rest.starts_with("user/"),
                _ => true,
            }
    }

    /// Every action with every resource it can be about, and the conditions for it.
    fn allowed(statements: &[Statement]) -> BTreeSet<String> {
        let of = |statement: &Statement| {
            let pairs = statement.actions.iter().flat_map(|action| {
                statement
                    .resources
                    .iter()
                    .filter(|resource| can_mean(action, resource))
                    .map(move |resource| format!("{action} on {resource} {:?}", statement.conditions))
            });
            pairs.collect::<Vec<_>>()
        };
        statements.iter().flat_map(of).collect()
    }

    #[test]
    fn statements_that_are_put_together_allow_nothing_more_and_nothing_less() {
        for purpose in ALL {
            let names = Names { creates_bucket: true, ..names() };
            let (rights, policy) = (rights(purpose, &names), policy(purpose, &names));
            assert_eq!(allowed(&rights), allowed(&policy.statements), "{purpose:?}");
            assert!(rights.len() > policy.statements.len(), "{purpose:?}");
            for statement in &rights {
                for action in &statement.actions {
                    let meant = statement.resources.iter().any(|resource| can_mean(action, resource));
                    assert!(meant, "{purpose:?}: {action} is about none of {:?}", statement.resources);
                }
            }
        }
    }

    #[test]
    fn a_condition_is_an_object_of_objects() {
        let json = policy(Purpose::Teardown, &names()).to_json();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let own = json["Statement"].as_array().unwrap().iter().find(|statement| statement["Sid"] == "Own").unwrap();
        let tag = &own["Condition"]["StringEquals"]["aws:ResourceTag/sftp-okta:deployment"];
        assert_eq!(tag, "partners");
    }
}
