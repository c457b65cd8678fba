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
    // Both are logged, so they must look like what they are.
    let error_code = error_code.filter(|code| is_id(code, 8));
    let error_id = error_id.filter(|id| is_id(id, 64));
    let reason = error_code.as_deref().and_then(reason_of_code).unwrap_or_else(|| reason_of_status(status));
    let detail = (reason == Reason::OktaUnavailable).then_some(Detail::Status);
    Judgement { detail, error_code, error_id, ..reason.into() }
}

fn is_id(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
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

#[cfg(test)]
mod tests {
    use super::{Answer, Detail, Judgement, judge};
    use crate::reason::Reason;
    use crate::user_name::UserName;

    const JSON: Option<&str> = Some("application/json");

    fn judged(status: u16, content_type: Option<&str>, body: &str) -> Option<Judgement> {
        let answer = Answer { status, content_type, content_encoding: None, body: body.as_bytes() };
        Some(judge(&answer, &UserName::parse("alice@acme.com", None).ok()?))
    }

    fn reason(status: u16, body: &str) -> Option<Reason> {
        judged(status, JSON, body).map(|judgement| judgement.reason)
    }

    fn transaction(state: &str, token: &str, login: &str) -> String {
        format!(
            r#"{{"status":{state},"sessionToken":{token},"_embedded":{{"user":{{"id":"00u1","profile":{{"login":{login}}}}}}}}}"#
        )
    }

    /// Every state, even with a session token and the right login beside it.
    #[test]
    fn every_state() {
        let table = [
            ("SUCCESS", Reason::Ok),
            ("MFA_REQUIRED", Reason::MfaRequired),
            ("MFA_CHALLENGE", Reason::MfaChallenge),
            ("MFA_ENROLL", Reason::MfaEnroll),
            ("MFA_ENROLL_ACTIVATE", Reason::MfaEnrollActivate),
            ("PASSWORD_WARN", Reason::PasswordWarn),
            ("PASSWORD_EXPIRED", Reason::PasswordExpired),
            ("PASSWORD_RESET", Reason::PasswordReset),
            ("LOCKED_OUT", Reason::LockedOut),
            ("RECOVERY", Reason::Recovery),
            ("RECOVERY_CHALLENGE", Reason::RecoveryChallenge),
            ("UNAUTHENTICATED", Reason::Unauthenticated),
            ("SOMETHING_NEW", Reason::StateUnknown),
            ("success", Reason::StateUnknown),
            ("SUCCESS ", Reason::StateUnknown),
            ("", Reason::StateUnknown),
        ];
        for (state, expected) in table {
            let body = transaction(&format!("{state:?}"), "\"00tok\"", "\"alice@acme.com\"");
            assert_eq!(reason(200, &body), Some(expected), "{state}");
        }
    }

    #[test]
    fn success_must_be_complete() {
        let token = "\"00tok\"";
        let login = "\"alice@acme.com\"";
        let table = [
            (transaction("\"SUCCESS\"", token, "\"Alice@ACME.com\""), Reason::Ok),
            (transaction("null", token, login), Reason::StateUnknown),
            (transaction("true", token, login), Reason::OktaUnavailable),
            (transaction("\"SUCCESS\"", "\"\"", login), Reason::SessionTokenMissing),
            (transaction("\"SUCCESS\"", "\" \"", login), Reason::SessionTokenMissing),
            (transaction("\"SUCCESS\"", "null", login), Reason::SessionTokenMissing),
            (transaction("\"SUCCESS\"", "7", login), Reason::OktaUnavailable),
            (transaction("\"SUCCESS\"", token, "\"bob@acme.com\""), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "\"alice\""), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "\" alice@acme.com\""), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "\"alice@acme.com.evil.com\""), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "\"\u{430}lice@acme.com\""), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "\"\""), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "null"), Reason::LoginMismatch),
            (transaction("\"SUCCESS\"", token, "[]"), Reason::OktaUnavailable),
            (r#"{"status":"SUCCESS","sessionToken":"00tok"}"#.to_owned(), Reason::LoginMismatch),
            (r#"{"status":"SUCCESS","sessionToken":"00tok","_embedded":{}}"#.to_owned(), Reason::LoginMismatch),
            (
                r#"{"status":"SUCCESS","sessionToken":"00tok","_embedded":{"user":{}}}"#.to_owned(),
                Reason::LoginMismatch,
            ),
            (r#"{"sessionToken":"00tok"}"#.to_owned(), Reason::StateUnknown),
            (r#"{"status":"LOCKED_OUT","status":"SUCCESS"}"#.to_owned(), Reason::OktaUnavailable),
            ("{}".to_owned(), Reason::StateUnknown),
            ("[]".to_owned(), Reason::OktaUnavailable),
            (String::new(), Reason::OktaUnavailable),
            ("SUCCESS".to_owned(), Reason::OktaUnavailable),
            (format!("{} ", transaction("\"SUCCESS\"", token, login)), Reason::Ok),
            (format!("{}x", transaction("\"SUCCESS\"", token, login)), Reason::OktaUnavailable),
        ];
        for (body, expected) in table {
            assert_eq!(reason(200, &body), Some(expected), "{body}");
        }
    }

    #[test]
    fn a_short_name_is_not_a_login() {
        let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
        let answer = Answer { status: 200, content_type: JSON, content_encoding: None, body: body.as_bytes() };
        let judged = |name, domain| UserName::parse(name, domain).map(|name| judge(&answer, &name).reason);
        assert_eq!(judged("alice", None), Ok(Reason::LoginMismatch));
        assert_eq!(judged("alice", Some("acme.com")), Ok(Reason::Ok));
    }

    #[test]
    fn every_error_code() {
        let table = [
            (400, "E0000001", Reason::OktaRefused),
            (400, "E0000003", Reason::OktaRefused),
            (401, "E0000004", Reason::BadCredentials),
            (403, "E0000006", Reason::Config),
            (404, "E0000007", Reason::Config),
            (500, "E0000009", Reason::OktaUnavailable),
            (401, "E0000011", Reason::Config),
            (403, "E0000014", Reason::OktaRefused),
            (401, "E0000015", Reason::Config),
            (429, "E0000047", Reason::RateLimited),
            (401, "E0000064", Reason::PasswordExpired),
            (403, "E0000068", Reason::MfaFailed),
            (403, "E0000069", Reason::LockedOut),
            (403, "E0000079", Reason::OktaRefused),
            (403, "E0000082", Reason::MfaFailed),
            (403, "E0000083", Reason::MfaFailed),
            (429, "E0000109", Reason::RateLimited),
            (429, "E0000133", Reason::RateLimited),
            (403, "E0000119", Reason::LockedOut),
            (503, "E0000181", Reason::OktaUnavailable),
            (401, "E0000207", Reason::BadCredentials),
            // A code that is not known, by its status.
            (400, "E9999999", Reason::OktaRefused),
            (401, "E9999999", Reason::BadCredentials),
            (403, "E9999999", Reason::OktaRefused),
            (404, "E9999999", Reason::Config),
            (429, "E9999999", Reason::RateLimited),
            (500, "E9999999", Reason::OktaUnavailable),
            (599, "E9999999", Reason::OktaUnavailable),
            (201, "E9999999", Reason::OktaUnavailable),
        ];
        for (status, code, expected) in table {
            let body = format!(
                r#"{{"errorCode":"{code}","errorSummary":"s","errorLink":"{code}","errorId":"oae1","errorCauses":[]}}"#
            );
            let judgement = judged(status, JSON, &body);
            let detail = (expected == Reason::OktaUnavailable).then_some(Detail::Status);
            let expected = Judgement {
                status: Some(status),
                detail,
                error_code: Some(code.to_owned()),
                error_id: Some("oae1".to_owned()),
                ..Judgement::of(expected)
            };
            assert_eq!(judgement, Some(expected), "{status} {code}");
        }
    }

    #[test]
    fn no_status_but_200_signs_in() {
        let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
        for status in (100..600).filter(|status| *status != 200) {
            assert_ne!(reason(status, &body), Some(Reason::Ok), "{status}");
        }
        for status in 300..400 {
            assert_eq!(judged(status, JSON, &body).and_then(|judgement| judgement.detail), Some(Detail::Redirect));
        }
    }

    #[test]
    fn only_plain_json_is_read() {
        let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
        let table = [
            (JSON, true),
            (Some("Application/JSON;charset=UTF-8"), true),
            (Some("text/html"), false),
            (Some("text/html; application/json"), false),
            (Some("application/jsonp"), false),
            (Some(""), false),
            (None, false),
        ];
        for (content_type, read) in table {
            let judgement = judged(200, content_type, &body).map(|judgement| judgement.reason);
            assert_eq!(judgement, Some(if read { Reason::Ok } else { Reason::OktaUnavailable }), "{content_type:?}");
        }
        let answer = Answer { status: 200, content_type: JSON, content_encoding: Some("gzip"), body: body.as_bytes() };
        let judgement = UserName::parse("alice@acme.com", None).map(|name| judge(&answer, &name));
        assert!(judgement.is_ok_and(|judgement| judgement.detail == Some(Detail::NotJson)));
    }

    /// Error texts and anything that does not look like an id stay out of the judgement, and so out of the log.
    #[test]
    fn nothing_quoted_is_kept() {
        let judgement = judged(
            401,
            JSON,
            r#"{"errorCode":"hunter2 !","errorId":"a b","errorSummary":"hunter2","errorCauses":[{"errorSummary":"hunter2"}]}"#,
        );
        assert_eq!(judgement, Some(Judgement { status: Some(401), ..Judgement::of(Reason::BadCredentials) }));
    }
}
