//! Carries a program out and judges it. The deployer's word counts only where it is compared with what is there.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sftp_okta::artifact::lease::LeaseSlot;
use sftp_okta::commands::{self, Options, Run};
use sftp_okta::error::{Error, ErrorCode};
use sftp_okta::progress::{Mode, Progress, Style};
use sftp_okta::report::{Outcome, Report};
use sftp_okta::settings::{Given, Settings, Value, resolve};
use tokio::time::{Instant, sleep};

use crate::aws::Aws;
use crate::program::{Act, Command, Op, Program};
use crate::wire::{Noted, Script, Wire, locked};

/// How long a run may wait for AWS.
const TIMEOUT: Duration = Duration::from_secs(20 * 60);
/// What it may take beyond that: waiting for another run's lease, and the SDK's last attempts.
const SLACK: Duration = Duration::from_secs(20 * 60);
/// The calls of a deploy that has nothing to do.
const CALLS_OF_NO_CHANGE: usize = 10;

/// What a program did, for the summary.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: usize,
    pub(crate) calls: usize,
    pub(crate) kills: usize,
    pub(crate) failures: usize,
    pub(crate) both: usize,
    pub(crate) seconds: u64,
}

/// A run that has ended.
struct Ended {
    command: Command,
    /// Nothing where it was killed.
    result: Option<Result<Outcome, Error>>,
    notes: Vec<Noted>,
    took: Duration,
    alone: bool,
    script: Script,
}

struct World<'a> {
    aws: Arc<Mutex<Aws>>,
    bootstrap: &'a Path,
    tally: Tally,
}

