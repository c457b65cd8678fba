//! Public keys of users, in OpenSSH's one-line form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checked_text::checked_text;

/// The longest key in characters (Transfer API reference, `SshPublicKeyBody`).
pub const LONGEST: usize = 2048;
/// The shortest RSA modulus that is still trusted, in bits.
const SHORTEST_RSA: usize = 2048;

/// A public key such as `ssh-ed25519 AAAA…`, without its comment.
///
/// Types are those that Transfer takes from users: RSA, ECDSA on the three NIST curves, and Ed25519 (Transfer user guide,
/// "Supported algorithms for user and server keys"). The blob has been taken apart: it holds a key of its type and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(String);

/// Why a text is not a public key, and what to write instead. Holds nothing of the text: it may be a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublicKeyError {
    /// A private key.
    #[error("this is a private key, which must stay with its owner: write the line of the file that ends in .pub")]
    Private,
    /// Not `TYPE BASE64`, perhaps with a comment.
    #[error("a public key is one line of the form ssh-ed25519 AAAA…: write the line of the file that ends in .pub")]
    Form,
    /// A type that Transfer does not take.
    #[error("Transfer takes keys of type ssh-ed25519, ecdsa-sha2-nistp256, -384, -521 and ssh-rsa: write one of these")]
    Type,
    /// Base64 that is not a key of the type before it.
    #[error("the key's base64 does not hold a key of the type before it: copy the whole line again")]
    Blob,
    /// An RSA key that is too short.
    #[error("an RSA key of less than {SHORTEST_RSA} bits is not safe: write another key")]
    Short,
    /// More than Transfer takes.
    #[error("a public key has at most {LONGEST} characters: write a key of another type")]
    Length,
}

impl PublicKeyError {
    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private-key",
            Self::Form => "form",
            Self::Type => "type",
            Self::Blob => "blob",
            Self::Short => "rsa-too-short",
            Self::Length => "too-long",
        }
    }
}

impl PublicKey {
    /// Reads one line of the form `TYPE BASE64 [COMMENT]`. Options before the type, as in `authorized_keys`, are refused:
    /// Transfer would not heed them.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        if text.contains("PRIVATE KEY") {
            return Err(PublicKeyError::Private);
        }
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.chars().any(char::is_control) {
            return Err(PublicKeyError::Form);
        }
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let (Some(algorithm), Some(encoded)) = (words.next(), words.next()) else { return Err(PublicKeyError::Form) };
        let blob = STANDARD.decode(encoded).map_err(|_| PublicKeyError::Form)?;
        let key = format!("{algorithm} {encoded}");
        if key.len() > LONGEST {
            return Err(PublicKeyError::Length);
        }
        check(algorithm, &blob)?;
        Ok(Self(key))
    }

    /// The key as Transfer takes it: type and base64, without a comment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Takes the blob apart (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4).
fn check(algorithm: &str, blob: &[u8]) -> Result<(), PublicKeyError> {
    let point = |curve: &str, length: usize| {
        let rest = field_is(blob, algorithm).and_then(|rest| field_is(rest, curve));
        matches!(rest.and_then(field), Some(([4, point @ ..], [])) if point.len() == length)
    };
    let is_key = match algorithm {
        "ssh-ed25519" => {
            matches!(field_is(blob, algorithm).and_then(field), Some((key, [])) if key.len() == 32)
        }
        "ecdsa-sha2-nistp256" => point("nistp256", 2 * 32),
        "ecdsa-sha2-nistp384" => point("nistp384", 2 * 48),
        "ecdsa-sha2-nistp521" => point("nistp521", 2 * 66),
        "ssh-rsa" => return rsa(blob),
        _ => return Err(PublicKeyError::Type),
    };
    if is_key { Ok(()) } else { Err(PublicKeyError::Blob) }
}

fn rsa(blob: &[u8]) -> Result<(), PublicKeyError> {
    let (exponent, rest) = field_is(blob, "ssh-rsa").and_then(field).ok_or(PublicKeyError::Blob)?;
    let (modulus, rest) = field(rest).ok_or(PublicKeyError::Blob)?;
    let is_positive = |number: &[u8]| match number {
        [0, second, ..] => *second >= 0x80,
        [first, ..] => *first < 0x80,
        [] => false,
    };
    if !(rest.is_empty() && is_positive(exponent) && is_positive(modulus)) {
        return Err(PublicKeyError::Blob);
    }
    let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let bits = digits.first().map_or(0, |first| digits.len() * 8 - first.leading_zeros() as usize);
    if bits < SHORTEST_RSA { Err(PublicKeyError::Short) } else { Ok(()) }
}

/// The first field, which has its length in four bytes before it, and what follows.
fn field(blob: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// What follows the first field, if that holds this text.
fn field_is<'b>(blob: &'b [u8], text: &str) -> Option<&'b [u8]> {
    let (first, rest) = field(blob)?;
    (first == text.as_bytes()).then_some(rest)
}

checked_text!(PublicKey, PublicKeyError);
