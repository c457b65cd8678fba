//! What a test can plan before the endpoint starts: the servers there are, how they behave, and what goes wrong.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::life::{Life, Start};
use crate::support::fault::{Fault, Faults};

/// In what order ListServers gives its rows. AWS promises none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    OldestFirst,
    NewestFirst,
    ById,
}

/// A server that is there without having been created through this endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(super) tags: BTreeMap<String, String>,
    pub(super) members: Value,
    pub(super) life: Life,
    pub(super) hidden: bool,
    pub(super) region: String,
}

impl Seed {
    /// Somebody else's: online, public, service managed, without tags.
    pub(crate) fn foreign() -> Self {
        let region = "us-east-1".to_owned();
        Self { tags: BTreeMap::new(), members: json!({}), life: Life::Online, hidden: false, region }
    }

    /// With one more tag.
    pub(crate) fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With members as in CreateServer.
    pub(crate) fn with(mut self, members: Value) -> Self {
        self.members = members;
        self
    }

    /// Somewhere else in its life.
    pub(crate) fn life(mut self, life: Life) -> Self {
        self.life = life;
        self
    }

    /// Listed, but AccessDenied to whoever asks for it.
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// What the servers do, besides what they are asked.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) start: Start,
    pub(super) next_starts: VecDeque<Start>,
    pub(super) stop_looks: u32,
    pub(super) delete_looks: u32,
    pub(super) page_size: usize,
    pub(super) listing: Listing,
    pub(super) account: String,
}

/// The script, before the endpoint starts.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    pub(super) script: Script,
    pub(super) faults: Faults,
    pub(super) seeds: Vec<Seed>,
    pub(super) emulator: Option<String>,
}

impl Builder {
    /// How every start goes; unless said, ONLINE after two looks at STARTING.
    pub(crate) fn start_is(mut self, start: Start) -> Self {
        self.script.start = start;
        self
    }

    /// How the first starts go, one after the other, before the others go as [`Builder::start_is`] says.
    pub(crate) fn first_starts_are(mut self, starts: &[Start]) -> Self {
        self.script.next_starts = starts.iter().copied().collect();
        self
    }

    /// For how many looks a stop shows STOPPING (1), and a deleted server is still shown (1).
    pub(crate) fn looks(mut self, stopping: u32, deleting: u32) -> Self {
        (self.script.stop_looks, self.script.delete_looks) = (stopping, deleting);
        self
    }

    /// The most rows a page of ListServers holds, whatever is asked for.
    pub(crate) fn page_size(mut self, rows: usize) -> Self {
        self.script.page_size = rows;
        self
    }

    /// The order of those rows.
    pub(crate) fn listing(mut self, listing: Listing) -> Self {
        self.script.listing = listing;
        self
    }

    /// The account in ARNs; unless said, the one of ministack.
    pub(crate) fn account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.script.account);
        self
    }

    /// A server that is there from the start.
    pub(crate) fn server(mut self, seed: Seed) -> Self {
        self.seeds.push(seed);
        self
    }

    /// A fault for some occurrences of an operation, counted from 1.
    pub(crate) fn fault(mut self, operation: &str, occurrences: RangeInclusive<usize>, fault: Fault) -> Self {
        self.faults.plan(operation, occurrences, fault);
        self
    }

    /// Throttles the first calls of an operation.
    pub(crate) fn throttled(self, operation: &str, times: usize) -> Self {
        self.fault(operation, 1..=times, Fault::refused(400, "ThrottlingException", "Rate exceeded"))
    }

    /// Refuses the first CreateServer calls as AWS does while a new role has not spread yet.
    pub(crate) fn role_not_assumable(self, times: usize) -> Self {
        let message = "Transfer is unable to assume the role provided: the role cannot be assumed";
        self.fault("CreateServer", 1..=times, Fault::refused(400, "InvalidRequestException", message))
    }

    /// Lets TestIdentityProvider call the API or the function deployed at an emulator.
    pub(crate) fn sign_in_at(mut self, emulator: &str) -> Self {
        self.emulator = Some(emulator.to_owned());
        self
    }
}
