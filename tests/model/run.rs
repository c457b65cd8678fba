//! Carries a program out, and compares what the deployer tells with what is there.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sftp_okta::artifact::lease::LeaseSlot;
use sftp_okta::commands::teardown::UsersData;
use sftp_okta::commands::{self, Options, Run};
use sftp_okta::error::{Error, ErrorCode};
use sftp_okta::exit_code::ExitCode;
use sftp_okta::progress::{Mode, Progress, Style};
use sftp_okta::report::{Outcome, Report};
use sftp_okta::stack::PreviewSlot;
use tokio::time::{Instant, sleep};

use crate::aws::Aws;
use crate::configuration::settings;
use crate::invariant::Compared;
use crate::invariant::Invariant::{I2, I4, I6, I7, I8, I13};
use crate::program::{Act, Command, ELSEWHERE, Op, Program};
use crate::wire::{Noted, Script, Wire, locked};

/// How long a run may wait for AWS.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20 * 60);
/// The calls of a deploy that has nothing to do.
pub(crate) const CALLS_OF_NO_CHANGE: usize = 10;
/// Every how many programs' calm twins are compared for the manners of lists.
const TWINS: u64 = 40;

/// What a program did, for the summary.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: usize,
    pub(crate) calls: usize,
    pub(crate) kills: usize,
    pub(crate) failures: usize,
    pub(crate) both: usize,
    pub(crate) seconds: u64,
    pub(crate) compared: Compared,
}

/// A run that has ended.
pub(crate) struct Ended {
    pub(crate) command: Command,
    /// Nothing where it was killed.
    pub(crate) result: Option<Result<Outcome, Error>>,
    /// What its process would have ended with.
    pub(crate) exit: Option<ExitCode>,
    /// All that it would have written to stdout, in both forms.
    pub(crate) told: String,
    pub(crate) notes: Vec<Noted>,
    pub(crate) took: Duration,
    pub(crate) alone: bool,
    pub(crate) script: Script,
}

impl Ended {
    /// Whether it came to its end, and nothing went wrong in it.
    fn is_good(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    /// Its calls, for whoever reads of a failure.
    pub(crate) fn calls(&self) -> Vec<&str> {
        self.notes.iter().map(|note| note.what.as_str()).collect()
    }

    /// Its end without what chance decides.
    fn end(&self) -> String {
        match &self.result {
            None => "killed".to_owned(),
            Some(Ok(outcome)) => format!("{outcome:?}"),
            Some(Err(error)) => format!("{:?}", error.code),
        }
    }
}

pub(crate) struct World<'a> {
    pub(crate) aws: Arc<Mutex<Aws>>,
    bootstrap: &'a Path,
    pub(crate) tally: Tally,
    /// Servers that there may be between runs: two after two runs that knew nothing of each other, and did not end well.
    pub(crate) servers: usize,
    ends: Vec<String>,
}

/// Carries a program out; the error says which invariant broke.
pub(crate) fn check(program: &Program, bootstrap: &Path) -> Result<Tally, String> {
    let (mut tally, _) = carry_out(program, bootstrap)?;
    if program.seed.is_multiple_of(TWINS) {
        let calm = program.calm();
        let mut of = |page, backwards| {
            let mut twin = calm.clone();
            (twin.manners.page, twin.manners.backwards) = (page, backwards);
            let (more, ends) = carry_out(&twin, bootstrap)?;
            tally.add(&more);
            Ok::<_, String>(ends)
        };
        let (one, other) = (of(1, false)?, of(100, true)?);
        let same = if one == other { Ok(()) } else { Err(format!("{one:#?}\nis with other pages\n{other:#?}")) };
        tally.compared.hold(I13, same)?;
    }
    Ok(tally)
}

impl Tally {
    fn add(&mut self, more: &Self) {
        self.runs += more.runs;
        self.calls += more.calls;
        self.kills += more.kills;
        self.failures += more.failures;
        self.both += more.both;
        self.seconds += more.seconds;
        self.compared.add(&more.compared);
    }
}

