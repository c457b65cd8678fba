//! The program's own options and its commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::deploy::{DeployArgs, PlanArgs};
use super::doctor::DoctorArgs;
use super::explain::ExplainArgs;
use super::init::InitArgs;
use super::invocation::Output;
use super::package::PackageArgs;
use super::paper::{CompletionsArgs, ManArgs};
#[cfg(feature = "sandbox")]
use super::sandbox::SandboxArgs;
use super::sign_ins::{LogsArgs, VerifyArgs};
use super::status::StatusArgs;
use super::teardown::TeardownArgs;
use crate::progress::ColorChoice;

/// Deploys a managed SFTP service on AWS Transfer Family whose users sign in with Okta.
#[derive(Debug, Parser)]
#[command(name = "sftp-okta", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    /// Configuration file [default: sftp-okta.toml, if there is one]
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        env = "SFTP_OKTA_CONFIG",
        hide_env = true,
        help_heading = "Global options"
    )]
    pub(super) config: Option<PathBuf>,

    #[command(flatten)]
    place: PlaceArgs,

    /// What stdout carries: text (for people) or json (one document)
    #[arg(
        long,
        global = true,
        value_enum,
        hide_possible_values = true,
        value_name = "FORM",
        default_value_t,
        env = "SFTP_OKTA_OUTPUT",
        hide_env = true,
        help_heading = "Global options"
    )]
    pub(super) output: Output,

    /// Also write the result into FILE, as variables for later jobs (GitLab: artifacts:reports:dotenv)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SFTP_OKTA_DOTENV",
        hide_env = true,
        help_heading = "Global options"
    )]
    pub(super) dotenv: Option<PathBuf>,

    /// Use the sandbox on this machine in place of AWS; it is started where none runs
    #[cfg(feature = "sandbox")]
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) sandbox: bool,

    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(super) quiet: bool,

    /// Give every event a line of its own, on a terminal too
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Global options")]
    pub(super) verbose: bool,

    /// When to colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        hide_possible_values = true,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(super) color: ColorChoice,
}

/// Which deployment, where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct PlaceArgs {
    /// The deployment's name
    #[arg(long, global = true)]
    name: Option<String>,
    /// AWS region [default: the SDK's own choice: AWS_REGION, the profile]
    #[arg(long, global = true)]
    region: Option<String>,
    /// AWS profile
    #[arg(long, global = true)]
    profile: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented sftp-okta.toml: asks on a terminal, takes flags otherwise
    ///
    /// Each value is checked as it is given. A file that exists is never overwritten without --force.
    Init(InitArgs),
    /// Make the deployment what the configuration says, and wait until the server is ONLINE
    ///
    /// Creates or updates the CloudFormation stack, then the Transfer server. Running it again changes only what differs,
    /// and goes on where an interrupted run stopped. The result goes to stdout, the story to stderr.
    Deploy(DeployArgs),
    /// Show what deploy would change, and change nothing
    ///
    /// One list over artifact, stack and server. With --exit-code it exits with 8 when there is anything to change.
    Plan(PlanArgs),
    /// Show what is there, whether it works, and how it differs from the configuration
    ///
    /// Reads only. Exits with 7 when the deployment is absent or not healthy.
    Status(StatusArgs),
    /// Sign in as a user through the deployed server, and try what must be refused
    ///
    /// A made-up user and a wrong password are tried once each, which no lockout policy minds. Exits with 10 when the user
    /// is not let in, or when one of the others is.
    Verify(VerifyArgs),
    /// Show the sign-in decisions, newest last
    Logs(LogsArgs),
    /// Tell what is missing before anything costs money, and audit what is deployed
    ///
    /// Reads only: credentials, permissions (those of a deploy, unless --for names another command), quotas, bucket, Okta
    /// organisation, server and API. Exits with 7 when there is an error among its findings.
    Doctor(DoctorArgs),
    /// Remove the server, the stack and the artifacts; what users stored is kept, unless its bucket is named
    ///
    /// Running it twice is success both times.
    Teardown(TeardownArgs),
    /// Tell what a user would get from the access rules, and why, offline
    ///
    /// Okta is not asked: it is taken to have accepted the sign-in. Exits with 0 whatever the answer is.
    Explain(ExplainArgs),
    /// Write the exact Lambda zip that deploy would upload, offline and reproducible
    Package(PackageArgs),
    /// Print the completions of a shell
    ///
    /// For the shell that is open: `source <(sftp-okta completions bash)` (zsh likewise), or `sftp-okta completions fish |
    /// source`. For good: write them where your shell looks, such as ~/.local/share/bash-completion/completions/sftp-okta.
    Completions(CompletionsArgs),
    /// Print the man page
    Man(ManArgs),
    /// Run the whole service on this machine: AWS-shaped endpoints, a small Okta, and SFTP, on loopback only
    #[cfg(feature = "sandbox")]
    Sandbox(SandboxArgs),
}