/// Carries a program out; the error says which invariant broke.
pub(crate) fn check(program: &Program, bootstrap: &Path) -> Result<Tally, String> {
    fastrand::seed(program.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let result = runtime.block_on(async {
        let aws = Arc::new(Mutex::new(Aws::new(program.manners.clone())));
        let mut world = World { aws, bootstrap, tally: Tally::default() };
        let began = Instant::now();
        for op in &program.ops {
            world.carry_out(op).await?;
        }
        world.converge(program).await?;
        world.tally.seconds = began.elapsed().as_secs();
        Ok(world.tally)
    });
    runtime.shutdown_background();
    result
}

impl World<'_> {
    async fn carry_out(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Run(act) => {
                let ended = self.run(act, true).await;
                self.judge(&ended)?;
            }
            Op::Both(one, other, offset) => {
                self.tally.both += 1;
                let later = async {
                    sleep(Duration::from_millis(*offset)).await;
                    self.run(other, false).await
                };
                let (one, other) = tokio::join!(self.run(one, false), later);
                self.judge(&one)?;
                self.judge(&other)?;
            }
            Op::Pause(seconds) => sleep(Duration::from_secs(*seconds)).await,
            Op::StopServer => locked(&self.aws).servers.meddle(false),
            Op::DeleteServer => locked(&self.aws).servers.meddle(true),
            Op::StackFails => locked(&self.aws).stacks.failures += 1,
            Op::StartFails => locked(&self.aws).servers.starts_that_fail += 1,
        }
        Ok(())
    }

    /// Without anything going wrong any more, one run has to put everything right, and a second one has nothing to do.
    async fn converge(&mut self, program: &Program) -> Result<(), String> {
        {
            let mut aws = locked(&self.aws);
            aws.stacks.failures = 0;
            aws.servers.starts_that_fail = 0;
        }
        let calm = |command| Act { command, script: Script::default(), waits: true };
        let deploy = calm(Command::Deploy(program.last));
        let mut ended = self.run(&deploy, true).await;
        self.judge(&ended)?;
        // Two states need a person, and the error says what that person has to do.
        if let Some(Err(error)) = &ended.result {
            let told = error.hint.clone().unwrap_or_default();
            if !self.needs_a_person() || !told.contains("teardown") {
                return Err(format!("I7: one run does not put it right: {error:?}"));
            }
            let removed = self.run(&calm(Command::Teardown), true).await;
            self.judge(&removed)?;
            if !matches!(removed.result, Some(Ok(Outcome::Removed))) {
                return Err(format!("I7: what it says to do does not help: {:?}", removed.result));
            }
            ended = self.run(&deploy, true).await;
            self.judge(&ended)?;
        }
        if !matches!(ended.result, Some(Ok(Outcome::Deployed | Outcome::Unchanged))) {
            return Err(format!("I7: not deployed in the end: {:?}", ended.result));
        }
        let again = self.run(&deploy, true).await;
        self.judge(&again)?;
        if !matches!(again.result, Some(Ok(Outcome::Unchanged))) || again.notes.iter().any(|note| note.mutates) {
            return Err(format!("I4: the second deploy is not idle: {:?} {:?}", again.result, calls(&again)));
        }
        if again.notes.len() > CALLS_OF_NO_CHANGE + program.manners.strangers {
            return Err(format!("I10: {} calls for no change: {:?}", again.notes.len(), calls(&again)));
        }
        let status = self.run(&calm(Command::Status(program.last)), true).await;
        self.judge(&status)?;
        if !matches!(status.result, Some(Ok(Outcome::Healthy))) {
            return Err(format!("I8: status of what is deployed: {:?}", status.result));
        }
        if program.tears_down {
            let removed = self.run(&calm(Command::Teardown), true).await;
            self.judge(&removed)?;
            let again = self.run(&calm(Command::Teardown), true).await;
            self.judge(&again)?;
            for ended in [&removed, &again] {
                if !matches!(ended.result, Some(Ok(Outcome::Removed))) {
                    return Err(format!("I6: teardown: {:?}", ended.result));
                }
            }
            if again.notes.iter().any(|note| note.mutates) {
                return Err(format!("I6: the second teardown is not idle: {:?}", calls(&again)));
            }
        }
        Ok(())
    }

    /// A server whose start failed, or a stack that could not be deleted.
    fn needs_a_person(&self) -> bool {
        let aws = locked(&self.aws);
        aws.servers.ours().iter().any(|(_, server)| server.state == "START_FAILED")
            || aws.stacks.living().any(|stack| stack.status == "DELETE_FAILED")
    }

    /// Runs a command to its end, or to where it is killed.
    async fn run(&self, act: &Act, alone: bool) -> Ended {
        let wire = Wire::new(Arc::clone(&self.aws), act.script.clone());
        let options = Options {
            yes: true,
            can_ask: false,
            timeout: TIMEOUT,
            poll_interval: Duration::from_secs(2),
            wait_for_lock: if act.waits { Duration::from_secs(900) } else { Duration::ZERO },
            sandbox: Some("http://127.0.0.1:1".into()),
            bootstrap: Some(self.bootstrap.to_owned()),
            http: Some(wire.client()),
        };
        let progress = Progress::new(Mode::Quiet, Style::new(false));
        let mut report = Report::new("model");
        let lease = LeaseSlot::default();
        let began = Instant::now();
        let result = {
            let mut run = Run { progress: &progress, report: &mut report, options: &options, lease: &lease };
            tokio::select! {
                biased;
                () = wire.killed() => None,
                result = command(act.command, &mut run) => Some(result),
            }
        };
        if result.is_none() {
            wire.die();
        }
        let result = result.map(|result| result.map(|()| report.result));
        Ended {
            command: act.command,
            result,
            notes: wire.notes(),
            took: began.elapsed(),
            alone,
            script: act.script.clone(),
        }
    }

    /// What must hold after every run.
    fn judge(&mut self, ended: &Ended) -> Result<(), String> {
        self.tally.runs += 1;
        self.tally.calls += ended.notes.len();
        self.tally.kills += usize::from(ended.result.is_none());
        self.tally.failures += usize::from(matches!(ended.result, Some(Err(_))));
        let mut aws = locked(&self.aws);
        aws.go_on();
        if let Some(crime) = aws.crimes.first() {
            return Err(format!("I3: {crime}"));
        }
        let reads = matches!(ended.command, Command::Plan(_) | Command::Status(_));
        if reads && ended.notes.iter().any(|note| note.mutates) {
            return Err(format!("I5: {:?} changes something: {:?}", ended.command, calls(ended)));
        }
        let servers = aws.servers.ours().len();
        if servers > if ended.alone { 1 } else { 2 } {
            return Err(format!("I2: {servers} servers of one deployment"));
        }
        let creates = ended.notes.iter().filter(|note| note.what == "transfer CreateServer" && note.arrived).count();
        let made = aws.servers.created.len();
        if ended.alone && creates > 1 && made > 1 && servers > 1 {
            return Err(format!("I9: {creates} CreateServer calls made {made} servers"));
        }
        if ended.took > TIMEOUT + SLACK {
            return Err(format!("I10: it took {:?}", ended.took));
        }
        self.at_most_every_two_seconds(ended)?;
        match (&ended.result, ended.command) {
            (Some(Ok(Outcome::Deployed | Outcome::Unchanged)), Command::Deploy(configuration)) if ended.alone => {
                is_deployed(&aws, configuration).map_err(|why| format!("I8/I1: success is told, but {why}"))
            }
            (Some(Ok(Outcome::Removed)), Command::Teardown) if ended.alone => {
                is_nothing(&aws).map_err(|why| format!("I6: removal is told, but {why}"))
            }
            (Some(Ok(Outcome::Healthy)), Command::Status(_)) if ended.alone => {
                is_serving(&aws).map_err(|why| format!("I8: health is told, but {why}"))
            }
            (Some(Err(error)), _) => judge_error(error, &ended.script),
            (_, _) => Ok(()),
        }
    }

    /// A wait costs at most one call every two seconds to each service; what comes in a burst is no wait.
    fn at_most_every_two_seconds(&self, ended: &Ended) -> Result<(), String> {
        for service in ["cloudformation", "transfer"] {
            let at: Vec<Instant> =
                ended.notes.iter().filter(|note| note.what.starts_with(service)).map(|note| note.at).collect();
            let minutes = ended.took.as_secs() / 60 + 1;
            let most = usize::try_from(minutes * 32).unwrap_or(usize::MAX) + 60;
            if at.len() > most {
                return Err(format!("I10: {} calls to {service} in {minutes} minutes", at.len()));
            }
        }
        Ok(())
    }
}

