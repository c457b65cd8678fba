use std::collections::BTreeSet;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::json;

use super::stand::Stand;
use crate::okta::directory::SAMPLES;

#[tokio::test]
async fn every_sample_user() {
    let stand = Stand::new().await;
    let mut table = Vec::new();
    for user in crate::okta::users() {
        let right = stand.authn(&user.login, &user.password).await;
        let wrong = stand.authn(&user.user, "wrong").await;
        let has_token = |name: &str| right.body[name].as_str().is_some_and(|token| !token.is_empty());
        let token = match (has_token("sessionToken"), has_token("stateToken")) {
            (true, false) => "sessionToken",
            (false, true) => "stateToken",
            (false, false) => "-",
            (true, true) => "both",
        };
        table.push(format!("{:<28} {:<24} {token:<13} {}", user.login, right.outcome(), wrong.outcome()));
        assert!(
            right.status != 200
                || right.body["status"] == "LOCKED_OUT"
                || right.body["_embedded"]["user"]["profile"]["login"] == user.login
        );
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn names_and_secrets_are_unlike() {
    let names: BTreeSet<_> = SAMPLES.iter().map(|sample| sample.user).collect();
    let secrets: BTreeSet<_> = SAMPLES.iter().map(crate::okta::directory::Sample::totp_secret).collect();
    assert_eq!((names.len(), secrets.len()), (SAMPLES.len(), SAMPLES.len()));
    assert!(SAMPLES.iter().all(|sample| sample.user.len() >= 3), "Transfer refuses shorter names");
}

#[tokio::test]
async fn names_in_every_spelling() {
    let stand = Stand::new().await;
    for (name, outcome) in [
        ("alice", "200 SUCCESS"),
        ("ALICE", "200 SUCCESS"),
        ("Alice@Example.COM", "200 SUCCESS"),
        ("alice@other.com", "401 E0000004"),
        ("alice@", "401 E0000004"),
        ("nobody", "401 E0000004"),
        ("", "401 E0000004"),
    ] {
        assert_eq!(stand.authn(name, "alice-password").await.outcome(), outcome, "{name}");
    }
    let answer = stand.authn("load-417", "load-password").await;
    assert_eq!(answer.body["_embedded"]["user"]["profile"]["login"], "load-417@example.com");
    assert_eq!(stand.authn("load-41x", "load-password").await.outcome(), "401 E0000004");
}

#[tokio::test]
async fn bodies_and_paths_that_are_wrong() {
    let stand = Stand::new().await;
    let body = |text: &'static str| {
        Request::post(format!("{}/api/v1/authn", stand.url)).body(Full::new(Bytes::from(text))).unwrap()
    };
    for (text, outcome) in [
        ("", "400 E0000003"),
        ("{", "400 E0000003"),
        ("[]", "400 E0000003"),
        ("{}", "400 E0000001"),
        (r#"{"username":"alice"}"#, "400 E0000001"),
        (r#"{"username":"alice","password":7}"#, "400 E0000001"),
        (r#"{"username":"alice","password":"alice-password","audience":"x"}"#, "400 E0000001"),
        (r#"{"stateToken":"none"}"#, "401 E0000011"),
    ] {
        assert_eq!(stand.send(body(text)).await.outcome(), outcome, "{text}");
    }
    let long =
        Request::post(format!("{}/api/v1/authn", stand.url)).body(Full::new(Bytes::from(vec![b' '; 100_000]))).unwrap();
    // The org hangs up instead of reading it all, or says so.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(10), stand.try_send(long)).await.unwrap();
    assert_eq!(stand.get("/api/v1/authn", None).await.outcome(), "405 E0000022");
    for path in [
        "/",
        "/api/v1/authn/",
        "/api/v1/authn/factors//verify",
        "/api/v1/authn/factors/a/b/verify",
        "/api/v1/users/",
        "/api/v1/users/a/b",
    ] {
        assert_eq!(stand.get(path, None).await.outcome(), "404 E0000007", "{path}");
    }
    assert_eq!(stand.get("/.well-known/okta-organization", None).await.body["pipeline"], "idx");
}

#[tokio::test]
async fn four_a_second() {
    let stand = Stand::new().await;
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        outcomes.push(stand.authn("alice", "alice-password").await);
    }
    let (last, first) = outcomes.split_last().unwrap();
    // The five may lie across the end of a second's window, which is not to be told from here.
    assert!(first.iter().all(|answer| answer.status == 200));
    assert_eq!(last.outcome(), "429 E0000047");
    assert_eq!(last.headers["x-rate-limit-remaining"], "0");
    assert_eq!(last.headers["x-rate-limit-limit"], "4");
    assert_eq!(stand.authn("partner", "partner-password").await.status, 200);
}

#[tokio::test]
async fn ways_out_of_a_transaction() {
    let stand = Stand::new().await;
    let token = |answer: &super::stand::Answer| json!({"stateToken": answer.body["stateToken"]});

    let enroll = stand.authn("enroll-skip", "enroll-skip-password").await;
    assert!(enroll.body["_links"]["skip"]["href"].as_str().unwrap().ends_with("/api/v1/authn/skip"));
    let read = stand.post("/api/v1/authn", &token(&enroll)).await;
    assert_eq!(read.outcome(), "200 MFA_ENROLL");
    assert_eq!(stand.post("/api/v1/authn/skip", &token(&enroll)).await.outcome(), "200 SUCCESS");
    assert_eq!(stand.post("/api/v1/authn/skip", &token(&enroll)).await.outcome(), "401 E0000011");

    let forced = stand.authn("enroll", "enroll-password").await;
    assert!(forced.body["_links"].get("skip").is_none());
    assert_eq!(stand.post("/api/v1/authn/skip", &token(&forced)).await.outcome(), "403 E0000079");
    assert_eq!(stand.post("/api/v1/authn/previous", &token(&forced)).await.outcome(), "403 E0000079");
    assert_eq!(stand.post("/api/v1/authn/cancel", &token(&forced)).await.status, 200);
    assert_eq!(stand.post("/api/v1/authn/cancel", &token(&forced)).await.outcome(), "401 E0000011");

    let asks = json!({"username": "warn", "password": "warn-password", "options": {"warnBeforePasswordExpired": true}});
    let warn = stand.post("/api/v1/authn", &asks).await;
    assert_eq!(warn.outcome(), "200 PASSWORD_WARN");
    assert_eq!(stand.post("/api/v1/authn/skip", &token(&warn)).await.outcome(), "200 SUCCESS");
}
