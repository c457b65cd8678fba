//! A command from a known start to a known end, killed on its way and run again.

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

/// How a deploy is configured at first, and after the change.
const AT_FIRST: Wanted = Wanted { security_policy: "TransferSecurityPolicy-2025-03", log_retention_days: "90" };
const CHANGED: Wanted = Wanted { security_policy: "TransferSecurityPolicy-2024-01", log_retention_days: "30" };

/// How often the deployer looks. A lease lives fifteen times as long, so the next run takes over that soon.
const POLL: &str = "20ms";
/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Where a run is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// The call that is its last, counted from 1.
    pub(crate) call: usize,
    /// Whether that call takes effect.
    pub(crate) committed: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.committed { "after" } else { "before" };
        write!(formatter, "{when} call {} took effect", self.call)
    }
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

    /// Kills the command at a point, runs it again, and looks. Nothing if the command was over before that point.
    pub(crate) fn killed_at(&self, point: Point) -> Option<()> {
        let account = Account::like(self.before.as_ref().map(|folder| folder.path()));
        let aws = AwsProxy::in_front_of(&account.endpoint());
        let held = aws.hold(point.call, point.committed);
        let began = Instant::now();
        let mut running = start(&aws, &self.arguments);
        loop {
            match held.recv_timeout(Duration::from_millis(20)) {
                Ok(()) => break,
                Err(RecvTimeoutError::Timeout) if running.has_ended() => {
                    // It may have been held in its last moment, and only then ended.
                    let ran = running.wait();
                    ran.expect_code(0);
                    self.look(&account, &aws, point, &[]);
                    return None;
                }
                Err(RecvTimeoutError::Timeout) if began.elapsed() < LIMIT => {}
                Err(error) => panic!("killed {point}: {error}; it stands still after {:#?}", aws.calls()),
            }
        }
        running.signal(Signal::KILL);
        let killed = running.wait();
        // The call may have been one that nobody waited for, such as a renewal of the lease.
        assert!(killed.killed_by() == Some(9) || killed.code() == Some(0), "{killed}");

        let again = start(&aws, &self.arguments).wait();
        assert_eq!(again.code(), Some(0), "killed {point}, then\n{again}\n{:#?}", aws.calls());
        self.look(&account, &aws, point, &[killed, again]);
        Some(())
    }

    fn look(&self, account: &Account, aws: &AwsProxy, point: Point, runs: &[Ran]) {
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            match self.end {
                Some(wanted) => account.expect_deployed(wanted),
                None => account.expect_nothing(),
            }
            // A run that had nothing to do took no lease, and left the one of the killed run to expire.
            let idle = runs.last().is_some_and(|again| again.json()["changes"] == json!([]));
            assert!(idle || !account.has_lease(), "the lease was not given back");
            let creates = |(number, call): &(usize, crate::support::aws_proxy::Call)| {
                let arrived = *number + 1 != point.call || point.committed;
                call.action == "CreateServer" && arrived
            };
            let made = aws.calls().into_iter().enumerate().filter(creates).count();
            assert_eq!(made, self.servers_made, "CreateServer calls that arrived");
        }));
        if let Err(why) = looked {
            let told: String = runs.iter().map(ToString::to_string).collect();
            eprintln!("{}: killed {point}\n{told}\n{:#?}", self.name, aws.calls());
            std::panic::resume_unwind(why);
        }
    }
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
    let text = "deploy --okta-org https://acme.okta.com --bucket acme-files --bootstrap bootstrap";
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

/// The function never runs here, so the smallest file that looks like it will do.
fn small_program() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]); // an executable for x86_64
    bytes.extend(0x40_1000_u64.to_le_bytes()); // its entry
    bytes.extend([0; 20]); // no program headers, no sections
    bytes.extend([64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0]);
    bytes
}

fn start(aws: &AwsProxy, arguments: &[String]) -> Running {
    let cli = Cli::new().endpoint(&aws.endpoint()).limit(LIMIT);
    std::fs::write(cli.folder().join("bootstrap"), small_program()).unwrap();
    cli.start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}
