//! `deploy` and `plan`.

use std::path::PathBuf;

use clap::Args;

use super::settings::SettingsArgs;
use super::sign_ins::DeployCheckArgs;
use super::target::TargetArgs;
use super::this_run::{ApprovalArgs, BootstrapArgs, WaitArgs};

#[derive(Debug, Args)]
pub(super) struct DeployArgs {
    /// Execute the plan that `plan --out FILE` made, exactly, without asking again
    #[arg(long, value_name = "FILE", help_heading = "This run")]
    pub(super) plan: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    pub(super) bootstrap: BootstrapArgs,
    #[command(flatten)]
    pub(super) approval: ApprovalArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
    #[command(flatten)]
    pub(super) check: DeployCheckArgs,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    pub(super) bootstrap: BootstrapArgs,
    /// Exit with 8 when there is anything to change
    #[arg(long, help_heading = "This run")]
    pub(super) exit_code: bool,
    /// Write the plan to this file, for `deploy --plan FILE`
    #[arg(long, value_name = "FILE", help_heading = "This run")]
    pub(super) out: Option<PathBuf>,
}
