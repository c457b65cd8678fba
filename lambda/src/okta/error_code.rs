//! Okta's error codes, as far as a sign-in can meet them (Okta developer documentation, "Okta error codes").

use crate::reason::Reason;

/// What an error code means for a sign-in, if it is known. Never [`Reason::Ok`].
pub(crate) fn reason_of_code(code: &str) -> Option<Reason> {
    Some(match code {
        // Validation failed; body not well-formed; operation not allowed in this state; update of credentials failed.
        "E0000001" | "E0000003" | "E0000079" | "E0000014" => Reason::OktaRefused,
        // Authentication failed; user name or password incorrect.
        "E0000004" | "E0000207" => Reason::BadCredentials,
        // No permission; not found; invalid token, though none was sent; feature missing.
        "E0000006" | "E0000007" | "E0000011" | "E0000015" => Reason::Config,
        // Internal error; service unavailable.
        "E0000009" | "E0000181" => Reason::OktaUnavailable,
        // Limit of the org or the user; message or call sent too recently.
        "E0000047" | "E0000109" | "E0000133" => Reason::RateLimited,
        "E0000064" => Reason::PasswordExpired,
        // Wrong code; code used already; code outside its time.
        "E0000068" | "E0000082" | "E0000083" => Reason::MfaFailed,
        // Locked out by wrong codes; account locked.
        "E0000069" | "E0000119" => Reason::LockedOut,
        _ => return None,
    })
}

/// What an HTTP status means when the code tells nothing. Never [`Reason::Ok`].
pub(crate) fn reason_of_status(status: u16) -> Reason {
    match status {
        401 => Reason::BadCredentials,
        404 | 405 | 410 => Reason::Config,
        429 => Reason::RateLimited,
        400..=499 => Reason::OktaRefused,
        _ => Reason::OktaUnavailable,
    }
}

/// What an error means that came for the verification of a factor, where a token and an id were sent along: these errors
/// speak of the transaction then, and not of the settings.
pub(super) fn reason_of_verification(code: Option<&str>, status: u16) -> Reason {
    match (code, code.and_then(reason_of_code), status) {
        // The state token expired; the factor is gone.
        (Some("E0000011" | "E0000007"), ..) => Reason::MfaFailed,
        (_, Some(reason), _) => reason,
        (_, None, 401 | 403 | 404) => Reason::MfaFailed,
        (_, None, _) => reason_of_status(status),
    }
}
