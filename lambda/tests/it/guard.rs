//! What stands before Okta, as a whole: refused without a request, and told apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json as value};
use sftp_okta_lambda::clock::Clock;

use crate::event::{Outcome, PATIENCE, SECRETS_MANAGER, deployed, event, settings, success};
use crate::rules::{self, deployment, secrets, sign_in};
use crate::stand_in::{Reply, StandIn, json, response};

/// A clock that stands until it is moved, in seconds.
fn standing_clock() -> (Arc<AtomicU64>, Clock) {
    let seconds = Arc::new(AtomicU64::new(1_000));
    let (monotonic, wall) = (Arc::clone(&seconds), Arc::clone(&seconds));
    let now = move |clock: &AtomicU64| Duration::from_secs(clock.load(Ordering::SeqCst));
    (seconds, Clock::new(move || now(&monotonic), move || SystemTime::UNIX_EPOCH + now(&wall)))
}

fn of(user: &str, address: &str) -> Value {
    let mut event = event();
    event["pathParameters"]["username"] = value!(user);
    event["queryStringParameters"]["sourceIp"] = value!(address);
    event["multiValueQueryStringParameters"] = Value::Null;
    event
}

fn wrong() -> Vec<u8> {
    json("401 Unauthorized", r#"{"errorCode":"E0000004","errorId":"oae1"}"#)
}

#[tokio::test]
async fn a_spray_stops_before_okta() {
    let okta = StandIn::sending(wrong());
    let (seconds, clock) = standing_clock();
    let provider = deployed(&settings(&okta.url()), PATIENCE, clock);
    let mut asked = 0;
    for (number, expected) in
        (0..8).map(|number| (number, if number < 5 { "bad-credentials" } else { "throttled-user" }))
    {
        // Each from another network, so that only the name tells them together.
        let outcome = Outcome::of(&provider, &of("bob", &format!("203.0.113.{number}")), PATIENCE).await;
        assert_eq!(outcome.reason(), expected, "{number}");
        asked += u64::from(expected == "bad-credentials");
        assert_eq!(outcome.line()["okta_calls"], u64::from(expected == "bad-credentials"));
        assert_eq!(outcome.line()["Throttles"], u64::from(expected == "throttled-user"));
    }
    for number in 0..35 {
        let outcome = Outcome::of(&provider, &of(&format!("made-up-{number}"), "198.51.100.7"), PATIENCE).await;
        let expected = if number < 30 { "bad-credentials" } else { "throttled-source" };
        assert_eq!(outcome.reason(), expected, "{number}");
        asked += u64::from(number < 30);
    }
    assert_eq!(okta.received().len() as u64, asked);
    seconds.fetch_add(12, Ordering::SeqCst);
    assert_eq!(Outcome::of(&provider, &of("bob", "203.0.113.9"), PATIENCE).await.reason(), "bad-credentials");
    assert_eq!(Outcome::of(&provider, &of("bob", "203.0.113.9"), PATIENCE).await.reason(), "throttled-user");
}

/// Whoever knows a login and holds no key of it gets no more questions to Okta than that; the password is another thing.
#[tokio::test]
async fn questions_for_the_keys_of_one_user() {
    let (okta, secrets) = (rules::okta(), secrets());
    SECRETS_MANAGER.set(Some(secrets.url()));
    let (_, clock) = standing_clock();
    let provider = deployed(&deployment(&okta.url(), "public-key-or-password"), PATIENCE, clock);
    for question in 0..32 {
        let outcome = Outcome::of(&provider, &sign_in("alice", false), PATIENCE).await;
        assert_eq!(outcome.reason(), if question < 30 { "ok" } else { "throttled-user" }, "{question}");
        assert_eq!(outcome.line()["Throttles"], 0, "the alarm is for passwords");
    }
    assert_eq!(Outcome::of(&provider, &sign_in("alice", true), PATIENCE).await.reason(), "ok");
}

/// Clients that offer a key out of habit do not shut out the user with a key behind the same address.
#[tokio::test]
async fn a_keyed_user_among_keyless_clients() {
    let (okta, secrets) = (rules::okta(), secrets());
    SECRETS_MANAGER.set(Some(secrets.url()));
    let (_, clock) = standing_clock();
    let provider = deployed(&deployment(&okta.url(), "public-key-or-password"), PATIENCE, clock);
    for client in 0..40 {
        let name = if client % 2 == 0 { "bob".to_owned() } else { format!("user{client}") };
        let outcome = Outcome::of(&provider, &sign_in(&name, false), PATIENCE).await;
        assert_eq!(outcome.reason(), if name == "bob" { "no-keys" } else { "no-rule" }, "{client}");
    }
    assert_eq!(Outcome::of(&provider, &sign_in("alice", false), PATIENCE).await.reason(), "ok");
    assert_eq!(Outcome::of(&provider, &sign_in("bob", true), PATIENCE).await.reason(), "ok");
}

/// A login and what stands for it are one person's.
#[tokio::test]
async fn an_alias_has_no_tries_of_its_own() {
    let okta = StandIn::sending(wrong());
    let mut settings: Value = serde_json::from_str(&settings(&okta.url())).unwrap();
    settings["okta"]["aliases"] = value!({"robert@acme.com": "Bob@acme.com"});
    let (_, clock) = standing_clock();
    let provider = deployed(&settings.to_string(), PATIENCE, clock);
    for (number, name) in ["bob", "robert", "bob", "robert", "bob", "robert", "bob"].into_iter().enumerate() {
        let outcome = Outcome::of(&provider, &of(name, &format!("203.0.113.{number}")), PATIENCE).await;
        assert_eq!(outcome.reason(), if number < 5 { "bad-credentials" } else { "throttled-user" }, "{number}");
    }
}

/// A 429 at 1,000 seconds since 1970.
fn limited(limit: u32, reset: u32) -> Vec<u8> {
    let headers = format!(
        "Content-Type: application/json\r\nX-Rate-Limit-Limit: {limit}\r\nX-Rate-Limit-Remaining: 0\r\n\
         X-Rate-Limit-Reset: {reset}\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\n"
    );
    response("429 Too Many Requests", &headers, r#"{"errorCode":"E0000047","errorId":"oae1"}"#)
}

/// A limit of the directory's holds whatever needs the directory, and no password that does not.
#[tokio::test]
async fn a_rate_limit_of_the_directory() {
    let okta = StandIn::start(|received| {
        let path = received.head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/api/v1/users/00ubob/groups" => Reply::Send(limited(600, 1_020)),
            _ => Reply::Send(rules::answer(received)),
        }
    });
    let secrets = secrets();
    SECRETS_MANAGER.set(Some(secrets.url()));
    let mut settings: Value = serde_json::from_str(&deployment(&okta.url(), "public-key-or-password")).unwrap();
    settings["access"][0] =
        value!({"users": ["dave@acme.com"], "home": "/{bucket}/d/{user}", "permissions": "read-only"});
    let (seconds, clock) = standing_clock();
    let provider = deployed(&settings.to_string(), PATIENCE, clock);
    let table = [
        ("bob", true, "rate-limited"),
        ("alice", true, "rate-limited held-off"),
        ("alice", false, "rate-limited held-off"),
        ("dave", true, "ok"),
    ];
    for (user, with_password, expected) in table {
        let outcome = Outcome::of(&provider, &sign_in(user, with_password), PATIENCE).await;
        assert_eq!(outcome.reason(), expected, "{user} {with_password}");
    }
    seconds.fetch_add(20, Ordering::SeqCst);
    assert_eq!(Outcome::of(&provider, &sign_in("alice", true), PATIENCE).await.reason(), "ok");
    assert_eq!(Outcome::of(&provider, &sign_in("alice", false), PATIENCE).await.reason(), "ok");
}

/// A limit that Okta has named is waited for, by everybody; then things go on.
#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    // The org's limit for 20 s, and one of requests at once, whose reset time is only a hint.
    for (reply, pause) in [(limited(600, 1_020), 20), (limited(0, 1_059), 1)] {
        let okta = StandIn::start(move |received| {
            let is_first = String::from_utf8_lossy(&received.body).contains("bob@");
            Reply::Send(if is_first { reply.clone() } else { json("200 OK", &success()) })
        });
        let (seconds, clock) = standing_clock();
        let provider = deployed(&settings(&okta.url()), PATIENCE, clock);
        assert_eq!(Outcome::of(&provider, &of("bob", "203.0.113.9"), PATIENCE).await.reason(), "rate-limited");
        seconds.fetch_add(pause - 1, Ordering::SeqCst);
        let held = Outcome::of(&provider, &of("alice", "203.0.113.8"), PATIENCE).await;
        assert_eq!((held.reason().as_str(), &held.line()["OktaRateLimited"]), ("rate-limited held-off", &value!(1)));
        assert_eq!(okta.received().len(), 1);
        seconds.fetch_add(1, Ordering::SeqCst);
        assert_eq!(Outcome::of(&provider, &of("alice", "203.0.113.8"), PATIENCE).await.reason(), "ok");
    }
}

