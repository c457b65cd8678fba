//! A whole sign-in: every request of it is answered by the input. Line 1: `proxy` or `direct`, `off`, `auto` or `required`, the
//! user name, and what was typed (nothing: Transfer asks for keys). Then Okta's answers; see [`super::answers`].

use serde_json::{Value, json};
use sftp_okta_lambda::identity_provider::IdentityProvider;

use super::answers;
use super::event::{CANARY, answer, identity_provider};
use super::okta_directory::{check_requests, settings};
use super::stage::{Play, Stage};

thread_local! {
    static PROVIDERS: [&'static IdentityProvider; 3] = ["off", "auto", "required"].map(|mfa| {
        let mut settings = settings(&Stage::of_this_thread().url);
        settings["okta"]["mfa"] = mfa.into();
        if mfa != "off" {
            settings["okta"]["mfa_methods"] = json!(["totp", "push"]);
        }
        identity_provider(&settings)
    });
}

/// Whatever Okta answers, the answer is complete or exactly `{}`; and a password is in nothing but the request that asks about
/// it.
pub fn check(data: &[u8]) -> bool {
    // Where the fuzzer has found a canary out, nothing can be said.
    if data.windows(6).any(|word| word == b"Canary") {
        return false;
    }
    let Some((line, answers)) = answers::read(data) else { return false };
    let mut words = line.splitn(4, ' ');
    let is_direct = words.next() == Some("direct");
    let mfa = match words.next() {
        Some("auto") => 1,
        Some("required") => 2,
        _ => 0,
    };
    let name = words.next().unwrap_or("alice");
    let typed = words.next().unwrap_or_default();
    // Behind a canary, so that it can be looked for.
    let typed = if typed.is_empty() { String::new() } else { format!("{CANARY}{typed}") };
    let event = event(is_direct, name, &typed);
    let stage = Stage::of_this_thread();
    stage.begin(Play::Script(answers.into()));
    let answered = answer(PROVIDERS.with(|providers| providers[mfa]), event.to_string().as_bytes());
    check_requests(&answered.received);
    let is_accepted = answered.line["decision"] == "accepted";
    let has_keys = answered.user_config.contains("\"PublicKeys\"");
    assert_eq!(has_keys, is_accepted && typed.is_empty(), "{}", answered.user_config);
    for received in &answered.received {
        let is_authn = received.line == "POST /api/v1/authn";
        assert!(!typed.is_empty() || !received.line.starts_with("POST /api/v1/authn"), "{}", received.line);
        let sent = format!("{}{}", received.head, String::from_utf8_lossy(&received.body));
        assert_eq!(sent.contains(CANARY), is_authn, "{}", received.line);
    }
    if is_accepted && !typed.is_empty() {
        assert!(answered.received.iter().any(|received| received.line == "POST /api/v1/authn"), "nobody was asked");
        let verified = answered.received.iter().any(|received| received.line.ends_with("/verify"));
        assert!(mfa != 2 || verified, "accepted without the factor that is required");
    }
    let told = format!("{}{}", answered.line, answered.user_config);
    assert!(!told.contains("Canary"), "{told}");
    is_accepted
}

fn event(is_direct: bool, name: &str, typed: &str) -> Value {
    if is_direct {
        let mut event = json!({"username": name, "protocol": "SFTP", "serverId": "s-0123456789abcdef0",
            "sourceIp": "203.0.113.9"});
        if !typed.is_empty() {
            event["password"] = typed.into();
        }
        return event;
    }
    let name: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut event = json!({
        "resource": "/servers/{serverId}/users/{username}/config",
        "httpMethod": "GET",
        "queryStringParameters": {"protocol": "SFTP", "sourceIp": "203.0.113.9"},
        "pathParameters": {"serverId": "s-0123456789abcdef0", "username": name},
    });
    if !typed.is_empty() {
        event["headers"] = json!({"Password": typed});
    }
    event
}
