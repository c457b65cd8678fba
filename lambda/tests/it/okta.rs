//! One sign-in is one request, whatever Okta does with it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::event::{CANARY, CANARY_BASE64, Outcome, PATIENCE, event, identity_provider, success};
use crate::stand_in::{Reply, StandIn, gzip_bomb, json, response};

/// Long for loopback, short for a person.
const TIMEOUT: Duration = Duration::from_millis(400);

async fn sign_in(okta: &StandIn) -> Outcome {
    Outcome::of(&identity_provider(&okta.url(), TIMEOUT), &event(), PATIENCE).await
}

#[tokio::test]
async fn exactly_this_request() {
    let okta = StandIn::sending(json("200 OK", &success()));
    let outcome = sign_in(&okta).await;
    assert_eq!(outcome.reason(), "ok");

    let received = okta.received();
    assert_eq!(received.len(), 1);
    let text = format!("{}{}", received[0].head, String::from_utf8_lossy(&received[0].body));
    let text =
        text.replace(&okta.address(), "[okta]").replace(env!("CARGO_PKG_VERSION"), "[version]").replace('\r', "");
    insta::assert_snapshot!(text, @r#"
    POST /api/v1/authn HTTP/1.1
    content-type: application/json
    accept: application/json
    user-agent: sftp-okta/[version]
    host: [okta]
    content-length: 144

    {"username":"alice@acme.com","password":"Canary-7f3a9c-hunter2","options":{"multiOptionalFactorEnroll":false,"warnBeforePasswordExpired":false}}
    "#);
}

#[tokio::test]
async fn the_answer_and_its_line() {
    let okta = StandIn::sending(json("200 OK", &success()));
    let outcome = sign_in(&okta).await;
    insta::assert_snapshot!(outcome.body, @r#"{"Role":"arn:aws:iam::111122223333:role/sftp-user","HomeDirectoryType":"LOGICAL","HomeDirectoryDetails":"[{\"Entry\":\"/\",\"Target\":\"/acme-files/home/alice\"}]","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:ListBucket\"],\"Resource\":\"arn:aws:s3:::acme-files\",\"Condition\":{\"StringLike\":{\"s3:prefix\":[\"home/alice\",\"home/alice/\",\"home/alice/*\"]}}},{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:PutObject\",\"s3:DeleteObject\"],\"Resource\":\"arn:aws:s3:::acme-files/home/alice/*\"}]}"}"#);

    let mut line = outcome.line();
    let numbers = ["ms", "SignInLatency", "OktaLatency"].map(|number| line[number].take());
    assert!(numbers.iter().all(Value::is_number) && line["_aws"].take().is_object());
    insta::assert_snapshot!(line, @r#"{"ConfigurationErrors":0,"DeploymentName":"partners","OktaCalls":1,"OktaLatency":null,"OktaRateLimited":0,"OktaUnavailable":0,"Reason":"ok","Refusals":0,"SignInLatency":null,"SignIns":1,"Throttles":0,"_aws":null,"decision":"accepted","event":"sign-in","level":"INFO","login":"alice@acme.com","method":"password","ms":null,"okta_calls":1,"okta_error_code":null,"okta_error_id":null,"okta_request_id":"Zk1xRequest","okta_status":200,"protocol":"SFTP","reason":"ok","rule":0,"server_id":"s-0123456789abcdef0","source_ip":"203.0.113.9"}"#);
    assert!(outcome.log.ends_with("}\n") && outcome.log.matches('\n').count() == 1);
}

/// Every way an answer can be bad: refused, asked once, and told apart in the log.
#[tokio::test]
async fn bad_answers() {
    let elsewhere = StandIn::sending(json("200 OK", &success()));
    let redirect = format!("Location: {}/api/v1/authn\r\nContent-Type: application/json\r\n", elsewhere.url());
    let huge =
        response("200 OK", "Content-Type: application/json\r\n", &format!("{}{}", success(), " ".repeat(5_000_000)));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let endless = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(50)
    );
    let coded = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    let html = "Content-Type: text/html\r\n";
    let error = |code: &str| format!(r#"{{"errorCode":"{code}","errorSummary":"{CANARY}","errorId":"oae1"}}"#);
    let table = [
        (response("200 OK", html, "<html>Sign in</html>"), "okta-unavailable not-json"),
        (response("200 OK", html, &success()), "okta-unavailable not-json"),
        (response("200 OK", coded, &success()), "okta-unavailable not-json"),
        (gzip_bomb(&success()), "okta-unavailable not-json"),
        (response("200 OK", "", &success()), "okta-unavailable not-json"),
        (json("200 OK", ""), "okta-unavailable not-json"),
        (json("200 OK", &success().replace("SUCCESS", "MFA_REQUIRED")), "mfa-required"),
        (json("200 OK", &success().replace("Alice@", "Bob@")), "login-mismatch"),
        (json("204 No Content", ""), "okta-unavailable status"),
        (response("301 Moved", &redirect, &success()), "okta-unavailable redirect"),
        (response("302 Found", &redirect, &success()), "okta-unavailable redirect"),
        (response("307 Temporary Redirect", &redirect, &success()), "okta-unavailable redirect"),
        (response("308 Permanent Redirect", &redirect, &success()), "okta-unavailable redirect"),
        (json("401 Unauthorized", &error("E0000004")), "bad-credentials"),
        (json("404 Not Found", &error("E0000007")), "config"),
        (json("429 Too Many Requests", &error("E0000047")), "rate-limited"),
        (response("429 Too Many Requests", html, "<html>slow down</html>"), "rate-limited"),
        (json("500 Internal Server Error", &error("E0000009")), "okta-unavailable status"),
        (response("502 Bad Gateway", html, "<html>oops</html>"), "okta-unavailable status"),
        (json("503 Service Unavailable", &error("E0000181")), "okta-unavailable status"),
        (huge, "okta-unavailable too-long"),
        (endless.into_bytes(), "okta-unavailable too-long"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(), "okta-unavailable interrupted"),
    ];
    for (bytes, expected) in table {
        let label = String::from_utf8_lossy(bytes.get(..60).unwrap_or(&bytes)).into_owned();
        let okta = StandIn::start(move |_| Reply::SendAndClose(bytes.clone()));
        let outcome = sign_in(&okta).await;
        assert_eq!((outcome.body.as_str(), outcome.reason().as_str()), ("{}", expected), "{label}");
        assert_eq!((okta.received().len(), okta.connections()), (1, 1), "{label}");
        assert_silent(&outcome);
    }
    assert_eq!(elsewhere.connections(), 0, "a redirect was followed");
}

#[tokio::test]
async fn connections_that_break() {
    let half = json("200 OK", &success());
    let half = half[..half.len() - 10].to_vec();
    type Break = fn(Vec<u8>) -> Reply;
    let table: [(Break, &str); 5] = [
        (|_| Reply::Reset, "okta-unavailable interrupted"),
        (|_| Reply::SendAndClose(Vec::new()), "okta-unavailable interrupted"),
        (|half| Reply::SendAndClose(half), "okta-unavailable interrupted"),
        (|_| Reply::Silence, "okta-unavailable timeout"),
        (|half| Reply::Drip(half, Duration::from_millis(20)), "okta-unavailable timeout"),
    ];
    for (reply, expected) in table {
        let half = half.clone();
        let okta = StandIn::start(move |_| reply(half.clone()));
        let start = Instant::now();
        let outcome = sign_in(&okta).await;
        assert!(start.elapsed() < TIMEOUT * 3, "{expected} took {:?}", start.elapsed());
        assert_eq!((outcome.body.as_str(), outcome.reason().as_str()), ("{}", expected));
        assert_eq!((okta.received().len(), okta.connections()), (1, 1), "{expected}");
        assert_silent(&outcome);
    }
}

#[tokio::test]
async fn nobody_there() {
    // Bound, so that nobody else gets the port, but not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let provider = identity_provider(&format!("http://{}", socket.local_addr().unwrap()), TIMEOUT);
    let outcome = Outcome::of(&provider, &event(), PATIENCE).await;
    assert_eq!((outcome.body.as_str(), outcome.reason().as_str()), ("{}", "okta-unavailable connect"));
}

#[tokio::test]
async fn one_connection_is_kept_warm() {
    let okta = StandIn::sending(json("200 OK", &success()));
    let provider = identity_provider(&okta.url(), TIMEOUT);
    for _ in 0..5 {
        assert_ne!(Outcome::of(&provider, &event(), PATIENCE).await.body, "{}");
    }
    assert_eq!((okta.received().len(), okta.connections()), (5, 1));
}

/// A server that hangs up after each answer costs a new connection, never a second request.
#[tokio::test]
async fn a_kept_connection_that_was_closed() {
    let okta = StandIn::start(|_| Reply::SendAndClose(json("200 OK", &success())));
    let provider = identity_provider(&okta.url(), TIMEOUT);
    for sign_ins in 1..=5 {
        let _ = Outcome::of(&provider, &event(), PATIENCE).await;
        assert!(okta.received().len() <= sign_ins);
    }
}

/// Nothing that is wrong with the request costs a request.
#[tokio::test]
async fn refused_without_asking() {
    let okta = StandIn::sending(json("200 OK", &success()));
    let provider = identity_provider(&okta.url(), TIMEOUT);
    let event = event().to_string();
    let table = [
        (CANARY_BASE64, "ICAg", "password-missing"),
        (CANARY_BASE64, "////", "password-encoding"),
        ("\"username\":\"alice\"", "\"username\":\"..%2falice\"", "user-name-malformed"),
        ("\"username\":\"alice\"", "\"username\":\"alice@evil.com\"", "user-name-other-domain"),
        ("\"SFTP\"", "\"FTP\"", "protocol-not-sftp"),
        ("\"serverId\":\"s-", "\"serverId\":\"x-", "server-id-malformed"),
        ("\"GET\"", "\"POST\"", "route-unknown"),
        ("\"headers\":{", "\"headers\":{\"passwordbase64\":\"x\",", "value-repeated"),
        ("\"body\"", "\"httpMethod\":\"GET\",\"body\"", "event-malformed"),
        ("\"headers\":{", "\"headers\":[{", "event-malformed"),
    ];
    for (from, to, expected) in table {
        assert!(event.contains(from), "{from}");
        let mut log = Vec::new();
        let answer = provider.answer(event.replace(from, to).as_bytes(), PATIENCE, &mut log).await;
        let outcome = Outcome { body: answer.user_config(), log: String::from_utf8(log).unwrap() };
        assert_eq!((outcome.body.as_str(), outcome.reason().as_str()), ("{}", expected));
        assert_silent(&outcome);
    }
    assert_eq!(okta.connections(), 0);
}

/// The password is in no answer and in no log line, in either of its forms; nor is a token of Okta's.
fn assert_silent(outcome: &Outcome) {
    for text in [&outcome.body, &outcome.log] {
        for secret in [CANARY, CANARY_BASE64, "00TokenExample"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn the_password_is_nowhere() {
    let request = sftp_okta_lambda::request::Request::from_json(event().to_string().as_bytes()).unwrap();
    let origin = request.origin();
    let sign_in_request = request.sign_in(Some("acme.com")).unwrap();
    let okta = StandIn::start(|received| {
        // An Okta that repeats whatever it was told, wherever it can.
        let told = String::from_utf8_lossy(&received.body).replace('"', "'");
        Reply::Send(json(
            "403 Forbidden",
            &format!(r#"{{"errorCode":"{told}","errorId":"{told}","errorSummary":"{told}"}}"#),
        ))
    });
    let outcome = sign_in(&okta).await;
    assert_silent(&outcome);
    let debug = format!("{sign_in_request:?} {origin:?}");
    assert!(!debug.contains(CANARY) && !debug.contains("hunter2"), "{debug}");
    assert!(debug.contains("Secret(redacted)"));
}
