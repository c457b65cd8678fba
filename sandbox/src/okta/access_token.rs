//! Access tokens of the service app, until they end.

use std::collections::BTreeMap;

use super::message::random_id;
use crate::clock::Millis;

/// How long an access token lives.
pub(super) const LIFE: Millis = 3600 * 1000;
/// The most tokens that are kept.
const TOKENS: usize = 1_000;

/// Access tokens, with their scopes and the end of their lives.
#[derive(Default)]
pub(super) struct AccessTokens(BTreeMap<String, (String, Millis)>);

impl AccessTokens {
    /// The scopes of a token that is alive.
    pub(super) fn scopes(&self, token: &str, now: Millis) -> Option<&str> {
        self.0.get(token).filter(|(_, end)| *end > now).map(|(scopes, _)| scopes.as_str())
    }

    /// A new one.
    pub(super) fn give(&mut self, scopes: &str, now: Millis) -> String {
        if self.0.len() >= TOKENS {
            self.0.retain(|_, (_, end)| *end > now);
        }
        if self.0.len() >= TOKENS {
            self.0.pop_first();
        }
        let token = random_id("eyJsandbox");
        self.0.insert(token.clone(), (scopes.to_owned(), now + LIFE));
        token
    }
}
