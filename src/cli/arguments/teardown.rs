//! `teardown`.

use clap::Args;

use super::target::TargetArgs;
use super::this_run::{ApprovalArgs, WaitArgs};
use crate::commands::teardown::UsersData;

#[derive(Debug, Args)]
pub(super) struct TeardownArgs {
    /// Delete the bucket that the stack made, too, with all files and all their versions; with --yes it has to be named
    #[arg(long, value_name = "BUCKET", num_args = 0..=1, default_missing_value = "", help_heading = "This run")]
    delete_data: Option<String>,
    /// Leave this resource of the stack behind where it cannot be deleted; can be given several times
    #[arg(long, value_name = "LOGICAL_ID", help_heading = "This run")]
    pub(super) retain: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    pub(super) approval: ApprovalArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

impl TeardownArgs {
    /// What happens to the users' files. The flag without a name means the bucket of the stack.
    pub(super) fn data(&self) -> UsersData {
        match self.delete_data.as_deref() {
            None => UsersData::Kept,
            Some("") => UsersData::DeletedWithStack,
            Some(name) => UsersData::Deleted(name.to_owned()),
        }
    }
}