/// The address goes to Okta only when configured, and only as one address that could be read.
#[tokio::test]
async fn the_source_address_for_okta() {
    for (forward, address, expected) in [
        (true, "203.0.113.9", Some("203.0.113.9")),
        (true, "2001:db8::1", Some("2001:db8::1")),
        (true, "::ffff:203.0.113.9", Some("203.0.113.9")),
        (true, "203.0.113.9, 10.0.0.1", None),
        (true, "203.0.113.9\r\nX-Evil: 1", None),
        (true, "", None),
        (false, "203.0.113.9", None),
    ] {
        let okta = StandIn::sending(json("200 OK", &success()));
        let mut settings: Value = serde_json::from_str(&settings(&okta.url())).unwrap();
        settings["okta"]["forward_source_ip"] = value!(forward);
        let provider = deployed(&settings.to_string(), PATIENCE, Clock::system());
        assert_eq!(Outcome::of(&provider, &of("alice", address), PATIENCE).await.reason(), "ok");
        let head = okta.received()[0].head.clone();
        let sent: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("x-forwarded-for: ")).collect();
        assert_eq!(sent, expected.into_iter().collect::<Vec<_>>(), "{address:?}");
        assert!(!head.contains("Evil") && head.contains("user-agent: sftp-okta/"));
    }
}

