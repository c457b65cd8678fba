//! The command line: what can be typed, and what it turns into.

mod doctor;
mod explain;
mod init;
mod paper;
mod sign_ins;
mod status;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::commands::explain::Question;
use crate::commands::logs::Wish;
#[cfg(feature = "sandbox")]
use crate::commands::sandbox::{Start, default_folder};
use crate::commands::status::Look;
use crate::commands::verify::Check;
use crate::exit_code::ExitCode;
use crate::permissions::Purpose;
use crate::progress::ColorChoice;
use crate::settings::Given;
use clap_complete::Shell;
use doctor::DoctorArgs;
use init::InitArgs;
use paper::{CompletionsArgs, ManArgs};
use status::StatusArgs;

use sign_ins::{DeployCheckArgs, LogsArgs, VerifyArgs};

/// How often to look at AWS, where nothing else was said. Its services are throttled account-wide.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How often to look at the sandbox, which is this machine's own and whose steps are short.
const SANDBOX_POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Deploys a managed SFTP service on AWS Transfer Family whose users sign in with Okta.
#[derive(Debug, Parser)]
#[command(name = "sftp-okta", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,

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
    config: Option<PathBuf>,

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
    output: Output,

    /// Also write the result into FILE, as variables for later jobs (GitLab: artifacts:reports:dotenv)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SFTP_OKTA_DOTENV",
        hide_env = true,
        help_heading = "Global options"
    )]
    dotenv: Option<PathBuf>,

    /// Use the sandbox on this machine in place of AWS; it is started where none runs
    #[cfg(feature = "sandbox")]
    #[arg(long, global = true, help_heading = "Global options")]
    sandbox: bool,

    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,

    /// Give every event a line of its own, on a terminal too
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Global options")]
    verbose: bool,

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
    color: ColorChoice,
}

/// What stdout carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// A text for people.
    #[default]
    Text,
    /// One JSON document.
    Json,
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
enum Command {
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
    /// Reads only: credentials, permissions, quotas, bucket, Okta organisation, server and API. Exits with 7 when there is
    /// an error among its findings.
    Doctor(DoctorArgs),
    /// Remove the server, the stack and the artifacts; what users stored is kept, unless its bucket is named
    ///
    /// Running it twice is success both times.
    Teardown(TeardownArgs),
    /// Tell what a user would get from the access rules, and why, offline
    ///
    /// Okta is not asked: it is taken to have accepted the sign-in. Exits with 0 whatever the answer is.
    Explain(explain::ExplainArgs),
    /// Write the exact Lambda zip that deploy would upload, offline and reproducible
    Package(PackageArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the man page
    Man(ManArgs),
    /// Run the whole service on this machine: AWS-shaped endpoints, a small Okta, and SFTP, on loopback only
    #[cfg(feature = "sandbox")]
    Sandbox(SandboxArgs),
}

#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
struct SandboxArgs {
    /// Where it keeps everything [default: sftp-okta/sandbox in the user's state folder]
    #[arg(long, global = true, value_name = "FOLDER", env = "SFTP_OKTA_SANDBOX_FOLDER", hide_env = true)]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: SandboxCommand,
}

#[cfg(feature = "sandbox")]
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

#[cfg(feature = "sandbox")]
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
    /// Let something fail: a CloudFormation action (CreateRole), resource type or logical id, or server-start
    #[arg(long, value_name = "WHAT")]
    fail: Vec<String>,
    /// Let everything take as long as a person needs to watch it
    #[arg(long)]
    slow: bool,
    /// Throttle every third call
    #[arg(long)]
    throttle: bool,
}

#[derive(Debug, Args)]
struct DeployArgs {
    /// Execute the plan that `plan --out FILE` made, exactly, without asking again
    #[arg(long, value_name = "FILE", help_heading = "This run")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    #[command(flatten)]
    approval: ApprovalArgs,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    check: DeployCheckArgs,
}

#[derive(Debug, Args)]
struct PlanArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    /// Exit with 8 when there is anything to change
    #[arg(long, help_heading = "This run")]
    exit_code: bool,
    /// Write the plan to this file, for `deploy --plan FILE`
    #[arg(long, value_name = "FILE", help_heading = "This run")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct TeardownArgs {
    /// Delete the bucket that the stack made, too, with all files and all their versions; with --yes it has to be named
    #[arg(long, value_name = "BUCKET", num_args = 0..=1, default_missing_value = "", help_heading = "This run")]
    delete_data: Option<String>,
    /// Leave this resource of the stack behind where it cannot be deleted; can be given several times
    #[arg(long, value_name = "LOGICAL_ID", help_heading = "This run")]
    retain: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    approval: ApprovalArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Debug, Args)]
