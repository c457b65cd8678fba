//! Sign-ins with a second factor: which requests they are, and how they end.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json as value};
use sftp_okta_lambda::clock::Clock;

use crate::event::{Outcome, deployed, event, settings, success};
use crate::stand_in::{Received, Reply, StandIn, gzip_bomb, json, response};

/// Time for a whole sign-in: long for loopback, short for a person.
const TIME: Duration = Duration::from_millis(1500);
/// Time for one request.
const EXCHANGE: Duration = Duration::from_millis(400);

pub(crate) fn deployment(url: &str, mfa: &str, methods: &[&str]) -> String {
    let mut settings: Value = serde_json::from_str(&settings(url)).unwrap();
    settings["okta"]["mfa"] = value!(mfa);
    if mfa != "off" {
        settings["okta"]["mfa_methods"] = value!(methods);
    }
    settings.to_string()
}

pub(crate) fn typed(password: &str) -> Value {
    let mut event = event();
    event["headers"] = value!({"PasswordBase64": STANDARD.encode(password)});
    event["multiValueHeaders"] = Value::Null;
    event
}

/// A user with these factors, whose links all lead elsewhere.
pub(crate) fn mfa_required(factors: &[&str], elsewhere: &str) -> Vec<u8> {
    let factors: Vec<Value> = factors
        .iter()
        .map(|factor| {
            let (kind, provider) = match *factor {
                "ost1" => ("token:software:totp", "OKTA"),
                "uft1" => ("token:software:totp", "GOOGLE"),
                "opf1" => ("push", "OKTA"),
                _ => ("sms", "OKTA"),
            };
            value!({"id": factor, "factorType": kind, "provider": provider,
                "_links": {"verify": {"href": format!("{elsewhere}/verify")}}})
        })
        .collect();
    let links =
        value!({"cancel": {"href": format!("{elsewhere}/cancel")}, "skip": {"href": format!("{elsewhere}/skip")}});
    let body = value!({"status": "MFA_REQUIRED", "stateToken": "00Canary-state", "_embedded": {"factors": factors},
        "_links": links});
    json("200 OK", &body.to_string())
}

pub(crate) fn challenge(result: &str, number: bool) -> Vec<u8> {
    let embedded = if number { value!({"challenge": {"correctAnswer": 42}}) } else { value!({}) };
    let factor = value!({"id": "opf1", "factorType": "push", "provider": "OKTA", "_embedded": embedded});
    let body = value!({"status": "MFA_CHALLENGE", "stateToken": "00Canary-state", "factorResult": result,
        "_embedded": {"factor": factor}, "_links": {"next": {"name": "poll", "href": "https://evil.example.com/"}}});
    json("200 OK", &body.to_string())
}

