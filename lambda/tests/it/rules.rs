//! Whole sign-ins under access rules: what is read from the directory, and what comes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json as value};
use sftp_okta_lambda::clock::Clock;

use crate::event::{Outcome, PATIENCE, SECRETS_MANAGER, deployed, event, settings};
use crate::stand_in::{Received, Reply, StandIn, json, response};

pub(crate) const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
pub(crate) const ALICE_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";

/// An org with the people of [`answer`].
pub(crate) fn okta() -> StandIn {
    StandIn::start(|received| Reply::Send(answer(received)))
}

/// These people: alice in two groups and with a key, bob in one, carol suspended, dave in none, frank with a key
/// between two lines that are none, grace with a private key.
pub(crate) fn answer(received: &Received) -> Vec<u8> {
    let path = received.head.split(' ').nth(1).unwrap_or_default();
    let body = String::from_utf8_lossy(&received.body).into_owned();
    if path == "/api/v1/authn" {
        let name = body.split('"').nth(3).unwrap_or_default().replace("@acme.com", "");
        let user = value!({"id": format!("00u{name}"), "profile": {"login": format!("{name}@acme.com")}});
        let answer = value!({"status": "SUCCESS", "sessionToken": "00Token", "_embedded": {"user": user}});
        return json("200 OK", &answer.to_string());
    }
    if path == "/oauth2/v1/token" {
        return json("200 OK", r#"{"token_type":"Bearer","expires_in":3600,"access_token":"Canary-token"}"#);
    }
    let asked = path.trim_start_matches("/api/v1/users/").replace("%40acme%2Ecom", "");
    if let Some(id) = asked.strip_suffix("/groups") {
        let names: &[&str] = match id {
            "00ualice" => &["partners", "readers"],
            "00ubob" | "00ufrank" | "00ugrace" => &["readers"],
            _ => &[],
        };
        let groups = names.iter().map(|name| value!({"id": format!("00g{name}"), "profile": {"name": name}}));
        return json("200 OK", &Value::Array(groups.collect()).to_string());
    }
    let name = asked.trim_start_matches("00u");
    if name == "nobody" {
        return json("404 Not Found", r#"{"errorCode":"E0000007","errorId":"oae1"}"#);
    }
    let status = if name == "carol" { "SUSPENDED" } else { "ACTIVE" };
    let mut profile = value!({"login": format!("{name}@acme.com"), "team": "blue"});
    match name {
        "alice" | "carol" => profile["sftpKeys"] = value!([ALICE_KEY]),
        "frank" => profile["sftpKeys"] = value!(["ssh-dss CanaryKeyAAA", ALICE_KEY, "ssh-ed25519 Canary-key"]),
        "grace" => profile["sftpKeys"] = value!("-----BEGIN OPENSSH PRIVATE KEY-----\nCanary-key"),
        _ => {}
    }
    json("200 OK", &value!({"id": format!("00u{name}"), "status": status, "profile": profile}).to_string())
}

pub(crate) fn secrets() -> StandIn {
    let body = value!({"SecretString": KEY}).to_string();
    StandIn::sending(response("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", &body))
}

/// Readers may read, partners write from one network, and everyone of a team has a folder of it.
pub(crate) fn deployment(org_url: &str, authentication: &str) -> String {
    let mut settings: Value = serde_json::from_str(&settings(org_url)).unwrap();
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf";
    settings["okta"]["service_app"] = value!({"client_id": "0oa1", "key_id": "key-1", "private_key_secret": arn});
    settings["authentication"] = value!(authentication);
    if authentication != "password" {
        settings["okta"]["ssh_keys_attribute"] = value!("sftpKeys");
    }
    settings["access"] = value!([
        {"users": ["eve@acme.com"], "allow_from": ["192.0.2.0/24"], "home": "/{bucket}/eve/{user}", "permissions": "read-write"},
        {"groups": ["partners"], "home": "/{bucket}/partners/{user}", "permissions": "read-write"},
        {"groups": ["00greaders"], "home": "/{bucket}/readers/{user}", "permissions": "read-only"},
    ]);
    settings.to_string()
}

pub(crate) fn sign_in(user: &str, with_password: bool) -> Value {
    let mut event = event();
    event["pathParameters"]["username"] = value!(user);
    if !with_password {
        event["headers"] = Value::Null;
        event["multiValueHeaders"] = Value::Null;
    }
    event
}

fn paths(received: &[Received]) -> String {
    let path = |received: &Received| received.head.split(' ').nth(1).unwrap_or_default().replace("/api/v1/", "");
    received.iter().map(path).collect::<Vec<_>>().join(" ")
}

/// Runs these sign-ins one after the other: user, whether by password, the end, the target of the home and what was asked.
async fn walk(authentication: &str, table: &[(&str, bool, &str, &str, &str)]) {
    let (okta, secrets) = (okta(), secrets());
    SECRETS_MANAGER.set(Some(secrets.url()));
    let provider = deployed(&deployment(&okta.url(), authentication), PATIENCE, Clock::system());
    for (user, with_password, reason, target, asked) in table {
        let before = okta.received().len();
        let outcome = Outcome::of(&provider, &sign_in(user, *with_password), PATIENCE).await;
        assert_eq!(outcome.reason(), *reason, "{authentication} {user} {}", outcome.log);
        let config: Value = serde_json::from_str(&outcome.body).unwrap();
        let details = config["HomeDirectoryDetails"].as_str().unwrap_or_default();
        assert!(details.contains(target) && details.is_empty() == target.is_empty(), "{user}: {details}");
        let keys = config["PublicKeys"].as_array().map_or(0, Vec::len);
        assert_eq!(keys, usize::from(*reason == "ok" && !with_password), "{user}: {config}");
        assert_eq!(paths(&okta.received()[before..]), *asked, "{authentication} {user}");
        let line = outcome.line();
        assert_eq!(line["okta_request_id"].is_null(), asked.is_empty(), "{user}: what joins Okta's System Log: {line}");
        if !with_password {
            assert!(line["Refusals"].is_null() && line["level"] != "ERROR", "{line}");
        }
        for secret in ["Canary", "00Token", "jpsQnnGQmL"] {
            assert!(!outcome.body.contains(secret) && !outcome.log.contains(secret), "{secret}");
        }
    }
    assert!(secrets.received().len() <= 1, "the key is read once");
}

#[tokio::test]
async fn passwords_and_groups() {
    walk(
        "password",
        &[
            ("alice", true, "ok", "/acme-files/partners/alice", "authn /oauth2/v1/token users/00ualice/groups"),
            // The token is warm: groups cost one request.
            ("bob", true, "ok", "/acme-files/readers/bob", "authn users/00ubob/groups"),
            ("dave", true, "no-rule", "", "authn users/00udave/groups"),
            // A key is offered first, where only passwords are taken: nobody is asked.
            ("alice", false, "key-probe", "", ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn keys() {
    walk(
        "public-key",
        &[
            (
                "alice",
                false,
                "ok",
                "/acme-files/partners/alice",
                "/oauth2/v1/token users/alice%40acme%2Ecom users/00ualice/groups",
            ),
            ("bob", false, "no-keys", "", "users/bob%40acme%2Ecom users/00ubob/groups"),
            ("carol", false, "user-not-active", "", "users/carol%40acme%2Ecom users/00ucarol/groups"),
            ("nobody", false, "user-unknown", "", "users/nobody%40acme%2Ecom"),
            ("alice", true, "password-not-taken", "", ""),
        ],
    )
    .await;
}

/// Both answers are complete, and the one to the password holds no keys.
#[tokio::test]
async fn keys_and_passwords() {
    walk(
        "public-key-and-password",
        &[
            (
                "alice",
                false,
                "ok",
                "/acme-files/partners/alice",
                "/oauth2/v1/token users/alice%40acme%2Ecom users/00ualice/groups",
            ),
            ("alice", true, "ok", "/acme-files/partners/alice", "authn users/00ualice/groups"),
        ],
    )
    .await;
}

/// The rule that could mean this user does not let this network in, or somebody whom no rule can mean: Okta may still have
/// to say who it is, but a refusal that is certain costs no request.
#[tokio::test]
async fn a_forbidden_network() {
    let (okta, secrets) = (okta(), secrets());
    SECRETS_MANAGER.set(Some(secrets.url()));
    let mut settings: Value = serde_json::from_str(&deployment(&okta.url(), "password")).unwrap();
    settings["access"] = value!([settings["access"][0].clone()]);
    let provider = deployed(&settings.to_string(), PATIENCE, Clock::system());
    for (user, reason) in [("eve", "source-address"), ("alice", "no-rule")] {
        assert_eq!(Outcome::of(&provider, &sign_in(user, true), PATIENCE).await.reason(), reason);
    }
    assert_eq!(okta.connections(), 0);
}

/// No key, no groups, no sign-in; and it is not the user's failed try.
#[tokio::test]
async fn a_service_app_that_cannot_be_one() {
    let okta = okta();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let secrets = StandIn::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::Send(response("400 Bad Request", "", r#"{"__type":"AccessDeniedException"}"#))
    });
    SECRETS_MANAGER.set(Some(secrets.url()));
    let provider = deployed(&deployment(&okta.url(), "password"), PATIENCE, Clock::system());
    for _ in 0..7 {
        let outcome = Outcome::of(&provider, &sign_in("alice", true), PATIENCE).await;
        assert_eq!((outcome.reason().as_str(), &outcome.line()["level"]), ("service-app secret", &value!("ERROR")));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 7);
}

/// A line of the profile that is no key does not lock out the owner of a good one; the log tells how many there were and why,
/// and nothing of what they say.
#[tokio::test]
async fn lines_that_are_no_keys() {
    let (okta, secrets) = (okta(), secrets());
    SECRETS_MANAGER.set(Some(secrets.url()));
    let provider = deployed(&deployment(&okta.url(), "public-key"), PATIENCE, Clock::system());
    for (user, reason, skipped) in [
        ("alice", "ok", Value::Null),
        ("frank", "ok", value!({"form": 1, "type": 1})),
        ("grace", "no-keys", value!({"form": 1, "private-key": 1})),
    ] {
        let outcome = Outcome::of(&provider, &sign_in(user, false), PATIENCE).await;
        assert_eq!((outcome.reason().as_str(), &outcome.line()["ssh_keys_skipped"]), (reason, &skipped), "{user}");
        for text in [&outcome.body, &outcome.log] {
            assert!(!text.contains("Canary") && !text.contains("PRIVATE"), "{user}: {text}");
        }
    }
}
