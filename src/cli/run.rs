//! One run of the program: parse, run the command, print the result, exit code.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{IsTerminal as _, stderr, stdin, stdout};
use std::path::Path;
use std::process::ExitCode as ProcessExitCode;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::arguments::{Action, Invocation, Output, parse, refusal, wants_json};
use super::decisions;
use super::panics::tell_panics;
use super::paper;
use super::pipeline::Pipeline;
use super::process::{mask, tell, variable, write_out};
use crate::artifact::lease::LeaseSlot;
#[cfg(feature = "sandbox")]
use crate::commands::sandbox::Start;
use crate::commands::{self, Options, Run};
use crate::error::{Error, ErrorCode, Result};
use crate::exit_code::ExitCode;
use crate::progress::{Environment, Mode, Progress, Style};
use crate::report::{Outcome, Report};
use crate::settings::file::DEFAULT_FILE;
use crate::settings::{self, ConfigFile, Given};
use crate::stack::PreviewSlot;

/// How often it is looked whether anything was said.
const LOOK_FOR_SILENCE: Duration = Duration::from_secs(5);

/// Runs the program with these arguments, the program's own name first.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ProcessExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    tell_panics(wants_json(&arguments, variable));
    match parse(arguments.clone(), variable) {
        Ok(invocation) => carry_out(&invocation).into(),
        Err(error) => not_understood(&error, &arguments),
    }
}

/// Help and version are answers; everything else is a wrong command line, which is told as JSON too where that was asked for.
fn not_understood(error: &clap::Error, arguments: &[OsString]) -> ProcessExitCode {
    let _ = error.print();
    if error.use_stderr() {
        let mut report = Report::new("unknown");
        report.error = Some(refusal(error));
        let (mask, surroundings) = (mask(), Environment::read(stderr().is_terminal(), variable));
        Pipeline::of(&surroundings, None, variable).annotate(&report, &mask);
        if wants_json(arguments, variable) {
            write_out(&mask.apply(&report.to_json()));
        }
    }
    ProcessExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn carry_out(invocation: &Invocation) -> ExitCode {
    let began = Instant::now();
    let surroundings = Environment::read(stderr().is_terminal(), variable);
    let mode = surroundings.mode(invocation.quiet);
    let mode = if mode == Mode::Live && invocation.verbose { Mode::Lines } else { mode };
    let style = Style::new(surroundings.color(invocation.color));
    let mask = mask();
    let progress = Progress::new(mode, style).masked(mask.clone());
    let pipeline = Pipeline::of(&surroundings, invocation.dotenv.clone(), variable);
    let mut report = Report::new(invocation.action.name());

    let result = with_runtime(invocation, &progress, &mut report);
    progress.finish();
    report.warnings = progress.warnings();
    report.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let Err(error) = result {
        // What goes on until Ctrl-C has not failed then: whoever pressed it sees that it has ended.
        let ended = mode == Mode::Live && invocation.action.is_endless() && error.code == ErrorCode::Interrupted;
        if !ended {
            tell(&error, style, &mask, |line| progress.fold(line));
        }
        report.result = Outcome::Failed;
        report.error = Some(error);
    }
    if invocation.action.is_for_pipelines() {
        for failure in pipeline.write(&report, &mask) {
            progress.warn(&failure);
        }
        report.warnings = progress.warnings();
    }
    pipeline.annotate(&report, &mask);
    let follows = matches!(&invocation.action, Action::Logs(wish) if wish.follow);
    match invocation.output {
        Output::Json if follows => write_out(&mask.apply(&report.to_json_line())),
        Output::Json => write_out(&mask.apply(&report.to_json())),
        Output::Text => {
            let mut text = report.to_text();
            text.push_str(&decisions::text(report.sign_ins.as_deref().unwrap_or_default(), result_style(invocation)));
            if !text.is_empty() && stdout().is_terminal() {
                progress.part();
            }
            write_out(&mask.apply(&text));
        }
    }
    let pending = report.result == Outcome::Planned && !report.changes.is_empty();
    if pending && matches!(invocation.action, Action::Plan { exit_code: true, .. }) {
        return ExitCode::ChangesPending;
    }
    report.exit_code()
}

/// How to style what goes to stdout.
fn result_style(invocation: &Invocation) -> Style {
    Style::new(Environment::read(stdout().is_terminal(), variable).color(invocation.color))
}

/// Runs the command until it ends or a signal comes. Nothing is rolled back on a signal: what AWS was asked to do goes on.
fn with_runtime(invocation: &Invocation, progress: &Progress, report: &mut Report) -> Result<()> {
    #[cfg(feature = "sandbox")]
    if let Action::SandboxStart { start, detach: false } = &invocation.action {
        return serve_sandbox(start, invocation, progress, report);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorCode::Unexpected, "the runtime did not start").cause(error.to_string()))?;
    let (lease, preview) = (LeaseSlot::default(), PreviewSlot::default());
    let result = runtime.block_on(async {
        let result = tokio::select! {
            biased;
            interruption = interrupted() => Err(interruption),
            result = command(invocation, progress, (&lease, &preview), report) => result,
            never = heartbeat(progress) => match never {},
        };
        tokio::join!(lease.give_back_at_once(), preview.discard_at_once());
        result.map_err(|error| with_what_goes_on(error, progress))
    });
    // A question may still be waiting for its answer, on a thread of its own.
    runtime.shutdown_background();
    result
}

