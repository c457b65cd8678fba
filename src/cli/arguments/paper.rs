//! `completions` and `man`: what is written about the command line itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write one page for every command into this folder, in place of the program's own page on stdout
    #[arg(long, value_name = "FOLDER", help_heading = "This run")]
    pub(super) out: Option<PathBuf>,
}
