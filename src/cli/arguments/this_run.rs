//! How a run goes: who approves, how long it waits, and which function it takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// How often to look at AWS, where nothing else was said. Its services are throttled account-wide.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How often to look at the sandbox, which is this machine's own and whose steps are short.
const SANDBOX_POLL_INTERVAL: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
pub(super) struct ApprovalArgs {
    /// Approve beforehand; needed where there is no terminal
    #[arg(short, long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
pub(super) struct WaitArgs {
    /// How long to wait for AWS; the operation goes on after that
    #[arg(long, value_parser = duration, default_value = "20m", value_name = "TIME", env = "SFTP_OKTA_TIMEOUT", hide_env = true)]
    pub(super) timeout: Duration,
    /// How often to look [default: 2s; in the sandbox 200ms]
    #[arg(long, value_parser = duration, value_name = "TIME", env = "SFTP_OKTA_POLL_INTERVAL", hide_env = true)]
    pub(super) poll_interval: Option<Duration>,
    /// How long to wait for another run on this deployment to end [default: fail at once]
    #[arg(long, value_parser = duration, value_name = "TIME", env = "SFTP_OKTA_WAIT_FOR_LOCK", hide_env = true)]
    pub(super) wait_for_lock: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
pub(super) struct BootstrapArgs {
    /// A prebuilt Lambda bootstrap in place of the one inside this binary
    #[arg(long, value_name = "FILE")]
    pub(super) bootstrap: Option<PathBuf>,
}

/// How often to look, where no flag says so.
pub(super) const fn usual_poll_interval(sandbox: bool) -> Duration {
    if sandbox { SANDBOX_POLL_INTERVAL } else { POLL_INTERVAL }
}

/// A time as people write it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time.is_zero() => Err("it must be longer than nothing, such as 2s".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; write a time such as 90s, 20m or 1h")),
    }
}
