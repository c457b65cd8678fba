//! A command from a known start to a known end, killed on its way and run again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::account::{Account, NAME, Wanted};
use crate::support::aws_proxy::AwsProxy;
use crate::support::cli::{Cli, Ran, Running};
use crate::support::process::Signal;
use crate::support::small_program::small_program;

/// How a deploy is configured at first, and after the change.
const AT_FIRST: Wanted = Wanted { security_policy: "TransferSecurityPolicy-2025-03", log_retention_days: "90" };
const CHANGED: Wanted = Wanted { security_policy: "TransferSecurityPolicy-2024-01", log_retention_days: "30" };

/// The call that makes a server, as the proxy names its kind.
const CREATE_SERVER: &str = "transfer CreateServer";

/// At how many calls of a kind a run is killed at most. A machine that is slow polls more often than that, and then these are
/// spread over the whole run.
const OF_A_KIND: usize = 12;

/// How often the deployer looks. A lease lives fifteen times as long, so the next run takes over that soon.
const POLL: &str = "20ms";
/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Where a run is killed.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// The kind of the call that is its last.
    pub(crate) kind: String,
    /// Its place among the calls of that kind, counted from 1. How many polls there are is for chance to say; what a run
    /// comes to is not.
    pub(crate) nth: usize,
    /// Whether that call takes effect.
    pub(crate) committed: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.committed { "after" } else { "before" };
        write!(formatter, "{when} call {} of {} took effect", self.nth, self.kind)
    }
}

/// How a run ended that was to be killed. Either way all was well in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was killed at that call.
    Killed,
    /// It ended by itself: that call did not come, or nobody waited for its answer.
    EndedFirst,
}

/// A command, what is there before it, and what has to be there after it.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    arguments: Vec<String>,
    /// A sandbox's folder with what is there before.
    before: Option<Arc<TempDir>>,
    /// What is deployed in the end; nothing after a teardown.
    end: Option<Wanted>,
    /// The CreateServer calls that may arrive at the service.
    servers_made: usize,
}

