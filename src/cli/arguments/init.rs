//! `init`.

use clap::Args;

use super::settings::SettingsArgs;
use super::target::TargetArgs;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Write the file anew where there is one already
    #[arg(long, help_heading = "This run")]
    pub(super) force: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}
