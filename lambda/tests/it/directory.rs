//! The service app and the directory: what is asked, what is kept, and what is not believed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json as value};
use sftp_okta_lambda::access::Needs;
use sftp_okta_lambda::clock::Clock;
use sftp_okta_lambda::okta::{Detail, Directory, Found, Judgement, OktaClient, ServiceAppClient, Spent, Timing, Whom};
use sftp_okta_lambda::secrets_manager::SecretsManager;
use sftp_okta_lambda::settings::{SecretArn, ServiceApp};
use tokio::time::Instant;

use crate::event::PATIENCE;
use crate::stand_in::{Received, Reply, StandIn, gzip_bomb, json, response};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf";
/// The key of RFC 7515, appendix A.3.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// The key of RFC 7515, appendix A.2, with another `dq`: it is read, and signs nothing.
const DAMAGED: &str = r#"{"kty": "RSA", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ", "e": "AQAB", "d": "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ", "p": "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc", "q": "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc", "dp": "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0", "dq": "h_97-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU", "qi": "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;
const ALICE: Whom<'_> = Whom::SignedIn { id: "00u1", login: "alice@acme.com" };
const EVERYTHING: Needs = Needs { person: true, groups: true };

fn user() -> String {
    value!({"id": "00u1", "status": "ACTIVE", "profile": {"login": "Alice@acme.com", "team": "blue"}}).to_string()
}

fn groups(names: &[&str]) -> String {
    let groups =
        names.iter().map(|name| value!({"id": format!("00g{name}"), "type": "OKTA_GROUP", "profile": {"name": name}}));
    Value::Array(groups.collect()).to_string()
}

fn token() -> Vec<u8> {
    json(
        "200 OK",
        r#"{"token_type":"Bearer","expires_in":3600,"access_token":"Canary-token","scope":"okta.users.read"}"#,
    )
}

