//! The arguments of `verify` and `logs`, and those with which `deploy` checks a sign-in.

use std::time::Duration;

use clap::Args;

use super::target::TargetArgs;
use super::this_run::duration;
use crate::commands::logs::Wish;
use crate::commands::verify::Check;
use crate::sign_in_log::Filter;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Who must be able to sign in, as typed in an SFTP client
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    password: PasswordArgs,
    /// Ask for the user's public keys in place of a sign-in with a password
    #[arg(long, conflicts_with = "password_stdin", help_heading = "This run")]
    public_key: bool,
    /// The address that the client is to be taken for
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = "This run")]
    source_ip: Option<String>,
    #[command(flatten)]
    pub(super) poll: PollArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// The password is asked for, or comes from where no other process can read it.
#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
struct PasswordArgs {
    /// Read the password from stdin [default: SFTP_OKTA_VERIFY_PASSWORD, or a prompt]
    #[arg(long)]
    password_stdin: bool,
    /// Do not try a made-up user and a wrong password
    #[arg(long)]
    no_negative_checks: bool,
}

/// The check at the end of a deploy.
#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
pub(super) struct DeployCheckArgs {
    /// Check at the end that this user can sign in, as `verify` does
    #[arg(long, value_name = "USER")]
    verify: Option<String>,
    /// With --verify: read the password from stdin [default: SFTP_OKTA_VERIFY_PASSWORD, or a prompt]
    #[arg(long, requires = "verify")]
    password_stdin: bool,
    /// With --verify: do not try a made-up user and a wrong password
    #[arg(long, requires = "verify")]
    no_negative_checks: bool,
}

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// Go on with what comes, until Ctrl-C
    #[arg(short, long, help_heading = "This run")]
    follow: bool,
    /// How far back to begin
    #[arg(long, value_parser = duration, default_value = "1h", value_name = "TIME", help_heading = "This run")]
    since: Duration,
    /// Only this login, or its part before @
    #[arg(long, value_name = "USER", help_heading = "This run")]
    user: Option<String>,
    /// Only this reason, such as bad-credentials
    #[arg(long, value_name = "REASON", help_heading = "This run")]
    reason: Option<String>,
    /// How many at most, the newest
    #[arg(long, default_value_t = 100, value_name = "COUNT", help_heading = "This run")]
    limit: usize,
    #[command(flatten)]
    pub(super) poll: PollArgs,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
pub(super) struct PollArgs {
    /// How often to look [default: 2s; in the sandbox 200ms]
    #[arg(long, value_parser = duration, value_name = "TIME", env = "SFTP_OKTA_POLL_INTERVAL", hide_env = true)]
    pub(super) poll_interval: Option<Duration>,
}

impl VerifyArgs {
    pub(super) fn check(self) -> Check {
        Check {
            user: self.user,
            password_stdin: self.password.password_stdin,
            negative_checks: !self.password.no_negative_checks,
            public_key: self.public_key,
            source_ip: self.source_ip,
        }
    }
}

impl DeployCheckArgs {
    pub(super) fn check(self) -> Option<Check> {
        self.verify.map(|user| Check {
            user,
            password_stdin: self.password_stdin,
            negative_checks: !self.no_negative_checks,
            public_key: false,
            source_ip: None,
        })
    }
}

impl LogsArgs {
    pub(super) fn wish(self) -> Wish {
        Wish {
            filter: Filter { user: self.user, reason: self.reason },
            since: self.since,
            limit: self.limit,
            follow: self.follow,
        }
    }
}

/// What TestIdentityProvider takes: at most 32 characters, so not every IPv6 address in its longest form.
fn address(text: &str) -> Result<String, String> {
    let parsed: std::net::IpAddr = text.parse().map_err(|_| "it is no IP address".to_owned())?;
    let short = parsed.to_string();
    if short.len() > 32 { Err("Transfer takes at most 32 characters".to_owned()) } else { Ok(short) }
}
