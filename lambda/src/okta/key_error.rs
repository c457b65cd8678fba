//! What can be wrong with the service app's private key.

use thiserror::Error;

/// Why a secret does not hold a usable key. Holds nothing of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ServiceAppKeyError {
    /// Neither PEM nor JSON.
    #[error("the secret is neither a PEM private key nor a JWK")]
    Form,
    /// A PEM block of another kind.
    #[error("the PEM is not an unencrypted PKCS#8 key: convert it with openssl pkcs8 -topk8 -nocrypt")]
    Pem,
    /// A JWK that lacks members of a private key, or is of another kind.
    #[error("the JWK is not a private RSA key with all its members, nor a private P-256 key")]
    Jwk,
    /// A key of another algorithm.
    #[error("the key is neither an RSA key nor a P-256 key")]
    Algorithm,
    /// An RSA key of a size with which nothing is signed here.
    #[error("the RSA key is not one of 2048, 3072 or 4096 bits")]
    Size,
    /// A key whose parts do not belong together.
    #[error("the key is damaged: put it into the secret again")]
    Damaged,
}

impl ServiceAppKeyError {
    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "key-form",
            Self::Pem => "key-pem",
            Self::Jwk => "key-jwk",
            Self::Algorithm => "key-algorithm",
            Self::Size => "key-size",
            Self::Damaged => "key-damaged",
        }
    }
}
