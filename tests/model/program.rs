//! Random programs: what people, pipelines and bad luck do to a deployment. A program follows from its seed alone.

use std::time::Duration;

use fastrand::Rng;

use crate::aws::Manners;
use crate::wire::{Fault, Script};

/// Sets the turns of programs apart from what their seeds say without them.
const TURNS: u64 = 0x7475_726e;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// With one of the configurations.
    Deploy(usize),
    Plan(usize),
    Status(usize),
    Teardown,
}

/// One run of the deployer, and what goes wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    pub(crate) command: Command,
    pub(crate) script: Script,
    /// Whether it waits for another run's end.
    pub(crate) waits: bool,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Somebody runs the deployer.
    Run(Act),
    /// Two do at once, the second some milliseconds after the first.
    Both(Act, Act, u64),
    /// Nothing for so many seconds.
    Pause(u64),
    /// Somebody stops the server in the console.
    StopServer,
    /// Somebody deletes the server in the console.
    DeleteServer,
    /// The next operation on a stack fails.
    StackFails,
    /// The next start of a server fails.
    StartFails,
    /// Somebody copies the tags of the server to another one.
    CopyTags,
}

/// A whole program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) seed: u64,
    pub(crate) manners: Manners,
    pub(crate) ops: Vec<Op>,
    /// The configuration that has to be reached in the end.
    pub(crate) last: usize,
    /// Whether it is torn down after that.
    pub(crate) tears_down: bool,
}

/// How many configurations there are.
pub(crate) const CONFIGURATIONS: usize = 4;
/// One more: the first, with another bucket for the function's code, so that its runs and the others share no lease.
pub(crate) const ELSEWHERE: usize = 4;

impl Program {
    pub(crate) fn of(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let seconds = |rng: &mut Rng, most: u64| Duration::from_millis(rng.u64(0..=most * 1000));
        let manners = Manners {
            stack: Duration::from_secs(1) + seconds(rng, 30),
            server: Duration::from_secs(1) + seconds(rng, 60),
            stack_lag: if rng.bool() { Duration::ZERO } else { seconds(rng, 4) },
            event_lag: if rng.bool() { Duration::ZERO } else { seconds(rng, 8) },
            roles: if rng.bool() { Duration::ZERO } else { seconds(rng, 60) },
            page: rng.usize(1..=20),
            backwards: rng.bool(),
            strangers: rng.usize(0..=3),
            foreign_stack: false,
        };
        let ops = (0..rng.usize(1..=4)).map(|_| op(rng)).collect();
        let mut program =
            Self { seed, manners, ops, last: rng.usize(0..CONFIGURATIONS), tears_down: rng.u8(0..4) == 0 };
        program.turn(&mut Rng::with_seed(seed ^ TURNS));
        program
    }

    /// Gives some programs a turn that chance alone rarely takes.
    fn turn(&mut self, rng: &mut Rng) {
        let calm = |configuration| Op::Run(Act::calm(Command::Deploy(configuration)));
        let configuration = rng.usize(0..CONFIGURATIONS);
        match rng.u8(0..20) {
            // The server is gone, and two make it anew who do not know of each other.
            0 | 1 => {
                // Where both of them are killed, two servers may stay, and the hint of the last one hides the other.
                let (mut one, mut other) = (Act::calm(Command::Teardown), Act::calm(Command::Teardown));
                (one.command, other.command) = (Command::Deploy(configuration), Command::Deploy(ELSEWHERE));
                let offset = if rng.bool() { 0 } else { rng.u64(0..20_000) };
                if rng.bool() {
                    (one, other) = (other, one);
                }
                self.ops = vec![calm(configuration), Op::DeleteServer, Op::Both(one, other, offset)];
            }
            // An update fails.
            2 | 3 => {
                let next = (configuration + rng.usize(1..CONFIGURATIONS)) % CONFIGURATIONS;
                self.ops.splice(0..0, [calm(configuration), Op::StackFails, calm(next)]);
                self.ops.truncate(4);
            }
            4 => self.manners.foreign_stack = true,
            5 => {
                self.ops.splice(0..0, [calm(configuration), Op::CopyTags]);
                self.ops.truncate(4);
            }
            _ => {}
        }
    }

    /// The same without anything going wrong, and without two at once.
    pub(crate) fn calm(&self) -> Self {
        let calm = |act: &Act| Op::Run(Act::calm(act.command));
        let ops = self.ops.iter().flat_map(|op| match op {
            Op::Run(act) => vec![calm(act)],
            Op::Both(one, other, _) => vec![calm(one), calm(other)],
            other => vec![other.clone()],
        });
        Self { ops: ops.collect(), ..self.clone() }
    }

