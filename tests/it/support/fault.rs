//! What goes wrong, and when: the part of a script that the fake services and the proxy have in common.

use std::ops::RangeInclusive;

use super::loopback::Reply;

/// An error as a service gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl AwsError {
    pub(crate) fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }
}

/// What the caller gets in place of the answer.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// An error in the service's own shape.
    Error(AwsError),
    /// An answer that is not the service's.
    Reply(Reply),
    /// The service's own answer with some texts in place of others.
    Rewritten(Vec<(&'static str, String)>),
    /// No answer: the connection is closed.
    Cut,
    /// No answer and no end: the connection stays open until the fake ends.
    Silence,
}

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Whether the request takes effect all the same. What is lost then is only the answer.
    pub(crate) effect: bool,
    pub(crate) ending: Ending,
}

impl Fault {
    /// The request is refused and changes nothing.
    pub(crate) fn refused(status: u16, code: &str, message: &str) -> Self {
        Self { effect: false, ending: Ending::Error(AwsError::new(status, code, message)) }
    }

    /// The request takes effect, and the connection ends before the answer.
    pub(crate) fn lost_answer() -> Self {
        Self { effect: true, ending: Ending::Cut }
    }

    /// The request takes effect, and the service says that it does not know.
    pub(crate) fn answered_with(status: u16, code: &str, message: &str) -> Self {
        Self { effect: true, ending: Ending::Error(AwsError::new(status, code, message)) }
    }

    /// The request goes no further, and somebody else answers.
    pub(crate) fn answered_by_another(reply: Reply) -> Self {
        Self { effect: false, ending: Ending::Reply(reply) }
    }

    /// The request takes effect, and the answer has other texts in places. Of AWS as no emulator shows it: an operation
    /// that takes its time, say.
    pub(crate) fn rewritten(texts: &[(&'static str, &str)]) -> Self {
        let texts = texts.iter().map(|(from, to)| (*from, (*to).to_owned())).collect();
        Self { effect: true, ending: Ending::Rewritten(texts) }
    }

    /// The connection ends before the request takes effect.
    pub(crate) fn lost_request() -> Self {
        Self { effect: false, ending: Ending::Cut }
    }

    /// The request takes effect and is never answered, so that a test can act while the caller waits.
    pub(crate) fn silence() -> Self {
        Self { effect: true, ending: Ending::Silence }
    }
}

/// Faults by action and occurrence, counting as calls come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Planned>);

#[derive(Clone, Debug)]
struct Planned {
    action: String,
    occurrences: RangeInclusive<usize>,
    seen: usize,
    fault: Fault,
}

impl Faults {
    /// Plans a fault for some occurrences of an action, counted from 1 and from now. A `*` in the action stands
    /// for anything, `*` alone for every action.
    pub(crate) fn plan(&mut self, action: &str, occurrences: RangeInclusive<usize>, fault: Fault) {
        self.0.push(Planned { action: action.to_owned(), occurrences, seen: 0, fault });
    }

    /// Counts a call for every plan it belongs to, and gives the fault of the first plan whose turn it is.
    pub(crate) fn next(&mut self, action: &str) -> Option<Fault> {
        let mut due = None;
        for planned in self.0.iter_mut().filter(|planned| matches(&planned.action, action)) {
            planned.seen += 1;
            if due.is_none() && planned.occurrences.contains(&planned.seen) {
                due = Some(planned.fault.clone());
            }
        }
        due
    }
}

/// Whether an action is meant by a pattern, see [`Faults::plan`].
pub(crate) fn matches(pattern: &str, action: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => action.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => action == pattern,
    }
}
