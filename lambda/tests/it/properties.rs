//! Whatever the event and whatever Okta says: the answer is complete, or it is exactly `{}`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json as value};
use sftp_okta_lambda::clock::Clock;

use crate::event::{PATIENCE, ROLE, SECRETS_MANAGER, deployed, event, identity_provider, success};
use crate::rules::{self, ALICE_KEY};
use crate::second_factor::{challenge, deployment, error, mfa_required, typed};
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

/// Anything that Okta could say to a password or a factor, and some that it could not.
fn steps() -> impl Strategy<Value = Vec<u8>> {
    let factors = prop::sample::subsequence(vec!["ost1", "uft1", "opf1", "sms1"], 0..=4);
    let result = "(WAITING|WAITING|REJECTED|TIMEOUT|SUCCESS|[A-Z_]{0,9})";
    let code = prop::sample::select(vec!["E0000004", "E0000011", "E0000047", "E0000068", "E0000069", "E0000082"]);
    let status = prop::sample::select(vec!["401 Unauthorized", "403 Forbidden", "429 Too Many Requests", "500 Oops"]);
    prop_oneof![
        4 => Just(json("200 OK", &success())),
        4 => factors.prop_map(|factors| mfa_required(&factors, "https://evil.example.com")),
        3 => (result, any::<bool>()).prop_map(|(result, number)| challenge(&result, number && result == "WAITING")),
        2 => (status, code).prop_map(|(status, code)| error(status, code)),
        1 => "[A-Z_]{0,12}".prop_map(|state| json("200 OK", &success().replace("SUCCESS", &state))),
        1 => "[ -~]{0,60}".prop_map(|text| json("200 OK", &text)),
    ]
}

/// A sign-in as a whole: which factors are asked for, what is typed, in which form of event, and what Okta says to it.
type SignIn = (&'static str, &'static str, bool, Vec<Vec<u8>>);

/// Any; and every fourth one as it should be, with a factor, which chance alone need not meet.
fn sign_ins() -> impl Strategy<Value = SignIn> {
    let mfa = prop::sample::select(vec!["off", "auto", "auto", "required"]);
    let password = prop::sample::select(vec!["secret", "secret,123456", "", "a,b,000000"]);
    let any_of_them = (mfa, password, any::<bool>(), prop::collection::vec(steps(), 1..5));
    let with_factor = (prop::sample::select(vec!["auto", "required"]), any::<bool>()).prop_map(|(mfa, is_direct)| {
        let steps = vec![mfa_required(&["ost1"], "https://evil.example.com"), json("200 OK", &success())];
        (mfa, "secret,123456", is_direct, steps)
    });
    prop_oneof![3 => any_of_them, 1 => with_factor]
}

