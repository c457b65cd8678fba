//! `package`.

use std::path::PathBuf;

use clap::Args;

use super::settings::SettingsArgs;
use super::target::TargetArgs;
use super::this_run::BootstrapArgs;

#[derive(Debug, Args)]
pub(super) struct PackageArgs {
    /// The file to write
    #[arg(long, value_name = "FILE", help_heading = "This run")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    pub(super) bootstrap: BootstrapArgs,
}
