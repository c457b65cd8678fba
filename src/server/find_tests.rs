//! A hint is only a hint: whose a server is, its tags say.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Found, Owner, find};
use crate::timed::Timed;

const HINTED: &str = "s-0123456789abcdef0";
const OWN: &str = "s-0123456789abcdef1";

fn owner() -> Owner {
    Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() }
}

type Tags = Vec<(&'static str, &'static str)>;

/// The tags that somebody could copy by hand.
fn some_own_tags() -> Tags {
    vec![("sftp-okta:deployment", "demo"), ("sftp-okta:stack", "sftp-okta-demo")]
}

fn tags_of_call(call: &'static str) -> Tags {
    let mut tags = some_own_tags();
    tags.extend([("sftp-okta:run", call), ("sftp-okta:version", "0.1.0")]);
    tags
}

fn own_tags() -> Tags {
    tags_of_call("sftp-okta-1-0")
}

/// What is found with a hint at [`HINTED`] alone in an account with these servers, and the calls it took.
async fn found(servers: Vec<(&'static str, Tags)>) -> (Found, Vec<String>) {
    let servers = servers.into_iter().map(|(id, tags)| (id, tags, "")).collect();
    found_with_role(servers, None).await
}

/// The same where the servers have these logging roles, and the stack's is known.
async fn found_with_role(
    servers: Vec<(&'static str, Tags, &'static str)>,
    logging_role: Option<&str>,
) -> (Found, Vec<String>) {
    let service = Timed::by_body(Duration::ZERO, move |action, body, _| {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let arn = |id: &str| format!("arn:aws:transfer:eu-west-1:111122223333:server/{id}");
        match action {
            "ListServers" => {
                assert_eq!(asked["MaxResults"], 1000);
                let row =
                    |(id, _, role): &(&str, Tags, &str)| json!({"Arn": arn(id), "ServerId": id, "LoggingRole": role});
                json!({"Servers": servers.iter().map(row).collect::<Vec<_>>()}).to_string()
            }
            "DescribeServer" => {
                let (id, tags, _) = servers.iter().find(|(id, _, _)| asked["ServerId"] == *id).unwrap();
                let tags: Vec<_> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                json!({"Server": {"Arn": arn(id), "ServerId": id, "State": "ONLINE", "Tags": tags}}).to_string()
            }
            other => panic!("{other} was asked"),
        }
    });
    let found = find(&service.transfer(), &owner(), Some(HINTED), logging_role).await.unwrap();
    (found, service.asked().into_iter().map(|(_, action)| action).collect())
}

fn ids(found: &Found) -> Vec<&str> {
    found.owned.iter().map(|server| server.id.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_hint_at_our_own_server_takes_one_call() {
    let (found, asked) = found(vec![(HINTED, own_tags())]).await;
    assert_eq!((ids(&found), asked), (vec![HINTED], vec!["DescribeServer".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_hint_at_anybody_elses_server_is_not_followed() {
    let foreign = [
        vec![],
        vec![("team", "data")],
        vec![("sftp-okta:deployment", "demo")],
        vec![("sftp-okta:stack", "sftp-okta-demo")],
        vec![("sftp-okta:deployment", "other"), ("sftp-okta:stack", "sftp-okta-other")],
        vec![("sftp-okta:deployment", "other"), ("sftp-okta:stack", "sftp-okta-demo")],
    ];
    for tags in foreign {
        let (with_own, asked) = found(vec![(HINTED, tags.clone()), (OWN, own_tags())]).await;
        assert_eq!((ids(&with_own), with_own.count), (vec![OWN], 2), "{tags:?}");
        assert_eq!(asked, ["DescribeServer", "ListServers", "DescribeServer", "DescribeServer"], "{tags:?}");
        with_own.refuse_what_is_unclear().unwrap();

        let (without, _) = found(vec![(HINTED, tags.clone())]).await;
        assert_eq!((ids(&without), without.count), (vec![], 1), "{tags:?}");
    }
}

const ROLE: &str = "arn:aws:iam::111122223333:role/log";
const OTHER_ROLE: &str = "arn:aws:iam::111122223333:role/log-2";

/// Only servers with the role of the stack are looked at, however many there are.
#[tokio::test(start_paused = true)]
async fn a_hint_does_not_hide_a_second_server_of_the_stack() {
    let second = tags_of_call("sftp-okta-2-0");
    let others = |role| ("s-0123456789abcdef2", vec![], role);
    let (both, asked) =
        found_with_role(vec![(HINTED, own_tags(), ROLE), (OWN, second, ROLE), others(OTHER_ROLE)], Some(ROLE)).await;
    assert_eq!((ids(&both), both.count), (vec![HINTED, OWN], 3));
    assert_eq!(asked.iter().filter(|action| *action == "DescribeServer").count(), 2, "{asked:?}");
    both.refuse_what_is_unclear().unwrap_err();

    let (one, asked) = found_with_role(vec![(HINTED, own_tags(), ROLE), others(OTHER_ROLE)], Some(ROLE)).await;
    assert_eq!((ids(&one), one.count), (vec![HINTED], 2));
    assert_eq!(asked.len(), 2, "{asked:?}");

    // A hint that does not hold: all are searched, whatever their roles.
    let (searched, _) = found_with_role(vec![(HINTED, vec![], ROLE), (OWN, own_tags(), OTHER_ROLE)], Some(ROLE)).await;
    assert_eq!((ids(&searched), searched.count), (vec![OWN], 2));
}

/// Whoever copied two tags to a server of their own keeps it.
#[tokio::test(start_paused = true)]
async fn a_server_with_copied_tags_is_told_and_not_adopted() {
    let stray = tags_of_call("theirs");
    for tags in [some_own_tags(), stray] {
        let (found, _) = found(vec![(HINTED, tags.clone()), (OWN, own_tags())]).await;
        assert_eq!((ids(&found), &found.not_made_by_us), (vec![OWN], &vec![HINTED.to_owned()]), "{tags:?}");
        found.refuse_what_is_unclear().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hint_at_a_namesakes_server_is_told_and_not_followed() {
    let tags = vec![("sftp-okta:deployment", "demo"), ("sftp-okta:stack", "sftp-okta-else")];
    let (found, _) = found(vec![(HINTED, tags), (OWN, own_tags())]).await;
    assert_eq!(ids(&found), [OWN]);
    assert_eq!(found.namesakes, [(HINTED.to_owned(), "sftp-okta-else".to_owned())]);
    found.refuse_what_is_unclear().unwrap_err();
}
