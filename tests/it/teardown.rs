//! Removing a deployment: all of it, nothing else, from wherever it stands.

use serde_json::{Value, json};

use crate::support::cli::Ran;
use crate::support::fault::Fault;
use crate::support::process::Signal;
use crate::support::transfer::{Life, Seed};
use crate::support::world::{STACK, World, own_seed};

const ARTIFACTS: &str = "/sftp-okta-artifacts-000000000000-us-east-1";

/// Success, and nothing of the deployment is left.
#[track_caller]
fn expect_removed(world: &World, ran: &Ran) {
    ran.expect_code(0);
    assert_eq!(ran.json()["result"], "removed", "{ran}");
    assert_eq!(world.own_servers(), [Value::Null; 0]);
    assert_eq!(world.stack_status(STACK), None);
    let left = world.s3("GET", &format!("{ARTIFACTS}?prefix=demo/"), "").text();
    assert!(!left.contains("<Key>"), "{left}");
}

#[test]
fn twice_is_success_and_the_second_time_nothing_is_done() {
    let world = World::deployed();
    expect_removed(&world, &world.run("teardown", &[]));
    world.clear();
    expect_removed(&world, &world.run("teardown", &[]));
    assert_eq!(world.mutating(), [""; 0]);
    world.run("status", &[]).expect_code(7);
}

#[test]
fn what_is_gone_already_is_no_error() {
    let world = World::deployed();
    world.transfer.set_life(&world.the_server(), Life::Gone);
    expect_removed(&world, &world.run("teardown", &[]));

    world.run("deploy", &[]).expect_code(0);
    world.query("cloudformation", &format!("Action=DeleteStack&Version=2010-05-15&StackName={STACK}"));
    let half = world.run("status", &[]);
    half.expect_code(7);
    assert!(half.json()["warnings"].to_string().contains("billed"), "{half}");
    expect_removed(&world, &world.run("teardown", &[]));
}

#[test]
fn every_server_of_the_deployment_goes_and_no_other() {
    let world = World::with(|transfer| {
        let namesake = Seed::foreign().tag("sftp-okta:deployment", "demo").tag("sftp-okta:stack", "elsewhere");
        transfer.server(Seed::foreign()).server(namesake)
    });
    let others = world.transfer.servers();
    world.transfer.seed(own_seed());
    world.transfer.seed(own_seed().life(Life::Offline));
    let ran = world.run("teardown", &[]);
    ran.expect_code(0);
    assert_eq!(world.transfer.servers(), others);
}

