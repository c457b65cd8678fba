//! The public keys of one user, from the rule and from the profile.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{AccessRule, Refusal};
use crate::person::Person;
use crate::settings::Settings;
use crate::ssh_key::{PublicKey, PublicKeyError};

/// The most keys of one rule, and the most that are read from one profile. Transfer names no limit for identity providers;
/// each key is held against the client's.
pub const MOST_KEYS: usize = 50;

/// How many lines of a profile attribute were passed over, by the word for why. Holds nothing of the lines themselves, which
/// may be private keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SkippedKeys(BTreeMap<&'static str, usize>);

impl SkippedKeys {
    /// Whether every line was a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn count(&mut self, why: &'static str) {
        *self.0.entry(why).or_default() += 1;
    }
}

/// The user's keys: those of the rule, and then those of the profile attribute, each once.
///
/// # Errors
/// There is none.
pub(super) fn of(settings: &Settings, rule: &AccessRule, person: &Person) -> Result<Vec<PublicKey>, Refusal> {
    let mut keys: Vec<PublicKey> = Vec::new();
    for key in rule.ssh_keys.iter().cloned().chain(written(settings, person).0) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() { Err(Refusal::NoKeys) } else { Ok(keys) }
}

/// What of the user's profile attribute is passed over, for the log: the owner of the line is refused without a word.
#[must_use]
pub fn skipped_keys(settings: &Settings, person: &Person) -> SkippedKeys {
    written(settings, person).1
}

/// The keys of the profile attribute, each once, and what else is in it.
///
/// A line that is not a key, such as one of a type that Transfer does not take, is passed over: one bad line must not lock out
/// the owner of a good one. So is every key after [`MOST_KEYS`]. Empty lines and those that begin with `#` are nobody's
/// mistake and are not counted.
fn written(settings: &Settings, person: &Person) -> (Vec<PublicKey>, SkippedKeys) {
    let attribute = settings.okta.ssh_keys_attribute.as_ref().and_then(|name| person.profile.get(name));
    let (mut keys, mut skipped) = (Vec::new(), SkippedKeys::default());
    for text in texts(attribute) {
        let Some(text) = text else {
            skipped.count(PublicKeyError::Form.as_str());
            continue;
        };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match PublicKey::parse(line) {
                Ok(key) if keys.contains(&key) => {}
                Ok(_) if keys.len() >= MOST_KEYS => skipped.count("too-many"),
                Ok(key) => keys.push(key),
                Err(error) => skipped.count(error.as_str()),
            }
        }
    }
    (keys, skipped)
}

/// The text, or each text of the list; nothing in the place of what is no text.
fn texts(attribute: Option<&Value>) -> impl Iterator<Item = Option<&str>> {
    let values = match attribute {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    values.iter().filter(|value| !value.is_null()).map(Value::as_str)
}
