//! The reading of an answer of Okta's. Pure: an answer in, a judgement out.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::error_code::{reason_of_code, reason_of_status};
use super::judgement::{Detail, Judgement};
use super::transaction::TransactionState;
use crate::json;
use crate::reason::Reason;

/// An answer as it came over HTTP. Not `Debug`: the body may hold a session token or a state token.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`; none is asked for.
    pub content_encoding: Option<&'a str>,
    /// The body, read in full.
    pub body: &'a [u8],
}

#[derive(Deserialize)]
struct Transaction {
    status: Option<String>,
}

/// The state of the transaction.
///
/// # Errors
/// The answer is none of a transaction; the judgement says what it is.
pub(super) fn state(answer: &Answer<'_>) -> Result<TransactionState, Judgement> {
    match answer.status {
        200 => match read::<Transaction>(answer) {
            Some(Transaction { status }) => {
                Ok(status.as_deref().map_or(TransactionState::Unknown, TransactionState::parse))
            }
            None => Err(Judgement::unavailable(Detail::NotJson)),
        },
        300..=399 => Err(Judgement::unavailable(Detail::Redirect)),
        _ => Err(judge_error(answer)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Success {
    session_token: Option<IsBlank>,
    #[serde(rename = "_embedded")]
    embedded: Option<Embedded>,
}

#[derive(Deserialize)]
struct Embedded {
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    id: Option<String>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    login: Option<String>,
}

/// Okta may write a login in another case than it was asked for; anything else is another person.
pub(super) fn judge_success(answer: &Answer<'_>, expected: &str) -> Judgement {
    let Some(Success { session_token, embedded }) = read::<Success>(answer) else {
        return Judgement::unavailable(Detail::NotJson);
    };
    if !matches!(session_token, Some(IsBlank(false))) {
        return Reason::SessionTokenMissing.into();
    }
    let Some(user) = embedded.and_then(|embedded| embedded.user) else { return Reason::LoginMismatch.into() };
    let login = user.profile.and_then(|profile| profile.login);
    if login.is_some_and(|login| login.eq_ignore_ascii_case(expected)) {
        Judgement { okta_id: user.id.filter(|id| is_id(id, 64)), ..Reason::Ok.into() }
    } else {
        Reason::LoginMismatch.into()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorAnswer {
    error_code: Option<String>,
    error_id: Option<String>,
}

/// `errorSummary` and `errorCauses` may repeat what was sent, so they are not even read.
pub(super) fn judge_error(answer: &Answer<'_>) -> Judgement {
    let ErrorAnswer { error_code, error_id } = read(answer).unwrap_or(ErrorAnswer { error_code: None, error_id: None });
    // Both are logged, so they must look like what they are.
    let error_code = error_code.filter(|code| is_id(code, 8));
    let error_id = error_id.filter(|id| is_id(id, 64));
    let reason = error_code.as_deref().and_then(reason_of_code).unwrap_or_else(|| reason_of_status(answer.status));
    let detail = (reason == Reason::OktaUnavailable).then_some(Detail::Status);
    Judgement { status: Some(answer.status), detail, error_code, error_id, ..reason.into() }
}

/// Whether a text looks like one of Okta's ids, and is harmless in a log.
pub(super) fn is_id(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The body, if it says it is plain JSON and is.
pub(super) fn read<T: serde::de::DeserializeOwned>(answer: &Answer<'_>) -> Option<T> {
    let media_type = answer.content_type?.split(';').next()?.trim();
    if !media_type.eq_ignore_ascii_case("application/json") || answer.content_encoding.is_some() {
        return None;
    }
    json::from_slice(answer.body).ok()
}

/// Whether a text is blank; the text itself is not kept.
struct IsBlank(bool);

impl<'de> Deserialize<'de> for IsBlank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IsBlankVisitor;

        impl Visitor<'_> for IsBlankVisitor {
            type Value = IsBlank;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E>(self, text: &str) -> Result<IsBlank, E> {
                Ok(IsBlank(text.trim().is_empty()))
            }
        }

        deserializer.deserialize_str(IsBlankVisitor)
    }
}

#[cfg(test)]
mod tests;