pub(crate) fn error(status: &str, code: &str) -> Vec<u8> {
    json(status, &format!(r#"{{"errorCode":"{code}","errorSummary":"s","errorId":"oae1"}}"#))
}

/// Okta gives these replies one after the other, and the last for ever.
fn okta(replies: Vec<Vec<u8>>) -> StandIn {
    let replies = Mutex::new(replies);
    StandIn::start(move |_| {
        let mut replies = replies.lock().unwrap();
        Reply::Send(if replies.len() > 1 { replies.remove(0) } else { replies[0].clone() })
    })
}

/// Paths below `/api/v1/authn` that were asked for, and whether a code was sent there.
fn asked(received: &[Received]) -> String {
    let told = received.iter().map(|received| {
        let path = received.head.split(' ').nth(1).unwrap_or_default().replace("/api/v1/", "");
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        let code = body["passCode"].as_str().map(|code| format!("={code}")).unwrap_or_default();
        format!("{path}{code}")
    });
    told.collect::<Vec<_>>().join(" ")
}

struct Walked {
    reason: String,
    asked: String,
    line: Value,
}

async fn walk(okta: &StandIn, mfa: &str, methods: &[&str], password: &str) -> Walked {
    let provider = deployed(&deployment(&okta.url(), mfa, methods), EXCHANGE, Clock::system());
    let outcome = Outcome::of(&provider, &typed(password), TIME).await;
    let line = outcome.line();
    assert_eq!(outcome.body == "{}", line["decision"] == "refused");
    assert_eq!(line["okta_calls"], okta.received().len());
    Walked { reason: outcome.reason(), asked: asked(&okta.received()), line }
}

#[tokio::test]
async fn the_whole_way() {
    let elsewhere = StandIn::sending(json("200 OK", &success()));
    let all = || mfa_required(&["opf1", "uft1", "sms1", "ost1"], &elsewhere.url());
    let ok = || json("200 OK", &success());
    let wrong = || error("403 Forbidden", "E0000068");
    let both = &["totp", "push"][..];
    // Setting, methods, what was typed, Okta's answers; the end, and what was asked.
    type Case<'a> = (&'a str, &'a [&'a str], &'a str, Vec<Vec<u8>>, &'a str, &'a str);
    let table: Vec<Case<'_>> = vec![
        ("off", both, "secret,123456", vec![ok()], "ok", "authn"),
        ("off", both, "secret", vec![all()], "mfa-required", "authn"),
        ("auto", both, "secret", vec![ok()], "ok", "authn"),
        ("auto", both, "secret,123456", vec![ok()], "ok", "authn"),
        ("required", both, "secret,123456", vec![ok()], "mfa-not-asked", "authn"),
        ("auto", both, "secret,123456", vec![all(), ok()], "ok", "authn authn/factors/ost1/verify=123456"),
        ("required", both, "secret,123456", vec![all(), ok()], "ok", "authn authn/factors/ost1/verify=123456"),
        (
            "auto",
            both,
            "secret,123456",
            vec![all(), wrong(), ok()],
            "ok",
            "authn authn/factors/ost1/verify=123456 authn/factors/uft1/verify=123456",
        ),
        (
            "auto",
            both,
            "secret,123456",
            vec![all(), wrong()],
            "mfa-failed",
            "authn authn/factors/ost1/verify=123456 authn/factors/uft1/verify=123456",
        ),
        (
            "auto",
            both,
            "secret,123456",
            vec![all(), error("403 Forbidden", "E0000082")],
            "mfa-failed",
            "authn authn/factors/ost1/verify=123456",
        ),
        (
            "auto",
            both,
            "secret",
            vec![all(), challenge("WAITING", false), challenge("WAITING", false), ok()],
            "ok",
            "authn authn/factors/opf1/verify authn/factors/opf1/verify authn/factors/opf1/verify",
        ),
        (
            "auto",
            both,
            "secret",
            vec![all(), challenge("WAITING", false), challenge("REJECTED", false)],
            "push-rejected",
            "authn authn/factors/opf1/verify authn/factors/opf1/verify",
        ),
        (
            "auto",
            both,
            "secret",
            vec![all(), challenge("WAITING", true)],
            "push-number-challenge",
            "authn authn/factors/opf1/verify authn/cancel",
        ),
        (
            "auto",
            both,
            "secret",
            vec![
                all(),
                challenge("WAITING", false),
                error("429 Too Many Requests", "E0000047"),
                error("500 Internal Server Error", "E0000009"),
                ok(),
            ],
            "ok",
            "authn authn/factors/opf1/verify authn/factors/opf1/verify authn/factors/opf1/verify authn/factors/opf1/verify",
        ),
        ("auto", &["push", "totp"], "secret,123456", vec![all(), ok()], "ok", "authn authn/factors/ost1/verify=123456"),
        ("auto", &["push"], "secret,123456", vec![all(), ok()], "ok", "authn authn/factors/opf1/verify"),
        ("auto", &["totp"], "secret", vec![all()], "mfa-required", "authn"),
        ("auto", both, "secret", vec![mfa_required(&["sms1"], &elsewhere.url())], "mfa-factor-missing", "authn"),
        ("auto", both, "secret,123456", vec![mfa_required(&["sms1"], &elsewhere.url())], "mfa-factor-missing", "authn"),
    ];
    for (mfa, methods, password, replies, reason, requests) in table {
        let okta = okta(replies);
        let walked = walk(&okta, mfa, methods, password).await;
        assert_eq!((walked.reason.as_str(), walked.asked.as_str()), (reason, requests), "{mfa} {methods:?} {password}");
    }
    assert_eq!(elsewhere.connections(), 0, "a link was followed");
}

