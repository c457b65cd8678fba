//! The states of an authentication transaction, and what is in those that a factor leads out of.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::factor::WrittenFactors;
use crate::reason::Reason;
use crate::secret::Secret;

/// A transaction state (Okta developer documentation, Authentication API, "Transaction state").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Okta's, their meaning is that of the reason")]
pub enum TransactionState {
    Success,
    MfaRequired,
    MfaChallenge,
    MfaEnroll,
    MfaEnrollActivate,
    PasswordWarn,
    PasswordExpired,
    PasswordReset,
    LockedOut,
    Recovery,
    RecoveryChallenge,
    Unauthenticated,
    /// A state that this version does not know.
    Unknown,
}

impl TransactionState {
    /// Reads the `status` of an answer, in Okta's own spelling and no other.
    #[must_use]
    pub fn parse(status: &str) -> Self {
        match status {
            "SUCCESS" => Self::Success,
            "MFA_REQUIRED" => Self::MfaRequired,
            "MFA_CHALLENGE" => Self::MfaChallenge,
            "MFA_ENROLL" => Self::MfaEnroll,
            "MFA_ENROLL_ACTIVATE" => Self::MfaEnrollActivate,
            "PASSWORD_WARN" => Self::PasswordWarn,
            "PASSWORD_EXPIRED" => Self::PasswordExpired,
            "PASSWORD_RESET" => Self::PasswordReset,
            "LOCKED_OUT" => Self::LockedOut,
            "RECOVERY" => Self::Recovery,
            "RECOVERY_CHALLENGE" => Self::RecoveryChallenge,
            "UNAUTHENTICATED" => Self::Unauthenticated,
            _ => Self::Unknown,
        }
    }

    /// What the state means for a sign-in by password alone: only `SUCCESS` is one.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::Success => Reason::Ok,
            Self::MfaRequired => Reason::MfaRequired,
            Self::MfaChallenge => Reason::MfaChallenge,
            Self::MfaEnroll => Reason::MfaEnroll,
            Self::MfaEnrollActivate => Reason::MfaEnrollActivate,
            Self::PasswordWarn => Reason::PasswordWarn,
            Self::PasswordExpired => Reason::PasswordExpired,
            Self::PasswordReset => Reason::PasswordReset,
            Self::LockedOut => Reason::LockedOut,
            Self::Recovery => Reason::Recovery,
            Self::RecoveryChallenge => Reason::RecoveryChallenge,
            Self::Unauthenticated => Reason::Unauthenticated,
            Self::Unknown => Reason::StateUnknown,
        }
    }
}

/// What became of a factor (Authentication API, "Factor result").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Okta's")]
pub enum FactorResult {
    Waiting,
    Success,
    Rejected,
    Timeout,
    Cancelled,
    Error,
    PasscodeReplayed,
    TimeWindowExceeded,
    /// A result that this version does not know, or none.
    Unknown,
}

impl FactorResult {
    /// Reads `factorResult`, in Okta's own spelling and no other.
    #[must_use]
    pub fn parse(result: &str) -> Self {
        match result {
            "WAITING" => Self::Waiting,
            "SUCCESS" => Self::Success,
            "REJECTED" => Self::Rejected,
            "TIMEOUT" => Self::Timeout,
            "CANCELLED" => Self::Cancelled,
            "ERROR" => Self::Error,
            "PASSCODE_REPLAYED" => Self::PasscodeReplayed,
            "TIME_WINDOW_EXCEEDED" => Self::TimeWindowExceeded,
            _ => Self::Unknown,
        }
    }

    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Success => "SUCCESS",
            Self::Rejected => "REJECTED",
            Self::Timeout => "TIMEOUT",
            Self::Cancelled => "CANCELLED",
            Self::Error => "ERROR",
            Self::PasscodeReplayed => "PASSCODE_REPLAYED",
            Self::TimeWindowExceeded => "TIME_WINDOW_EXCEEDED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// What it means while the transaction is in `MFA_CHALLENGE`. `SUCCESS` there is not the transaction's.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::Rejected => Reason::PushRejected,
            Self::Timeout => Reason::PushTimeout,
            Self::Waiting
            | Self::Success
            | Self::Cancelled
            | Self::Error
            | Self::PasscodeReplayed
            | Self::TimeWindowExceeded
            | Self::Unknown => Reason::MfaFailed,
        }
    }
}

/// A transaction in `MFA_REQUIRED`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MfaRequired {
    pub(super) state_token: Secret,
    #[serde(rename = "_embedded")]
    pub(super) embedded: WrittenFactors,
}

/// A transaction in `MFA_CHALLENGE`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MfaChallenge {
    factor_result: Option<String>,
    #[serde(rename = "_embedded")]
    embedded: Option<EmbeddedFactor>,
}

#[derive(Deserialize)]
struct EmbeddedFactor {
    factor: Option<ChallengedFactor>,
}

#[derive(Deserialize)]
struct ChallengedFactor {
    #[serde(rename = "_embedded")]
    embedded: Option<EmbeddedChallenge>,
}

#[derive(Deserialize)]
struct EmbeddedChallenge {
    challenge: Option<IgnoredAny>,
}

impl MfaChallenge {
    /// What became of the factor so far.
    pub(super) fn result(&self) -> FactorResult {
        self.factor_result.as_deref().map_or(FactorResult::Unknown, FactorResult::parse)
    }

    /// Whether the phone shows numbers of which the user must choose the one that this answer holds.
    pub(super) fn wants_a_number(&self) -> bool {
        let factor = self.embedded.as_ref().and_then(|embedded| embedded.factor.as_ref());
        factor.and_then(|factor| factor.embedded.as_ref()?.challenge.as_ref()).is_some()
    }
}