struct PackageArgs {
    /// The file to write
    #[arg(long, value_name = "FILE", help_heading = "This run")]
    out: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
struct ApprovalArgs {
    /// Approve beforehand; needed where there is no terminal
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
struct WaitArgs {
    /// How long to wait for AWS; the operation goes on after that
    #[arg(long, value_parser = duration, default_value = "20m", value_name = "TIME", env = "SFTP_OKTA_TIMEOUT", hide_env = true)]
    timeout: Duration,
    /// How often to look [default: 2s; in the sandbox 200ms]
    #[arg(long, value_parser = duration, value_name = "TIME", env = "SFTP_OKTA_POLL_INTERVAL", hide_env = true)]
    poll_interval: Option<Duration>,
    /// How long to wait for another run on this deployment to end [default: fail at once]
    #[arg(long, value_parser = duration, value_name = "TIME", env = "SFTP_OKTA_WAIT_FOR_LOCK", hide_env = true)]
    wait_for_lock: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "This run")]
struct BootstrapArgs {
    /// A prebuilt Lambda bootstrap in place of the one inside this binary
    #[arg(long, value_name = "FILE")]
    bootstrap: Option<PathBuf>,
}

/// What finds a deployment again.
#[derive(Debug, Args)]
#[command(next_help_heading = "Deployment")]
struct TargetArgs {
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

/// Every setting, as a flag. The values are read by `settings`, so that all their errors look alike.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings (each also as SFTP_OKTA_<FLAG> and in the configuration file)")]
struct SettingsArgs {
    /// The Okta organisation, such as https://acme.okta.com
    #[arg(long, value_name = "URL")]
    okta_org: Option<String>,
    /// The organisation's URL is a domain of its own, not one of Okta's
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    custom_domain: Option<String>,
    /// Appended to a user name without @
    #[arg(long, value_name = "DOMAIN")]
    login_domain: Option<String>,
    /// Whether Okta asks for a second factor: off, auto or required [default: off]
    #[arg(long, value_name = "WHEN")]
    mfa: Option<String>,
    /// Tell Okta the client's address
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    forward_source_ip: Option<String>,
    /// Failed tries a minute for one user name; 0 counts none [default: 5]
    #[arg(long, value_name = "COUNT")]
    throttle_per_user: Option<String>,
    /// Failed tries a minute from one address; 0 counts none [default: 30]
    #[arg(long, value_name = "COUNT")]
    throttle_per_source: Option<String>,
    /// How the server asks the function: api-gateway or lambda [default: api-gateway]
    #[arg(long, value_name = "HOW")]
    identity_provider: Option<String>,
    /// password, public-key, public-key-or-password or public-key-and-password [default: password]
    #[arg(long, value_name = "METHOD")]
    authentication: Option<String>,
    /// The bucket with the users' files
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Let the stack make that bucket: encrypted, private, versioned, kept on teardown
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    create_bucket: Option<String>,
    /// Bucket that receives the S3 access logs of the bucket that the stack makes
    #[arg(long, value_name = "BUCKET")]
    access_log_bucket: Option<String>,
    /// KMS key of the bucket
    #[arg(long, value_name = "ARN")]
    kms_key_arn: Option<String>,
    /// Where a user's files lie [default: /{bucket}/home/{login}]
    #[arg(long, value_name = "PATH")]
    home: Option<String>,
    /// read-only, write-only or read-write [default: read-write]
    #[arg(long, value_name = "RIGHTS")]
    permissions: Option<String>,
    /// Transfer security policy [default: TransferSecurityPolicy-2025-03]
    #[arg(long, value_name = "NAME")]
    security_policy: Option<String>,
    /// Host name under which users know the server
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
    /// x86_64 or arm64 [default: x86_64]
    #[arg(long, value_name = "ARCH")]
    architecture: Option<String>,
    /// How long logs are kept [default: 90]
    #[arg(long, value_name = "DAYS")]
    log_retention_days: Option<String>,
    /// Lambda executions set aside for sign-ins; 0 sets none aside [default: 0]
    #[arg(long, value_name = "COUNT")]
    reserved_concurrency: Option<String>,
    /// Refuse API callers other than the invocation role
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    restrict_to_invocation_role: Option<String>,
    /// Make the account-wide role with which API Gateway writes logs, where the account has none
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    create_api_gateway_log_role: Option<String>,
    /// SNS topic that the alarms tell
    #[arg(long, value_name = "ARN")]
    alarm_topic_arn: Option<String>,
    /// Policy that bounds every role of the stack
    #[arg(long, value_name = "ARN")]
    permissions_boundary: Option<String>,
    /// Protect the stack against deletion; only a person lifts that
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    termination_protection: Option<String>,
    /// A tag of stack and server; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    tag: Vec<String>,
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
    /// The file of the plan.
    pub plan_file: Option<PathBuf>,
    /// The users' bucket to delete; an empty name is that of the stack.
    pub delete_data: Option<String>,
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
        /// The sign-in to check at its end.
        check: Option<Check>,
    },
    /// `plan`
    Plan {
        /// Whether pending changes have an exit code of their own.
        exit_code: bool,
    },
    /// `status`
    Status(Look),
    /// `verify`
    Verify(Check),
    /// `logs`
    Logs(Wish),
    /// `teardown`
    Teardown,
    /// `explain`
    Explain(Question),
    /// `package`
    Package {
        /// The file to write.
        out: PathBuf,
    },
    /// `doctor`
    Doctor,
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
            Self::Teardown => "teardown",
            Self::Explain(_) => "explain",
            Self::Package { .. } => "package",
            Self::Doctor | Self::PrintPolicy(_) => "doctor",
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
}

impl Action {
    /// Whether a pipeline wants to be told how it ended: it is about a deployment, and not about the program or the sandbox.
    #[must_use]
    pub const fn is_for_pipelines(&self) -> bool {
        match self {
            Self::Deploy { .. }
            | Self::Plan { .. }
            | Self::Status(_)
            | Self::Verify(_)
            | Self::Logs(_)
            | Self::Teardown
            | Self::Package { .. }
            | Self::Doctor => true,
            Self::Explain(_) | Self::PrintPolicy(_) | Self::Init { .. } | Self::Completions(_) | Self::Man { .. } => {
                false
            }
            #[cfg(feature = "sandbox")]
            Self::SandboxStart { .. } | Self::SandboxStop(_) | Self::SandboxStatus(_) | Self::SandboxReset(_) => false,
        }
    }
}

/// The whole command line, for parsing, help and completions.
#[must_use]
pub fn command() -> clap::Command {
    let mut exit_codes = String::from("Exit codes:\n");
    for code in ExitCode::ALL {
        let _ = writeln!(exit_codes, "  {:>3}  {}", code.number(), code.meaning());
    }
    Cli::command().after_help(exit_codes)
}

/// Understands the command line and the environment.
///
/// # Errors
/// clap's own, which also carries `--help` and `--version`.
pub fn parse(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Invocation, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let given = given(&matches, &variable);
    let (mut plan_file, mut delete_data, mut retain) = (None, None, Vec::new());
    if let Command::Deploy(DeployArgs { plan: file, .. }) | Command::Plan(PlanArgs { out: file, .. }) = &cli.command {
        plan_file.clone_from(file);
    } else if let Command::Teardown(args) = &cli.command {
        delete_data.clone_from(&args.delete_data);
        retain.clone_from(&args.retain);
    }
    #[cfg(feature = "sandbox")]
    let sandbox = cli.sandbox;
    #[cfg(not(feature = "sandbox"))]
    let sandbox = false;
    let mut poll = None;
    // Of commands that wait without changing anything.
    let mut limit = None;
    let (action, approval, wait, bootstrap) = match cli.command {
        Command::Deploy(args) => {
            let action = Action::Deploy { check: args.check.check() };
            (action, Some(args.approval), Some(args.wait), Some(args.bootstrap))
        }
        Command::Verify(args) => {
            poll = args.poll.poll_interval;
            (Action::Verify(args.check()), None, None, None)
        }
        Command::Logs(args) => {
            poll = args.poll.poll_interval;
            (Action::Logs(args.wish()), None, None, None)
        }
        Command::Plan(args) => (Action::Plan { exit_code: args.exit_code }, None, None, Some(args.bootstrap)),
        Command::Status(args) => {
            limit = Some(args.look.timeout);
            poll = args.look.poll_interval;
            (Action::Status(args.look.look()), None, None, Some(args.bootstrap))
        }
        Command::Teardown(args) => (Action::Teardown, Some(args.approval), Some(args.wait), None),
        Command::Explain(args) => (Action::Explain(args.question()), None, None, None),
        Command::Package(args) => (Action::Package { out: args.out }, None, None, Some(args.bootstrap)),
        Command::Doctor(args) => {
            let action = args.print_policy.map_or(Action::Doctor, |of| Action::PrintPolicy(of.into()));
            (action, None, None, None)
        }
        Command::Init(args) => (Action::Init { force: args.force }, None, None, None),
        Command::Completions(args) => (Action::Completions(args.shell), None, None, None),
        Command::Man(args) => (Action::Man { out: args.out }, None, None, None),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => (of_sandbox(args, &variable), None, None, None),
    };
    Ok(Invocation {
        action,
        config: cli.config,
        given,
        output: cli.output,
        quiet: cli.quiet,
        verbose: cli.verbose,
        color: cli.color,
        yes: approval.is_some_and(|args| args.yes),
        timeout: wait.as_ref().map(|args| args.timeout).or(limit).unwrap_or_default(),
        poll_interval: wait.as_ref().and_then(|args| args.poll_interval).or(poll).unwrap_or(if sandbox {
            SANDBOX_POLL_INTERVAL
        } else {
            POLL_INTERVAL
        }),
        wait_for_lock: wait.and_then(|args| args.wait_for_lock).unwrap_or_default(),
        bootstrap: bootstrap.and_then(|args| args.bootstrap),
        plan_file,
        delete_data,
        retain,
        sandbox,
        dotenv: cli.dotenv,
    })
}

#[cfg(feature = "sandbox")]
fn of_sandbox(args: SandboxArgs, variable: impl Fn(&str) -> Option<String>) -> Action {
    let folder = args.folder.unwrap_or_else(|| default_folder(variable));
    match args.command {
        SandboxCommand::Start(SandboxStartArgs { detach, port, okta_port, okta_org, fail, slow, throttle }) => {
            let start = Start { folder, port, okta_port, okta_org, failures: fail, slow, throttle };
            Action::SandboxStart { start, detach }
        }
        SandboxCommand::Stop => Action::SandboxStop(folder),
        SandboxCommand::Status => Action::SandboxStatus(folder),
        SandboxCommand::Reset => Action::SandboxReset(folder),
    }
}

/// Gathers the settings: from the command's own flags and the global ones, then from the environment.
fn given(matches: &ArgMatches, variable: impl Fn(&str) -> Option<String>) -> Given {
    let command = matches.subcommand().map(|(_, matches)| matches);
    let flag = |name: &'static str| {
        let id = name.replace('-', "_");
        let values = command.and_then(|matches| matches.try_get_many::<String>(&id).ok().flatten());
        values.map(|values| values.cloned().collect()).unwrap_or_default()
    };
    Given::gather(flag, variable)
}

