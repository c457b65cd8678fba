//! Why a sign-in was accepted or refused: the one word that the log tells and the client does not.

use serde::{Serialize, Serializer};

use crate::request::RequestError;
use crate::user_name::UserNameError;

/// The outcome of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Accepted.
    Ok,

    /// The event is neither API Gateway's nor Transfer's own.
    EventMalformed,
    /// Another method or path.
    RouteUnknown,
    /// A header or parameter with several values.
    ValueRepeated,
    /// Not the id of a Transfer server.
    ServerIdMalformed,
    /// Not SFTP.
    ProtocolNotSftp,
    /// A user name that no legal user has.
    UserNameMalformed,
    /// A user name of another domain than the login domain.
    UserNameOtherDomain,
    /// A blank password.
    PasswordMissing,
    /// A password longer than Transfer passes on.
    PasswordTooLong,
    /// A password that is not base64 of UTF-8.
    PasswordEncoding,
    /// A password where only keys are taken.
    PasswordNotTaken,
    /// A question for public keys where only passwords are taken: clients that have a key ask this before their password.
    KeyProbe,

    /// Too many failed tries for this user name within a minute; Okta was not asked.
    ThrottledUser,
    /// Too many failed tries from this source address within a minute; Okta was not asked.
    ThrottledSource,

    /// Password right, a factor must be verified.
    MfaRequired,
    /// A factor is being verified.
    MfaChallenge,
    /// Password right, but the policy wants a factor and the user has none.
    MfaEnroll,
    /// The enrolment of a factor is unfinished.
    MfaEnrollActivate,
    /// A code was refused, or the verification ended without a word on why.
    MfaFailed,
    /// Password right, a factor must be verified, and the user has none that a password prompt can verify.
    MfaFactorMissing,
    /// Password right, but Okta asked for no factor where this deployment requires one.
    MfaNotAsked,
    /// The user rejected the push.
    PushRejected,
    /// Nobody answered the push in time.
    PushTimeout,
    /// The push wants a number chosen, which cannot be shown to an SFTP user.
    PushNumberChallenge,
    /// Password right, expires soon; only ever told to who asks for it.
    PasswordWarn,
    /// Password right, but too old.
    PasswordExpired,
    /// A new password must be set.
    PasswordReset,
    /// The account is locked.
    LockedOut,
    /// Self-service recovery is under way.
    Recovery,
    /// Self-service recovery waits for a factor.
    RecoveryChallenge,
    /// Okta has not looked at the password yet.
    Unauthenticated,
    /// A state that this version does not know, or none.
    StateUnknown,
    /// SUCCESS without a session token.
    SessionTokenMissing,
    /// SUCCESS for another login than the one that was asked for, or without a login.
    LoginMismatch,

    /// Wrong user name or password, or a lock or a policy that Okta hides behind the same answer.
    BadCredentials,
    /// Okta refused for another reason of its own; the error code tells.
    OktaRefused,
    /// Okta limits the rate of requests.
    RateLimited,
    /// No usable answer came from Okta; the detail tells why.
    OktaUnavailable,
    /// The settings are wrong: Okta does not know what was asked.
    Config,
    /// The service app could not read the directory; the detail tells why.
    ServiceApp,

    /// Okta knows nobody of this name. Told only for a question for keys.
    UserUnknown,
    /// Okta knows the user, who is not active.
    UserNotActive,
    /// The user has no public key.
    NoKeys,
    /// No access rule means this user.
    NoRule,
    /// The rule that means this user does not allow the source address.
    SourceAddress,
    /// The rule that means this user does not allow the protocol.
    ProtocolNotAllowed,
    /// A profile attribute that the home needs is missing, or cannot be part of a path.
    Attribute,

    /// Signed in, but no session policy could be made for the home.
    SessionPolicy,
}

/// How an operator should look at an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// The service works.
    Info,
    /// Something outside is in trouble.
    Warn,
    /// Someone must change something.
    Error,
}

