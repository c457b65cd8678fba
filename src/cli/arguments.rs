//! The command line: what can be typed, and what it turns into.

mod command_line;
mod deploy;
mod doctor;
mod explain;
mod init;
mod invocation;
mod package;
mod paper;
#[cfg(feature = "sandbox")]
mod sandbox;
mod settings;
mod sign_ins;
mod status;
mod target;
mod teardown;
mod this_run;

use std::fmt::Write as _;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use crate::error::{Error, ErrorCode};
use crate::exit_code::ExitCode;
use crate::settings::Given;
use command_line::{Cli, Command};
use this_run::usual_poll_interval;

pub use invocation::{Action, Invocation, Output};

/// Where to begin.
#[cfg(feature = "sandbox")]
const FIRST_STEPS: &str = "First steps:
  sftp-okta deploy --sandbox --name demo --okta-org https://acme.okta.com --bucket demo-files
                          all of it on this machine, without an account
  sftp-okta init          write a configuration file
  sftp-okta doctor        what is missing before it can be deployed
  sftp-okta plan          what would be made, and what it costs
  sftp-okta deploy        make it
";
/// Where to begin.
#[cfg(not(feature = "sandbox"))]
const FIRST_STEPS: &str = "First steps:
  sftp-okta init          write a configuration file
  sftp-okta doctor        what is missing before it can be deployed
  sftp-okta plan          what would be made, and what it costs
  sftp-okta deploy        make it
";

/// The whole command line, for parsing, help and completions.
#[must_use]
pub fn command() -> clap::Command {
    let mut after = String::from(FIRST_STEPS);
    after.push_str("\nExit codes:\n");
    for code in ExitCode::ALL {
        let _ = writeln!(after, "  {:>3}  {}", code.number(), code.meaning());
    }
    Cli::command().after_help(after)
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
    let mut retain = Vec::new();
    #[cfg(feature = "sandbox")]
    let sandbox = cli.sandbox;
    #[cfg(not(feature = "sandbox"))]
    let sandbox = false;
    let mut poll = None;
    // Of commands that wait without changing anything.
    let mut limit = None;
    let (action, approval, wait, bootstrap) = match cli.command {
        Command::Deploy(args) => {
            let action = Action::Deploy { plan: args.plan, check: args.check.check() };
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
        Command::Plan(args) => {
            let action = Action::Plan { exit_code: args.exit_code, out: args.out };
            (action, None, None, Some(args.bootstrap))
        }
        Command::Status(args) => {
            limit = Some(args.look.timeout);
            poll = args.look.poll_interval;
            (Action::Status(args.look.look()), None, None, Some(args.bootstrap))
        }
        Command::Teardown(args) => {
            let action = Action::Teardown { data: args.data() };
            retain = args.retain;
            (action, Some(args.approval), Some(args.wait), None)
        }
        Command::Explain(args) => (Action::Explain(args.question()), None, None, None),
        Command::Package(args) => (Action::Package { out: args.out }, None, None, Some(args.bootstrap)),
        Command::Doctor(args) => (args.action(), None, None, None),
        Command::Init(args) => (Action::Init { force: args.force }, None, None, None),
        Command::Completions(args) => (Action::Completions(args.shell), None, None, None),
        Command::Man(args) => (Action::Man { out: args.out }, None, None, None),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => (args.action(&variable), None, None, None),
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
        poll_interval: wait
            .as_ref()
            .and_then(|args| args.poll_interval)
            .or(poll)
            .unwrap_or(usual_poll_interval(sandbox)),
        wait_for_lock: wait.and_then(|args| args.wait_for_lock).unwrap_or_default(),
        bootstrap: bootstrap.and_then(|args| args.bootstrap),
        retain,
        sandbox,
        dotenv: cli.dotenv,
    })
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

/// What is wrong with a command line, and what to do about it, from clap's own words.
#[must_use]
pub(super) fn refusal(error: &clap::Error) -> Error {
    if matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        return Error::new(ErrorCode::Usage, "a command is missing").hint("see sftp-okta --help");
    }
    let text = error.render().to_string();
    let text = text.trim_start_matches("error: ");
    // One paragraph says what is wrong, with a line for each argument that is missing; another one may have a tip.
    let mut paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let wrong = paragraphs.next().unwrap_or_default();
    let tip = paragraphs.find_map(|paragraph| paragraph.strip_prefix("tip: ").map(ToOwned::to_owned));
    Error::new(ErrorCode::Usage, wrong).hint(tip.unwrap_or_else(|| "see sftp-okta --help".to_owned()))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
    fn a_wrong_command_line_is_told_in_one_sentence_and_a_tip() {
        let told = |line: &str| {
            let error = parse(line.split(' ').map(Into::into), |_| None).map_err(|error| refusal(&error)).unwrap_err();
            format!("{} ({})", error.message, error.hint.unwrap_or_default())
        };
        insta::assert_snapshot!(
            ["sftp-okta", "sftp-okta deplyo", "sftp-okta verify", "sftp-okta explain", "sftp-okta deploy --buckett x",
             "sftp-okta deploy --timeout 5x", "sftp-okta deploy --output yaml", "sftp-okta status --all --drift"].map(told).join("\n"), @"
        a command is missing (see sftp-okta --help)
        unrecognized subcommand 'deplyo' (a similar subcommand exists: 'deploy')
        the following required arguments were not provided: <USER> (see sftp-okta --help)
        the following required arguments were not provided: --user <LOGIN> (see sftp-okta --help)
        unexpected argument '--buckett' found (a similar argument exists: '--bucket')
        invalid value '5x' for '--timeout <TIME>': it is no time; write one such as 90s, 20m or 1h (see sftp-okta --help)
        invalid value 'yaml' for '--output <FORM>' [possible values: text, json] (see sftp-okta --help)
        the argument '--all' cannot be used with '--drift' (see sftp-okta --help)
        ");
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
