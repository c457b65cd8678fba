use hyper::{HeaderMap, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::stand::Stand;
use crate::okta::directory::Person;
use crate::okta::factors::{ANSWER, PUSH_LIFE, TRIES};
use crate::okta::message::Asked;
use crate::okta::org::Org;
use crate::okta::transaction::LIFE;
use crate::okta::{authn, totp};

/// An org with a clock in the test's hand.
struct Clock {
    org: Org,
    now: u64,
    _folder: TempDir,
}

impl Clock {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { org: Org::new("http://org", folder.path()), now: 1_800_000_000_000, _folder: folder }
    }

    fn post(&self, path: &str, body: &Value) -> (String, Value) {
        let asked = Asked {
            method: Method::POST,
            path: path.to_owned(),
            query: String::new(),
            bearer: None,
            body: body.to_string().into(),
        };
        let reply = crate::okta::routes::answer(&self.org, &asked, self.now);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let said = body["factorResult"].as_str().or(body["status"].as_str()).or(body["errorCode"].as_str());
        (format!("{} {}", reply.status, said.unwrap_or_default()), body)
    }

    /// Signs in as far as the factors; the state token, and the verify path of the first.
    fn start(&mut self, user: &str) -> (String, String) {
        // A second later the limit for a user name is a new one.
        self.now += 1_000;
        let (said, body) =
            self.post("/api/v1/authn", &json!({"username": user, "password": format!("{user}-password")}));
        assert_eq!(said, "200 MFA_REQUIRED", "{user}");
        let href = body["_embedded"]["factors"][0]["_links"]["verify"]["href"].as_str().unwrap();
        (body["stateToken"].as_str().unwrap().to_owned(), href.strip_prefix("http://org").unwrap().to_owned())
    }

    fn verify(&self, (token, path): &(String, String), code: Option<&str>) -> String {
        let mut body = json!({"stateToken": token});
        if let Some(code) = code {
            body["passCode"] = json!(code);
        }
        self.post(path, &body).0
    }

    fn code(&self, user: &str, steps: i64) -> String {
        let step = (self.now / 1000 / totp::STEP).checked_add_signed(steps).unwrap();
        totp::code(&Person::by_name(user).unwrap().sample().totp_secret(), step, 6)
    }
}

#[test]
fn codes() {
    let mut clock = Clock::new();
    let bob = clock.start("bob");
    let code = clock.code("bob", 0);
    assert_eq!(clock.verify(&bob, Some("abc")), "403 E0000068");
    assert_eq!(clock.verify(&bob, Some(&clock.code("bob", 5))), "403 E0000083");
    assert_eq!(clock.verify(&bob, None), "200 MFA_CHALLENGE");
    assert_eq!(clock.verify(&bob, Some(&code)), "200 SUCCESS");
    assert_eq!(clock.verify(&bob, Some(&code)), "401 E0000011");

    let again = clock.start("bob");
    assert_eq!(clock.verify(&again, Some(&code)), "403 E0000082");
    assert_eq!(clock.verify(&again, Some(&clock.code("bob", -1))), "403 E0000082");
    assert_eq!(clock.verify(&again, Some(&clock.code("bob", 1))), "200 SUCCESS");
}

#[test]
fn too_many_wrong_codes_lock() {
    let mut clock = Clock::new();
    let bob = clock.start("bob");
    for _ in 1..TRIES {
        assert_eq!(clock.verify(&bob, Some("x")), "403 E0000068");
    }
    assert_eq!(clock.verify(&bob, Some("x")), "403 E0000069");
    let right = clock.code("bob", 0);
    assert_eq!(clock.verify(&bob, Some(&right)), "403 E0000069");
    clock.now += 1_000;
    let right = json!({"username": "bob", "password": "bob-password"});
    assert_eq!(clock.post("/api/v1/authn", &right).0, "401 E0000004");
    clock.now += authn::LOCKED;
    assert_eq!(clock.post("/api/v1/authn", &right).0, "200 MFA_REQUIRED");
}

#[test]
fn too_many_wrong_passwords_lock() {
    let mut clock = Clock::new();
    for _ in 0..10 {
        clock.now += 1_000;
        let wrong = json!({"username": "alice", "password": "wrong"});
        assert_eq!(clock.post("/api/v1/authn", &wrong).0, "401 E0000004");
    }
    clock.now += 1_000;
    let right = json!({"username": "alice", "password": "alice-password"});
    assert_eq!(clock.post("/api/v1/authn", &right).0, "401 E0000004");
    clock.now += authn::LOCKED;
    assert_eq!(clock.post("/api/v1/authn", &right).0, "200 SUCCESS");
}

