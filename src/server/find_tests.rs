//! A hint is only a hint: whose a server is, its tags say.

use std::time::Duration;

use aws_sdk_transfer::Client;
use aws_sdk_transfer::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};

use super::{Found, Owner, find};
use crate::timed::Timed;

const HINTED: &str = "s-0123456789abcdef0";
const OWN: &str = "s-0123456789abcdef1";

fn owner() -> Owner {
    Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() }
}

fn own_tags() -> Vec<(&'static str, &'static str)> {
    vec![("sftp-okta:deployment", "demo"), ("sftp-okta:stack", "sftp-okta-demo")]
}

/// What is found with a hint at [`HINTED`] in an account with these servers, and the calls it took.
async fn found(servers: Vec<(&'static str, Vec<(&'static str, &'static str)>)>) -> (Found, Vec<String>) {
    let service = Timed::by_body(Duration::ZERO, move |action, body, _| {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let arn = |id: &str| format!("arn:aws:transfer:eu-west-1:111122223333:server/{id}");
        match action {
            "ListServers" => {
                let all: Vec<_> = servers.iter().map(|(id, _)| json!({"Arn": arn(id), "ServerId": id})).collect();
                json!({"Servers": all}).to_string()
            }
            "DescribeServer" => {
                let (id, tags) = servers.iter().find(|(id, _)| asked["ServerId"] == *id).unwrap();
                let tags: Vec<_> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                json!({"Server": {"Arn": arn(id), "ServerId": id, "State": "ONLINE", "Tags": tags}}).to_string()
            }
            other => panic!("{other} was asked"),
        }
    });
    let config = aws_sdk_transfer::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(service.http())
        .build();
    let found = find(&Client::from_conf(config), &owner(), Some(HINTED)).await.unwrap();
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

#[tokio::test(start_paused = true)]
async fn a_hint_at_a_namesakes_server_is_told_and_not_followed() {
    let tags = vec![("sftp-okta:deployment", "demo"), ("sftp-okta:stack", "sftp-okta-else")];
    let (found, _) = found(vec![(HINTED, tags), (OWN, own_tags())]).await;
    assert_eq!(ids(&found), [OWN]);
    assert_eq!(found.namesakes, [(HINTED.to_owned(), "sftp-okta-else".to_owned())]);
    found.refuse_what_is_unclear().unwrap_err();
}