/// What Okta is told, byte for byte: the password without the code, then the code and the state token.
#[tokio::test]
async fn exactly_these_requests() {
    let okta = okta(vec![mfa_required(&["ost1"], "https://evil.example.com"), json("200 OK", &success())]);
    let walked = walk(&okta, "auto", &["totp"], "s,ecret,654321").await;
    assert_eq!((walked.reason.as_str(), &walked.line["mfa_factor"]), ("ok", &value!("okta-totp")));
    let bodies: Vec<_> =
        okta.received().iter().map(|received| String::from_utf8_lossy(&received.body).into_owned()).collect();
    insta::assert_snapshot!(bodies.join("\n"), @r#"
    {"username":"alice@acme.com","password":"s,ecret","options":{"multiOptionalFactorEnroll":false,"warnBeforePasswordExpired":false}}
    {"stateToken":"00Canary-state","passCode":"654321"}
    "#);
}

/// Where no code can be used, a password that ends like one is a password.
#[tokio::test]
async fn a_password_is_cut_for_a_code_alone() {
    for (mfa, methods, sent) in
        [("auto", &["push"][..], "secret,123456"), ("off", &["totp"], "secret,123456"), ("auto", &["totp"], "secret")]
    {
        let okta = okta(vec![json("200 OK", &success())]);
        assert_eq!(walk(&okta, mfa, methods, "secret,123456").await.reason, "ok");
        let body: Value = serde_json::from_slice(&okta.received()[0].body).unwrap();
        assert_eq!(body["password"], sent, "{mfa} {methods:?}");
    }
}

/// Nobody answers: the function stops polling in time, tells Okta, and answers before its own limit.
#[tokio::test]
async fn a_push_that_nobody_answers() {
    let okta = okta(vec![mfa_required(&["opf1"], "https://evil.example.com"), challenge("WAITING", false)]);
    let start = Instant::now();
    let walked = walk(&okta, "auto", &["push"], "secret").await;
    assert!(start.elapsed() < TIME + EXCHANGE, "{:?}", start.elapsed());
    assert_eq!((walked.reason.as_str(), &walked.line["mfa_factor"]), ("push-timeout", &value!("push")));
    let asked: Vec<_> = walked.asked.split(' ').collect();
    let polls = asked.iter().filter(|path| **path == "authn/factors/opf1/verify").count();
    assert!((5..=80).contains(&polls), "{polls} polls of 20 ms within 1.5 s");
    assert_eq!((asked.first(), asked.last()), (Some(&"authn"), Some(&"authn/cancel")));
    assert_eq!(asked.iter().filter(|path| **path == "authn/cancel").count(), 1);
}

/// A poll to which no answer comes: refused, and the push is taken back in what is left of the time.
#[tokio::test]
async fn a_poll_that_is_not_answered() {
    for (silent, expected) in [(true, "okta-unavailable timeout"), (false, "okta-unavailable interrupted")] {
        let okta = StandIn::start(move |received| {
            let path = received.head.split(' ').nth(1).unwrap_or_default();
            match path.trim_start_matches("/api/v1/authn") {
                "" => Reply::Send(mfa_required(&["opf1"], "https://evil.example.com")),
                "/cancel" => Reply::Send(json("200 OK", "{}")),
                _ if silent => Reply::Silence,
                _ => Reply::Reset,
            }
        });
        let start = Instant::now();
        // One poll may take longer than there is time: then the reserve is what is left for taking the push back.
        let provider = deployed(&deployment(&okta.url(), "auto", &["push"]), 2 * TIME, Clock::system());
        let outcome = Outcome::of(&provider, &typed("secret"), TIME).await;
        assert!(start.elapsed() < TIME + EXCHANGE, "{:?}", start.elapsed());
        assert_eq!(outcome.reason(), expected);
        assert_eq!(asked(&okta.received()), "authn authn/factors/opf1/verify authn/cancel");
        assert_eq!(outcome.line()["okta_calls"], 3);
    }
}

/// A poll that is answered, and not with what became of the push: refused, and the push is taken back.
#[tokio::test]
async fn bad_answers_to_a_poll() {
    let html = response("200 OK", "Content-Type: text/html\r\n", "<html>");
    let moved = response("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n", "");
    for (reply, expected) in [
        (html, "okta-unavailable not-json"),
        (gzip_bomb(&success()), "okta-unavailable not-json"),
        (moved, "okta-unavailable redirect"),
        (json("200 OK", "[]"), "okta-unavailable not-json"),
    ] {
        let push = mfa_required(&["opf1"], "https://evil.example.com");
        let okta = okta(vec![push, challenge("WAITING", false), reply]);
        let walked = walk(&okta, "auto", &["push"], "secret").await;
        assert_eq!(walked.reason, expected);
        assert_eq!(
            walked.asked, "authn authn/factors/opf1/verify authn/factors/opf1/verify authn/cancel",
            "{expected}"
        );
    }
}

/// Okta limits the polls to the end: the push is taken back in time, and it was nobody's failed try.
#[tokio::test]
async fn polls_that_stay_limited() {
    let okta = okta(vec![
        mfa_required(&["opf1"], "https://evil.example.com"),
        challenge("WAITING", false),
        error("429 Too Many Requests", "E0000047"),
    ]);
    let walked = walk(&okta, "auto", &["push"], "secret").await;
    assert_eq!((walked.reason.as_str(), &walked.line["okta_status"]), ("rate-limited", &value!(429)));
    let asked: Vec<_> = walked.asked.split(' ').collect();
    assert_eq!((asked.first(), asked.last()), (Some(&"authn"), Some(&"authn/cancel")));
    assert!(asked.len() > 5, "{}", walked.asked);
}

/// Bad answers to the second request: refused, and nothing more is asked.
#[tokio::test]
async fn bad_answers_in_the_middle() {
    let html = "Content-Type: text/html\r\n";
    let bomb = gzip_bomb(&success());
    let huge = response("200 OK", "Content-Type: application/json\r\n", &" ".repeat(5_000_000));
    let moved = response("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n", "");
    type Script = Box<dyn Fn() -> Reply + Send + Sync>;
    let table: Vec<(Script, &str)> = vec![
        (Box::new(move || Reply::Send(response("200 OK", html, "<html>"))), "okta-unavailable not-json"),
        (Box::new(move || Reply::Send(bomb.clone())), "okta-unavailable not-json"),
        (Box::new(move || Reply::SendAndClose(huge.clone())), "okta-unavailable too-long"),
        (Box::new(move || Reply::Send(moved.clone())), "okta-unavailable redirect"),
        (Box::new(|| Reply::Reset), "okta-unavailable interrupted"),
        (Box::new(|| Reply::Silence), "okta-unavailable timeout"),
        (Box::new(|| Reply::Drip(vec![b'H'; 1000], Duration::from_millis(20))), "okta-unavailable timeout"),
        (Box::new(|| Reply::Send(error("429 Too Many Requests", "E0000047"))), "rate-limited"),
        (Box::new(|| Reply::Send(error("401 Unauthorized", "E0000011"))), "mfa-failed"),
        (Box::new(|| Reply::Send(json("200 OK", &success().replace("Alice@", "bob@")))), "login-mismatch"),
    ];
    for (reply, expected) in table {
        let okta = StandIn::start(move |received| {
            if received.head.starts_with("POST /api/v1/authn HTTP") {
                Reply::Send(mfa_required(&["ost1", "uft1", "opf1"], "https://evil.example.com"))
            } else {
                reply()
            }
        });
        let walked = walk(&okta, "auto", &["totp", "push"], "secret,123456").await;
        assert_eq!((walked.reason.as_str(), okta.received().len()), (expected, 2), "{expected}");
    }
}

/// Every text that Okta keeps secret, in the places where it is answered, is in no answer and no line.
#[tokio::test]
async fn tokens_and_codes_are_nowhere() {
    for (password, replies) in [
        ("secret,135791", vec![mfa_required(&["ost1"], "https://x.example.com"), json("200 OK", &success())]),
        (
            "secret,135791",
            vec![mfa_required(&["ost1"], "https://x.example.com"), error("403 Forbidden", "00Canary-state 135791")],
        ),
        ("secret", vec![mfa_required(&["opf1"], "https://x.example.com"), challenge("00Canary-state", false)]),
    ] {
        let okta = okta(replies);
        let provider = deployed(&deployment(&okta.url(), "auto", &["totp", "push"]), EXCHANGE, Clock::system());
        let outcome = Outcome::of(&provider, &typed(password), TIME).await;
        for text in [&outcome.body, &outcome.log] {
            for secret in ["00Canary", "135791", "00TokenExample", "secret"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}
