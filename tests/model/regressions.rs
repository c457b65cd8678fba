//! Programs that failed once, made as simple as they could be. They are kept as they are: what follows from a seed changes with
//! the generator.

use std::time::Duration;

use crate::aws::Manners;
use crate::program::{Act, Command, Op, Program};
use crate::wire::{Fault, Script};

/// What was wrong, and the program that showed it.
pub(crate) fn all() -> Vec<(&'static str, Program)> {
    let run = |command, script| Op::Run(Act { command, script, waits: true });
    let program = |seed, ops| Program { seed, manners: Manners::calm(), ops, last: 0, tears_down: false };
    let mut under_review =
        program(4, vec![run(Command::Deploy(0), Script { kill: Some((29, false)), ..Script::default() })]);
    under_review.manners.strangers = 3;
    let mut being_deleted = program(
        65,
        vec![
            run(Command::Deploy(1), Script::default()),
            run(
                Command::Teardown,
                Script { faults: vec![(14, 1, Fault::CutBefore), (25, 2, Fault::Expired)], ..Script::default() },
            ),
        ],
    );
    being_deleted.manners.server = Duration::from_millis(51_349);
    being_deleted.manners.strangers = 3;
    let storm = program(106, vec![run(Command::Plan(3), Script { storm: Some((0, 74)), ..Script::default() })]);
    let deploy = |configuration| run(Command::Deploy(configuration), Script::default());
    let mut read_as_before = program(479, vec![deploy(0), deploy(3)]);
    read_as_before.manners.stack = Duration::from_millis(1_172);
    read_as_before.manners.stack_lag = Duration::from_millis(2_275);
    vec![
        ("a stack under review has no template", under_review),
        ("a server that was being deleted when it was found", being_deleted),
        ("a storm of throttling ended a run", storm),
        ("a change that was told to have ended while the stack still read as before it", read_as_before),
    ]
}