#[test]
fn a_factor_does_not_mend_an_expired_password() {
    let mut clock = Clock::new();
    let mara = clock.start("mara");
    let code = clock.code("mara", 0);
    assert_eq!(clock.verify(&mara, Some(&code)), "200 PASSWORD_EXPIRED");
    assert_eq!(clock.verify(&mara, Some(&code)), "403 E0000079");
}

#[test]
fn pushes() {
    let mut clock = Clock::new();
    for (user, later, much_later) in [
        ("paula", "200 SUCCESS", "401 E0000011"),
        ("rita", "200 REJECTED", "200 REJECTED"),
        ("nora", "200 WAITING", "200 TIMEOUT"),
        ("nadia", "200 WAITING", "200 TIMEOUT"),
    ] {
        let started = clock.start(user);
        assert_eq!(clock.verify(&started, None), "200 WAITING", "{user}");
        clock.now += ANSWER - 1;
        assert_eq!(clock.verify(&started, None), "200 WAITING", "{user}");
        clock.now += 1;
        assert_eq!(clock.verify(&started, None), later, "{user}");
        clock.now += PUSH_LIFE;
        assert_eq!(clock.verify(&started, None), much_later, "{user}");
    }
}

#[test]
fn a_number_to_choose() {
    let mut clock = Clock::new();
    let (token, path) = clock.start("nadia");
    let (_, body) = clock.post(&path, &json!({"stateToken": token}));
    assert_eq!(body["_embedded"]["factor"]["_embedded"]["challenge"]["correctAnswer"], 42);
    assert_eq!(body["_links"]["next"]["name"], "poll");
    let (said, _) = clock.post("/api/v1/authn/previous", &json!({"stateToken": token}));
    assert_eq!(said, "200 MFA_REQUIRED");
}

#[test]
fn messages_that_nobody_gets() {
    let mut clock = Clock::new();
    let mia = clock.start("mia");
    assert_eq!(clock.verify(&mia, None), "200 MFA_CHALLENGE");
    assert_eq!(clock.verify(&mia, Some("123456")), "403 E0000068");
    let other = (mia.0, "/api/v1/authn/factors/opfnone/verify".to_owned());
    assert_eq!(clock.verify(&other, None), "404 E0000007");
}

#[test]
fn state_tokens_expire_and_slide() {
    let mut clock = Clock::new();
    let nora = clock.start("nora");
    for _ in 0..3 {
        clock.now += LIFE - 1;
        assert!(clock.verify(&nora, None).starts_with("200"));
    }
    clock.now += LIFE;
    assert_eq!(clock.verify(&nora, None), "401 E0000011");
}

#[test]
fn ten_polls_in_five_seconds() {
    let mut clock = Clock::new();
    let nora = clock.start("nora");
    for _ in 0..10 {
        assert_eq!(clock.verify(&nora, None), "200 WAITING");
    }
    assert_eq!(clock.verify(&nora, None), "429 E0000047");
    clock.now += 5_000;
    assert_eq!(clock.verify(&nora, None), "200 WAITING");
}

#[tokio::test]
async fn over_http_with_the_real_clock() {
    let stand = Stand::new().await;
    let bob = stand.authn("bob", "bob-password").await;
    let factors = &bob.body["_embedded"]["factors"];
    let kinds: Vec<_> = factors.as_array().unwrap().iter().map(|factor| &factor["factorType"]).collect();
    assert_eq!(kinds, ["token:software:totp", "push", "token:software:totp"]);
    let step = crate::clock::now() / 1000 / totp::STEP;
    let code = totp::code(&Person::by_name("bob").unwrap().sample().totp_secret(), step, 6);
    let token = bob.body["stateToken"].as_str().unwrap();
    let answer = stand.verify(&factors[0], token, Some(&code)).await;
    assert_eq!(answer.outcome(), "200 SUCCESS");
    let _: &HeaderMap = &answer.headers;
}

#[test]
fn who_has_an_authenticator_is_told_what_to_type() {
    let bob = Person::by_name("bob").unwrap();
    let now = 1_800_000_000_000;
    let code = totp::code(&bob.sample().totp_secret(), now / 1000 / totp::STEP, 6);
    let told = bob.sample().told(now).state;
    assert!(told.contains(&format!("; now type bob-password,{code}; ")), "{told}");
    assert!(!Person::by_name("paula").unwrap().sample().told(now).state.contains("type"));
}