/// A name that stands for a login which cannot be typed at Transfer.
#[tokio::test]
async fn aliases() {
    let okta = StandIn::sending(json("200 OK", &success().replace("Alice@Acme.com", "Alice+sftp@acme.com")));
    let mut settings: Value = serde_json::from_str(&settings(&okta.url())).unwrap();
    settings["okta"]["aliases"] = value!({"alice.sftp@acme.com": "alice+sftp@acme.com"});
    let provider = deployed(&settings.to_string(), PATIENCE, Clock::system());
    let outcome = Outcome::of(&provider, &of("alice.sftp", "203.0.113.9"), PATIENCE).await;
    assert_eq!(outcome.reason(), "ok");
    assert!(outcome.body.contains("/home/alice+sftp"), "{}", outcome.body);
    assert!(String::from_utf8_lossy(&okta.received()[0].body).contains("\"username\":\"alice+sftp@acme.com\""));
    // Anybody else's answer is somebody else's.
    assert_eq!(Outcome::of(&provider, &of("alice", "203.0.113.9"), PATIENCE).await.reason(), "login-mismatch");
}

/// The event of Transfer itself, and its answer without an API around it.
#[tokio::test]
async fn direct_events() {
    let okta = StandIn::start(|received| {
        let right = String::from_utf8_lossy(&received.body).contains("right");
        Reply::Send(if right { json("200 OK", &success()) } else { wrong() })
    });
    let provider = deployed(&settings(&okta.url()), PATIENCE, Clock::system());
    let event = |password: Value| {
        value!({"username": "alice", "password": password, "protocol": "SFTP",
            "serverId": "s-0123456789abcdef0", "sourceIp": "203.0.113.9"})
    };
    for (event, is_accepted, reason) in [
        (event(value!("right")), true, "ok"),
        (event(value!("wrong")), false, "bad-credentials"),
        (event(value!("")), false, "key-probe"),
        (event(Value::Null), false, "key-probe"),
        (event(value!("  ")), false, "password-missing"),
    ] {
        let mut log = Vec::new();
        let answer = provider.answer(event.to_string().as_bytes(), PATIENCE, &mut log).await;
        let answer = serde_json::to_value(&answer).unwrap();
        let line: Value = serde_json::from_slice(&log).unwrap();
        assert_eq!(line["reason"], reason);
        assert_eq!(answer["Role"].is_string(), is_accepted, "{answer}");
        assert!(answer.get("statusCode").is_none() && (is_accepted || answer == value!({})), "{answer}");
    }
}
