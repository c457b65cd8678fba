//! The decision: which rule means a user, and what it gives.

use std::net::IpAddr;

use super::rule::Meaning;
use super::{AccessRule, Attempt, Credential, Grant, GrantedFolder, Needs, Protocol, Refusal, keys};
use crate::home::{ValueError, Values};
use crate::person::Person;
use crate::settings::{Authentication, Settings};

/// What must be read from Okta's directory before these settings can decide on the attempt: as little as will do. What
/// `attempt` already holds is taken into account, so that this can be asked again after each step.
///
/// Costs no request, so it is asked before Okta is.
///
/// # Errors
/// Whatever Okta says, the attempt will be refused: it need not be asked. If the rules could refuse it in several ways, this
/// is the first.
pub fn needs(settings: &Settings, attempt: &Attempt<'_>) -> Result<Needs, Refusal> {
    check_credential(settings.authentication, attempt.credential)?;
    let login = settings.canonical_login(attempt.user);
    let groups = attempt.person.and_then(|person| person.groups.as_deref());
    let mut needs = Needs { person: attempt.credential == Credential::PublicKey, groups: false };
    let mut hope = Err(Refusal::NoRule);
    for rule in &settings.access {
        let meaning = rule.meaning(&login, groups);
        let is_certain = match meaning {
            Meaning::OtherUsers | Meaning::OtherGroups => continue,
            Meaning::IfInGroup => false,
            Meaning::Means => true,
        };
        match enter(settings, attempt, rule) {
            Ok(()) => {
                hope = Ok(());
                let directories = rule.directories();
                needs.person |= directories.iter().any(|(_, target, _)| {
                    target.holds_profile() || (target.holds_okta_id() && attempt.okta_id.is_none())
                });
            }
            Err(refusal) if hope == Err(Refusal::NoRule) => hope = Err(refusal),
            Err(_) => {}
        }
        if is_certain {
            break;
        }
        needs.groups = true;
    }
    hope?;
    // Groups are asked for by the id.
    needs.person |= needs.groups && attempt.okta_id.is_none();
    needs.person &= attempt.person.is_none();
    Ok(needs)
}

/// What the user gets.
///
/// # Errors
/// The user gets nothing; also when something that [`needs`] asks for is not there.
pub fn decide(settings: &Settings, attempt: &Attempt<'_>) -> Result<Grant, Refusal> {
    check_credential(settings.authentication, attempt.credential)?;
    let login = settings.canonical_login(attempt.user);
    if let Some(person) = attempt.person {
        check_person(person, &login, attempt.okta_id)?;
    }
    let groups = attempt.person.and_then(|person| person.groups.as_deref());
    for (at, rule) in settings.access.iter().enumerate() {
        match rule.meaning(&login, groups) {
            Meaning::OtherUsers | Meaning::OtherGroups => {}
            Meaning::IfInGroup => return Err(Refusal::NotRead),
            Meaning::Means => return grant(settings, attempt, at, rule),
        }
    }
    Err(Refusal::NoRule)
}

/// What a rule that means the user gives.
pub(super) fn grant(
    settings: &Settings,
    attempt: &Attempt<'_>,
    at: usize,
    rule: &AccessRule,
) -> Result<Grant, Refusal> {
    enter(settings, attempt, rule)?;
    let login = settings.canonical_login(attempt.user);
    let values = Values {
        login: &login,
        okta_id: attempt.okta_id.or(attempt.person.map(|person| person.id.as_str())),
        profile: attempt.person.map(|person| &person.profile),
    };
    let mut folders: Vec<GrantedFolder> = Vec::new();
    for (path, target, permissions) in rule.directories() {
        let home = target.home(&settings.bucket, &values).map_err(|error| match error {
            ValueError::NotRead => Refusal::NotRead,
            ValueError::Unusable => Refusal::Attribute,
        })?;
        // With these values one folder lies inside another, whose rights would be added to its own.
        if folders.iter().any(|other| other.permissions != permissions && other.home.overlaps(&home)) {
            return Err(Refusal::Attribute);
        }
        folders.push(GrantedFolder { path: path.into(), home, permissions });
    }
    let public_keys = match (attempt.credential, attempt.person) {
        (Credential::Password, _) => Vec::new(),
        // Without the directory nobody knows whether the user is still active.
        (Credential::PublicKey, None) => return Err(Refusal::NotRead),
        (Credential::PublicKey, Some(person)) => keys::of(settings, rule, person)?,
    };
    if folders.is_empty() {
        return Err(Refusal::NoRule);
    }
    Ok(Grant { rule: at, folders, kms_key_arn: settings.kms_key_arn.clone(), public_keys })
}

fn check_credential(authentication: Authentication, credential: Credential) -> Result<(), Refusal> {
    let is_taken = match credential {
        Credential::Password => authentication.takes_passwords(),
        Credential::PublicKey => authentication.takes_keys(),
    };
    if is_taken { Ok(()) } else { Err(Refusal::CredentialNotTaken) }
}

fn check_person(person: &Person, login: &str, okta_id: Option<&str>) -> Result<(), Refusal> {
    if !person.login.eq_ignore_ascii_case(login) || okta_id.is_some_and(|id| id != person.id) {
        return Err(Refusal::OtherPerson);
    }
    if person.status == Person::ACTIVE { Ok(()) } else { Err(Refusal::NotActive) }
}

/// Whether the rule lets the attempt in, as far as that can be told without Okta.
fn enter(settings: &Settings, attempt: &Attempt<'_>, rule: &AccessRule) -> Result<(), Refusal> {
    if !comes_from(rule, attempt.source_ip) {
        return Err(Refusal::SourceAddress);
    }
    if !speaks(rule, attempt.protocol) {
        return Err(Refusal::Protocol);
    }
    let may_have_keys = !rule.ssh_keys.is_empty() || settings.okta.ssh_keys_attribute.is_some();
    if attempt.credential == Credential::PublicKey && !may_have_keys {
        return Err(Refusal::NoKeys);
    }
    Ok(())
}

/// An address that is not known lies in no network.
fn comes_from(rule: &AccessRule, source_ip: Option<IpAddr>) -> bool {
    rule.allow_from.is_empty()
        || source_ip.is_some_and(|address| rule.allow_from.iter().any(|network| network.contains(address)))
}

fn speaks(rule: &AccessRule, protocol: Protocol) -> bool {
    rule.protocols.is_empty() || rule.protocols.contains(&protocol)
}
