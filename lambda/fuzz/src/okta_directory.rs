//! Okta's answers to the service app: its token, a user, groups in pages. Line 1: `signed-in` or `login`, and what is needed
//! of `person` and `groups`. Then the answers; see [`super::answers`].

use serde_json::{Value, json};
use sftp_okta_lambda::access::{Attempt, Credential, Needs, Protocol, decide};
use sftp_okta_lambda::okta::{Directory, Found, OktaClient, ServiceAppClient, Spent, Timing, Whom};
use sftp_okta_lambda::org_url::OrgUrl;
use sftp_okta_lambda::person::Person;
use sftp_okta_lambda::reason::Reason;
use sftp_okta_lambda::secrets_manager::SecretsManager;
use sftp_okta_lambda::settings::{SecretArn, ServiceApp, Settings};
use sftp_okta_lambda::user_config::{RoleArn, UserConfig};
use sftp_okta_lambda::user_name::UserName;
use tokio::time::Instant;

use super::answers::{self, Answer};
use super::complete::{self, BUCKET, ROLE};
use super::event::PATIENCE;
use super::stage::{AWS_KEY, Play, Received, SECRET, Stage};

const ID: &str = "00u1";
const LOGIN: &str = "alice@acme.com";

struct Asker {
    okta: OktaClient,
    app: ServiceAppClient,
    settings: Settings,
}

thread_local! {
    static ASKER: &'static Asker = Box::leak(Box::new(asker()));
}

fn asker() -> Asker {
    let stage = Stage::of_this_thread();
    let org_url = OrgUrl::parse(&stage.url, false).expect("loopback");
    let secret = SecretArn::parse(SECRET).expect("an ARN");
    let secrets_manager = SecretsManager::new(&secret, |name| stage.variable(name)).expect("a client");
    let app = ServiceApp { client_id: "0oa1".to_owned(), key_id: "key-1".to_owned(), private_key_secret: secret };
    let settings = settings(&stage.url);
    Asker {
        okta: OktaClient::new(&org_url, Timing::default()).expect("a client"),
        app: ServiceAppClient::new(app, secrets_manager),
        settings: Settings::from_json(settings.to_string().as_bytes()).expect("settings of this test"),
    }
}

/// Settings that need everything of the directory.
pub fn settings(org_url: &str) -> Value {
    json!({
        "schema": 1,
        "okta": {
            "org_url": org_url,
            "login_domain": "acme.com",
            "service_app": {"client_id": "0oa1", "key_id": "key-1", "private_key_secret": SECRET},
            "ssh_keys_attribute": "sshKeys",
            "aliases": {"carol@acme.com": "Carol.O'Neil@acme.com"},
        },
        "authentication": "public-key-or-password",
        "throttle": {"per_user": 0, "per_source": 0},
        "bucket": BUCKET,
        "access": [
            {
                "groups": ["red"],
                "folders": [
                    {"path": "/inbox", "target": "/{bucket}/teams/{profile.team}/{okta_id}"},
                    {"path": "/pub", "target": "/{bucket}/pub", "permissions": "read-only"},
                ],
                "permissions": "read-write",
            },
            {"users": ["*@acme.com"], "home": "/{bucket}/home/{user}", "permissions": "read-write"},
        ],
    })
}

/// Only the person who was asked for, only in full; and what is read leads to a complete user configuration or to none.
pub fn check(data: &[u8]) -> bool {
    // Where the fuzzer has found a canary out, nothing can be said.
    if data.windows(6).any(|word| word == b"Canary") {
        return false;
    }
    let Some((line, answers)) = answers::read(data) else { return false };
    let is_signed_in = line.starts_with("signed-in");
    let needs = Needs { person: line.contains("person") || !is_signed_in, groups: line.contains("groups") };
    let whom = if is_signed_in { Whom::SignedIn { id: ID, login: LOGIN } } else { Whom::Login(LOGIN) };
    let stage = Stage::of_this_thread();
    let Asker { okta, app, settings } = ASKER.with(|asker| *asker);
    stage.begin(Play::Script(answers.into()));
    let clock = stage.clock();
    let mut spent = Spent::default();
    let found = stage.runtime.block_on(async {
        let directory = Directory { okta, app, clock: &clock, until: Instant::now() + PATIENCE };
        directory.person(whom, needs, &mut spent).await
    });
    let (received, given) = stage.end();
    check_requests(&received);
    match found {
        Err(judgement) => {
            assert_ne!(judgement.reason, Reason::Ok);
            false
        }
        Ok(Found { person, .. }) => {
            check_person(&person, is_signed_in, needs, &received, &given);
            check_grant(settings, &person, is_signed_in)
        }
    }
}