/// Whether JSON was asked for, as far as can be told from a command line that could not be understood.
#[must_use]
pub(super) fn wants_json(arguments: &[std::ffi::OsString], variable: impl Fn(&str) -> Option<String>) -> bool {
    let mut last = variable("SFTP_OKTA_OUTPUT");
    let mut texts = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(text) = texts.next() {
        if text == "--output" {
            last = texts.next().map(ToOwned::to_owned);
        } else if let Some(value) = text.strip_prefix("--output=") {
            last = Some(value.to_owned());
        }
    }
    last.as_deref() == Some("json")
}

fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time.is_zero() => Err("it must be longer than nothing, such as 2s".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; write a time such as 90s, 20m or 1h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::FLAGS;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_setting_has_its_flag() {
        let mut command = command();
        command.build();
        let deploy = command.find_subcommand("deploy").unwrap_or(&command);
        let known: Vec<&str> = deploy.get_arguments().filter_map(clap::Arg::get_long).collect();
        for flag in FLAGS {
            assert!(known.contains(flag), "--{flag}");
        }
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn the_sandbox_is_looked_at_more_often_unless_told_otherwise() {
        let interval = |line: &str| parse(line.split(' ').map(Into::into), |_| None).map(|found| found.poll_interval);
        for (line, expected) in [
            ("sftp-okta deploy", 2000),
            ("sftp-okta deploy --sandbox", 200),
            ("sftp-okta --sandbox teardown", 200),
            ("sftp-okta deploy --sandbox --poll-interval 2s", 2000),
            ("sftp-okta deploy --poll-interval 50ms", 50),
        ] {
            assert_eq!(interval(line).ok(), Some(Duration::from_millis(expected)), "{line}");
        }
    }

    #[test]
    fn json_is_recognised_even_where_nothing_else_is() {
        let line = |text: &str| text.split(' ').map(Into::into).collect::<Vec<std::ffi::OsString>>();
        assert!(wants_json(&line("sftp-okta deploy --wat --output json"), |_| None));
        assert!(wants_json(&line("sftp-okta --output=json wat"), |_| None));
        assert!(!wants_json(&line("sftp-okta wat"), |_| None));
        assert!(!wants_json(&line("sftp-okta --output text"), |_| Some("json".into())));
        assert!(wants_json(&line("sftp-okta"), |_| Some("json".into())));
    }
}
