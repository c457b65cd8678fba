//! An event, from the first byte to the answer, at an Okta that takes every password.

use std::time::Duration;

use serde_json::{Value, json};
use sftp_okta_lambda::identity_provider::{IdentityProvider, Surroundings};
use sftp_okta_lambda::okta::Timing;
use sftp_okta_lambda::request::Form;
use sftp_okta_lambda::response::Response;
use sftp_okta_lambda::settings::Settings;
use sftp_okta_lambda::user_config::RoleArn;

use super::complete::{self, BUCKET, ROLE};
use super::stage::{Play, Received, Stage};

/// A password that must never be seen again.
pub const CANARY: &str = "Canary-7f3a9c-hunter2";
/// The same in base64.
pub const CANARY_BASE64: &str = "Q2FuYXJ5LTdmM2E5Yy1odW50ZXIy";
/// A sign-in that cannot hang: nothing waits but on loopback.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How an event was answered.
pub struct Answered {
    /// The log line.
    pub line: Value,
    /// What Transfer gets.
    pub user_config: String,
    /// What Okta got.
    pub received: Vec<Received>,
}

/// The identity provider of these settings. Leaked, to be made once a thread.
pub fn identity_provider(settings: &Value) -> &'static IdentityProvider {
    let stage = Stage::of_this_thread();
    let settings = Settings::from_json(settings.to_string().as_bytes()).expect("settings of these tests");
    let variable = |name: &'static str| stage.variable(name);
    // Polls follow each other at once.
    let timing = Timing { exchange: Duration::from_secs(10), poll: Duration::ZERO, reserve: Duration::ZERO };
    let surroundings = Surroundings { variable: &variable, timing, clock: stage.clock() };
    let role = RoleArn::parse(ROLE).expect("a role");
    Box::leak(Box::new(IdentityProvider::new(settings, role, surroundings).expect("an identity provider")))
}

/// Answers the event; panics unless the answer is complete or exactly `{}`, and the log is one line that agrees.
pub fn answer(provider: &IdentityProvider, event: &[u8]) -> Answered {
    let stage = Stage::of_this_thread();
    let mut log = Vec::new();
    let response = stage.runtime.block_on(provider.answer(event, PATIENCE, &mut log));
    let (received, _) = stage.end();
    assert!(log.iter().all(|byte| *byte == b'\n' || (0x20..0x7f).contains(byte)), "{log:?}");
    assert!(log.ends_with(b"\n") && log.iter().filter(|byte| **byte == b'\n').count() == 1, "{log:?}");
    let line: Value = serde_json::from_slice(&log).expect("the log line is JSON");

    let user_config = response.user_config();
    check_form(&response, &user_config);
    match line["decision"].as_str() {
        Some("accepted") => complete::check(&user_config),
        Some("refused") => assert_eq!(user_config, "{}"),
        _ => panic!("{line}"),
    }
    let passwords = received.iter().filter(|received| received.line == "POST /api/v1/authn").count();
    assert!(passwords <= 1, "a password was sent {passwords} times");
    Answered { line, user_config, received }
}

fn check_form(response: &Response, user_config: &str) {
    let whole = serde_json::to_value(response).expect("a response is JSON");
    match response {
        Response::Proxy(_) => {
            let headers = json!({"Cache-Control": "no-store", "Content-Type": "application/json"});
            let expected =
                json!({"statusCode": 200, "headers": headers, "body": user_config, "isBase64Encoded": false});
            assert_eq!(whole, expected);
        }
        Response::Direct(_) => {
            assert_eq!(whole.to_string(), serde_json::from_str::<Value>(user_config).expect("JSON").to_string());
        }
    }
}

thread_local! {
    static PROVIDER: &'static IdentityProvider = identity_provider(&json!({
        "schema": 1,
        "okta": {"org_url": Stage::of_this_thread().url, "login_domain": "acme.com"},
        "throttle": {"per_user": 0, "per_source": 0},
        "bucket": BUCKET,
        "access": [{"home": "/{bucket}/home/{user}", "permissions": "read-write"}],
    }));
}

/// Answers the event as it is, and once more with the canary in place of every password in it.
pub fn check(data: &[u8], form: Form) -> bool {
    let stage = Stage::of_this_thread();
    let provider = PROVIDER.with(|provider| *provider);
    stage.begin(Play::Accept);
    let first = answer(provider, data);
    let is_taken = first.line["decision"] == "accepted";
    if is_taken {
        let login = first.line["login"].as_str().unwrap_or_default();
        let user = login.strip_suffix("@acme.com").expect("a login of the domain");
        assert!(first.user_config.contains(&format!("/{BUCKET}/home/{user}\\\"")), "{}", first.user_config);
        let authn: Value = serde_json::from_slice(&first.received[0].body).expect("authn is JSON");
        assert_eq!(authn["username"], login);
        assert!(authn["password"].as_str().is_some_and(|password| (1..=1024).contains(&password.len())));
    }

    let Ok(mut event) = serde_json::from_slice::<Value>(data) else { return is_taken };
    match form {
        Form::Proxy => {
            for headers in ["headers", "multiValueHeaders"] {
                for (name, value) in event.get_mut(headers).and_then(Value::as_object_mut).into_iter().flatten() {
                    let password = if name.eq_ignore_ascii_case("PasswordBase64") { CANARY_BASE64 } else { CANARY };
                    replace(value, password);
                }
            }
        }
        Form::Direct => {
            if let Some(password) = event.get_mut("password") {
                replace(password, CANARY);
            }
        }
    }
    let event = event.to_string();
    // Where the fuzzer has found a canary out, nothing can be said.
    if String::from_utf8_lossy(data).contains("Canary") {
        return is_taken;
    }
    stage.begin(Play::Accept);
    let second = answer(provider, event.as_bytes());
    let told = format!("{}{}", second.line, second.user_config);
    assert!(!told.contains(CANARY) && !told.contains(CANARY_BASE64), "{told}");
    for received in &second.received {
        assert!(!received.head.contains(CANARY) && !received.head.contains(CANARY_BASE64), "{}", received.head);
        let authn: Value = serde_json::from_slice(&received.body).expect("authn is JSON");
        assert_eq!(authn["password"], CANARY, "not the password that was typed");
    }
    is_taken
}

/// Every text in the value becomes this one.
fn replace(value: &mut Value, text: &str) {
    match value {
        Value::String(old) => text.clone_into(old),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, text)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
