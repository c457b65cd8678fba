//! Client assertions: a JWT that the service app signed (RFC 7523, RFC 7519).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

/// The furthest that `exp` may be ahead.
const LONGEST: u64 = 3600;

/// A public key of the app.
pub(super) enum PublicKey {
    /// An uncompressed point, for ES256.
    P256(Vec<u8>),
    /// An uncompressed point, for ES384.
    P384(Vec<u8>),
    /// Modulus and exponent, for RS256, RS384 and RS512.
    Rsa(Vec<u8>, Vec<u8>),
}

/// Reads a JSON Web Key Set; keys of other kinds are passed over.
pub(super) fn key_set(bytes: &[u8]) -> Vec<(String, PublicKey)> {
    let set: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let keys = set.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    keys.iter().filter_map(|key| Some((key.get("kid")?.as_str()?.to_owned(), public_key(key)?))).collect()
}

fn public_key(key: &Value) -> Option<PublicKey> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let point = || Some([vec![4], number("x")?, number("y")?].concat());
    match (text("kty")?, text("crv")) {
        ("EC", Some("P-256")) => Some(PublicKey::P256(point()?)),
        ("EC", Some("P-384")) => Some(PublicKey::P384(point()?)),
        ("RSA", _) => Some(PublicKey::Rsa(number("n")?, number("e")?)),
        _ => None,
    }
}

/// Checks an assertion; the reason if it is not one of the app's for this token endpoint, now.
pub(super) fn check(
    assertion: &str,
    keys: &[(String, PublicKey)],
    client_id: &str,
    audience: &str,
    now: u64,
) -> Result<(), &'static str> {
    const MALFORMED: &str = "The client_assertion is not a well-formed JWT.";
    let (signed, signature) = assertion.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, claims) = signed.split_once('.').ok_or(MALFORMED)?;
    let decode = |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    let (header, claims) = decode(header).zip(decode(claims)).ok_or(MALFORMED)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    if text(&claims, "iss") != client_id || text(&claims, "sub") != client_id {
        return Err("The client_assertion's iss and sub must be the client id.");
    }
    let is_for_us = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(|one| one == audience),
        Some(one) => one == audience,
        None => false,
    };
    if !is_for_us {
        return Err("The audience claim for client_assertion must be the endpoint invoked for the request.");
    }
    let Some(exp) = claims.get("exp").and_then(Value::as_u64) else {
        return Err("The client_assertion has no exp.");
    };
    if exp <= now {
        return Err("The client_assertion token is expired.");
    }
    if exp > now + LONGEST {
        return Err("The client_assertion token has an expiration too far into the future.");
    }
    let kid = text(&header, "kid");
    let Some((_, key)) = keys.iter().find(|(id, _)| *id == kid) else {
        return Err("The client_assertion's kid names no key of the app.");
    };
    if is_signed(key, &text(&header, "alg"), signed.as_bytes(), &signature) {
        Ok(())
    } else {
        Err("The client_assertion signature is invalid.")
    }
}

fn is_signed(key: &PublicKey, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    let by_point =
        |algorithm, point: &Vec<u8>| UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok();
    match (key, algorithm) {
        (PublicKey::P256(point), "ES256") => by_point(&signature::ECDSA_P256_SHA256_FIXED, point),
        (PublicKey::P384(point), "ES384") => by_point(&signature::ECDSA_P384_SHA384_FIXED, point),
        (PublicKey::Rsa(n, e), _) => {
            let parameters = match algorithm {
                "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                _ => return false,
            };
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        }
        (PublicKey::P256(_) | PublicKey::P384(_), _) => false,
    }
}
