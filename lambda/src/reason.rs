//! Why a sign-in was accepted or refused: the one word that the log tells and the client does not.

use serde::Serialize;

use crate::request::RequestError;
use crate::user_name::UserNameError;

/// The outcome of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Accepted.
    Ok,

    /// The event is not a proxy event.
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
    /// No password, or a blank one.
    PasswordMissing,
    /// A password longer than Transfer passes on.
    PasswordTooLong,
    /// A password that is not base64 of UTF-8.
    PasswordEncoding,

    /// Password right, a factor must be verified.
    MfaRequired,
    /// A factor is being verified.
    MfaChallenge,
    /// Password right, but the policy wants a factor and the user has none.
    MfaEnroll,
    /// The enrolment of a factor is unfinished.
    MfaEnrollActivate,
    /// A code was refused.
    MfaFailed,
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
            Self::Config | Self::SessionPolicy => Level::Error,
            Self::RateLimited
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