/// Carries it out in a world of its own, and tells how each run ended and what is there then.
fn carry_out(program: &Program, bootstrap: &Path) -> Result<(Tally, Vec<String>), String> {
    fastrand::seed(program.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let result = runtime.block_on(async {
        let aws = Arc::new(Mutex::new(Aws::new(program.manners.clone())));
        let mut world = World { aws, bootstrap, tally: Tally::default(), servers: 1, ends: Vec::new() };
        let began = Instant::now();
        for op in &program.ops {
            world.carry_out(op).await?;
        }
        if program.manners.foreign_stack {
            world.leave_alone(program).await?;
        } else {
            world.converge(program).await?;
        }
        world.tally.seconds = began.elapsed().as_secs();
        Ok((world.tally, world.ends))
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
                let both_good = one.is_good() && other.is_good();
                let is_elsewhere = |ended: &Ended| ended.command == Command::Deploy(ELSEWHERE);
                if is_elsewhere(&one) != is_elsewhere(&other) && !both_good {
                    self.servers = 2;
                }
                self.hold_of_servers()?;
            }
            Op::Pause(seconds) => sleep(Duration::from_secs(*seconds)).await,
            Op::StopServer => locked(&self.aws).servers.meddle(false),
            Op::DeleteServer => locked(&self.aws).servers.meddle(true),
            Op::StackFails => locked(&self.aws).stacks.failures += 1,
            Op::StartFails => locked(&self.aws).servers.starts_that_fail += 1,
            Op::CopyTags => {
                let aws = &mut *locked(&self.aws);
                aws.servers.copy_tags(aws.manners.backwards);
            }
        }
        Ok(())
    }

    /// I2, where nobody is at work.
    fn hold_of_servers(&mut self) -> Result<(), String> {
        let servers = locked(&self.aws).servers.ours().len();
        let most = self.servers;
        self.servers = servers.clamp(1, most);
        let few = if servers > most { Err(format!("{servers} servers of one deployment stay")) } else { Ok(()) };
        self.tally.compared.hold(I2, few)
    }

    /// Without anything going wrong any more, one run has to put everything right, and a second one has nothing to do.
    async fn converge(&mut self, program: &Program) -> Result<(), String> {
        {
            let mut aws = locked(&self.aws);
            aws.stacks.failures = 0;
            aws.servers.starts_that_fail = 0;
        }
        let deploy = Act::calm(Command::Deploy(program.last));
        let mut ended = self.run(&deploy, true).await;
        self.judge(&ended)?;
        // Some states need a person, and the error says what that person has to do.
        while let Some(Err(error)) = &ended.result {
            let hint = error.hint.clone().unwrap_or_default();
            if !self.person_does(&hint).await? {
                return self.tally.compared.hold(I7, Err(format!("one run does not put it right: {error:?}")));
            }
            ended = self.run(&deploy, true).await;
            self.judge(&ended)?;
        }
        let good = matches!(ended.result, Some(Ok(Outcome::Deployed | Outcome::Unchanged)));
        let good = if good { Ok(()) } else { Err(format!("not deployed in the end: {:?}", ended.result)) };
        self.tally.compared.hold(I7, good)?;
        let again = self.run(&deploy, true).await;
        self.judge(&again)?;
        let idle = matches!(again.result, Some(Ok(Outcome::Unchanged))) && !again.notes.iter().any(|note| note.mutates);
        let idle = if idle { Ok(()) } else { Err(format!("{:?} {:?}", again.result, again.calls())) };
        self.tally.compared.hold(I4, idle)?;
        self.judge_idle_calls(&again, program.manners.strangers)?;
        if program.tears_down {
            self.tear_down(program).await?;
        }
        let end = locked(&self.aws).looks();
        self.ends.push(end);
        Ok(())
    }

    async fn tear_down(&mut self, program: &Program) -> Result<(), String> {
        let status = self.run(&Act::calm(Command::Status(program.last)), true).await;
        self.judge(&status)?;
        // Of two servers with the same tags nobody knows which one serves.
        let wanted = if locked(&self.aws).servers.has_copied_tags() { Outcome::Unhealthy } else { Outcome::Healthy };
        let healthy = matches!(status.result, Some(Ok(outcome)) if outcome == wanted);
        let healthy = if healthy { Ok(()) } else { Err(format!("status of what is deployed: {:?}", status.result)) };
        self.tally.compared.hold(I8, healthy)?;
        let mut removed = self.run(&Act::calm(Command::Teardown), true).await;
        self.judge(&removed)?;
        if let Some(Err(error)) = &removed.result
            && self.person_does(&error.hint.clone().unwrap_or_default()).await?
        {
            removed = self.run(&Act::calm(Command::Teardown), true).await;
            self.judge(&removed)?;
        }
        let again = self.run(&Act::calm(Command::Teardown), true).await;
        self.judge(&again)?;
        for ended in [&removed, &again] {
            let removed = matches!(ended.result, Some(Ok(Outcome::Removed)));
            let removed = if removed { Ok(()) } else { Err(format!("teardown: {:?}", ended.result)) };
            self.tally.compared.hold(I6, removed)?;
        }
        let idle = !again.notes.iter().any(|note| note.mutates);
        let idle = if idle { Ok(()) } else { Err(format!("the second teardown is not idle: {:?}", again.calls())) };
        self.tally.compared.hold(I6, idle)
    }

    /// Does what the deployer says that a person has to do, where that is a person's matter. Whether it was.
    async fn person_does(&mut self, hint: &str) -> Result<bool, String> {
        if hint.contains("delete-server") && self.servers > 1 {
            locked(&self.aws).servers.keep_one();
            self.servers = 1;
            return Ok(true);
        }
        if hint.contains("untag-resource") {
            return Ok(locked(&self.aws).servers.take_copied_tags_away());
        }
        // A server whose start failed, or a stack that could not be deleted.
        let is_broken = {
            let aws = locked(&self.aws);
            aws.servers.ours().iter().any(|(_, server)| server.state == "START_FAILED")
                || aws.stacks.living().any(|stack| stack.status == "DELETE_FAILED")
        };
        if !is_broken || !hint.contains("teardown") {
            return Ok(false);
        }
        locked(&self.aws).servers.take_copied_tags_away();
        let removed = self.run(&Act::calm(Command::Teardown), true).await;
        self.judge(&removed)?;
        let helps = matches!(removed.result, Some(Ok(Outcome::Removed)));
        let helps = if helps { Ok(()) } else { Err(format!("what it says to do does not help: {:?}", removed.result)) };
        self.tally.compared.hold(I7, helps)?;
        Ok(true)
    }

    /// Under somebody else's stack nothing can be deployed, and nothing is touched.
    async fn leave_alone(&mut self, program: &Program) -> Result<(), String> {
        for command in [Command::Deploy(program.last), Command::Teardown] {
            let ended = self.run(&Act::calm(command), true).await;
            self.judge(&ended)?;
            let refused = matches!(&ended.result, Some(Err(error)) if error.code == ErrorCode::StackFailed);
            let refused = if refused { Ok(()) } else { Err(format!("of somebody else's stack: {:?}", ended.result)) };
            self.tally.compared.hold(I8, refused)?;
        }
        Ok(())
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
            sandbox: None,
            bootstrap: Some(self.bootstrap.to_owned()),
            retain: Vec::new(),
            http: Some(wire.client()),
        };
        let progress = Progress::new(Mode::Lines, Style::new(false));
        let mut report = Report::new("model");
        let (lease, preview) = (LeaseSlot::default(), PreviewSlot::default());
        let began = Instant::now();
        let result = {
            let mut run =
                Run { progress: &progress, report: &mut report, options: &options, lease: &lease, preview: &preview };
            tokio::select! {
                biased;
                () = wire.killed() => None,
                result = command(act.command, &mut run) => Some(result),
            }
        };
        if result.is_none() {
            wire.die();
        }
        // As the program itself ends.
        report.warnings = progress.warnings();
        if let Some(Err(error)) = &result {
            report.result = Outcome::Failed;
            report.error = Some(error.clone());
        }
        Ended {
            command: act.command,
            exit: result.is_some().then(|| report.exit_code()),
            told: report.to_json() + &report.to_text(),
            result: result.map(|result| result.map(|()| report.result)),
            notes: wire.notes(),
            took: began.elapsed(),
            alone,
            script: act.script.clone(),
        }
    }

    fn judge(&mut self, ended: &Ended) -> Result<(), String> {
        self.tally.runs += 1;
        self.tally.calls += ended.notes.len();
        self.tally.kills += usize::from(ended.result.is_none());
        self.tally.failures += usize::from(matches!(ended.result, Some(Err(_))));
        self.ends.push(format!("{:?}: {}", ended.command, ended.end()));
        self.hold_all(ended)
    }
}

