//! Okta's errors (Okta developer documentation, "Okta error codes").

use serde_json::json;

use super::message::{Reply, random_id};

/// An error, by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OktaError {
    /// A member is missing or not what it should be.
    Validation,
    /// The body is not JSON.
    NotJson,
    /// Wrong password, hidden lockout, refusal by a policy.
    Authentication,
    /// The token does not allow the call.
    Forbidden,
    /// No such thing.
    NotFound,
    /// Okta is broken.
    Internal,
    /// The state token or access token is not valid.
    Token,
    /// Another method is needed.
    Method,
    /// A rate limit of the user or the org.
    RateLimit,
    /// Wrong code.
    WrongCode,
    /// Too many wrong codes.
    Locked,
    /// The operation is not allowed in this state.
    State,
    /// The code was used before.
    Replayed,
    /// The code is of another time.
    Window,
}

impl OktaError {
    fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Validation => ("E0000001", 400, "Api validation failed"),
            Self::NotJson => ("E0000003", 400, "The request body was not well-formed."),
            Self::Authentication => ("E0000004", 401, "Authentication failed"),
            Self::Forbidden => ("E0000006", 403, "You do not have permission to perform the requested action"),
            Self::NotFound => ("E0000007", 404, "Not found: Resource not found"),
            Self::Internal => ("E0000009", 500, "Internal Server Error"),
            Self::Token => ("E0000011", 401, "Invalid token provided"),
            Self::Method => ("E0000022", 405, "The endpoint does not support the provided HTTP method"),
            Self::RateLimit => ("E0000047", 429, "API call exceeded rate limit due to too many requests."),
            Self::WrongCode => ("E0000068", 403, "Invalid Passcode/Answer"),
            Self::Locked => ("E0000069", 403, "User Locked"),
            Self::State => ("E0000079", 403, "This operation is not allowed in the current authentication state."),
            Self::Replayed => {
                ("E0000082", 403, "Each code can only be used once. Please wait for a new code and try again.")
            }
            Self::Window => ("E0000083", 403, "Your code doesn't match our records. Please try again."),
        }
    }

    /// The answer, with an id of its own.
    pub(super) fn reply(self) -> Reply {
        let (code, status, summary) = self.parts();
        let is_about_a_code = matches!(self, Self::WrongCode | Self::Replayed | Self::Window);
        let causes = if is_about_a_code {
            json!([{"errorSummary": "Your code doesn't match our records. Please try again."}])
        } else {
            json!([])
        };
        Reply::json(
            status,
            &json!({
                "errorCode": code,
                "errorSummary": summary,
                "errorLink": code,
                "errorId": random_id("oae"),
                "errorCauses": causes,
            }),
        )
    }
}
