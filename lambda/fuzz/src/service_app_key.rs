//! The secret with the service app's private key: PEM or JWK.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;
use sftp_okta_lambda::okta::ServiceAppKey;
use sftp_okta_lambda::secret::Secret;

const MESSAGE: &[u8] = b"header.claims";

/// What a key that is taken signs is signed with the algorithm it names, and so that its own public half agrees.
pub fn check(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(key) = ServiceAppKey::parse(&Secret::new(text.to_owned())) else { return false };
    // A damaged RSA key signs nothing.
    let Some(signature) = key.sign(MESSAGE) else {
        assert_eq!(key.algorithm(), "RS256");
        return true;
    };
    match key.algorithm() {
        "ES256" => assert_eq!(signature.len(), 64),
        "RS256" => assert!(signature.len() >= 256, "less than 2048 bits"),
        other => panic!("{other} is no algorithm"),
    }
    let spaced = Secret::new(format!("\n {text}\r\n"));
    assert!(ServiceAppKey::parse(&spaced).is_ok_and(|again| again.algorithm() == key.algorithm()));
    if let Ok(jwk) = serde_json::from_str::<Value>(text) {
        check_signature(&jwk, &signature);
    }
    true
}

fn check_signature(jwk: &Value, signature: &[u8]) {
    let number = |name: &str| {
        let text = jwk[name].as_str().unwrap_or_default();
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).expect("what was taken is base64url")
    };
    let verified = if jwk["kty"] == "EC" {
        let point = [&[4], number("x").as_slice(), number("y").as_slice()].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(MESSAGE, signature)
    } else {
        let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, signature)
    };
    assert!(verified.is_ok(), "signed by another key");
}
