//! One error type for the whole deployer: what happened, why, to which resource, and what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::exit_code::ExitCode;

/// What kind of failure it is. The word is part of the JSON contract; the kind decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The command line is wrong, or an answer was needed and nobody could give it.
    Usage,
    /// A setting is wrong.
    Configuration,
    /// No usable credentials, or expired ones.
    Credentials,
    /// The caller may not do this.
    Permission,
    /// The service could not be reached.
    Network,
    /// The configuration names another account than the credentials'.
    WrongAccount,
    /// The stack failed, or is in a state that needs a person.
    StackFailed,
    /// The server failed, or is in a state that needs a person.
    ServerFailed,
    /// The artifact could not be packaged or stored.
    ArtifactFailed,
    /// The wait ran out; the operation goes on.
    Deadline,
    /// Another run holds this deployment.
    Busy,
    /// The sign-in check failed.
    VerifyFailed,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
    /// A service answered with an error of its own that none of the others covers.
    Service,
    /// Nobody foresaw this.
    Unexpected,
}

impl ErrorCode {
    /// The exit code that tells this kind of failure to the caller.
    #[must_use]
    pub const fn exit_code(self) -> ExitCode {
        match self {
            Self::Usage | Self::Configuration => ExitCode::Usage,
            Self::Credentials | Self::Permission | Self::Network | Self::WrongAccount => ExitCode::Credentials,
            Self::StackFailed => ExitCode::StackFailed,
            Self::ServerFailed => ExitCode::ServerFailed,
            Self::Deadline => ExitCode::Deadline,
            Self::Busy => ExitCode::Busy,
            Self::VerifyFailed => ExitCode::VerifyFailed,
            Self::Interrupted => ExitCode::Interrupted,
            Self::Terminated => ExitCode::Terminated,
            Self::ArtifactFailed | Self::Service | Self::Unexpected => ExitCode::Unexpected,
        }
    }

    /// Whether a look that failed this way may succeed next time: it does not end a wait.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::Network | Self::Service => true,
            Self::Usage
            | Self::Configuration
            | Self::Credentials
            | Self::Permission
            | Self::WrongAccount
            | Self::StackFailed
            | Self::ServerFailed
            | Self::ArtifactFailed
            | Self::Deadline
            | Self::Busy
            | Self::VerifyFailed
            | Self::Interrupted
            | Self::Terminated
            | Self::Unexpected => false,
        }
    }

    /// Whether a run that ends this way no longer knows how what it asked AWS for stands: that goes on without it. The
    /// others tell the end of it, or come before it.
    #[must_use]
    pub const fn leaves_work_going(self) -> bool {
        match self {
            Self::Credentials
            | Self::Permission
            | Self::Network
            | Self::Deadline
            | Self::Busy
            | Self::Interrupted
            | Self::Terminated => true,
            Self::Usage
            | Self::Configuration
            | Self::WrongAccount
            | Self::StackFailed
            | Self::ServerFailed
            | Self::ArtifactFailed
            | Self::VerifyFailed
            | Self::Service
            | Self::Unexpected => false,
        }
    }
}

/// A failure, told so that its reader can act on it.
///
/// It is the `error` object of the JSON result, written and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The kind of failure.
    pub code: ErrorCode,
    /// What could not be done, as one sentence without a full stop.
    pub message: String,
    /// Why: the service's own words, or the underlying error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What else went wrong in the same operation, and what was only a consequence of the cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What to do next: a command, a setting, or a permission to grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The resource it happened to: a logical id, an ARN, a server id, or a file and line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The AWS request id, to be quoted to AWS support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A result whose error is told to a person.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `code` that says what happened.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            cause: None,
            also: Vec::new(),
            hint: None,
            resource: None,
            request_id: None,
        }
    }

    /// Adds why it happened.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds to why it happened.
    #[must_use]
    pub fn and_cause(self, more: &str) -> Self {
        let cause = match &self.cause {
            Some(cause) => format!("{cause}; {more}"),
            None => more.to_owned(),
        };
        self.cause(cause)
    }

    /// Adds what else went wrong.
    #[must_use]
    pub fn also(mut self, also: impl IntoIterator<Item = String>) -> Self {
        self.also.extend(also);
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do next, unless something better is known already.
    #[must_use]
    pub fn hint_if_none(self, hint: &str) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    /// Adds the resource it happened to.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Adds the AWS request id, where one is known.
    #[must_use]
    pub fn request_id(mut self, request_id: Option<impl Into<String>>) -> Self {
        self.request_id = request_id.map(Into::into);
        self
    }
}

impl Error {
    /// All that is known beside the message, in the order in which a person wants to know it, each with its label.
    pub fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        fn known<'a>(label: &'static str, value: Option<&'a str>) -> impl Iterator<Item = (&'static str, &'a str)> {
            value.into_iter().map(move |value| (label, value))
        }
        known("why", self.cause.as_deref())
            .chain(self.also.iter().map(|also| ("also", also.as_str())))
            .chain(known("where", self.resource.as_deref()))
            .chain(known("request id", self.request_id.as_deref()))
            .chain(known("what to do", self.hint.as_deref()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.cause {
            Some(cause) => write!(formatter, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_what_and_why() {
        let error = Error::new(ErrorCode::StackFailed, "stack sftp-okta-demo was rolled back").cause("no such bucket");
        assert_eq!(error.to_string(), "stack sftp-okta-demo was rolled back: no such bucket");
    }

    #[test]
    fn json_names_only_what_is_known() {
        let error = Error::new(ErrorCode::WrongAccount, "no").request_id(Some("r-1"));
        let json = serde_json::to_string(&error).unwrap_or_default();
        assert_eq!(json, r#"{"code":"wrong-account","message":"no","request_id":"r-1"}"#);
    }
}
