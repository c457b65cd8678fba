//! How many failed tries the function lets through to Okta.

use serde::{Deserialize, Serialize};

/// Failed tries a minute, counted in each running copy of the function, ahead of Okta: a password spray must not use up
/// the org's rate limit. Questions for keys, of which each counts, may be [`KEY_QUESTIONS`] times as many. 0 counts nothing.
///
/// This slows guesses down and does not keep a user from being locked: so many go through at once, and as many a minute.
/// Whoever sends that many wrong passwords in a user's name, from anywhere, keeps the user out.
///
/// [`KEY_QUESTIONS`]: crate::guard::KEY_QUESTIONS
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// For one user, by whichever name.
    pub per_user: u32,
    /// From one source address.
    pub per_source: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { per_user: 5, per_source: 30 }
    }
}
