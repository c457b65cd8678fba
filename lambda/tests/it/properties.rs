//! Whatever the event and whatever Okta says: the answer is complete, or it is exactly `{}`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::event::{PATIENCE, ROLE, event, identity_provider, success};
use crate::stand_in::{Reply, StandIn, json, response};

/// Anything, from noise to a sound event with one place disturbed.
fn events() -> impl Strategy<Value = Vec<u8>> {
    let disturbed = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..4)).prop_map(|(at, bytes)| {
        let mut event = event().to_string().into_bytes();
        let at = at.index(event.len());
        event.splice(at..at, bytes);
        event
    });
    let named = "[a-zA-Z0-9._@%+-]{0,20}".prop_map(|name| {
        let mut event = event();
        event["pathParameters"]["username"] = Value::String(name);
        event.to_string().into_bytes()
    });
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => "[\\[\\]{}\",:a-z0-9]{0,60}".prop_map(String::into_bytes),
        2 => disturbed,
        2 => named,
        4 => Just(event().to_string().into_bytes()),
    ]
}

/// Any status with any body, from noise to a success with one place disturbed.
fn replies() -> impl Strategy<Value = Vec<u8>> {
    let disturbed = (any::<prop::sample::Index>(), "[a-zA-Z\",:{}\\[\\]]{0,3}").prop_map(|(at, text)| {
        let mut body = success();
        let at = at.index(body.len());
        body.insert_str(at, &text);
        body
    });
    let status = prop_oneof![
        6 => Just("200 OK".to_owned()),
        1 => Just("401 Unauthorized".to_owned()),
        1 => Just("429 Too Many Requests".to_owned()),
        1 => (200..600_u16).prop_map(|status| format!("{status} Whatever")),
    ];
    let body = prop_oneof![
        3 => Just(success()),
        3 => disturbed,
        1 => "[ -~]{0,80}",
        1 => "(SUCCESS|MFA_REQUIRED|LOCKED_OUT|[A-Z_]{0,9})".prop_map(|state| success().replace("SUCCESS", &state)),
        1 => "[A-Za-z@. ]{0,16}".prop_map(|login| success().replace("Alice@Acme.com", &login)),
    ];
    let sound = (status, body).prop_map(|(status, body)| {
        if status.starts_with("204") || status.starts_with("304") {
            response(&status, "", "")
        } else {
            json(&status, &body)
        }
    });
    prop_oneof![9 => sound, 1 => prop::collection::vec(any::<u8>(), 0..100)]
}

fn is_complete(body: &str) -> bool {
    let Ok(config) = serde_json::from_str::<Value>(body) else { return false };
    let inside = |key: &str| serde_json::from_str::<Value>(config[key].as_str().unwrap_or_default()).ok();
    let (Some(details), Some(policy)) = (inside("HomeDirectoryDetails"), inside("Policy")) else { return false };
    let target = details[0]["Target"].as_str().unwrap_or_default();
    config["Role"] == ROLE
        && config["HomeDirectoryType"] == "LOGICAL"
        && config.as_object().is_some_and(|members| members.len() == 4)
        && details.as_array().is_some_and(|mappings| mappings.len() == 1)
        && details[0]["Entry"] == "/"
        && target.starts_with("/acme-files/home/")
        && policy["Statement"][1]["Resource"] == format!("arn:aws:s3:::{}/*", &target[1..])
        && config["Policy"].as_str().is_some_and(|policy| policy.len() <= 2048)
}

#[test]
fn complete_or_nothing() {
    let reply = Arc::new(Mutex::new(Vec::new()));
    let scripted = Arc::clone(&reply);
    let okta = StandIn::start(move |_| Reply::SendAndClose(scripted.lock().unwrap().clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accepted = std::cell::Cell::new(0);

    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(events(), replies()), |(event, bytes)| {
        reply.lock().unwrap().clone_from(&bytes);
        let before = okta.received().len();
        let mut log = Vec::new();
        // A provider for each case, so that no case meets the connection of the one before.
        let provider = identity_provider(&okta.url(), Duration::from_secs(5));
        let answer = runtime.block_on(provider.answer(&event, PATIENCE, &mut log));
        let log = String::from_utf8(log).map_err(|_| TestCaseError::fail("the log is not text"))?;

        prop_assert!(okta.received().len() - before <= 1, "more than one request");
        prop_assert_eq!(log.lines().count(), 1);
        let line: Value = serde_json::from_str(&log).map_err(|_| TestCaseError::fail(log.clone()))?;
        let whole = serde_json::to_value(&answer).unwrap();
        prop_assert_eq!(&whole["statusCode"], 200);
        if line["decision"] == "accepted" {
            accepted.set(accepted.get() + 1);
            prop_assert!(is_complete(&answer.user_config()), "{}", answer.user_config());
            prop_assert!(bytes.starts_with(b"HTTP/1.1 200 "));
            prop_assert_eq!(&line["login"], "alice@acme.com");
        } else {
            prop_assert_eq!(answer.user_config(), "{}");
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    assert!(accepted.get() > 10, "only {} of the cases were accepted: the test tests too little", accepted.get());
}
