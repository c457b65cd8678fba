//! What goes in and out of the org: requests, replies, and ids.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hyper::Method;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

/// A request, read in full. Not `Debug`: the body may hold a password.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    /// What follows `Bearer `.
    pub(super) bearer: Option<String>,
    pub(super) body: Bytes,
}

impl Asked {
    /// A value of the query.
    pub(super) fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A reply. Not `Debug`: the body may hold a token.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Reply {
    /// A reply with a JSON body.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    /// With one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// A random id with a prefix.
pub(super) fn random_id(prefix: &str) -> String {
    let mut bytes = [0_u8; 18];
    // The system's generator does not fail once it is there; ids of zeros would still tell nobody a secret.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes).replace(['-', '_'], "0"))
}