impl Reason {
    /// How an operator should look at it. A refused user is the service at work.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Config | Self::ServiceApp | Self::SessionPolicy => Level::Error,
            Self::RateLimited
            | Self::ThrottledSource
            | Self::OktaUnavailable
            | Self::StateUnknown
            | Self::SessionTokenMissing
            | Self::EventMalformed
            | Self::RouteUnknown => Level::Warn,
            Self::Ok
            | Self::ValueRepeated
            | Self::ServerIdMalformed
            | Self::ProtocolNotSftp
            | Self::UserNameMalformed
            | Self::UserNameOtherDomain
            | Self::PasswordMissing
            | Self::PasswordTooLong
            | Self::PasswordEncoding
            | Self::PasswordNotTaken
            | Self::KeyProbe
            | Self::ThrottledUser
            | Self::UserUnknown
            | Self::UserNotActive
            | Self::NoKeys
            | Self::NoRule
            | Self::SourceAddress
            | Self::ProtocolNotAllowed
            | Self::Attribute
            | Self::MfaFactorMissing
            | Self::MfaNotAsked
            | Self::PushRejected
            | Self::PushTimeout
            | Self::PushNumberChallenge
            | Self::MfaRequired
            | Self::MfaChallenge
            | Self::MfaEnroll
            | Self::MfaEnrollActivate
            | Self::MfaFailed
            | Self::PasswordWarn
            | Self::PasswordExpired
            | Self::PasswordReset
            | Self::LockedOut
            | Self::Recovery
            | Self::RecoveryChallenge
            | Self::Unauthenticated
            | Self::LoginMismatch
            | Self::BadCredentials
            | Self::OktaRefused => Level::Info,
        }
    }

    /// Whether a password that ends so counts as a failed try of the user and of the source: whatever Okta was asked for and
    /// refused because of what was typed, or because of the account. Trouble that is not the user's counts nothing.
    #[must_use]
    pub fn is_failed_try(self) -> bool {
        match self {
            Self::MfaRequired
            | Self::MfaChallenge
            | Self::MfaEnroll
            | Self::MfaEnrollActivate
            | Self::MfaFailed
            | Self::MfaFactorMissing
            | Self::MfaNotAsked
            | Self::PushRejected
            | Self::PushTimeout
            | Self::PushNumberChallenge
            | Self::PasswordWarn
            | Self::PasswordExpired
            | Self::PasswordReset
            | Self::LockedOut
            | Self::Recovery
            | Self::RecoveryChallenge
            | Self::Unauthenticated
            | Self::StateUnknown
            | Self::SessionTokenMissing
            | Self::LoginMismatch
            | Self::BadCredentials
            | Self::OktaRefused
            | Self::UserUnknown
            | Self::UserNotActive
            | Self::NoKeys
            | Self::NoRule
            | Self::SourceAddress
            | Self::ProtocolNotAllowed
            | Self::Attribute => true,
            Self::Ok
            | Self::EventMalformed
            | Self::RouteUnknown
            | Self::ValueRepeated
            | Self::ServerIdMalformed
            | Self::ProtocolNotSftp
            | Self::UserNameMalformed
            | Self::UserNameOtherDomain
            | Self::PasswordMissing
            | Self::PasswordTooLong
            | Self::PasswordEncoding
            | Self::PasswordNotTaken
            | Self::KeyProbe
            | Self::ThrottledUser
            | Self::ThrottledSource
            | Self::RateLimited
            | Self::OktaUnavailable
            | Self::Config
            | Self::ServiceApp
            | Self::SessionPolicy => false,
        }
    }

    /// The word in the log and in the metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::EventMalformed => "event-malformed",
            Self::RouteUnknown => "route-unknown",
            Self::ValueRepeated => "value-repeated",
            Self::ServerIdMalformed => "server-id-malformed",
            Self::ProtocolNotSftp => "protocol-not-sftp",
            Self::UserNameMalformed => "user-name-malformed",
            Self::UserNameOtherDomain => "user-name-other-domain",
            Self::PasswordMissing => "password-missing",
            Self::PasswordTooLong => "password-too-long",
            Self::PasswordEncoding => "password-encoding",
            Self::PasswordNotTaken => "password-not-taken",
            Self::KeyProbe => "key-probe",
            Self::ThrottledUser => "throttled-user",
            Self::ThrottledSource => "throttled-source",
            Self::MfaRequired => "mfa-required",
            Self::MfaChallenge => "mfa-challenge",
            Self::MfaEnroll => "mfa-enroll",
            Self::MfaEnrollActivate => "mfa-enroll-activate",
            Self::MfaFailed => "mfa-failed",
            Self::MfaFactorMissing => "mfa-factor-missing",
            Self::MfaNotAsked => "mfa-not-asked",
            Self::PushRejected => "push-rejected",
            Self::PushTimeout => "push-timeout",
            Self::PushNumberChallenge => "push-number-challenge",
            Self::PasswordWarn => "password-warn",
            Self::PasswordExpired => "password-expired",
            Self::PasswordReset => "password-reset",
            Self::LockedOut => "locked-out",
            Self::Recovery => "recovery",
            Self::RecoveryChallenge => "recovery-challenge",
            Self::Unauthenticated => "unauthenticated",
            Self::StateUnknown => "state-unknown",
            Self::SessionTokenMissing => "session-token-missing",
            Self::LoginMismatch => "login-mismatch",
            Self::BadCredentials => "bad-credentials",
            Self::OktaRefused => "okta-refused",
            Self::RateLimited => "rate-limited",
            Self::OktaUnavailable => "okta-unavailable",
            Self::Config => "config",
            Self::ServiceApp => "service-app",
            Self::UserUnknown => "user-unknown",
            Self::UserNotActive => "user-not-active",
            Self::NoKeys => "no-keys",
            Self::NoRule => "no-rule",
            Self::SourceAddress => "source-address",
            Self::ProtocolNotAllowed => "protocol-not-allowed",
            Self::Attribute => "attribute",
            Self::SessionPolicy => "session-policy",
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<RequestError> for Reason {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Event => Self::EventMalformed,
            RequestError::Route => Self::RouteUnknown,
            RequestError::Repeated => Self::ValueRepeated,
            RequestError::ServerId => Self::ServerIdMalformed,
            RequestError::Protocol => Self::ProtocolNotSftp,
            RequestError::UserName(UserNameError::OtherDomain) => Self::UserNameOtherDomain,
            RequestError::UserNameEncoding
            | RequestError::UserName(
                UserNameError::Length
                | UserNameError::Character
                | UserNameError::Dots
                | UserNameError::Reserved
                | UserNameError::Domain,
            ) => Self::UserNameMalformed,
            RequestError::PasswordMissing => Self::PasswordMissing,
            RequestError::PasswordTooLong => Self::PasswordTooLong,
            RequestError::PasswordEncoding => Self::PasswordEncoding,
        }
    }
}
