//! `settings.json`, and what settings that were taken promise: any user who may sign in can be served, and no two meet.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use serde_json::{Map, Value};
use sftp_okta_lambda::access::{Attempt, Credential, Grant, GrantedFolder, Protocol, decide, explain, needs, shadowed};
use sftp_okta_lambda::person::{Group, Person};
use sftp_okta_lambda::settings::Settings;
use sftp_okta_lambda::user_config::{RoleArn, UserConfig};
use sftp_okta_lambda::user_name::{LONGEST, UserName};

use super::home_and_policy::attribute_names;

/// Reading what was written changes nothing; every grant makes a complete user configuration; homes stay apart.
pub fn check(data: &[u8]) -> bool {
    let Ok(settings) = Settings::from_json(data) else { return false };
    let text = settings.to_json();
    assert_eq!(Settings::from_json(text.as_bytes()).ok().as_ref(), Some(&settings), "{text}");
    let _ = shadowed(&settings);

    let role = RoleArn::parse("arn:aws-us-gov:iam::111122223333:role/sftp-user").expect("a role");
    let mut grants: Vec<(String, Grant)> = Vec::new();
    for user in users(&settings) {
        let login = settings.canonical_login(&user).into_owned();
        for value in ["blue", "alice", "alice@acme.com", "00u.alice", &"w".repeat(64)] {
            for person in [None, Some(person(&settings, &login, value, &text))] {
                let id = person.as_ref().map(|person| person.id.as_str());
                for credential in [Credential::Password, Credential::PublicKey] {
                    let source_ip = "192.0.2.1".parse().ok();
                    let attempt = Attempt {
                        user: &user,
                        source_ip,
                        protocol: Protocol::Sftp,
                        credential,
                        okta_id: id,
                        person: person.as_ref(),
                    };
                    let told = explain(&settings, &attempt);
                    assert_eq!(told.len(), settings.access.len());
                    let Ok(grant) = decide(&settings, &attempt) else { continue };
                    assert!(needs(&settings, &attempt).is_ok(), "granted, but nothing was to be hoped for");
                    let config = UserConfig::new(&grant, &role);
                    assert!(config.is_ok(), "settings that were taken give {login} nothing: {config:?} {text}");
                    if !grants.iter().any(|(known, other)| *known == login && *other == grant) {
                        grants.push((login.clone(), grant));
                    }
                }
            }
        }
    }
    grants.truncate(40);
    for (at, (one, first)) in grants.iter().enumerate() {
        for (other, second) in grants.iter().take(at).filter(|(other, _)| other != one) {
            check_apart(&settings, (one, first), (other, second));
        }
    }
    !grants.is_empty()
}

/// Invariant 22 of ARCHITECTURE.md: only folders that a rule shares on purpose may meet.
fn check_apart(settings: &Settings, (one, first): (&str, &Grant), (other, second): (&str, &Grant)) {
    for (at, folder) in first.folders.iter().enumerate() {
        for (other_at, other_folder) in second.folders.iter().enumerate() {
            let (target, other_target) = (written(settings, first, at), written(settings, second, other_at));
            let is_literal = |text: &str| !text.trim_start_matches("/{bucket}").contains('{');
            let is_shared = |text: &str| ["{login}", "{user}", "{okta_id}"].iter().all(|name| !text.contains(name));
            let on_purpose =
                is_literal(&target) || is_literal(&other_target) || (is_shared(&target) && is_shared(&other_target));
            assert!(
                on_purpose || !overlap(folder, other_folder),
                "{one} at {target} and {other} at {other_target} meet: {folder:?} {other_folder:?}"
            );
        }
    }
}

fn overlap(one: &GrantedFolder, other: &GrantedFolder) -> bool {
    one.home.overlaps(&other.home)
}

fn written(settings: &Settings, grant: &Grant, at: usize) -> String {
    let rule = &settings.access[grant.rule];
    match &rule.home {
        Some(home) => home.to_string(),
        None => rule.folders[at].target.to_string(),
    }
}

/// Those whom the settings name, and some whom they do not.
fn users(settings: &Settings) -> Vec<UserName> {
    let domain = settings.okta.login_domain.as_deref();
    let longest = "a".repeat(LONGEST - domain.map_or(0, |domain| domain.len() + 1));
    let made_up = ["alice", "bob", "zoe", "alice@acme.com", "bob@acme.com", "00u.alice", &longest];
    let patterns =
        settings.access.iter().flat_map(|rule| &rule.users).map(|pattern| pattern.as_str().replace('*', "x"));
    let named = settings.okta.aliases.keys().cloned().chain(patterns);
    let names = made_up.into_iter().map(str::to_owned).chain(named.take(8));
    names.filter_map(|name| UserName::parse(&name, domain).ok()).collect()
}

/// Somebody who is in all groups, and has this value in every attribute.
fn person(settings: &Settings, login: &str, value: &str, text: &str) -> Person {
    let mut profile: Map<String, Value> =
        attribute_names(text).into_iter().map(|name| (name, Value::from(value))).collect();
    if let Some(name) = &settings.okta.ssh_keys_attribute {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
        profile.insert(name.clone(), key.into());
    }
    let groups = settings.access.iter().flat_map(|rule| &rule.groups);
    let groups = groups.map(|group| Group { id: group.clone(), name: group.clone() }).collect();
    // One id a person, as at Okta; some look like somebody's name.
    let mut hash = DefaultHasher::new();
    login.hash(&mut hash);
    let id = match login {
        "bob" => "alice".to_owned(),
        "bob@acme.com" => "zoe".to_owned(),
        _ => format!("{:w>64x}", hash.finish()),
    };
    Person { id, login: login.to_owned(), status: Person::ACTIVE.to_owned(), profile, groups: Some(groups) }
}
