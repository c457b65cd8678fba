//! `status`.

use std::time::Duration;

use clap::Args;

use super::settings::SettingsArgs;
use super::target::TargetArgs;
use super::this_run::{BootstrapArgs, duration};
use crate::commands::status::Look;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    pub(super) look: LookArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    pub(super) bootstrap: BootstrapArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
pub(super) struct LookArgs {
    /// Let CloudFormation compare every resource of the stack with what it made
    #[arg(long)]
    drift: bool,
    /// Go on looking until interrupted
    #[arg(long, conflicts_with_all = ["all", "drift"])]
    watch: bool,
    /// Every deployment of the account and region, by its tags
    #[arg(long, conflicts_with = "drift")]
    all: bool,
    /// How long to wait for CloudFormation to find drift
    #[arg(long, value_parser = duration, default_value = "20m", value_name = "TIME", env = "SFTP_OKTA_TIMEOUT", hide_env = true)]
    pub(super) timeout: Duration,
    /// How often to look [default: 2s; in the sandbox 200ms]
    #[arg(long, value_parser = duration, value_name = "TIME", env = "SFTP_OKTA_POLL_INTERVAL", hide_env = true)]
    pub(super) poll_interval: Option<Duration>,
}

impl LookArgs {
    /// How to look at one deployment; nothing where all are meant.
    pub(super) const fn look(&self) -> Option<Look> {
        match (self.all, self.watch, self.drift) {
            (true, ..) => None,
            (_, true, _) => Some(Look::Watch),
            (_, _, drift) => Some(Look::Once { drift }),
        }
    }
}
