//! `sandbox`: the whole service on this machine. Starting, finding, and stopping it.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use sftp_okta_lambda::org_url::OrgUrl;
use sftp_okta_sandbox::client::{self, Holder};
use sftp_okta_sandbox::{Options as SandboxOptions, SandboxError, Status, folder as own_folder, only_logical_ids};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::report::{Outcome, SandboxReport, SandboxServer, SandboxServiceApp, SandboxUser};

use super::Run;

/// How long a sandbox may take to start or to stop. It takes well under a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one may hold its folder without an answer: it is about to start, or to end.
const MOMENT: Duration = Duration::from_secs(2);
/// How often it is looked for meanwhile.
const LOOK: Duration = Duration::from_millis(20);
/// What a detached sandbox says goes here, in its folder.
const LOG: &str = "sandbox.log";
/// The result of a detached sandbox, which is written when it ends.
const RESULT: &str = "result.json";

/// How a sandbox is to be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// Where it keeps everything.
    pub folder: PathBuf,
    /// The port of its AWS; 0 takes a free one.
    pub port: u16,
    /// The port of its Okta; 0 takes a free one.
    pub okta_port: u16,
    /// A real Okta organisation in place of its own.
    pub okta_org: Option<String>,
    /// What is to fail.
    pub failures: Vec<String>,
    /// Whether everything takes as long as a person needs to watch it.
    pub slow: bool,
    /// Whether every third call is throttled.
    pub throttle: bool,
}

/// The folder of the user's sandbox: the one that `SFTP_OKTA_SANDBOX_FOLDER` names, or one in the XDG state folder.
#[must_use]
pub fn default_folder(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("SFTP_OKTA_SANDBOX_FOLDER") {
        return folder;
    }
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    state.unwrap_or_else(env::temp_dir).join("sftp-okta").join("sandbox")
}

/// Runs a sandbox in the foreground until it is asked to stop, by `sandbox stop` or by a signal.
///
/// # Errors
/// It cannot start.
pub async fn serve(start: &Start, run: &mut Run<'_>) -> Result<()> {
    let options = options(start)?;
    refuse_second(&start.folder).await?;
    tell_logical_ids(start, run.progress);
    run.progress.step("Starting the sandbox");
    let sandbox = sftp_okta_sandbox::start(options).await.map_err(|error| not_started(&error))?;
    let status = sandbox.status();
    run.progress.done(&format!("The sandbox runs at {}; Ctrl-C stops it", status.endpoint_url));
    run.progress.hush();
    tokio::select! {
        () = sandbox.asked_to_stop() => {}
        () = signalled() => {}
    }
    sandbox.stop().await;
    run.report.result = Outcome::Stopped;
    Ok(())
}

/// Starts a sandbox that goes on after this command.
///
/// # Errors
/// One runs already, or it does not start.
pub async fn detach(start: &Start, run: &mut Run<'_>) -> Result<()> {
    options(start)?;
    refuse_second(&start.folder).await?;
    tell_logical_ids(start, run.progress);
    let status = launch(start, run.progress).await?;
    run.report.sandbox = Some(report(&status));
    run.report.result = Outcome::Running;
    Ok(())
}

/// The sandbox that runs in `folder`, started where none does.
///
/// # Errors
/// It does not start, or one that runs does not answer.
pub async fn ensure(folder: &Path, progress: &Progress) -> Result<Status> {
    match running(folder).await? {
        Some(status) => Ok(status),
        None => launch(&Start { folder: folder.to_owned(), ..Start::default() }, progress).await,
    }
}

/// Tells what runs in `folder`.
///
/// # Errors
/// It does not answer.
pub async fn status(folder: &Path, run: &mut Run<'_>) -> Result<()> {
    run.report.result = match running(folder).await? {
        Some(status) => {
            run.report.sandbox = Some(report(&status));
            Outcome::Running
        }
        None => Outcome::Stopped,
    };
    Ok(())
}

/// Stops what runs in `folder`. What was deployed there is there again after the next start.
///
/// # Errors
/// It does not stop.
pub async fn stop(folder: &Path, run: &mut Run<'_>) -> Result<()> {
    if let Some(status) = running(folder).await? {
        run.progress.step("Stopping the sandbox");
        let failed = |why: String| {
            Error::new(ErrorCode::Unexpected, "the sandbox did not stop")
                .cause(why)
                .resource(status.endpoint_url.clone())
        };
        client::ask_to_stop(&status.endpoint_url).map_err(|error| failed(error.to_string()))?;
        let began = Instant::now();
        while !client::has_ended(folder) {
            if began.elapsed() > PATIENCE {
                return Err(failed("it still answers".to_owned()).hint("end its process"));
            }
            sleep(LOOK).await;
        }
    }
    run.report.result = Outcome::Stopped;
    Ok(())
}