/// Somebody copied the tags of one server to another: nobody can tell which is which, so neither goes.
#[test]
fn of_servers_with_copied_tags_none_goes() {
    let world = World::new();
    let of_one_call = || own_seed().tag("sftp-okta:run", "sftp-okta-1-0");
    world.transfer.seed(of_one_call());
    world.transfer.seed(of_one_call());
    let before = world.transfer.servers();
    for command in ["teardown", "deploy"] {
        let error = world.run(command, &[]).expect_failure(5, "server-failed");
        assert!(error["message"].as_str().unwrap().contains("one and the same create call"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("untag-resource"), "{error}");
    }
    assert_eq!(world.transfer.servers(), before);
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn an_interrupted_teardown_is_finished_by_the_next() {
    let world = World::deployed_with(|transfer| transfer.looks(1, 1_000_000));
    let id = world.the_server();
    let running = world.start("teardown", &[]);
    world.transfer.wait_for("DeleteServer", 1);
    running.signal(Signal::TERM);
    let error = running.wait().expect_failure(143, "terminated");
    assert!(error["cause"].is_null() || error["cause"].as_str().unwrap().contains(&id), "{error}");
    assert_eq!(world.stack_status(STACK).as_deref(), Some("CREATE_COMPLETE"));

    world.transfer.set_life(&id, Life::Gone);
    expect_removed(&world, &world.run("teardown", &[]));
}

#[test]
fn a_killed_run_strands_nobody() {
    let world = World::deployed_with(|transfer| transfer.fault("DeleteServer", 1..=1, Fault::silence()));
    let running = world.start("teardown", &[]);
    world.transfer.wait_for("DeleteServer", 1);
    running.signal(Signal::KILL);
    assert_eq!(running.wait().killed_by(), Some(9));
    expect_removed(&world, &world.run("teardown", &[]));
}

#[test]
fn what_users_stored_is_kept_and_told() {
    let world = World::new();
    world.run("deploy", &["--create-bucket"]).expect_code(0);
    assert_eq!(world.s3("PUT", "/acme-files/home/alice@example.com/a.txt", "hers").status, 200);
    let ran = world.run("teardown", &[]);
    expect_removed(&world, &ran);
    let kept = ran.json()["kept"].as_array().unwrap().clone();
    assert!(kept.iter().any(|kept| kept["name"] == "acme-files" && kept["kind"] == "AWS::S3::Bucket"), "{kept:?}");
    assert_eq!(kept.iter().filter(|kept| kept["name"] == "acme-files").count(), 1, "{kept:?}");
    assert_eq!(world.s3("GET", "/acme-files/home/alice@example.com/a.txt", "").text(), "hers");

    // The bucket is there now: the next deployment uses it, and says why it cannot make it.
    world.run("deploy", &["--create-bucket"]).expect_failure(2, "configuration");
    world.run("deploy", &[]).expect_code(0);
}

#[test]
fn artifacts_of_other_deployments_survive() {
    let world = World::deployed();
    let digest = "0".repeat(64);
    let others = [format!("/demo-2/{digest}.zip"), "/demo-2/last-seen-server".to_owned(), format!("/dem/{digest}.zip")];
    for path in &others {
        assert_eq!(world.s3("PUT", &format!("{ARTIFACTS}{path}"), "theirs").status, 200);
    }
    expect_removed(&world, &world.run("teardown", &[]));
    for path in &others {
        assert_eq!(world.s3("GET", &format!("{ARTIFACTS}{path}"), "").text(), "theirs", "{path}");
    }
}

#[test]
fn an_endpoint_that_does_not_let_go_is_asked_again() {
    let stuck = Fault::refused(400, "InvalidRequestException", "Unable to delete VPC endpoint vpce-1");
    let world = World::deployed_with(|transfer| transfer.fault("DeleteServer", 1..=3, stuck));
    expect_removed(&world, &world.run("teardown", &[]));
    assert_eq!(world.transfer.count("DeleteServer"), 4);
}

#[test]
fn a_server_that_cannot_go_keeps_its_stack() {
    let refused =
        Fault::refused(400, "AccessDeniedException", "not authorized to perform: transfer:DeleteServer on resource: x");
    let world = World::deployed_with(|transfer| transfer.fault("DeleteServer", 1..=1, refused));
    let error = world.run("teardown", &[]).expect_failure(3, "permission");
    assert!(error["hint"].as_str().unwrap().contains("transfer:DeleteServer"), "{error}");
    world.expect_deployed();
    expect_removed(&world, &world.run("teardown", &[]));
}

#[test]
fn a_lost_answer_is_no_failure() {
    let world = World::deployed_with(|transfer| transfer.fault("DeleteServer", 1..=1, Fault::lost_answer()));
    world.aws.fault("cloudformation", "DeleteStack", 1..=1, Fault::lost_answer());
    expect_removed(&world, &world.run("teardown", &[]));
}

/// This emulator deletes everything, so the proxy says that it did not.
#[test]
fn a_stack_that_cannot_go_is_told_and_keeps_its_code() {
    let world = World::deployed();
    for action in ["DescribeStackEvents", "DescribeStacks"] {
        let failed = Fault::rewritten(&[("DELETE_COMPLETE", "DELETE_FAILED")]);
        world.aws.fault("cloudformation", action, 1..=100, failed);
    }
    // Without --retain it would try once more, of which the proxy cannot tell events; what is named is none of what is left.
    let error = world.run("teardown", &["--retain", "NoSuchResource"]).expect_failure(4, "stack-failed");
    assert!(error["message"].as_str().unwrap().contains("DELETE_FAILED"), "{error}");
    let left = world.s3("GET", &format!("{ARTIFACTS}?prefix=demo/"), "").text();
    assert!(left.contains(".zip</Key>"), "{left}");
}

#[test]
fn a_protected_stack_keeps_its_server() {
    let world = World::deployed();
    let protect = "Action=UpdateTerminationProtection&Version=2010-05-15&EnableTerminationProtection=true&StackName=";
    assert_eq!(world.query("cloudformation", &format!("{protect}{STACK}")).status, 200);
    let error = world.run("teardown", &[]).expect_failure(4, "stack-failed");
    assert!(error["hint"].as_str().unwrap().contains("termination-protection"), "{error}");
    world.expect_deployed();
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn a_deployment_that_never_was_costs_nothing() {
    let world = World::new();
    let ran = world.run("teardown", &[]);
    ran.expect_code(0);
    assert_eq!((&ran.json()["result"], &ran.json()["changes"]), (&json!("removed"), &json!([])));
    assert_eq!(world.mutating(), [""; 0]);
}
