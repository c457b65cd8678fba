//! How many failed tries the function lets through to Okta.

use serde::{Deserialize, Serialize};

/// Failed tries a minute, counted in each running copy of the function, ahead of Okta: a password spray must not use up
/// the org's rate limit or lock its users. 0 counts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// For one user name.
    pub per_user: u32,
    /// From one source address.
    pub per_source: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { per_user: 5, per_source: 30 }
    }
}
