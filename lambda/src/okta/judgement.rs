//! What came of asking Okta.

use crate::reason::Reason;

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
