//! What finds a deployment again.

use clap::Args;

/// What finds a deployment again.
#[derive(Debug, Args)]
#[command(next_help_heading = "Deployment")]
pub(super) struct TargetArgs {
    /// The only account this may touch
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The stack's name [default: sftp-okta-NAME]
    #[arg(long, value_name = "NAME")]
    stack_name: Option<String>,
    /// Bucket for the Lambda zip [default: one for account and region, made when absent]
    #[arg(long, value_name = "BUCKET")]
    artifact_bucket: Option<String>,
}