async fn command(command: Command, run: &mut Run<'_>) -> sftp_okta::error::Result<()> {
    match command {
        Command::Deploy(configuration) => commands::deploy::run(&settings(configuration), None, None, run).await,
        Command::Plan(configuration) => commands::plan::run(&settings(configuration), None, run).await,
        Command::Status(configuration) => {
            let settings = settings(configuration);
            let once = commands::status::Look::Once { drift: false };
            commands::status::run(&settings.target(), Some(&settings), once, run).await
        }
        Command::Teardown => commands::teardown::run(&settings(0).target(), &UsersData::Kept, run).await,
    }
}

/// What a calm deploy of a configuration leaves of the stack.
pub(crate) fn stack_of(configuration: usize, bootstrap: &Path) -> Result<crate::configuration::OfStack, String> {
    let program = Program { ops: Vec::new(), last: configuration, tears_down: false, ..Program::of(0) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let aws = Arc::new(Mutex::new(Aws::new(program.manners)));
        let world = World { aws, bootstrap, tally: Tally::default(), servers: 1, ends: Vec::new() };
        let ended = world.run(&Act::calm(Command::Deploy(configuration)), true).await;
        let aws = locked(&world.aws);
        let stack = aws.stacks.living().next().ok_or_else(|| format!("{:?}", ended.result))?;
        Ok((stack.parameters.clone(), stack.tags.clone()))
    })
}