fn path(received: &Received) -> String {
    received.head.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// An org in which all is well, but for the paths that `other` answers.
fn org(other: impl Fn(&str, &Received) -> Option<Reply> + Send + Sync + 'static) -> StandIn {
    StandIn::start(move |received| {
        let path = path(received);
        other(&path, received).unwrap_or_else(|| {
            Reply::Send(match path.as_str() {
                "/oauth2/v1/token" => token(),
                "/api/v1/users/00u1/groups" => json("200 OK", &groups(&["red", "green"])),
                _ => json("200 OK", &user()),
            })
        })
    })
}

fn secret(text: &str) -> Vec<u8> {
    let body = value!({"ARN": ARN, "Name": "okta", "SecretString": text}).to_string();
    response("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", &body)
}

struct Stand {
    okta: OktaClient,
    app: ServiceAppClient,
    clock: Clock,
    seconds: Arc<AtomicU64>,
    secrets: StandIn,
}

impl Stand {
    fn new(org: &StandIn, secrets: StandIn) -> Self {
        let arn = SecretArn::parse(ARN).unwrap();
        let variable = |name| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("Canary-aws".to_owned()),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => Some(secrets.url()),
            _ => None,
        };
        let secrets_manager = SecretsManager::new(&arn, variable).unwrap();
        let settings = ServiceApp { client_id: "0oa1".to_owned(), key_id: "key-1".to_owned(), private_key_secret: arn };
        let seconds = Arc::new(AtomicU64::new(1_700_000_000));
        let (monotonic, wall) = (Arc::clone(&seconds), Arc::clone(&seconds));
        let now = |clock: &AtomicU64| Duration::from_secs(clock.load(Ordering::SeqCst));
        Self {
            okta: OktaClient::new(&org.url().try_into().unwrap(), Timing::default()).unwrap(),
            app: ServiceAppClient::new(settings, secrets_manager),
            clock: Clock::new(move || now(&monotonic), move || SystemTime::UNIX_EPOCH + now(&wall)),
            seconds,
            secrets,
        }
    }

    async fn person(&self, whom: Whom<'_>, needs: Needs) -> (Result<Found, Judgement>, Spent) {
        let until = Instant::now() + PATIENCE;
        let directory = Directory { okta: &self.okta, app: &self.app, clock: &self.clock, until };
        let mut spent = Spent::default();
        let found = directory.person(whom, needs, &mut spent).await;
        (found, spent)
    }

    async fn outcome(&self, whom: Whom<'_>, needs: Needs) -> String {
        match self.person(whom, needs).await.0 {
            Ok(Found { person, .. }) => {
                let groups =
                    person.groups.map(|groups| groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>());
                format!(
                    "{} {} {}",
                    person.login,
                    person.status,
                    groups.map_or("-".to_owned(), |groups| groups.join("+"))
                )
            }
            Err(judgement) => {
                let detail = judgement.detail.map(Detail::as_str);
                [Some(judgement.reason.as_str()), detail].into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        }
    }
}

fn paths(stand_in: &StandIn) -> String {
    stand_in.received().iter().map(path).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn exactly_these_requests() {
    let org = org(|_, _| None);
    let secrets = StandIn::sending(secret(KEY));
    let stand = Stand::new(&org, secrets);
    assert_eq!(stand.outcome(ALICE, EVERYTHING).await, "Alice@acme.com ACTIVE red+green");

    let received = org.received();
    assert_eq!(paths(&org), "/oauth2/v1/token /api/v1/users/00u1 /api/v1/users/00u1/groups");
    assert!(received[1].head.contains("\r\nauthorization: Bearer Canary-token\r\n"), "{}", received[1].head);
    let form = String::from_utf8(received[0].body.clone()).unwrap();
    let (form, assertion) = form.split_once("&client_assertion=").unwrap();
    assert_eq!(
        form,
        "grant_type=client_credentials&scope=okta.users.read&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    );
    assert!(received[0].head.contains("content-type: application/x-www-form-urlencoded"));
    let parts: Vec<Value> = assertion
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], value!({"alg": "ES256", "kid": "key-1", "typ": "JWT"}));
    let mut claims = parts[1].clone();
    assert!(claims["jti"].take().as_str().is_some_and(|id| id.len() == 22));
    let audience = format!("{}/oauth2/v1/token", org.url());
    assert_eq!(
        claims,
        value!({"iss": "0oa1", "sub": "0oa1", "aud": audience, "iat": 1_700_000_000, "exp": 1_700_000_300, "jti": null})
    );

    let asked = stand.secrets.received();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].head.starts_with("POST / HTTP/1.1\r\n"));
    assert!(asked[0].head.contains("x-amz-target: secretsmanager.GetSecretValue\r\n"));
    assert!(asked[0].head.contains("Credential=AKIDEXAMPLE/20231114/eu-west-1/secretsmanager/aws4_request"));
    assert_eq!(String::from_utf8_lossy(&asked[0].body), format!(r#"{{"SecretId":"{ARN}"}}"#));
    for text in asked.iter().chain(&received).map(|received| format!("{}{:?}", received.head, received.body)) {
        assert!(!text.contains("Canary-aws"));
    }
}

/// Key and token are kept: groups cost one request a sign-in, and a token is used until shortly before its end.
#[tokio::test]
async fn what_is_kept() {
    let org = org(|_, _| None);
    let secrets = StandIn::sending(secret(KEY));
    let stand = Stand::new(&org, secrets);
    let groups = Needs { person: false, groups: true };
    assert_eq!(stand.outcome(ALICE, groups).await, "alice@acme.com ACTIVE red+green");
    assert_eq!(org.received().len(), 2);
    stand.seconds.fetch_add(3_539, Ordering::SeqCst);
    let (person, spent) = stand.person(ALICE, groups).await;
    assert!(person.is_ok() && spent.calls == 1);
    stand.seconds.fetch_add(1, Ordering::SeqCst);
    let (person, spent) = stand.person(ALICE, groups).await;
    assert!(person.is_ok() && spent.calls == 2, "a new token in its last minute");
    assert_eq!((stand.secrets.received().len(), org.connections()), (1, 1));
}

/// A token that Okta does not take any more is replaced once.
#[tokio::test]
async fn a_token_that_is_not_taken() {
    for (refusals, expected, requests) in
        [(1, "alice@acme.com ACTIVE red+green", 4), (usize::MAX, "service-app token", 4)]
    {
        let left = AtomicUsize::new(refusals);
        let org = org(move |path, _| {
            let refused = path.starts_with("/api")
                && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
            refused.then(|| Reply::Send(json("401 Unauthorized", r#"{"errorCode":"E0000011","errorId":"oae1"}"#)))
        });
        let stand = Stand::new(&org, StandIn::sending(secret(KEY)));
        assert_eq!(stand.outcome(ALICE, Needs { person: false, groups: true }).await, expected);
        assert_eq!(org.received().len(), requests, "{}", paths(&org));
    }
}

#[tokio::test]
async fn pages() {
    let evil = StandIn::sending(json("200 OK", &groups(&["admins"])));
    let evil_url = evil.url();
    type Next = Box<dyn Fn(&str) -> String + Send + Sync>;
    let table: Vec<(Next, &str, usize)> = vec![
        (
            Box::new(
                |after| if after == "2" { String::new() } else { "{org}/api/v1/users/00u1/groups?after=2".to_owned() },
            ),
            "alice@acme.com ACTIVE red+red",
            3,
        ),
        (Box::new(|_| "{org}/api/v1/users/00u1/groups?after=again".to_owned()), "service-app paging", 51),
        (Box::new(move |_| format!("{evil_url}/api/v1/users/00u1/groups?after=2")), "service-app paging", 2),
        (Box::new(|_| "{org}/api/v1/users/00u2/groups?after=2".to_owned()), "service-app paging", 2),
        (Box::new(|_| "{org}.evil.example.com/api/v1/users/00u1/groups?after=2".to_owned()), "service-app paging", 2),
    ];
    for (next, expected, requests) in table {
        let url = Arc::new(Mutex::new(String::new()));
        let own = Arc::clone(&url);
        let org = org(move |path, _| {
            let query = path.strip_prefix("/api/v1/users/00u1/groups")?;
            let link = next(query.strip_prefix("?after=").unwrap_or_default()).replace("{org}", &own.lock().unwrap());
            let link = if link.is_empty() { link } else { format!("Link: <{link}>; rel=\"next\"\r\n") };
            let headers = format!("Content-Type: application/json\r\n{link}");
            Some(Reply::Send(response("200 OK", &headers, &groups(&["red"]))))
        });
        *url.lock().unwrap() = org.url();
        let stand = Stand::new(&org, StandIn::sending(secret(KEY)));
        assert_eq!(stand.outcome(ALICE, Needs { person: false, groups: true }).await, expected);
        assert_eq!(org.received().len(), requests, "{}", paths(&org));
    }
    assert_eq!(evil.connections(), 0, "the token went elsewhere");
}

/// Not in full is not at all.
#[tokio::test]
async fn bad_answers() {
    let html = response("200 OK", "Content-Type: text/html\r\n", "<html>");
    let huge = response("200 OK", "Content-Type: application/json\r\n", &" ".repeat(5_000_000));
    let coded = response("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "[]");
    let moved = response("302 Found", "Location: http://127.0.0.1:1/\r\n", "");
    let error = |status: &str, code: &str| json(status, &format!(r#"{{"errorCode":"{code}","errorId":"oae1"}}"#));
    let at_groups = "/api/v1/users/00u1/groups";
    let at_user = "/api/v1/users/00u1";
    let at_token = "/oauth2/v1/token";
    let other = |from: &str, to: &str| json("200 OK", &user().replace(from, to));
    let table = [
        (at_groups, html.clone(), "okta-unavailable not-json"),
        (at_groups, huge.clone(), "okta-unavailable too-long"),
        (at_groups, coded.clone(), "okta-unavailable not-json"),
        (at_groups, gzip_bomb(&groups(&["red"])), "okta-unavailable not-json"),
        (at_groups, moved.clone(), "okta-unavailable redirect"),
        (at_groups, json("200 OK", "{}"), "okta-unavailable not-json"),
        (
            at_groups,
            json("200 OK", r#"[{"id":"00g1","profile":{"name":"a"}},{"id":"00g2"}]"#),
            "okta-unavailable not-json",
        ),
        (at_groups, json("200 OK", r#"[{"profile":{"name":"a"}}]"#), "okta-unavailable not-json"),
        (at_groups, error("403 Forbidden", "E0000006"), "service-app scope"),
        (at_groups, error("404 Not Found", "E0000007"), "user-unknown"),
        (at_groups, error("429 Too Many Requests", "E0000047"), "rate-limited"),
        (at_groups, error("500 Internal Server Error", "E0000009"), "okta-unavailable status"),
        (at_user, html, "okta-unavailable not-json"),
        (at_user, huge, "okta-unavailable too-long"),
        (at_user, error("404 Not Found", "E0000007"), "user-unknown"),
        (at_user, other("00u1", "00u2"), "login-mismatch"),
        (at_user, other("Alice@", "bob@"), "login-mismatch"),
        (at_user, other("\"login\"", "\"email\""), "login-mismatch"),
        (at_user, other("\"status\"", "\"state\""), "okta-unavailable not-json"),
        (at_user, other("SUSPENDED", "x"), "Alice@acme.com ACTIVE red+green"),
        (at_token, moved, "okta-unavailable redirect"),
        (at_token, coded, "okta-unavailable not-json"),
        (at_token, json("200 OK", "{}"), "okta-unavailable not-json"),
        (at_token, json("200 OK", r#"{"token_type":"DPoP","expires_in":3600,"access_token":"x"}"#), "service-app dpop"),
        (
            at_token,
            json("200 OK", r#"{"token_type":"Bearer","expires_in":3600,"access_token":""}"#),
            "service-app token",
        ),
        (
            at_token,
            json("200 OK", r#"{"token_type":"Bearer","expires_in":3600,"access_token":"a\r\nb"}"#),
            "service-app token",
        ),
        (at_token, json("400 Bad Request", r#"{"error":"invalid_dpop_proof"}"#), "service-app dpop"),
        (at_token, json("400 Bad Request", r#"{"error":"use_dpop_nonce"}"#), "service-app dpop"),
        (at_token, json("400 Bad Request", r#"{"error":"invalid_grant"}"#), "service-app token"),
        (at_token, json("400 Bad Request", r#"{"error":"invalid_scope"}"#), "service-app scope"),
        (at_token, json("401 Unauthorized", r#"{"error":"invalid_client"}"#), "service-app token"),
        (at_token, error("429 Too Many Requests", "E0000047"), "rate-limited"),
        (at_token, error("503 Service Unavailable", "E0000181"), "okta-unavailable status"),
    ];
    for (at, reply, expected) in table {
        let label = String::from_utf8_lossy(reply.get(..120).unwrap_or(&reply)).into_owned();
        let org = org(move |path, _| (path == at).then(|| Reply::Send(reply.clone())));
        let stand = Stand::new(&org, StandIn::sending(secret(KEY)));
        assert_eq!(stand.outcome(ALICE, EVERYTHING).await, expected, "{at} {label}");
    }
}

/// The last answer is the one that Okta's System Log is asked about.
#[tokio::test]
async fn the_request_that_is_found_again() {
    let with_id = |id: &str, body: &str| {
        response("200 OK", &format!("Content-Type: application/json\r\nX-Okta-Request-Id: {id}\r\n"), body)
    };
    let org = org(move |path, _| match path {
        "/api/v1/users/00u1/groups" => Some(Reply::Send(with_id("ZGroups", &groups(&["red"])))),
        "/oauth2/v1/token" => None,
        _ => Some(Reply::Send(with_id("ZUser", &user()))),
    });
    let stand = Stand::new(&org, StandIn::sending(secret(KEY)));
    for (whom, person, groups, expected) in [
        (Whom::Login("alice@acme.com"), true, true, Some("ZGroups")),
        (Whom::Login("alice@acme.com"), true, false, Some("ZUser")),
        (ALICE, false, false, None),
    ] {
        let found = stand.person(whom, Needs { person, groups }).await.0.map(|found| found.request_id);
        assert_eq!(found, Ok(expected.map(str::to_owned)), "{whom:?} {person} {groups}");
    }
}

#[tokio::test]
async fn by_login() {
    let org = org(|_, _| None);
    let stand = Stand::new(&org, StandIn::sending(secret(KEY)));
    let person = Needs { person: true, groups: false };
    assert_eq!(stand.outcome(Whom::Login("alice@acme.com"), person).await, "Alice@acme.com ACTIVE -");
    // A short name finds somebody whose login is another.
    assert_eq!(stand.outcome(Whom::Login("alice"), person).await, "login-mismatch");
    assert_eq!(stand.outcome(Whom::Login("a/../b?c"), person).await, "login-mismatch");
    assert_eq!(
        paths(&org),
        "/oauth2/v1/token /api/v1/users/alice%40acme%2Ecom /api/v1/users/alice /api/v1/users/a%2F%2E%2E%2Fb%3Fc"
    );
}

#[tokio::test]
async fn bad_secrets() {
    let denied = response(
        "400 Bad Request",
        "Content-Type: application/x-amz-json-1.1\r\n",
        r#"{"__type":"AccessDeniedException"}"#,
    );
    let binary = response("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", r#"{"SecretBinary":"AAAA"}"#);
    for (reply, expected) in [
        (denied, "service-app secret"),
        (binary, "service-app secret"),
        (response("200 OK", "", "<html>"), "service-app secret"),
        (response("500 Oops", "", ""), "service-app secret"),
        (secret("hunter2"), "service-app key-form"),
        (secret("{\"kty\":\"oct\"}"), "service-app key-jwk"),
        (secret(""), "service-app key-form"),
        (secret(DAMAGED), "service-app key-damaged"),
    ] {
        let org = org(|_, _| None);
        let stand = Stand::new(&org, StandIn::sending(reply));
        assert_eq!(stand.outcome(ALICE, EVERYTHING).await, expected);
        // What cannot be used is not kept: the next sign-in finds what was mended meanwhile.
        assert_eq!(stand.outcome(ALICE, EVERYTHING).await, expected);
        assert_eq!((stand.secrets.received().len(), org.received().len()), (2, 0));
    }
}

/// Another key was registered, and put into the secret: found, but looked for once a minute at most.
#[tokio::test]
async fn a_key_that_was_replaced() {
    let taken = Arc::new(AtomicUsize::new(usize::MAX));
    let (accepts, reads) = (Arc::clone(&taken), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&reads);
    let org = org(move |path, _| {
        let refused = path == "/oauth2/v1/token" && reads.load(Ordering::SeqCst) < accepts.load(Ordering::SeqCst);
        refused.then(|| Reply::Send(json("401 Unauthorized", r#"{"error":"invalid_client"}"#)))
    });
    let secrets = StandIn::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::Send(secret(KEY))
    });
    let stand = Stand::new(&org, secrets);
    // The key was read only now, and a moment ago: reading it again would change nothing.
    assert_eq!(stand.outcome(ALICE, EVERYTHING).await, "service-app token");
    assert_eq!(stand.outcome(ALICE, EVERYTHING).await, "service-app token");
    assert_eq!((stand.secrets.received().len(), org.received().len()), (1, 2));
    stand.seconds.fetch_add(60, Ordering::SeqCst);
    taken.store(2, Ordering::SeqCst);
    assert_eq!(stand.outcome(ALICE, EVERYTHING).await, "Alice@acme.com ACTIVE red+green");
    assert_eq!(stand.secrets.received().len(), 2);
}