/// The token goes to users of the org and nowhere else; the key, which signs requests to AWS, goes nowhere.
pub fn check_requests(received: &[Received]) {
    // A token, a user, 50 pages, and one more of each for a token that was not taken.
    assert!(received.len() <= 2 * 52 + 2, "{} requests", received.len());
    for Received { line, head, body } in received {
        let has_token = head.to_ascii_lowercase().contains("\r\nauthorization: ");
        assert!(!head.contains(AWS_KEY) && !String::from_utf8_lossy(body).contains(AWS_KEY));
        if line == "POST /oauth2/v1/token" {
            assert!(!has_token, "{head}");
        } else if let Some(path) = line.strip_prefix("GET /api/v1/users/") {
            assert!(has_token && body.is_empty(), "{head}");
            let (path, _) = path.split_once('?').unwrap_or((path, ""));
            let segment = path.strip_suffix("/groups").unwrap_or(path);
            let is_segment = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~%".contains(&byte);
            assert!(!segment.is_empty() && segment.bytes().all(is_segment), "{line}");
        } else {
            assert!(line.starts_with("POST /api/v1/authn") && !has_token, "{line}");
        }
    }
}

fn check_person(person: &Person, is_signed_in: bool, needs: Needs, received: &[Received], given: &[Answer]) {
    assert!(person.login.eq_ignore_ascii_case(LOGIN), "{person:?}");
    assert!(!is_signed_in || person.id == ID, "{person:?}");
    assert_eq!(person.groups.is_some(), needs.groups);
    assert!(needs.person || person.profile.is_empty());
    let Some(groups) = &person.groups else { return };
    // Counts once more: all groups of all pages, of which the last names no other.
    let pages = received.iter().zip(given).filter(|(received, answer)| {
        let path = received.line.split('?').next().unwrap_or_default();
        path.starts_with("GET ") && path.ends_with("/groups") && answer.status == 200
    });
    let pages: Vec<&Answer> = pages.map(|(_, page)| page).collect();
    let count = |page: &Answer| {
        let list: Value = serde_json::from_slice(&page.body).expect("a page that was read is JSON");
        list.as_array().expect("a list").len()
    };
    assert_eq!(groups.len(), pages.iter().map(|page| count(page)).sum::<usize>(), "groups were lost or made up");
    let names_another = |(name, value): &(String, Vec<u8>)| {
        let value = String::from_utf8_lossy(value);
        let url = value.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        name.eq_ignore_ascii_case("link") && url.is_some_and(|url| !url.contains('>'))
    };
    let last = pages.last().expect("a page");
    assert!(!last.headers.iter().any(names_another), "a page was not read: {:?}", last.headers);
}

fn check_grant(settings: &Settings, person: &Person, is_signed_in: bool) -> bool {
    let mut is_granted = false;
    let user = UserName::parse(LOGIN, Some("acme.com")).expect("a name");
    let role = RoleArn::parse(ROLE).expect("a role");
    for credential in [Credential::Password, Credential::PublicKey] {
        let okta_id = is_signed_in.then_some(person.id.as_str());
        let attempt = Attempt {
            user: &user,
            source_ip: None,
            protocol: Protocol::Sftp,
            credential,
            okta_id,
            person: Some(person),
        };
        let Ok(grant) = decide(settings, &attempt) else { continue };
        assert_eq!(person.status, "ACTIVE", "granted to who is not active");
        if grant.rule == 0 {
            let is_red = |groups: &[sftp_okta_lambda::person::Group]| {
                groups.iter().any(|group| group.name == "red" || group.id == "red")
            };
            assert!(person.groups.as_deref().is_some_and(is_red), "granted to who is in no such group");
        }
        assert_eq!(credential == Credential::PublicKey, !grant.public_keys.is_empty());
        let config = UserConfig::new(&grant, &role).expect("settings that were taken can be served");
        complete::check(&serde_json::to_string(&config).expect("JSON"));
        is_granted = true;
    }
    is_granted
}