/// The same with second factors, in both forms of event: one authn request at most, no factor that sends something, and no
/// way to be accepted but a complete SUCCESS at the end.
#[test]
fn complete_or_nothing_with_factors() {
    let script = Arc::new(Mutex::new(Vec::<Vec<u8>>::new()));
    let given = Arc::new(Mutex::new(Vec::new()));
    let (scripted, last) = (Arc::clone(&script), Arc::clone(&given));
    let okta = StandIn::start(move |_| {
        let mut script = scripted.lock().unwrap();
        let next = if script.len() > 1 { script.remove(0) } else { script[0].clone() };
        last.lock().unwrap().clone_from(&next);
        Reply::SendAndClose(next)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accepted = std::cell::Cell::new((0, 0));
    let config = Config { cases: 500, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&sign_ins(), |(mfa, password, is_direct, steps)| {
        script.lock().unwrap().clone_from(&steps);
        let before = okta.received().len();
        let event = if is_direct {
            value!({"username": "alice", "password": password, "protocol": "SFTP",
                "serverId": "s-0123456789abcdef0", "sourceIp": "203.0.113.9"})
        } else {
            typed(password)
        };
        let settings = deployment(&okta.url(), mfa, &["totp", "push"]);
        let provider = deployed(&settings, Duration::from_millis(400), Clock::system());
        let mut log = Vec::new();
        let time = Duration::from_millis(300);
        let answer = runtime.block_on(provider.answer(event.to_string().as_bytes(), time, &mut log));
        let line: Value = serde_json::from_slice(&log).map_err(|_| TestCaseError::fail("no line"))?;

        let received = okta.received().split_off(before);
        let count = |path: &str| received.iter().filter(|received| received.head.starts_with(path)).count();
        prop_assert!(count("POST /api/v1/authn HTTP") <= 1 && count("POST /api/v1/authn/cancel HTTP") <= 1);
        prop_assert_eq!(count("POST /api/v1/authn/factors/sms1"), 0);
        // One that met a connection which was just being closed did not arrive.
        prop_assert!(line["okta_calls"].as_u64().is_some_and(|calls| calls >= received.len() as u64), "{}", line);
        let whole = serde_json::to_value(&answer).unwrap();
        let body = answer.user_config();
        if line["decision"] == "accepted" {
            let (alone, with_factor) = accepted.get();
            let is_verified = line["mfa_factor"].is_string();
            accepted.set(if is_verified { (alone, with_factor + 1) } else { (alone + 1, with_factor) });
            prop_assert!(is_complete(&body), "{}", body);
            prop_assert!(mfa != "required" || is_verified);
            prop_assert_eq!(given.lock().unwrap().clone(), json("200 OK", &success()));
        } else {
            prop_assert_eq!(body, "{}");
            prop_assert_eq!(is_direct, whole == value!({}));
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    let (alone, with_factor) = accepted.get();
    assert!(alone > 5 && with_factor > 5, "{alone} and {with_factor} accepted: the test tests too little");
}

/// Anything that the directory could say: the right page at this place (token, user, groups), another's, and some that it
/// could not say.
fn pages(place: usize) -> impl Strategy<Value = Vec<u8>> {
    let user =
        value!({"id": "00ubob", "status": "ACTIVE", "profile": {"login": "bob@acme.com", "sftpKeys": [ALICE_KEY]}});
    let token = value!({"token_type": "Bearer", "expires_in": 3600, "access_token": "token"});
    let groups = value!([{"id": "00greaders", "profile": {"name": "readers"}}]);
    let all = vec![token.to_string(), user.to_string(), groups.to_string()];
    let right = all[place].clone();
    let sound = prop::sample::select(all);
    let disturbed =
        (sound.clone(), any::<prop::sample::Index>(), "[a-zA-Z\",:{}\\[\\]]{0,3}").prop_map(|(mut body, at, text)| {
            let at = at.index(body.len());
            body.insert_str(at, &text);
            body
        });
    let next = (sound.clone(), "[a-z0-9:/.?=<>;\" ]{0,40}").prop_map(|(body, link)| {
        response("200 OK", &format!("Content-Type: application/json\r\nLink: <{link}>; rel=\"next\"\r\n"), &body)
    });
    let status =
        prop::sample::select(vec!["401 Unauthorized", "403 Forbidden", "404 Not Found", "429 Too Many Requests"]);
    prop_oneof![
        8 => Just(json("200 OK", &right)),
        1 => sound.prop_map(|body| json("200 OK", &body)),
        2 => disturbed.prop_map(|body| json("200 OK", &body)),
        1 => next,
        1 => status.prop_map(|status| error(status, "E0000006")),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

/// The same with groups and keys, which the directory says: whatever it answers, bob gets what readers get, or nothing.
#[test]
fn complete_or_nothing_with_groups_and_keys() {
    // What the directory answers to a question for a token, for the user, for the groups; and what it answers well.
    let script = Arc::new(Mutex::new([const { Vec::<u8>::new() }; 3]));
    let scripted = Arc::clone(&script);
    let okta = StandIn::start(move |received| {
        let path = received.head.split(' ').nth(1).unwrap_or_default();
        let [token, user, groups] = scripted.lock().unwrap().clone();
        Reply::SendAndClose(match path {
            "/api/v1/authn" => {
                json("200 OK", &success().replace("Alice@Acme.com", "bob@acme.com").replace("00u1example", "00ubob"))
            }
            "/oauth2/v1/token" => token,
            _ if path.contains("/groups") => groups,
            _ => user,
        })
    });
    let secrets = rules::secrets();
    SECRETS_MANAGER.set(Some(secrets.url()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accepted = std::cell::Cell::new([0, 0]);
    let settings = rules::deployment(&okta.url(), "public-key-or-password");
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(any::<bool>(), [0, 1, 2].map(pages)), |(with_password, pages)| {
        script.lock().unwrap().clone_from(&pages);
        let provider = deployed(&settings, Duration::from_secs(5), Clock::system());
        let mut log = Vec::new();
        let event = rules::sign_in("bob", with_password).to_string();
        let answer = runtime.block_on(provider.answer(event.as_bytes(), PATIENCE, &mut log)).user_config();
        let line: Value = serde_json::from_slice(&log).map_err(|_| TestCaseError::fail("no line"))?;
        if line["decision"] == "accepted" {
            let mut counts = accepted.get();
            counts[usize::from(with_password)] += 1;
            accepted.set(counts);
            let config: Value = serde_json::from_str(&answer).unwrap();
            prop_assert_eq!(&config["HomeDirectoryDetails"], r#"[{"Entry":"/","Target":"/acme-files/readers/bob"}]"#);
            prop_assert_eq!(config["PublicKeys"].is_array(), !with_password);
            let policy = config["Policy"].as_str().unwrap_or_default();
            prop_assert!(policy.contains("s3:GetObject") && !policy.contains("s3:PutObject"), "{}", policy);
        } else {
            prop_assert_eq!(answer, "{}");
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    let accepted = accepted.get();
    assert!(accepted.iter().all(|count| *count > 5), "{accepted:?} accepted: the test tests too little");
}