/// Stops what runs in `folder`, and empties it.
///
/// # Errors
/// It does not stop, the folder is not a sandbox's, or it cannot be removed.
pub async fn reset(folder: &Path, run: &mut Run<'_>) -> Result<()> {
    let unremoved = |error: io::Error| {
        Error::new(ErrorCode::Unexpected, "the sandbox's folder could not be removed")
            .cause(error.to_string())
            .resource(folder.display().to_string())
    };
    if !own_folder::is_own(folder).map_err(unremoved)? {
        return Err(not_a_sandbox_s(folder));
    }
    stop(folder, run).await?;
    match fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unremoved(error)),
    }
    run.report.result = Outcome::Removed;
    Ok(())
}

/// Waits until the sandbox lets users in at a server that is ONLINE. It opens the port a moment after that. `None` where it
/// does not answer at the end.
pub async fn wait_for_sftp(folder: &Path, server_id: &str) -> Option<SandboxReport> {
    let began = Instant::now();
    loop {
        let found = client::find(folder);
        let is_open = found.iter().flat_map(|status| &status.sftp).any(|listener| listener.server_id == server_id);
        if is_open || began.elapsed() > PATIENCE {
            return found.as_ref().map(report);
        }
        sleep(LOOK).await;
    }
}

/// The passwords of all who sign in go to this address, so nothing that is none is taken.
async fn refuse_second(folder: &Path) -> Result<()> {
    match running(folder).await? {
        None => Ok(()),
        Some(status) => Err(Error::new(ErrorCode::Busy, "a sandbox runs already").resource(status.endpoint_url).hint(
            "use it as it is, stop it with `sftp-okta sandbox stop`, or start another one in a --folder of its own",
        )),
    }
}

/// A name that is misspelt would fail nothing, and say nothing.
fn tell_logical_ids(start: &Start, progress: &Progress) {
    for name in only_logical_ids(&start.failures) {
        progress.note(&format!(
            "--fail {name}: no action and no type here is called that; it fails the resource with this logical id, if there is one"
        ));
    }
}

/// What runs in `folder`, if anything does.
async fn running(folder: &Path) -> Result<Option<Status>> {
    let began = Instant::now();
    loop {
        if let Some(status) = client::find(folder) {
            return Ok(Some(status));
        }
        let Some(holder) = client::holder(folder) else { return Ok(None) };
        if began.elapsed() > MOMENT {
            return Err(silent(folder, holder));
        }
        sleep(LOOK).await;
    }
}

/// One holds the folder, and cannot be asked anything.
fn silent(folder: &Path, holder: Holder) -> Error {
    let process = holder.pid.map_or_else(|| "its process".to_owned(), |pid| format!("process {pid}"));
    Error::new(ErrorCode::Busy, "a sandbox holds its folder and does not answer")
        .cause(format!("{process} has the folder's lock"))
        .resource(folder.display().to_string())
        .hint(format!("end {process}, then run the same command again"))
}

/// Whatever is in there was not put there by a sandbox.
fn not_a_sandbox_s(folder: &Path) -> Error {
    Error::new(ErrorCode::Usage, "the folder is not a sandbox's, and was left as it is")
        .cause("it holds files, and neither state.json nor lock is among them")
        .resource(folder.display().to_string())
        .hint("name the folder of a sandbox with --folder or SFTP_OKTA_SANDBOX_FOLDER, or remove this one yourself")
}

