//! The command line, understood.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap_complete::Shell;

use crate::commands::explain::Question;
use crate::commands::logs::Wish;
#[cfg(feature = "sandbox")]
use crate::commands::sandbox::Start;
use crate::commands::status::Look;
use crate::commands::teardown::UsersData;
use crate::commands::verify::Check;
use crate::permissions::Purpose;
use crate::progress::ColorChoice;
use crate::settings::Given;

/// What stdout carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// A text for people.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

/// The command line, understood.
#[derive(Debug)]
pub struct Invocation {
    /// What to do.
    pub action: Action,
    /// The configuration file that was named.
    pub config: Option<PathBuf>,
    /// Settings from flags and environment.
    pub given: Given,
    /// What stdout carries.
    pub output: Output,
    /// Whether stderr stays silent but for errors.
    pub quiet: bool,
    /// Whether every event gets a line.
    pub verbose: bool,
    /// When to colour.
    pub color: ColorChoice,
    /// Approved beforehand.
    pub yes: bool,
    /// How long to wait for AWS.
    pub timeout: Duration,
    /// How often to look.
    pub poll_interval: Duration,
    /// How long to wait for another run to end.
    pub wait_for_lock: Duration,
    /// A prebuilt bootstrap.
    pub bootstrap: Option<PathBuf>,
    /// Resources that may be left behind.
    pub retain: Vec<String>,
    /// Whether the sandbox is used in place of AWS.
    pub sandbox: bool,
    /// The file that takes the result as variables.
    pub dotenv: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `deploy`
    Deploy {
        /// The file of the plan that is to be executed.
        plan: Option<PathBuf>,
        /// The sign-in to check at its end.
        check: Option<Check>,
    },
    /// `plan`
    Plan {
        /// Whether pending changes have an exit code of their own.
        exit_code: bool,
        /// The file that the plan is written to.
        out: Option<PathBuf>,
    },
    /// `status`, of one deployment; `None` with `--all`
    Status(Option<Look>),
    /// `verify`
    Verify(Check),
    /// `logs`
    Logs(Wish),
    /// `teardown`
    Teardown {
        /// What happens to the users' files.
        data: UsersData,
    },
    /// `explain`
    Explain(Question),
    /// `package`
    Package {
        /// The file to write.
        out: PathBuf,
    },
    /// `doctor`, of the rights for a command
    Doctor(Purpose),
    /// `doctor --print-policy`
    PrintPolicy(Purpose),
    /// `init`
    Init {
        /// Whether a file that exists is written anew.
        force: bool,
    },
    /// `completions`
    Completions(Shell),
    /// `man`
    Man {
        /// The folder that takes one page a command.
        out: Option<PathBuf>,
    },
    /// `sandbox start`
    #[cfg(feature = "sandbox")]
    SandboxStart {
        /// How.
        start: Start,
        /// Whether it goes on in the background.
        detach: bool,
    },
    /// `sandbox stop`
    #[cfg(feature = "sandbox")]
    SandboxStop(PathBuf),
    /// `sandbox status`
    #[cfg(feature = "sandbox")]
    SandboxStatus(PathBuf),
    /// `sandbox reset`
    #[cfg(feature = "sandbox")]
    SandboxReset(PathBuf),
}

impl Action {
    /// The command's name, as JSON tells it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Deploy { .. } => "deploy",
            Self::Plan { .. } => "plan",
            Self::Status(_) => "status",
            Self::Verify(_) => "verify",
            Self::Logs(_) => "logs",
            Self::Teardown { .. } => "teardown",
            Self::Explain(_) => "explain",
            Self::Package { .. } => "package",
            Self::Doctor(_) | Self::PrintPolicy(_) => "doctor",
            Self::Init { .. } => "init",
            Self::Completions(_) => "completions",
            Self::Man { .. } => "man",
            #[cfg(feature = "sandbox")]
            Self::SandboxStart { .. } => "sandbox start",
            #[cfg(feature = "sandbox")]
            Self::SandboxStop(_) => "sandbox stop",
            #[cfg(feature = "sandbox")]
            Self::SandboxStatus(_) => "sandbox status",
            #[cfg(feature = "sandbox")]
            Self::SandboxReset(_) => "sandbox reset",
        }
    }

    /// Whether it goes on until a signal ends it.
    #[must_use]
    pub const fn is_endless(&self) -> bool {
        matches!(self, Self::Status(Some(Look::Watch)) | Self::Logs(Wish { follow: true, .. }))
    }

    /// Whether a pipeline wants to be told how it ended: it is about a deployment, and not about the program or the sandbox.
    #[must_use]
    pub const fn is_for_pipelines(&self) -> bool {
        match self {
            Self::Deploy { .. }
            | Self::Plan { .. }
            | Self::Status(_)
            | Self::Verify(_)
            | Self::Logs(_)
            | Self::Teardown { .. }
            | Self::Package { .. }
            | Self::Doctor(_) => true,
            Self::Explain(_) | Self::PrintPolicy(_) | Self::Init { .. } | Self::Completions(_) | Self::Man { .. } => {
                false
            }
            #[cfg(feature = "sandbox")]
            Self::SandboxStart { .. } | Self::SandboxStop(_) | Self::SandboxStatus(_) | Self::SandboxReset(_) => false,
        }
    }
}
