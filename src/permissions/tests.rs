//! What each policy allows, and how long it is.

use std::collections::BTreeSet;

use super::resource_types::can_mean;
use super::*;

fn names() -> Names {
    Names {
        partition: "aws".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        deployment: "partners".into(),
        // Not the usual one: what is named by the deployment must not be looked for by the stack, nor the other way round.
        stack: "acme-sftp".into(),
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
            let reads =
                ["Get", "List", "Describe", "Detect", "GET", "Decrypt"].iter().any(|start| verb.starts_with(start));
            // A change set changes nothing before somebody executes it, and these tags are only ever those of one.
            let of_a_change_set = purpose == Purpose::Plan
                && ["CreateChangeSet", "DeleteChangeSet", "TagResource", "UntagResource"].contains(&verb)
                && action.starts_with("cloudformation:");
            assert!(reads || of_a_change_set, "{purpose:?}: {action}");
        }
    }
}

/// Each leaves room below IAM's limit, for longer names and for what is still to come.
#[test]
fn every_policy_is_short_enough() {
    let lengths = Purpose::ALL.map(|purpose| {
        [false, true].map(|creates_bucket| policy(purpose, &Names { creates_bucket, ..names() }).length())
    });
    insta::assert_debug_snapshot!(lengths, @"
    [
        [
            5552,
            5952,
        ],
        [
            1064,
            1064,
        ],
        [
            1962,
            2673,
        ],
        [
            2311,
            2311,
        ],
    ]
    ");
    let [[deploy, with_bucket], ..] = lengths;
    assert!(deploy <= 5600, "of {LONGEST_MANAGED}: {deploy}");
    assert!(with_bucket <= LONGEST_MANAGED, "of {LONGEST_MANAGED}: {with_bucket}");
}

#[test]
fn no_sid_is_there_twice() {
    for purpose in Purpose::ALL {
        let statements = policy(purpose, &Names { creates_bucket: true, ..names() }).statements;
        let sids: BTreeSet<_> = statements.iter().map(|statement| statement.sid).collect();
        assert_eq!(sids.len(), statements.len(), "{purpose:?}");
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
    for purpose in Purpose::ALL {
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

/// The resources of all statements with this action.
fn resources_of(purpose: Purpose, names: &Names, action: &str) -> Vec<String> {
    let rights = rights(purpose, names);
    let of_action = rights.into_iter().filter(|statement| statement.actions.contains(&action));
    of_action.flat_map(|statement| statement.resources).filter(|resource| can_mean(action, resource)).collect()
}

/// CloudFormation shortens a stack's name in the names that it makes up where the whole would be too long.
#[test]
fn made_up_names_are_met_however_long_the_stacks_name_is() {
    let first = |stack: &str, action: &str| {
        let names = Names { stack: stack.into(), ..names() };
        let found = resources_of(Purpose::Deploy, &names, action).into_iter().next().unwrap();
        found.rsplit(':').next().unwrap().to_owned()
    };
    let long = "sftp-okta-partners-of-the-northern-countries-2026";
    for (stack, role, alarm) in [
        ("acme-sftp", "role/acme-sftp-*", "acme-sftp-*"),
        ("sftp-okta-abcdefghijklmn", "role/sftp-okta-abcdefghijklmn-*", "sftp-okta-abcdefghijklmn-*"),
        ("sftp-okta-abcdefghijklmno", "role/sftp-okta-abcdefghijklmn*", "sftp-okta-abcdefghijklmno-*"),
        (long, "role/sftp-okta-partners-of-th*", "sftp-okta-partners-of-the-northern-countries-2026-*"),
        ("sftp-okta-a--b", "role/sftp-okta-a-*", "sftp-okta-a-*"),
        ("a--partners-of-the-northern-countries", "role/a-*", "a-*"),
    ] {
        assert_eq!(first(stack, "iam:PassRole"), role);
        assert_eq!(first(stack, "cloudwatch:PutMetricAlarm"), alarm);
    }
}

/// What the template names itself, it names by the deployment.
#[test]
fn chosen_names_are_the_deployments() {
    for (action, expected) in [
        ("lambda:CreateFunction", "arn:aws:lambda:eu-west-1:111122223333:function:sftp-okta-partners"),
        ("cloudwatch:PutDashboard", "arn:aws:cloudwatch::111122223333:dashboard/sftp-okta-partners-eu-west-1"),
        ("logs:CreateLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/*/sftp-okta-partners"),
    ] {
        assert_eq!(resources_of(Purpose::Deploy, &names(), action).first().map(String::as_str), Some(expected));
    }
}

/// Dashboards carry the stack's tags too.
#[test]
fn alarms_and_dashboards_are_tagged_on_purpose() {
    let of_dashboards = |statement: &Statement| statement.resources.iter().any(|one| one.contains(":dashboard/"));
    let rights = rights(Purpose::Deploy, &names());
    let statement = rights.iter().find(|statement| of_dashboards(statement)).unwrap();
    for action in ["cloudwatch:TagResource", "cloudwatch:UntagResource", "cloudwatch:ListTagsForResource"] {
        assert!(statement.actions.contains(&action), "{action}");
    }
}