/// Starts this program again as a sandbox of its own, and waits until it answers.
async fn launch(start: &Start, progress: &Progress) -> Result<Status> {
    progress.step("Starting the sandbox");
    let folder = &start.folder;
    let failed = |why: String| {
        Error::new(ErrorCode::Unexpected, "the sandbox did not start").cause(why).resource(folder.display().to_string())
    };
    let unusable = |source| not_started(&SandboxError::Folder { folder: folder.clone(), source });
    own_folder::prepare(folder).map_err(unusable)?;
    let log = File::create(folder.join(LOG)).map_err(unusable)?;
    let result = File::create(folder.join(RESULT)).map_err(unusable)?;
    let program = env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["--output", "json", "sandbox", "start", "--folder"]).arg(folder);
    command.args(["--port", &start.port.to_string(), "--okta-port", &start.okta_port.to_string()]);
    command.args(start.okta_org.iter().flat_map(|org| ["--okta-org", org]));
    command.args(start.failures.iter().flat_map(|failure| ["--fail", failure]));
    command.args(start.slow.then_some("--slow")).args(start.throttle.then_some("--throttle"));
    // It outlives this command, and so would a password in its environment.
    command.env_remove(super::password::VARIABLE);
    // A group of its own: Ctrl-C at this command is not meant for it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child =
        command.stdin(Stdio::null()).stdout(result).stderr(log).spawn().map_err(|error| failed(error.to_string()))?;

    let began = Instant::now();
    loop {
        if let Some(status) = client::find(folder) {
            progress.done(&format!("The sandbox runs at {} and goes on after this command", status.endpoint_url));
            return Ok(status);
        }
        let ended = child.try_wait().ok().flatten().is_some();
        if ended || began.elapsed() > PATIENCE {
            // One that nobody can find must not go on.
            let _ = child.kill().and_then(|()| child.wait());
            return Err(why_it_ended(folder)
                .unwrap_or_else(|| failed("it does not answer".to_owned()))
                .hint_if_none(&format!("see {}", folder.join(LOG).display())));
        }
        sleep(LOOK).await;
    }
}

/// The error that a detached sandbox ended with, as it would have told it in the foreground.
fn why_it_ended(folder: &Path) -> Option<Error> {
    #[derive(Deserialize)]
    struct Told {
        error: Option<Error>,
    }
    serde_json::from_slice::<Told>(&fs::read(folder.join(RESULT)).ok()?).ok()?.error
}

/// The address of the org that takes the small Okta's place.
fn okta_org(org: &str) -> Result<String> {
    let org = OrgUrl::parse(org, true).map_err(|error| {
        let told = error.to_string();
        let (why, remedy) = told.rsplit_once(": ").unwrap_or((&told, "write https://your-org.okta.com"));
        Error::new(ErrorCode::Usage, "the sandbox cannot use this as the Okta org")
            .cause(why)
            .resource("--okta-org")
            .hint(format!("{remedy}, or leave --okta-org out to use the sandbox's own"))
    })?;
    Ok(org.as_str().to_owned())
}

/// The sandbox's own options, where they make sense.
fn options(start: &Start) -> Result<SandboxOptions> {
    let okta_org = start.okta_org.as_deref().map(okta_org).transpose()?;
    Ok(SandboxOptions {
        port: start.port,
        okta_port: start.okta_port,
        okta_org,
        failures: start.failures.clone(),
        slow: start.slow,
        throttle: start.throttle,
        ..SandboxOptions::new(start.folder.clone())
    })
}

fn not_started(error: &SandboxError) -> Error {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let (code, hint) = match error {
        SandboxError::Folder { .. } => {
            (ErrorCode::Configuration, "choose a --folder that is new, empty or a sandbox's, and may be written to")
        }
        SandboxError::Busy { .. } => {
            (ErrorCode::Busy, "stop it with `sftp-okta sandbox stop`, or choose another --folder")
        }
        SandboxError::State { .. } => (ErrorCode::Configuration, "empty the sandbox with `sftp-okta sandbox reset`"),
        SandboxError::Port { .. } => {
            (ErrorCode::Configuration, "choose another port, or leave the flag out to take a free one")
        }
        SandboxError::Failure(_) => {
            (ErrorCode::Usage, "name a CloudFormation action, type or logical id, or server-start")
        }
    };
    let told = Error::new(code, format!("the sandbox cannot start: {error}")).hint(hint);
    match cause {
        Some(cause) => told.cause(cause),
        None => told,
    }
}

async fn signalled() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// What a result tells of a sandbox.
#[must_use]
pub fn report(status: &Status) -> SandboxReport {
    SandboxReport {
        endpoint_url: status.endpoint_url.clone(),
        okta_url: status.okta_url.clone(),
        folder: status.folder.display().to_string(),
        users: status
            .users
            .iter()
            .map(|user| SandboxUser {
                login: user.login.clone(),
                user: user.user.clone(),
                password: user.password.clone(),
                state: user.state.clone(),
            })
            .collect(),
        service_app: status.service_app.as_ref().map(|app| SandboxServiceApp {
            client_id: app.client_id.clone(),
            key_id: app.key_id.clone(),
            private_key_secret: app.private_key_secret.clone(),
        }),
        sftp: status
            .sftp
            .iter()
            .map(|listener| SandboxServer {
                server_id: listener.server_id.clone(),
                host: listener.host.clone(),
                port: listener.port,
            })
            .collect(),
    }
}