fn judge_error(error: &Error, script: &Script) -> Result<(), String> {
    if error.code == ErrorCode::Unexpected || error.message.is_empty() {
        return Err(format!("nobody foresaw this: {error:?}"));
    }
    let only_a_storm = script.storm.is_some() && script.faults.is_empty() && script.kill.is_none();
    let told = error.cause.clone().unwrap_or_default();
    if only_a_storm && told.contains("Rate exceeded") {
        return Err(format!("a storm of throttling fails it: {error:?}"));
    }
    Ok(())
}

async fn command(command: Command, run: &mut Run<'_>) -> sftp_okta::error::Result<()> {
    match command {
        Command::Deploy(configuration) => commands::deploy::run(&settings(configuration), None, run).await,
        Command::Plan(configuration) => commands::deploy::plan(&settings(configuration), run).await,
        Command::Status(configuration) => {
            let settings = settings(configuration);
            commands::status::run(
                &settings.target(),
                Some(&settings),
                commands::status::Look::Once { drift: false },
                run,
            )
            .await
        }
        Command::Teardown => commands::teardown::run(&settings(0).target(), run).await,
    }
}

/// The configurations: the first, one with another stack and by that another API, one with another server, one with
/// another function.
fn settings(configuration: usize) -> Settings {
    let flag = |name: &'static str, text: &str| Some(Value::flag(name, text));
    let mut given = Given {
        name: flag("name", "demo"),
        okta_org: flag("okta-org", "https://acme.okta.com"),
        bucket: flag("bucket", "acme-files"),
        ..Given::default()
    };
    match configuration {
        1 => given.log_retention_days = flag("log-retention-days", "30"),
        2 => given.security_policy = flag("security-policy", "TransferSecurityPolicy-2024-01"),
        3 => given.permissions = flag("permissions", "read-only"),
        _ => {}
    }
    resolve(&given, None).expect("these settings are right")
}

/// I1 and I12: one server, ONLINE, as configured, on the outputs of the one stack, which is complete.
fn is_deployed(aws: &Aws, configuration: usize) -> Result<(), String> {
    is_serving(aws)?;
    let wanted = settings(configuration);
    let servers = aws.servers.ours();
    let [(id, server)] = servers.as_slice() else { return Err("there is not one server".into()) };
    let stacks: Vec<_> = aws.stacks.living().collect();
    let [stack] = stacks.as_slice() else { return Err("there is not one stack".into()) };
    let provider = &server.said["IdentityProviderDetails"];
    for (is, should) in [
        (&provider["Url"], stack.output("TransferIdentityProviderUrl")),
        (&provider["InvocationRole"], stack.output("TransferIdentityProviderRole")),
        (&server.said["LoggingRole"], stack.output("TransferSFTPCloudWatchLogsWriteLogs")),
        (&server.said["SecurityPolicyName"], wanted.server.security_policy.clone()),
    ] {
        if is.as_str() != Some(should.as_str()) {
            return Err(format!("server {id} says {is} in place of {should}"));
        }
    }
    let retention = wanted.lambda.log_retention_days.to_string();
    if stack.parameters.get("LogRetentionDays") != Some(&retention) {
        return Err(format!("the stack has {:?}", stack.parameters.get("LogRetentionDays")));
    }
    let key = stack.parameters.get("ArtifactKey").cloned().unwrap_or_default();
    if !aws.objects.keys("demo/").contains(&key.as_str()) {
        return Err(format!("the function's code {key} is not stored"));
    }
    Ok(())
}

fn is_serving(aws: &Aws) -> Result<(), String> {
    let servers = aws.servers.ours();
    let states: Vec<&str> = servers.iter().map(|(_, server)| server.state).collect();
    if states != ["ONLINE"] {
        return Err(format!("servers are {states:?}"));
    }
    let stacks: Vec<&str> = aws.stacks.living().map(|stack| stack.status).collect();
    let good = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"];
    match stacks.as_slice() {
        [status] if good.contains(status) => Ok(()),
        other => Err(format!("stacks are {other:?}")),
    }
}

fn is_nothing(aws: &Aws) -> Result<(), String> {
    let servers = aws.servers.ours().len();
    let stacks = aws.stacks.living().filter(|stack| stack.is_ours()).count();
    let zips = aws.objects.keys("demo/").into_iter().filter(|key| key.ends_with(".zip")).count();
    if (servers, stacks, zips) == (0, 0, 0) {
        Ok(())
    } else {
        Err(format!("{servers} servers, {stacks} stacks and {zips} zips are left"))
    }
}

fn calls(ended: &Ended) -> Vec<&str> {
    ended.notes.iter().map(|note| note.what.as_str()).collect()
}
