//! Temporary keys of roles.
//!
//! Nothing is kept: the session token holds the role and the end of its time, authenticated by a secret that lives as long
//! as this process, and the secret access key is derived from the token. So no key outlives the sandbox.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::canonical::mac;
use crate::aws::s3::hex;

/// A temporary key.
#[derive(Clone)]
pub(crate) struct TemporaryKey {
    /// The access key id.
    pub(crate) access_key: String,
    /// The secret access key.
    pub(crate) secret: String,
    /// The session token.
    pub(crate) token: String,
    /// In seconds since 1970.
    pub(crate) expires: i64,
}

/// What a session token says.
#[derive(Serialize, Deserialize)]
struct Session {
    role: String,
    session: String,
    expires: i64,
    number: String,
}

/// A key that is known.
pub(super) struct Known {
    pub(super) secret: String,
    pub(super) role: String,
    pub(super) session: String,
    pub(super) expires: i64,
}

/// A new key for a session of a role. Whether the role may be assumed is not asked here.
pub(crate) fn assume_role(role_arn: &str, session: &str, lifetime: Duration) -> TemporaryKey {
    let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let expires = OffsetDateTime::now_utc().unix_timestamp().saturating_add(lifetime);
    let number = uuid::Uuid::new_v4().simple().to_string();
    let session = Session { role: role_arn.to_owned(), session: session.to_owned(), expires, number };
    // A structure of texts and a number always has a JSON form.
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&session).unwrap_or_default());
    let token = format!("{text}.{}", derived("token", &text));
    TemporaryKey { access_key: access_key(&token), secret: derived("secret", &token), token, expires }
}

/// The key with this id and token, if it was made by this process.
pub(super) fn look_up(given: &str, token: &str) -> Option<Known> {
    let (text, proof) = token.split_once('.')?;
    if !super::is_same(proof.as_bytes(), derived("token", text).as_bytes()) || access_key(token) != given {
        return None;
    }
    let Session { role, session, expires, number: _ } =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    Some(Known { secret: derived("secret", token), role, session, expires })
}

fn access_key(token: &str) -> String {
    let digits: String = derived("id", token).chars().take(16).collect();
    format!("ASIA{}", digits.to_ascii_uppercase())
}

fn derived(what: &str, text: &str) -> String {
    static SECRET: OnceLock<[u8; 32]> = OnceLock::new();
    let secret = SECRET.get_or_init(|| {
        let (one, other) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let mut secret = [0; 32];
        secret.iter_mut().zip(one.as_bytes().iter().chain(other.as_bytes())).for_each(|(byte, random)| *byte = *random);
        secret
    });
    hex(&mac(secret, &format!("{what}:{text}")))
}
