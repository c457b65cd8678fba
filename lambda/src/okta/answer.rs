//! The judgement over an answer of Okta's. Pure: an answer in, a judgement out.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::error_code::{reason_of_code, reason_of_status};
use super::transaction::TransactionState;
use crate::json;
use crate::reason::Reason;
use crate::user_name::UserName;

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

/// What came of asking Okta, or of not asking it. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome; [`Reason::Ok`] only for a sign-in that Okta confirmed in full.
    pub reason: Reason,
    /// More on [`Reason::OktaUnavailable`].
    pub detail: Option<Detail>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// `X-Okta-Request-Id`, which finds the request in Okta's System Log.
    pub request_id: Option<String>,
    /// `errorCode` of an error.
    pub error_code: Option<String>,
    /// `errorId` of an error.
    pub error_id: Option<String>,
    /// `X-Rate-Limit-Reset`, in seconds since 1970.
    pub rate_limit_reset: Option<u64>,
}

/// Why there is no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The time for the whole exchange ran out.
    Timeout,
    /// No connection.
    Connect,
    /// A connection, but no trust: certificate or protocol.
    Tls,
    /// The connection ended before the answer did.
    Interrupted,
    /// The answer is longer than [`super::LONGEST_ANSWER`].
    TooLong,
    /// The answer sends the caller elsewhere. The password does not follow.
    Redirect,
    /// The answer is not JSON, or not JSON of the expected shape.
    NotJson,
    /// An HTTP status that says so.
    Status,
}

impl Detail {
    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Interrupted => "interrupted",
            Self::TooLong => "too-long",
            Self::Redirect => "redirect",
            Self::NotJson => "not-json",
            Self::Status => "status",
        }
    }
}

impl Judgement {
    /// A judgement of which only the reason is known.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        Self {
            reason,
            detail: None,
            status: None,
            request_id: None,
            error_code: None,
            error_id: None,
            rate_limit_reset: None,
        }
    }

    /// No usable answer.
    #[must_use]
    pub fn unavailable(detail: Detail) -> Self {
        Self { detail: Some(detail), ..Self::of(Reason::OktaUnavailable) }
    }
}

impl From<Reason> for Judgement {
    fn from(reason: Reason) -> Self {
        Self::of(reason)
    }
}

/// Decides whether an answer signs this user in.
#[must_use]
pub fn judge(answer: &Answer<'_>, expected: &UserName) -> Judgement {
    let judgement = match answer.status {
        200 => judge_transaction(answer, expected),
        300..=399 => Judgement::unavailable(Detail::Redirect),
        status => judge_error(answer, status),
    };
    Judgement { status: Some(answer.status), ..judgement }
}

#[derive(Deserialize)]
struct Transaction {
    status: Option<String>,
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
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    login: Option<String>,
}

fn judge_transaction(answer: &Answer<'_>, expected: &UserName) -> Judgement {
    let Some(Transaction { status }) = read::<Transaction>(answer) else {
        return Judgement::unavailable(Detail::NotJson);
    };
    let state = status.as_deref().map_or(TransactionState::Unknown, TransactionState::parse);
    if state == TransactionState::Success { judge_success(answer, expected) } else { state.reason().into() }
}

/// Okta may write a login in another case than it was asked for; anything else is another person.
fn judge_success(answer: &Answer<'_>, expected: &UserName) -> Judgement {
    let Some(Success { session_token, embedded }) = read::<Success>(answer) else {
        return Judgement::unavailable(Detail::NotJson);
    };
    if !matches!(session_token, Some(IsBlank(false))) {
        return Reason::SessionTokenMissing.into();
    }
    let login = embedded.and_then(|embedded| embedded.user?.profile?.login);
    if login.is_some_and(|login| login.eq_ignore_ascii_case(expected.as_str())) {
        Reason::Ok.into()
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
fn judge_error(answer: &Answer<'_>, status: u16) -> Judgement {
    let ErrorAnswer { error_code, error_id } = read(answer).unwrap_or(ErrorAnswer { error_code: None, error_id: None });
    let reason = error_code.as_deref().and_then(reason_of_code).unwrap_or_else(|| reason_of_status(status));
    let detail = (reason == Reason::OktaUnavailable).then_some(Detail::Status);
    Judgement { detail, error_code, error_id, ..reason.into() }
}

/// The body, if it says it is plain JSON and is.
fn read<T: serde::de::DeserializeOwned>(answer: &Answer<'_>) -> Option<T> {
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
