//! The service app's private key: PEM or JWK, RSA or P-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::KeyRejected;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::okta::key_error::ServiceAppKeyError;
use crate::secret::Secret;

/// A private key that signs client assertions. Not `Debug`, and there is no way to the key itself.
pub struct ServiceAppKey(Kind);

enum Kind {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// RFC 7517 and 7518 section 6. All numbers are base64url.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<Secret>,
    y: Option<Secret>,
    n: Option<Secret>,
    e: Option<Secret>,
    d: Option<Secret>,
    p: Option<Secret>,
    q: Option<Secret>,
    dp: Option<Secret>,
    dq: Option<Secret>,
    qi: Option<Secret>,
}

impl ServiceAppKey {
    /// Reads PKCS#8 in PEM, PKCS#1 in PEM, or a JWK.
    ///
    /// # Errors
    /// The secret holds anything else.
    pub fn parse(secret: &Secret) -> Result<Self, ServiceAppKeyError> {
        let text = secret.expose().trim();
        if text.starts_with('{') {
            return from_jwk(&serde_json::from_str(text).map_err(|_| ServiceAppKeyError::Jwk)?);
        }
        if !text.contains("-----BEGIN ") {
            return Err(ServiceAppKeyError::Form);
        }
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| ServiceAppKeyError::Pem)?;
        if let PrivateKeyDer::Pkcs8(der) = &key {
            from_pkcs8(der.secret_pkcs8_der())
        } else if let PrivateKeyDer::Pkcs1(der) = &key {
            rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()))
        } else {
            Err(ServiceAppKeyError::Pem)
        }
    }

    /// The name of the signature's algorithm in a JWT.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::Rsa(_) => "RS256",
            Kind::P256(_) => "ES256",
        }
    }

    /// The signature of a message. None if there is no randomness, or if an RSA key is damaged in a part that only signing
    /// shows to be wrong.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.0 {
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Kind::P256(key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}

fn rsa(key: Result<RsaKeyPair, KeyRejected>) -> Result<ServiceAppKey, ServiceAppKeyError> {
    key.map(|key| ServiceAppKey(Kind::Rsa(Box::new(key)))).map_err(|rejected| why(&rejected))
}

/// ring tells why by a word. It signs with 2048 to 4096 bits, and only with primes of a multiple of 512 bits each.
fn why(rejected: &KeyRejected) -> ServiceAppKeyError {
    match rejected.to_string().as_str() {
        "TooSmall" | "TooLarge" | "PrivateModulusLenNotMultipleOf512Bits" => ServiceAppKeyError::Size,
        "WrongAlgorithm" => ServiceAppKeyError::Algorithm,
        _ => ServiceAppKeyError::Damaged,
    }
}

fn from_pkcs8(der: &[u8]) -> Result<ServiceAppKey, ServiceAppKeyError> {
    match EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new()) {
        Ok(key) => Ok(ServiceAppKey(Kind::P256(Box::new(key)))),
        Err(_) => rsa(RsaKeyPair::from_pkcs8(der)),
    }
}

fn from_jwk(jwk: &Jwk) -> Result<ServiceAppKey, ServiceAppKeyError> {
    let number = |text: &Option<Secret>| {
        let decoded = text.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text.expose().trim_end_matches('=')).ok());
        decoded.map(Zeroizing::new).ok_or(ServiceAppKeyError::Jwk)
    };
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let (n, e, d) = (number(&jwk.n)?, number(&jwk.e)?, number(&jwk.d)?);
            let (p, q) = (number(&jwk.p)?, number(&jwk.q)?);
            let (dp, dq, qi) = (number(&jwk.dp)?, number(&jwk.dq)?, number(&jwk.qi)?);
            let public_key = PublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
            let (d, p, q) = (d.as_slice(), p.as_slice(), q.as_slice());
            rsa(RsaKeyPair::from_components(&KeyPairComponents { public_key, d, p, q, dP: &dp, dQ: &dq, qInv: &qi }))
        }
        ("EC", Some("P-256")) => {
            let (x, y, d) = (number(&jwk.x)?, number(&jwk.y)?, number(&jwk.d)?);
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, &d, &point, &SystemRandom::new())
                .map(|key| ServiceAppKey(Kind::P256(Box::new(key))))
                .map_err(|rejected| why(&rejected))
        }
        _ => Err(ServiceAppKeyError::Jwk),
    }
}

#[cfg(test)]
mod tests;