    /// Simpler programs that may fail in the same way, the simplest first.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let with_ops = |ops: Vec<Op>| Self { ops, ..self.clone() };
        for at in 0..self.ops.len() {
            let mut ops = self.ops.clone();
            ops.remove(at);
            all.push(with_ops(ops));
        }
        for (at, op) in self.ops.iter().enumerate() {
            for simpler in op.simpler() {
                let mut ops = self.ops.clone();
                ops[at] = simpler;
                all.push(with_ops(ops));
            }
        }
        let own = &self.manners;
        let calm = Manners { foreign_stack: own.foreign_stack, ..Manners::calm() };
        for manners in [
            calm.clone(),
            Manners { stack: calm.stack, ..own.clone() },
            Manners { server: calm.server, ..own.clone() },
            Manners { stack_lag: calm.stack_lag, ..own.clone() },
            Manners { event_lag: calm.event_lag, ..own.clone() },
            Manners { roles: calm.roles, ..own.clone() },
            Manners { page: calm.page, ..own.clone() },
            Manners { backwards: false, ..own.clone() },
            Manners { strangers: 0, ..own.clone() },
        ] {
            all.push(Self { manners, ..self.clone() });
        }
        all.push(Self { last: 0, ..self.clone() });
        all.push(Self { tears_down: false, ..self.clone() });
        all.retain(|simpler| simpler != self);
        all
    }
}

impl Op {
    /// Whether somebody else spoils something.
    pub(crate) fn is_mischief(&self) -> bool {
        match self {
            Self::Run(_) | Self::Both(..) | Self::Pause(_) => false,
            Self::StopServer | Self::DeleteServer | Self::StackFails | Self::StartFails | Self::CopyTags => true,
        }
    }

    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Run(act) => act.simpler().into_iter().map(Self::Run).collect(),
            Self::Both(one, other, offset) => {
                let mut all = vec![Self::Run(one.clone()), Self::Run(other.clone())];
                all.extend(one.simpler().into_iter().map(|act| Self::Both(act, other.clone(), *offset)));
                all.extend(other.simpler().into_iter().map(|act| Self::Both(one.clone(), act, *offset)));
                all.extend((*offset > 0).then(|| Self::Both(one.clone(), other.clone(), 0)));
                all
            }
            Self::Pause(seconds) => (*seconds > 1).then(|| Self::Pause(seconds / 2)).into_iter().collect(),
            Self::StopServer | Self::DeleteServer | Self::StackFails | Self::StartFails | Self::CopyTags => Vec::new(),
        }
    }
}

impl Act {
    /// A run in which nothing goes wrong.
    pub(crate) fn calm(command: Command) -> Self {
        Self { command, script: Script::default(), waits: true }
    }

    fn simpler(&self) -> Vec<Self> {
        let with = |script: Script| Self { script, ..self.clone() };
        let mut all = Vec::new();
        for at in 0..self.script.faults.len() {
            let mut faults = self.script.faults.clone();
            faults.remove(at);
            all.push(with(Script { faults, ..self.script.clone() }));
            let mut faults = self.script.faults.clone();
            if faults[at].1 > 1 {
                faults[at].1 -= 1;
                all.push(with(Script { faults, ..self.script.clone() }));
            }
        }
        all.push(with(Script { kill: None, ..self.script.clone() }));
        all.push(with(Script { storm: None, ..self.script.clone() }));
        all.push(Self { waits: true, ..self.clone() });
        if let Command::Deploy(configuration @ 1..) = self.command {
            all.push(Self { command: Command::Deploy(configuration - 1), ..self.clone() });
        }
        all.retain(|simpler| simpler != self);
        all
    }
}

fn op(rng: &mut Rng) -> Op {
    match rng.u8(0..20) {
        0..=10 => Op::Run(act(rng)),
        11..=14 => Op::Both(act(rng), act(rng), if rng.bool() { 0 } else { rng.u64(0..20_000) }),
        15 => Op::Pause(rng.u64(1..60)),
        16 => Op::StopServer,
        17 => Op::DeleteServer,
        18 => Op::StackFails,
        _ => Op::StartFails,
    }
}

fn act(rng: &mut Rng) -> Act {
    let command = match rng.u8(0..12) {
        0..=7 => Command::Deploy(rng.usize(0..CONFIGURATIONS)),
        8 => Command::Plan(rng.usize(0..CONFIGURATIONS)),
        9 => Command::Status(rng.usize(0..CONFIGURATIONS)),
        _ => Command::Teardown,
    };
    let mut script = Script::default();
    // Most runs fail in one way, some in two, some in none.
    match rng.u8(0..8) {
        0 | 1 => {}
        2..=4 => script.kill = Some((rng.usize(1..=60), rng.bool())),
        5 => script.storm = Some((rng.u64(0..60), rng.u64(1..200))),
        _ => {
            for _ in 0..rng.usize(1..=3) {
                let many = if rng.bool() { 1 } else { rng.usize(1..=7) };
                let fault = Fault::ALL[rng.usize(0..Fault::ALL.len())];
                script.faults.push((rng.usize(1..=60), many, fault));
            }
        }
    }
    Act { command, script, waits: rng.bool() }
}
