//! One run at a time per deployment, and nobody stranded by a run that has ended.

use std::time::Duration;

use crate::support::fault::Fault;
use crate::support::transfer::{Life, Start};
use crate::support::world::World;

const LEASE: &str = "PUT /sftp-okta-artifacts-000000000000-us-east-1/demo/lease.json*";

#[test]
fn another_run_is_waited_for_and_then_told_to_be_busy() {
    let world = World::with(|transfer| transfer.start_is(Start::Never));
    let first = world.start("deploy", &["--poll-interval", "100ms"]);
    world.transfer.wait_for("DescribeServer", 3);
    world.run("teardown", &["--wait-for-lock", "300ms", "--poll-interval", "100ms"]).expect_failure(9, "busy");
    assert_eq!(world.transfer.count("DeleteServer"), 0);

    let id = world.own_servers()[0]["ServerId"].as_str().unwrap().to_owned();
    let second = world.start("deploy", &["--poll-interval", "100ms", "--wait-for-lock", "30s"]);
    world.transfer.set_life(&id, Life::Online);
    for run in [first, second] {
        run.wait().expect_code(0);
    }
    world.expect_deployed();
    assert_eq!(world.transfer.count("CreateServer"), 1);
}

#[test]
fn a_lease_whose_answer_was_lost_is_our_own() {
    let world = World::new();
    world.aws.fault("s3", LEASE, 1..=1, Fault::lost_answer());
    let ran = world.run("deploy", &["--poll-interval", "200ms"]);
    ran.expect_code(0);
    assert!(!ran.stderr.contains("holds this deployment"), "{ran}");
    world.expect_deployed();
}

#[test]
fn a_renewal_whose_answer_was_lost_loses_nothing() {
    let world = World::with(|transfer| transfer.start_is(Start::OnlineAfter(80)));
    world.aws.fault("s3", LEASE, 2..=2, Fault::lost_answer());
    let ran = world.run("deploy", &["--poll-interval", "50ms", "--timeout", "1m"]);
    ran.expect_code(0);
    assert!(ran.elapsed < Duration::from_secs(30));
    world.expect_deployed();
}
