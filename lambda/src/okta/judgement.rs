//! What came of asking Okta.

use std::time::Duration;

use super::factor::FactorKind;
use super::key_error::ServiceAppKeyError;
use super::rate_limit::RateLimit;
use super::transaction::FactorResult;
use crate::reason::Reason;

/// What came of asking Okta, or of not asking it. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome; [`Reason::Ok`] only for a sign-in that Okta confirmed in full.
    pub reason: Reason,
    /// More on [`Reason::OktaUnavailable`], [`Reason::RateLimited`] and [`Reason::ServiceApp`].
    pub detail: Option<Detail>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// `X-Okta-Request-Id`, which finds the request in Okta's System Log.
    pub request_id: Option<String>,
    /// `errorCode` of an error.
    pub error_code: Option<String>,
    /// `errorId` of an error.
    pub error_id: Option<String>,
    /// What a 429 says.
    pub rate_limit: Option<RateLimit>,
    /// Okta's id of the user who signed in.
    pub okta_id: Option<String>,
    /// The factor that was verified, or was to be.
    pub factor: Option<FactorKind>,
    /// What Okta said of that factor, if that was not the end of it.
    pub factor_result: Option<FactorResult>,
}

/// What asking Okta has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests sent.
    pub calls: u32,
    /// Time in them, pauses not included.
    pub time: Duration,
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
    /// The answer is longer than any that is read.
    TooLong,
    /// The answer sends the caller elsewhere. The password does not follow.
    Redirect,
    /// The answer is not JSON, or not JSON of the expected shape.
    NotJson,
    /// An HTTP status that says so.
    Status,
    /// Okta was not asked, because its last answer was that its rate limit is used up.
    HeldOff,
    /// A list goes on at another address than the org's, or has no end.
    Paging,
    /// The secret of the service app cannot be read.
    Secret,
    /// The secret does not hold a private key that can sign.
    Key(ServiceAppKeyError),
    /// Okta wants proof of possession (DPoP) from the service app, which this function does not give.
    Dpop,
    /// Okta gives the service app no token.
    Token,
    /// The service app may not read what it must.
    Scope,
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
            Self::HeldOff => "held-off",
            Self::Paging => "paging",
            Self::Secret => "secret",
            Self::Key(error) => error.as_str(),
            Self::Dpop => "dpop",
            Self::Token => "token",
            Self::Scope => "scope",
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
            rate_limit: None,
            okta_id: None,
            factor: None,
            factor_result: None,
        }
    }

    /// The service app cannot do its work.
    #[must_use]
    pub fn service_app(detail: Detail) -> Self {
        Self { detail: Some(detail), ..Self::of(Reason::ServiceApp) }
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