/// The sandbox serves many at once, and ends by a signal as it should.
#[cfg(feature = "sandbox")]
fn serve_sandbox(start: &Start, invocation: &Invocation, progress: &Progress, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorCode::Unexpected, "the runtime did not start").cause(error.to_string()))?;
    let options = options(invocation, None);
    let mut run =
        Run { progress, report, options: &options, lease: &LeaseSlot::default(), preview: &PreviewSlot::default() };
    runtime.block_on(commands::sandbox::serve(start, &mut run))
}

fn options(invocation: &Invocation, sandbox: Option<String>) -> Options {
    Options {
        yes: invocation.yes,
        can_ask: stdin().is_terminal()
            && Environment::read(stderr().is_terminal(), variable).has_a_person()
            && invocation.output == Output::Text,
        timeout: invocation.timeout,
        poll_interval: invocation.poll_interval,
        wait_for_lock: invocation.wait_for_lock,
        sandbox,
        bootstrap: invocation.bootstrap.clone(),
        retain: invocation.retain.clone(),
        http: None,
    }
}

async fn command(
    invocation: &Invocation,
    progress: &Progress,
    (lease, preview): (&LeaseSlot, &PreviewSlot),
    report: &mut Report,
) -> Result<()> {
    // These read no configuration: it may be missing, or be what is wrong.
    match &invocation.action {
        Action::Completions(shell) => return paper::completions(*shell, report),
        Action::Man { out } => return paper::man(out.as_deref(), report),
        Action::Init { force } => {
            let options = options(invocation, None);
            let file = invocation.config.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
            let mut run = Run { progress, report, options: &options, lease, preview };
            return commands::init::run(&invocation.given, file, *force, &mut run).await;
        }
        Action::Deploy { .. }
        | Action::Plan { .. }
        | Action::Status(_)
        | Action::Verify(_)
        | Action::Logs(_)
        | Action::Teardown { .. }
        | Action::Explain(_)
        | Action::Package { .. }
        | Action::Doctor(_)
        | Action::PrintPolicy(_) => {}
        #[cfg(feature = "sandbox")]
        Action::SandboxStart { .. } | Action::SandboxStop(_) | Action::SandboxStatus(_) | Action::SandboxReset(_) => {}
    }
    let file = settings::file::read(invocation.config.as_deref())?;
    let file = file.as_ref();
    #[cfg(feature = "sandbox")]
    if invocation.sandbox {
        let folder = commands::sandbox::default_folder(variable);
        // Told before anything starts: a configuration for a real account is not for the sandbox.
        settings::in_sandbox(&invocation.given, file, "", true)?;
        let sandbox = commands::sandbox::ensure(&folder, progress).await?;
        let has_own_okta = !sandbox.users.is_empty();
        let given = settings::in_sandbox(&invocation.given, file, &sandbox.okta_url, has_own_okta)?;
        if has_own_okta && let Some(other) = invocation.given.okta_org.as_ref() {
            progress.note(&format!(
                "The sandbox's own Okta answers in place of {}; `sftp-okta sandbox start --okta-org` uses a real one",
                other.text
            ));
        }
        report.sandbox = Some(commands::sandbox::report(&sandbox));
        let options = options(invocation, Some(sandbox.endpoint_url));
        on_place(invocation, &given, file, &mut Run { progress, report, options: &options, lease, preview }).await?;
        if let Some(server) = &report.server
            && let Some(sandbox) = commands::sandbox::wait_for_sftp(&folder, &server.id).await
        {
            report.sandbox = Some(sandbox);
        }
        return Ok(());
    }
    let options = options(invocation, None);
    on_place(invocation, &invocation.given, file, &mut Run { progress, report, options: &options, lease, preview })
        .await
}

