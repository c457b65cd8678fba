//! `doctor`.

use clap::{Args, ValueEnum};

use super::invocation::Action;
use super::settings::SettingsArgs;
use super::target::TargetArgs;
use crate::permissions::Purpose;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print the IAM policy of a role for this command, and ask nothing: deploy, plan, status or teardown
    #[arg(long, value_enum, hide_possible_values = true, value_name = "COMMAND", help_heading = "This run")]
    print_policy: Option<PolicyOf>,
    /// The command whose rights these credentials are to have: deploy, plan, status or teardown
    #[arg(
        long = "for",
        value_enum,
        hide_possible_values = true,
        value_name = "COMMAND",
        default_value = "deploy",
        conflicts_with = "print_policy",
        help_heading = "This run"
    )]
    purpose: PolicyOf,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

impl DoctorArgs {
    /// What to do.
    pub(super) fn action(&self) -> Action {
        match self.print_policy {
            Some(of) => Action::PrintPolicy(of.into()),
            None => Action::Doctor(self.purpose.into()),
        }
    }
}

/// Whose policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PolicyOf {
    Deploy,
    Plan,
    Status,
    Teardown,
}

impl From<PolicyOf> for Purpose {
    fn from(of: PolicyOf) -> Self {
        match of {
            PolicyOf::Deploy => Self::Deploy,
            PolicyOf::Plan => Self::Plan,
            PolicyOf::Status => Self::Status,
            PolicyOf::Teardown => Self::Teardown,
        }
    }
}
