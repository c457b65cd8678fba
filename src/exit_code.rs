//! The exit codes, which pipelines depend on: one place, one meaning each.

use std::process::ExitCode as ProcessExitCode;

/// How a run of `sftp-okta` ended, as the number its caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// Done, or there was nothing to do.
    Done,
    /// Something nobody foresaw: worth a bug report. Or whoever was asked said no, and nothing was changed.
    Unexpected,
    /// The command line or the configuration is wrong; nothing was changed.
    Usage,
    /// Credentials, permissions, or the way to the service.
    Credentials,
    /// The CloudFormation stack failed.
    StackFailed,
    /// The Transfer server failed.
    ServerFailed,
    /// The deadline was reached while the operation goes on at AWS.
    Deadline,
    /// `status`: not deployed, or not healthy. `doctor`: something has to be done.
    Unhealthy,
    /// `plan --exit-code`: changes are pending.
    ChangesPending,
    /// Another run holds the deployment.
    Busy,
    /// `verify`: a sign-in that should work does not, or one that should not does.
    VerifyFailed,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
}

impl ExitCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::Done,
        Self::Unexpected,
        Self::Usage,
        Self::Credentials,
        Self::StackFailed,
        Self::ServerFailed,
        Self::Deadline,
        Self::Unhealthy,
        Self::ChangesPending,
        Self::Busy,
        Self::VerifyFailed,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number given to the operating system. 130 and 143 are the shells' own for SIGINT and SIGTERM.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Credentials => 3,
            Self::StackFailed => 4,
            Self::ServerFailed => 5,
            Self::Deadline => 6,
            Self::Unhealthy => 7,
            Self::ChangesPending => 8,
            Self::Busy => 9,
            Self::VerifyFailed => 10,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What the code means, as `--help` and the README put it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Unexpected => "unexpected error, or the question was answered with no",
            Self::Usage => "wrong usage or configuration; nothing was changed",
            Self::Credentials => "credentials, permission, or no way to reach the service",
            Self::StackFailed => "the CloudFormation stack failed",
            Self::ServerFailed => "the Transfer server failed",
            Self::Deadline => "deadline reached; the operation goes on at AWS",
            Self::Unhealthy => "status, doctor: not deployed, or not healthy",
            Self::ChangesPending => "plan --exit-code: changes are pending",
            Self::Busy => "busy: another run holds this deployment",
            Self::VerifyFailed => "verify: the sign-in check failed",
            Self::Interrupted => "interrupted (SIGINT)",
            Self::Terminated => "terminated (SIGTERM)",
        }
    }
}

impl From<ExitCode> for ProcessExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_fixed() {
        let numbers: Vec<u8> = ExitCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130, 143]);
    }
}