/// Runs the command, on AWS or in the sandbox as the options say.
async fn on_place(invocation: &Invocation, given: &Given, file: Option<&ConfigFile>, run: &mut Run<'_>) -> Result<()> {
    match &invocation.action {
        Action::Deploy { plan, check } => {
            commands::deploy::run(&settings::resolve(given, file)?, plan.as_deref(), check.as_ref(), run).await
        }
        Action::Plan { out, .. } => commands::plan::run(&settings::resolve(given, file)?, out.as_deref(), run).await,
        Action::Teardown { data } => commands::teardown::run(&settings::resolve_target(given, file)?, data, run).await,
        Action::Doctor(purpose) => {
            let target = settings::resolve_target(given, file)?;
            let settings = settings::resolve(given, file);
            if let Err(error) = &settings {
                run.progress.note(&format!("Bucket and organisation are not looked at: {error}"));
            }
            commands::doctor::run(*purpose, &target, settings.ok().as_ref(), run).await
        }
        Action::PrintPolicy(purpose) => {
            let target = settings::resolve_target(given, file)?;
            let settings = settings::resolve(given, file).ok();
            commands::doctor::print_policy(*purpose, &target, settings.as_ref(), run)
        }
        Action::Completions(_) | Action::Man { .. } | Action::Init { .. } => Ok(()),
        Action::Verify(check) => commands::verify::run(&settings::resolve_target(given, file)?, check, run).await,
        Action::Logs(wish) => {
            let mut show = decisions::lines(invocation.output, result_style(invocation));
            commands::logs::run(&settings::resolve_target(given, file)?, wish, &mut show, run).await
        }
        Action::Explain(question) => commands::explain::run(&settings::resolve(given, file)?, question, run),
        Action::Package { out } => commands::package::run(&settings::resolve(given, file)?, out, run),
        Action::Status(None) => {
            // No deployment in particular; a name only has to be there.
            let mut given = given.clone();
            if settings::resolve_target(&given, file).is_err() && given.name.is_none() {
                given.set("name", "all");
            }
            commands::status_all::run(&settings::resolve_target(&given, file)?, run).await
        }
        Action::Status(Some(look)) => {
            let target = settings::resolve_target(given, file)?;
            // A name is enough to look; the differences need the whole configuration.
            let settings = match settings::resolve(given, file) {
                Ok(settings) => Some(settings),
                Err(error) => {
                    run.progress.note(&format!("Differences are not looked for: {error}"));
                    None
                }
            };
            commands::status::run(&target, settings.as_ref(), *look, run).await
        }
        #[cfg(feature = "sandbox")]
        Action::SandboxStart { start, .. } => commands::sandbox::detach(start, run).await,
        #[cfg(feature = "sandbox")]
        Action::SandboxStop(folder) => commands::sandbox::stop(folder, run).await,
        #[cfg(feature = "sandbox")]
        Action::SandboxStatus(folder) => commands::sandbox::status(folder, run).await,
        #[cfg(feature = "sandbox")]
        Action::SandboxReset(folder) => commands::sandbox::reset(folder, run).await,
    }
}

/// Keeps a silent job alive, whatever the command is waiting for: a throttled call may take minutes.
async fn heartbeat(progress: &Progress) -> Infallible {
    loop {
        tokio::time::sleep(LOOK_FOR_SILENCE).await;
        progress.tick();
    }
}

/// Resolves when the run is to end early: SIGINT (a person, or GitHub's first signal) or SIGTERM.
async fn interrupted() -> Error {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the default action ends the process, which loses nothing at AWS.
        return std::future::pending().await;
    };
    let (code, name) = tokio::select! {
        _ = interrupt.recv() => (ErrorCode::Interrupted, "interrupted (SIGINT)"),
        _ = terminate.recv() => (ErrorCode::Terminated, "terminated (SIGTERM)"),
    };
    Error::new(code, name)
}

/// Adds what goes on at AWS after a run that ended before that did: whoever reads of it need not wonder.
fn with_what_goes_on(error: Error, progress: &Progress) -> Error {
    let goes_on = progress.what_goes_on().filter(|_| error.code.leaves_work_going());
    let interrupted = matches!(error.code, ErrorCode::Interrupted | ErrorCode::Terminated);
    let next = match (&goes_on, interrupted) {
        (_, false) => None,
        (Some(_), true) => Some("nothing is undone: run the same command again to go on from there"),
        (None, true) => Some("run the same command again to go on from here"),
    };
    let error = match goes_on {
        Some(goes_on) => error.and_cause(&goes_on),
        None => error,
    };
    next.into_iter().fold(error, Error::hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_before_aws_does_is_told_what_goes_on() {
        let progress = Progress::new(Mode::Quiet, Style::new(false));
        let told = |code, progress: &Progress| {
            let error = with_what_goes_on(Error::new(code, "m").cause("why"), progress);
            (error.cause.unwrap(), error.hint)
        };
        assert_eq!(told(ErrorCode::Credentials, &progress), ("why".to_owned(), None));
        progress.goes_on("server s-1 goes on starting");
        for code in [ErrorCode::Credentials, ErrorCode::Permission, ErrorCode::Network, ErrorCode::Deadline] {
            assert_eq!(told(code, &progress), ("why; server s-1 goes on starting".to_owned(), None), "{code:?}");
        }
        // These tell the end of what went on.
        for code in [ErrorCode::StackFailed, ErrorCode::ServerFailed] {
            assert_eq!(told(code, &progress), ("why".to_owned(), None), "{code:?}");
        }
        let interrupted = with_what_goes_on(Error::new(ErrorCode::Interrupted, "m"), &progress);
        assert_eq!(interrupted.cause.as_deref(), Some("server s-1 goes on starting"));
        assert!(interrupted.hint.unwrap().starts_with("nothing is undone"));
    }
}
