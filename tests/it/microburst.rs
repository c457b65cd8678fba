//! Faults in the services' own words, by microburst, which nobody here wrote: throttling, 503, SlowDown, a reset, half an
//! answer. A deploy ends as it should, calls no more often than it needs to, and doubles nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::microburst::Microburst;
use crate::support::world::World;

/// A world whose every AWS call goes through microburst: it takes one endpoint each, and Transfer has its own.
struct Stormy {
    aws: Microburst,
    transfer: Microburst,
    world: World,
}

impl Stormy {
    fn new() -> Self {
        let world = World::new();
        let aws = Microburst::in_front_of(&world.aws.endpoint());
        let transfer = Microburst::in_front_of(&world.transfer.endpoint());
        let world = world.cli(|cli| cli.endpoint(&aws.endpoint()).endpoint_of("TRANSFER", &transfer.endpoint()));
        Self { aws, transfer, world }
    }

    /// What goes wrong from now on; `service` picks the one that it goes wrong at.
    fn rules(&self, rules: &[Value]) {
        let (transfer, aws) = rules.iter().cloned().partition::<Vec<_>, _>(|rule| rule["service"] == "transfer");
        self.aws.rules(&aws.into());
        self.transfer.rules(&transfer.into());
    }

    /// How often each operation went wrong.
    fn fired(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for operation in self.aws.fired().into_iter().chain(self.transfer.fired()) {
            *counts.entry(operation).or_default() += 1;
        }
        counts
    }
}

/// How many calls arrived; the lease's renewals hang on the time a run takes.
fn calls(world: &World) -> usize {
    world.aws.calls().iter().filter(|call| !call.is_lease()).count() + world.transfer.calls().len()
}

/// What was changed, and how often.
fn changed(world: &World) -> BTreeMap<String, usize> {
    let aws = world.aws.mutating().into_iter().map(|call| format!("{} {}", call.service, short(&call.action)));
    let transfer = world.transfer.mutating().into_iter().map(|call| format!("transfer {}", call.operation));
    let mut counts = BTreeMap::new();
    for name in aws.chain(transfer) {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// A zip's digest is not the same in each build.
fn short(action: &str) -> String {
    action.split('/').filter(|part| part.len() < 60).collect::<Vec<_>>().join("/")
}

fn rule(service: &str, operation: &str, times: usize, fault: Value) -> Value {
    let mut rule = json!({"service": service, "operation": operation, "times": times});
    for (name, value) in fault.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

fn error(code: &str, status: u16) -> Value {
    json!({"error": {"code": code, "status": status, "message": "by microburst"}})
}

#[test]
fn faults_that_pass_slow_a_deploy_down_and_double_nothing() {
    let calm = World::new();
    calm.run("deploy", &[]).expect_code(0);
    let (calm_calls, wanted) = (calls(&calm), changed(&calm));
    drop(calm);

    let stormy = Stormy::new();
    stormy.rules(&[
        rule("sts", "GetCallerIdentity", 1, json!({"reset": true})),
        // More often than any other call is repeated.
        rule("cloudformation", "DescribeStacks", 7, error("Throttling", 400)),
        rule("s3", "PutObject", 3, error("SlowDown", 503)),
        // These two take effect, and half of the answer comes.
        rule("cloudformation", "ExecuteChangeSet", 1, json!({"response": {"abort_bytes": 10}})),
        rule("transfer", "CreateServer", 1, json!({"response": {"truncate_bytes": 5}})),
        rule("cloudformation", "DescribeStackEvents", 1, json!({"response": {"truncate_frac": 0.5}})),
        rule("transfer", "ListServers", 2, error("ServiceUnavailableException", 503)),
        rule("transfer", "DescribeServer", 3, error("ServiceUnavailableException", 503)),
    ]);
    stormy.world.run("deploy", &[]).expect_code(0);
    let fired = stormy.fired();
    let expected = [
        ("CreateServer", 1),
        ("DescribeServer", 3),
        ("DescribeStackEvents", 1),
        ("DescribeStacks", 7),
        ("ExecuteChangeSet", 1),
        ("GetCallerIdentity", 1),
        ("ListServers", 2),
        ("PutObject", 3),
    ];
    assert_eq!(fired, expected.map(|(name, count)| (name.to_owned(), count)).into());
    stormy.world.expect_deployed();
    // One more call at most for each that was spoilt; one that changes something only where that does no harm.
    let most = calm_calls + fired.values().sum::<usize>();
    assert!(calls(&stormy.world) <= most, "{:?}", stormy.world.aws.calls());
    for (name, times) in changed(&stormy.world) {
        let again = usize::from(name == "cloudformation ExecuteChangeSet");
        let before = wanted.get(&name).copied().unwrap_or_default();
        assert!((before..=before + again).contains(&times), "{name}: {times} times, not {before}");
    }
}

/// Each ends the run with its own exit code after a few attempts, and the next run finds nothing doubled.
#[test]
fn faults_that_stay_end_a_deploy_soon_and_leave_nothing_twice() {
    const ALWAYS: usize = 10_000;
    let stormy = Stormy::new();
    for (service, operation, fault, exit, code, most) in [
        ("cloudformation", "DescribeStacks", json!({"response": {"truncate_frac": 0.5}}), 1, "service", 5),
        ("s3", "PutObject", error("InternalError", 500), 1, "service", 5),
        ("cloudformation", "CreateChangeSet", json!({"reset": true}), 3, "network", 5),
        ("cloudformation", "CreateChangeSet", json!({"response": {"truncate_frac": 0.5}}), 1, "service", 5),
        ("transfer", "CreateServer", json!({"reset": true}), 5, "server-failed", 2),
        ("transfer", "ListServers", error("ServiceUnavailableException", 503), 1, "service", 5),
    ] {
        stormy.rules(&[rule(service, operation, ALWAYS, fault)]);
        let before = stormy.fired().get(operation).copied().unwrap_or_default();
        let ran = stormy.world.run("deploy", &[]);
        ran.expect_error(exit, code);
        let times = stormy.fired().get(operation).copied().unwrap_or_default() - before;
        assert!((1..=most).contains(&times), "{operation}: {times} times\n{ran}");
    }
    assert_eq!(stormy.world.transfer.servers(), Vec::<Value>::new());
    stormy.rules(&[]);
    stormy.world.run("deploy", &[]).expect_code(0);
    stormy.world.expect_deployed();
    let changed = changed(&stormy.world);
    for once in ["cloudformation ExecuteChangeSet", "transfer CreateServer"] {
        assert_eq!(changed.get(once), Some(&1), "{changed:?}");
    }
}
