//! Which credentials are taken, and whose keys are told.

use serde_json::{Value, json};

use super::{KEYS, PERSON, password, person, probe, rule, settings, user};
use crate::access::*;

/// Both calls of every mode, for a user who has a key and one who has none.
#[test]
fn modes() {
    use Refusal::{CredentialNotTaken, NoKeys, NotRead};
    let bob = user("bob");
    for (mode, by_key, by_password) in [
        ("password", Err(CredentialNotTaken), Ok(0)),
        ("public-key", Ok(1), Err(CredentialNotTaken)),
        ("public-key-or-password", Ok(1), Ok(0)),
        ("public-key-and-password", Ok(1), Ok(0)),
    ] {
        let settings = settings(mode, json!([rule("{login}", json!({}))]));
        let keys = |grant: Result<Grant, Refusal>| grant.map(|grant| grant.public_keys.len());
        let owner = person("bob@acme.com", None, json!({"sshKeys": KEYS[0]}));
        assert_eq!(keys(decide(&settings, &probe(&bob, Some(&owner)))), by_key, "{mode}");
        assert_eq!(keys(decide(&settings, &password(&bob, Some(&owner)))), by_password, "{mode}");
        assert_eq!(keys(decide(&settings, &password(&bob, None))), by_password, "{mode}");

        let has_none = person("bob@acme.com", None, json!({}));
        let no_keys = by_key.and(Err(NoKeys));
        assert_eq!(keys(decide(&settings, &probe(&bob, Some(&has_none)))), no_keys, "{mode}");
        // Keys are never given without a look at the status.
        assert_eq!(needs(&settings, &probe(&bob, None)), by_key.map(|_| PERSON), "{mode}");
        assert_eq!(keys(decide(&settings, &probe(&bob, None))), by_key.and(Err(NotRead)), "{mode}");
        let left = Person { status: "DEPROVISIONED".to_owned(), ..owner };
        assert_eq!(keys(decide(&settings, &probe(&bob, Some(&left)))), by_key.and(Err(Refusal::NotActive)), "{mode}");
    }
}

#[test]
fn keys_of_the_rule_and_of_the_profile() {
    let settings = settings(
        "public-key",
        json!([rule("{login}", json!({"users": ["bob@acme.com"], "ssh_keys": [KEYS[0]]})), rule("{login}", json!({}))]),
    );
    let found = |name: &str, keys: Value| {
        let user = user(name);
        let person = person(user.as_str(), None, json!({"sshKeys": keys}));
        let grant = decide(&settings, &probe(&user, Some(&person)));
        grant.map(|grant| grant.public_keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>())
    };
    let [one, two] = KEYS;
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----";
    for (keys, of_bob, of_dan) in [
        (json!(null), vec![one], vec![]),
        (json!(two), vec![one, two], vec![two]),
        (json!(format!("{two} dan@laptop")), vec![one, two], vec![two]),
        (json!(format!("# mine\r\n{two}\r\n\r\n{one}\n{two}")), vec![one, two], vec![two, one]),
        (json!([two, one, two]), vec![one, two], vec![two, one]),
        (json!([two, 7, null, {"key": one}, [one]]), vec![one, two], vec![two]),
        (json!([format!("{one}\n{two}")]), vec![one, two], vec![one, two]),
        (json!(["ssh-dss AAAA", "ssh-ed25519 AAAA", private, "", " "]), vec![one], vec![]),
        (json!({"key": two}), vec![one], vec![]),
        (json!(7), vec![one], vec![]),
    ] {
        for (name, expected) in [("bob", of_bob), ("dan", of_dan)] {
            let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
            let expected = if expected.is_empty() { Err(Refusal::NoKeys) } else { Ok(expected) };
            assert_eq!(found(name, keys.clone()), expected, "{name} {keys}");
        }
    }
}

#[test]
fn a_user_without_any_source_of_keys_costs_no_request() {
    let mut settings = settings("public-key-or-password", json!([rule("{login}", json!({}))]));
    settings.okta.ssh_keys_attribute = None;
    assert_eq!(needs(&settings, &probe(&user("bob"), None)), Err(Refusal::NoKeys));
}

/// What of the attribute is no key is counted by why, and nothing of it is told.
#[test]
fn what_is_passed_over() {
    let settings = settings("public-key", json!([rule("{login}", json!({}))]));
    let told = |keys: Value| {
        let person = person("bob@acme.com", None, json!({"sshKeys": keys}));
        json!(skipped_keys(&settings, &person)).to_string()
    };
    let [one, two] = KEYS;
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA";
    for (keys, expected) in [
        (json!(null), "{}"),
        (json!([one, two, one, null]), "{}"),
        (json!(format!("# mine\r\n{two} bob@laptop\r\n\r\n")), "{}"),
        (json!("ssh-rsa"), r#"{"form":1}"#),
        (json!([7, {"key": one}, [one], "ssh-ed25519 !", one]), r#"{"form":4}"#),
        (json!(["ssh-dss AAAA", "sk-ssh-ed25519@openssh.com AAAA"]), r#"{"type":2}"#),
        (json!(format!("ssh-ed25519 AAAA\n{one}\nssh-dss AAAA")), r#"{"blob":1,"type":1}"#),
        (json!(private), r#"{"form":1,"private-key":1}"#),
        (json!(format!("ssh-ed25519 {}", "AAAA".repeat(600))), r#"{"too-long":1}"#),
        (json!("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAf8="), r#"{"blob":1}"#),
        (json!("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAX8="), r#"{"rsa-too-short":1}"#),
    ] {
        assert_eq!(told(keys.clone()), expected, "{keys}");
    }
}

/// The most keys that are handed on.
#[test]
fn not_endlessly_many_keys() {
    use base64::Engine;
    let key = |number: u8| {
        let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &[number; 32]].concat();
        format!("ssh-ed25519 {}", base64::engine::general_purpose::STANDARD.encode(blob))
    };
    let settings = settings("public-key", json!([rule("{login}", json!({}))]));
    let bob = user("bob");
    let person = person("bob@acme.com", None, json!({"sshKeys": (0..=200).map(key).collect::<Vec<_>>()}));
    let grant = decide(&settings, &probe(&bob, Some(&person)));
    assert_eq!(grant.map(|grant| grant.public_keys.len()), Ok(MOST_KEYS));
    assert_eq!(json!(skipped_keys(&settings, &person)), json!({"too-many": 201 - MOST_KEYS}));
}
