//! The public keys of one user, from the rule and from the profile.

use serde_json::Value;

use super::{AccessRule, Refusal};
use crate::person::Person;
use crate::settings::Settings;
use crate::ssh_key::PublicKey;

/// The most keys of one user. Transfer names no limit for identity providers; each key is held against the client's.
pub const MOST_KEYS: usize = 50;

/// The user's keys: those of the rule, and then those of the profile attribute, each once.
///
/// A line of the attribute that is not a key, such as a comment or a key of a type that Transfer does not take, is passed
/// over: one bad line must not lock out the owner of a good one. More than [`MOST_KEYS`] are not looked at.
///
/// # Errors
/// There is none.
pub(super) fn of(settings: &Settings, rule: &AccessRule, person: &Person) -> Result<Vec<PublicKey>, Refusal> {
    let attribute = settings.okta.ssh_keys_attribute.as_ref().and_then(|name| person.profile.get(name));
    let written = lines(attribute).filter_map(|line| PublicKey::parse(line).ok());
    let mut keys: Vec<PublicKey> = Vec::new();
    for key in rule.ssh_keys.iter().cloned().chain(written) {
        if keys.len() < MOST_KEYS && !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() { Err(Refusal::NoKeys) } else { Ok(keys) }
}

/// The lines of a text, or of each text of a list; anything else holds no key.
fn lines(attribute: Option<&Value>) -> impl Iterator<Item = &str> {
    let texts = match attribute {
        Some(Value::Array(texts)) => texts.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    texts.iter().filter_map(Value::as_str).flat_map(str::lines).filter(|line| !line.trim().is_empty())
}
