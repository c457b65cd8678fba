//! `sandbox`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::invocation::Action;
use crate::commands::sandbox::{Start, default_folder};

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Where it keeps everything [default: sftp-okta/sandbox in the user's state folder]
    #[arg(long, global = true, value_name = "FOLDER", env = "SFTP_OKTA_SANDBOX_FOLDER", hide_env = true)]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Start it, in the foreground unless told otherwise
    Start(SandboxStartArgs),
    /// Stop it; what was deployed there is there again after the next start
    Stop,
    /// Show where it is and who can sign in; exits with 7 when it does not run
    Status,
    /// Stop it and empty it
    Reset,
}

#[derive(Debug, Args)]
struct SandboxStartArgs {
    /// Let it go on in the background
    #[arg(long)]
    detach: bool,
    /// Port of its AWS; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of its Okta; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    okta_port: u16,
    /// Use a real Okta organisation in place of its own
    #[arg(long, value_name = "URL")]
    okta_org: Option<String>,
    /// Let something fail: an action (CreateRole, UpdateRole, DeleteRole), a resource type or logical id, or server-start
    #[arg(long, value_name = "WHAT")]
    fail: Vec<String>,
    /// Let everything take as long as a person needs to watch it
    #[arg(long)]
    slow: bool,
    /// Throttle every third call
    #[arg(long)]
    throttle: bool,
}

impl SandboxArgs {
    /// What to do, in the folder that was named or the usual one.
    pub(super) fn action(self, variable: impl Fn(&str) -> Option<String>) -> Action {
        let folder = self.folder.unwrap_or_else(|| default_folder(variable));
        match self.command {
            SandboxCommand::Start(SandboxStartArgs { detach, port, okta_port, okta_org, fail, slow, throttle }) => {
                let start = Start { folder, port, okta_port, okta_org, failures: fail, slow, throttle };
                Action::SandboxStart { start, detach }
            }
            SandboxCommand::Stop => Action::SandboxStop(folder),
            SandboxCommand::Status => Action::SandboxStatus(folder),
            SandboxCommand::Reset => Action::SandboxReset(folder),
        }
    }
}