impl Story {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let deployed = Arc::new(deployed());
        vec![
            Self {
                name: "deploy from nothing",
                arguments: deploy(AT_FIRST),
                before: None,
                end: Some(AT_FIRST),
                servers_made: 1,
            },
            Self {
                name: "deploy of a change",
                arguments: deploy(CHANGED),
                before: Some(Arc::clone(&deployed)),
                end: Some(CHANGED),
                servers_made: 0,
            },
            Self { name: "teardown", arguments: teardown(), before: Some(deployed), end: None, servers_made: 0 },
        ]
    }

    /// Every call of a run that nothing disturbs, with both ways to be killed at it; of each kind [`OF_A_KIND`] at most.
    pub(crate) fn points(&self) -> Vec<Point> {
        let account = self.account();
        let aws = AwsProxy::in_front_of(&account.endpoint());
        let ran = start(&aws, &self.arguments).wait();
        ran.expect_code(0);
        self.look(&account, &aws, None, &[ran]);
        let mut kinds = BTreeMap::new();
        for call in aws.calls() {
            *kinds.entry(call.kind()).or_insert(0) += 1;
        }
        let points = kinds.into_iter().flat_map(|(kind, count)| {
            let places = spread(count, OF_A_KIND).into_iter().flat_map(|nth| [(nth, false), (nth, true)]);
            places.map(move |(nth, committed)| Point { kind: kind.clone(), nth, committed }).collect::<Vec<_>>()
        });
        points.collect()
    }

    /// Kills the command at a point, runs it again, and looks.
    pub(crate) fn killed_at(&self, point: &Point) -> End {
        let account = self.account();
        let aws = AwsProxy::in_front_of(&account.endpoint());
        let held = aws.hold(&point.kind, point.nth, point.committed);
        let began = Instant::now();
        let mut running = start(&aws, &self.arguments);
        loop {
            match held.recv_timeout(Duration::from_millis(20)) {
                Ok(()) => break,
                // It ended without waiting for that call, which went with it.
                Err(RecvTimeoutError::Disconnected) => break,
                // It may have been held in its last moment, and only then ended.
                Err(RecvTimeoutError::Timeout) if running.has_ended() => break,
                Err(RecvTimeoutError::Timeout) if began.elapsed() < LIMIT => {}
                Err(error) => panic!("killed {point}: {error}; it stands still after {:#?}", aws.calls()),
            }
        }
        running.signal(Signal::KILL);
        let first = running.wait();
        match (first.killed_by(), first.code()) {
            (Some(9), _) => {
                let again = start(&aws, &self.arguments).wait();
                assert_eq!(again.code(), Some(0), "killed {point}, then\n{again}\n{:#?}", aws.calls());
                self.look(&account, &aws, Some(point), &[first, again]);
                End::Killed
            }
            // That call did not come, or was one that nobody waited for.
            (None, Some(0)) => {
                self.look(&account, &aws, Some(point), &[first]);
                End::EndedFirst
            }
            (_, _) => panic!("killed {point}: {first}\n{:#?}", aws.calls()),
        }
    }

    /// What is there before.
    fn account(&self) -> Account {
        Account::like(self.before.as_ref().map(|folder| folder.path()))
    }

    fn look(&self, account: &Account, aws: &AwsProxy, point: Option<&Point>, runs: &[Ran]) {
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            match self.end {
                Some(wanted) => account.expect_deployed(wanted),
                None => account.expect_nothing(),
            }
            // A run that had nothing to do took no lease, and left the one of the killed run to expire.
            let idle = runs.last().is_some_and(|again| again.json()["changes"] == json!([]));
            assert!(idle || !account.has_lease(), "the lease was not given back");
            let creates = aws.calls().into_iter().map(|call| call.kind()).filter(|kind| kind == CREATE_SERVER).count();
            let held_back =
                point.is_some_and(|point| point.kind == CREATE_SERVER && !point.committed && point.nth <= creates);
            assert_eq!(creates - usize::from(held_back), self.servers_made, "CreateServer calls that arrived");
        }));
        if let Err(why) = looked {
            let told: String = runs.iter().map(ToString::to_string).collect();
            let point = point.map_or_else(|| "undisturbed".to_owned(), |point| format!("killed {point}"));
            eprintln!("{}: {point}\n{told}\n{:#?}", self.name, aws.calls());
            std::panic::resume_unwind(why);
        }
    }
}

/// So many of the places 1 to `count`, first and last among them.
fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (1..=count).collect();
    }
    (0..most).map(|place| 1 + place * (count - 1) / (most - 1)).collect()
}

/// The folder of a sandbox in which the deployment is, as configured at first.
fn deployed() -> TempDir {
    let account = Account::like(None);
    let aws = AwsProxy::in_front_of(&account.endpoint());
    start(&aws, &deploy(AT_FIRST)).wait().expect_code(0);
    account.expect_deployed(AT_FIRST);
    account.stopped()
}

fn deploy(wanted: Wanted) -> Vec<String> {
    let text = "deploy --okta-org http://127.0.0.1:1 --bucket acme-files --bootstrap bootstrap";
    let more = ["--security-policy", wanted.security_policy, "--log-retention-days", wanted.log_retention_days];
    arguments(text).into_iter().chain(more.map(ToOwned::to_owned)).collect()
}

fn teardown() -> Vec<String> {
    arguments("teardown")
}

fn arguments(text: &str) -> Vec<String> {
    let text = format!("{text} --name {NAME} --yes --output json --poll-interval {POLL}");
    text.split(' ').map(ToOwned::to_owned).collect()
}

fn start(aws: &AwsProxy, arguments: &[String]) -> Running {
    let cli = Cli::new().endpoint(&aws.endpoint()).limit(LIMIT);
    std::fs::write(cli.folder().join("bootstrap"), small_program()).unwrap();
    cli.start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}
