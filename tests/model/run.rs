//! Carries a program out, and compares what the deployer tells with what is there.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sftp_okta::artifact::lease::LeaseSlot;
use sftp_okta::commands::teardown::UsersData;
use sftp_okta::commands::{self, Options, Run};
use sftp_okta::error::Error;
use sftp_okta::exit_code::ExitCode;
use sftp_okta::progress::{Mode, Progress, Style};
use sftp_okta::report::{Outcome, Report};
use sftp_okta::stack::PreviewSlot;
use tokio::time::{Instant, sleep};

use crate::aws::Aws;
use crate::configuration::settings;
use crate::invariant::Compared;
use crate::invariant::Invariant::{I2, I13};
use crate::program::{Act, Command, ELSEWHERE, Op, Program};
use crate::wire::{Noted, Script, Wire, locked};

/// How long a run may wait for AWS.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20 * 60);
/// How often the deployer looks at what it waits for.
pub(crate) const POLL: Duration = Duration::from_secs(2);
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
    pub(crate) further_pages: usize,
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

    /// Whether it made such a call.
    pub(crate) fn called(&self, what: &str) -> bool {
        self.notes.iter().any(|note| note.what == what)
    }

    /// Whether such a call reached the service.
    pub(crate) fn arrived(&self, what: &str) -> bool {
        self.notes.iter().any(|note| note.what == what && note.arrived)
    }

    /// Whether a call of it may have changed something.
    pub(crate) fn changes(&self) -> bool {
        self.notes.iter().any(|note| note.mutates)
    }

    /// Whether a storm of throttling is all that went wrong.
    pub(crate) fn is_only_throttled(&self) -> bool {
        self.script.storm.is_some() && self.script.faults.is_empty() && self.script.kill.is_none()
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
    /// Whether anything went wrong that a run has to put right.
    pub(crate) disturbed: bool,
    sabotage: Option<Sabotage>,
    pub(crate) ends: Vec<String>,
}

/// Done in the deployer's place once a run has ended, before it is judged: to the account, or to what the run tells.
pub(crate) type Sabotage = fn(&mut Aws, &mut Ended);

/// Carries a program out; the error says which invariant broke.
pub(crate) fn check(program: &Program, bootstrap: &Path, sabotage: Option<Sabotage>) -> Result<Tally, String> {
    let (mut tally, _) = carry_out(program, bootstrap, sabotage)?;
    if program.seed.is_multiple_of(TWINS) {
        let calm = program.calm();
        let mut of = |page, backwards| {
            let mut twin = calm.clone();
            (twin.manners.page, twin.manners.backwards) = (page, backwards);
            let (more, ends) = carry_out(&twin, bootstrap, sabotage)?;
            tally.add(&more);
            Ok::<_, String>((ends, more.further_pages))
        };
        let ((one, pages), (other, _)) = (of(1, false)?, of(100, true)?);
        let same = if one == other { Ok(()) } else { Err(format!("{one:#?}\nis with other pages\n{other:#?}")) };
        tally.compared.hold_if(pages > 0, I13, same)?;
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
        self.further_pages += more.further_pages;
        self.compared.add(&more.compared);
    }
}

/// Carries it out in a world of its own, and tells how each run ended and what is there then.
fn carry_out(program: &Program, bootstrap: &Path, sabotage: Option<Sabotage>) -> Result<(Tally, Vec<String>), String> {
    fastrand::seed(program.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let result = runtime.block_on(async {
        let aws = Arc::new(Mutex::new(Aws::new(program.manners.clone())));
        let mut world = World { sabotage, ..World::new(aws, bootstrap) };
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
        world.tally.further_pages = locked(&world.aws).further_pages;
        Ok((world.tally, world.ends))
    });
    runtime.shutdown_background();
    result
}

impl<'a> World<'a> {
    fn new(aws: Arc<Mutex<Aws>>, bootstrap: &'a Path) -> Self {
        let tally = Tally::default();
        Self { aws, bootstrap, tally, servers: 1, disturbed: false, sabotage: None, ends: Vec::new() }
    }

    async fn carry_out(&mut self, op: &Op) -> Result<(), String> {
        self.disturbed |= op.is_mischief();
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
        self.tally.compared.hold_if(servers > 0, I2, few)
    }

    /// Runs a command to its end, or to where it is killed.
    pub(crate) async fn run(&self, act: &Act, alone: bool) -> Ended {
        locked(&self.aws).most_servers = if alone { self.servers } else { 2 };
        let wire = Wire::new(Arc::clone(&self.aws), act.script.clone());
        let options = Options {
            yes: true,
            can_ask: false,
            timeout: TIMEOUT,
            poll_interval: POLL,
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
        let mut ended = Ended {
            command: act.command,
            exit: result.is_some().then(|| report.exit_code()),
            told: report.to_json() + &report.to_text(),
            result: result.map(|result| result.map(|()| report.result)),
            notes: wire.notes(),
            took: began.elapsed(),
            alone,
            script: act.script.clone(),
        };
        if let Some(sabotage) = self.sabotage {
            sabotage(&mut locked(&self.aws), &mut ended);
        }
        ended
    }

    pub(crate) fn judge(&mut self, ended: &Ended) -> Result<(), String> {
        self.tally.runs += 1;
        self.tally.calls += ended.notes.len();
        self.tally.kills += usize::from(ended.result.is_none());
        self.tally.failures += usize::from(matches!(ended.result, Some(Err(_))));
        self.disturbed |= !ended.is_good();
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
        let world = World::new(aws, bootstrap);
        let ended = world.run(&Act::calm(Command::Deploy(configuration)), true).await;
        let aws = locked(&world.aws);
        let stack = aws.stacks.living().next().ok_or_else(|| format!("{:?}", ended.result))?;
        Ok((stack.parameters.clone(), stack.tags.clone()))
    })
}
