//! The service app's key is read while Okta looks at the password, and nobody waits for it in vain.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Instant;

use sftp_okta_lambda::clock::Clock;

use crate::event::{Outcome, PATIENCE, SECRETS_MANAGER, deployed, identity_provider};
use crate::rules::{KEY, deployment, sign_in};
use crate::stand_in::{Reply, StandIn, json, response};

const REFUSED: &str = r#"{"errorCode":"E0000004","errorSummary":"Authentication failed","errorId":"oae1"}"#;

/// Okta answers only when Secrets Manager has been asked. One that was asked afterwards would never be.
#[tokio::test]
async fn both_are_asked_at_once() {
    let (asked, is_asked) = channel();
    let (asked, is_asked) = (Mutex::new(asked), Mutex::new(is_asked));
    let secret = serde_json::json!({"SecretString": KEY}).to_string();
    let secrets = StandIn::start(move |_| {
        asked.lock().unwrap().send(()).unwrap();
        Reply::Send(response("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", &secret))
    });
    let okta = StandIn::start(move |_| match is_asked.lock().unwrap().recv_timeout(PATIENCE) {
        Ok(()) => Reply::Send(json("401 Unauthorized", REFUSED)),
        Err(_) => Reply::Reset,
    });
    SECRETS_MANAGER.set(Some(secrets.url()));
    let provider = deployed(&deployment(&okta.url(), "password"), 2 * PATIENCE, Clock::system());
    let outcome = Outcome::of(&provider, &sign_in("alice", true), 2 * PATIENCE).await;
    assert_eq!(outcome.reason(), "bad-credentials");
}

/// A refusal does not wait for a Secrets Manager that hangs.
#[tokio::test]
async fn a_refusal_waits_for_nothing() {
    let secrets = StandIn::start(|_| Reply::Silence);
    let okta = StandIn::sending(json("401 Unauthorized", REFUSED));
    SECRETS_MANAGER.set(Some(secrets.url()));
    let provider = deployed(&deployment(&okta.url(), "password"), PATIENCE, Clock::system());
    let start = Instant::now();
    assert_eq!(Outcome::of(&provider, &sign_in("alice", true), PATIENCE).await.reason(), "bad-credentials");
    assert!(start.elapsed() < PATIENCE / 2);
}

/// Where no rule needs it, or no rule can mean the user, the secret stays where it is.
#[tokio::test]
async fn only_for_who_needs_it() {
    let secrets = StandIn::start(|_| Reply::Silence);
    let okta = StandIn::sending(json("401 Unauthorized", REFUSED));
    SECRETS_MANAGER.set(Some(secrets.url()));
    let with_app = deployed(&deployment(&okta.url(), "password"), PATIENCE, Clock::system());
    // The first rule means her, by her name, and does not let her network in.
    assert_eq!(Outcome::of(&with_app, &sign_in("eve", true), PATIENCE).await.reason(), "source-address");
    let without = identity_provider(&okta.url(), PATIENCE);
    assert_eq!(Outcome::of(&without, &sign_in("alice", true), PATIENCE).await.reason(), "bad-credentials");
    assert_eq!(secrets.connections(), 0);
}
