//! The states of an authentication transaction.

use crate::reason::Reason;

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
