//! The client assertion: a JWT that proves who asks for a token (RFC 7523; Okta guide, "Build a JWT for client
//! authentication").

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;

use super::key::ServiceAppKey;
use crate::secret::Secret;
use crate::settings::ServiceApp;

/// Seconds that an assertion is good for: Okta takes up to an hour, and this one is used at once. Enough for a clock that
/// is a little off.
const LIFE: u64 = 300;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'static str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
}

/// An assertion for the token endpoint at `url`, `now` in seconds since 1970. None if it cannot be signed.
pub(super) fn signed(key: &ServiceAppKey, app: &ServiceApp, url: &str, now: u64) -> Option<Secret> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).ok()?;
    let header = Header { alg: key.algorithm(), kid: &app.key_id, typ: "JWT" };
    let claims = Claims {
        iss: &app.client_id,
        sub: &app.client_id,
        aud: url,
        iat: now,
        exp: now + LIFE,
        jti: URL_SAFE_NO_PAD.encode(id),
    };
    let part = |value: Vec<u8>| URL_SAFE_NO_PAD.encode(value);
    let message = format!("{}.{}", part(serde_json::to_vec(&header).ok()?), part(serde_json::to_vec(&claims).ok()?));
    let signature = part(key.sign(message.as_bytes())?);
    Some(Secret::new(format!("{message}.{signature}")))
}
