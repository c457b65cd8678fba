//! A stack that fails, is somebody else's, or is hard to look at.

use serde_json::json;

use crate::support::fault::Fault;
use crate::support::process::Signal;
use crate::support::sandbox_calls::change_of;
use crate::support::terminal::Terminal;
use crate::support::transfer::{Life, Start};
use crate::support::world::{STACK, World, query, s3};

const ARTIFACTS: &str = "/sftp-okta-artifacts-000000000000-us-east-1";

#[test]
fn somebody_elses_bucket_is_never_taken_over() {
    let world = World::new();
    world.s3("PUT", "/acme-files", "");
    let ran = world.run("deploy", &["--create-bucket"]);
    let error = ran.expect_failure(2, "configuration");
    assert_eq!(error["resource"], "acme-files", "{error}");
    assert_eq!(world.mutating(), Vec::<String>::new());

    // Nor by a stack that is there already, and only uses it.
    world.run("deploy", &[]).expect_code(0);
    world.clear();
    let error = world.run("deploy", &["--create-bucket"]).expect_failure(2, "configuration");
    assert_eq!(error["resource"], "acme-files", "{error}");
    assert_eq!(world.mutating(), Vec::<String>::new());
}

/// A bucket of the name that the stack is to make appears between the plan and its execution.
#[test]
fn a_failed_creation_is_told_and_made_good_by_the_next_run() {
    let world = World::new();
    let endpoint = world.ministack.endpoint();
    let take = move || assert_eq!(s3(&endpoint, "PUT", "/acme-files", "").status, 200);
    world.aws.before("cloudformation", "ExecuteChangeSet", take);
    let ran = world.run("deploy", &["--create-bucket"]);
    let error = ran.expect_failure(4, "stack-failed");
    assert!(error["message"].as_str().unwrap().contains("ROLLBACK_COMPLETE"), "{error}");
    assert!(error["cause"].as_str().unwrap().contains("acme-files"), "{error}");
    assert_eq!(error["resource"], "UserBucket");
    let stack = &ran.json()["stack"];
    assert_eq!((&stack["status"], &stack["outputs"]), (&json!("ROLLBACK_COMPLETE"), &json!({})));
    assert_eq!(world.transfer.count("CreateServer"), 0);
    world.run("status", &[]).expect_code(7);

    world.run("deploy", &[]).expect_code(0);
    assert_eq!(world.aws.count("cloudformation", "DeleteStack"), 1);
    world.expect_deployed();
}

/// The zip goes away between its upload and the update, so that the function cannot be updated.
#[test]
fn a_failed_update_is_told_and_the_old_deployment_serves_on() {
    let world = World::deployed();
    let before = world.transfer.servers();
    let endpoint = world.ministack.endpoint();
    let lose_the_zips = move || {
        let zips = s3(&endpoint, "GET", &format!("{ARTIFACTS}?prefix=demo/"), "").text();
        for key in zips.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0)) {
            if key.ends_with(".zip") {
                s3(&endpoint, "DELETE", &format!("{ARTIFACTS}/{key}"), "");
            }
        }
    };
    world.aws.before("cloudformation", "ExecuteChangeSet", lose_the_zips);
    let changed = ["--permissions", "read-only", "--security-policy", "TransferSecurityPolicy-2024-01"];
    let ran = world.run("deploy", &changed);
    let error = ran.expect_error(4, "stack-failed");
    assert!(error["message"].as_str().unwrap().contains("UPDATE_ROLLBACK_COMPLETE"), "{error}");
    let cause = error["cause"].as_str().unwrap();
    assert!(cause.starts_with("IdentityProviderFunction (AWS::Lambda::Function) UPDATE_FAILED"), "{error}");
    assert_eq!(error["resource"], "IdentityProviderFunction");
    assert_eq!(
        (&ran.json()["result"], &ran.json()["stack"]["status"]),
        (&json!("failed"), &json!("UPDATE_ROLLBACK_COMPLETE"))
    );
    assert_eq!(world.transfer.servers(), before, "the server is not touched after a failed stack");

    // It serves, and yet the failure is told.
    let status = world.run("status", &changed);
    status.expect_code(0);
    assert!(status.json()["warnings"].to_string().contains("the last update failed and was undone"), "{status}");
    let planned = world.run("plan", &changed).json();
    assert!(change_of(&planned, "stack")["details"].to_string().contains("UPDATE_ROLLBACK_COMPLETE"), "{planned}");

    world.run("deploy", &changed).expect_code(0);
    world.expect_deployed();
}

#[test]
fn a_stack_of_somebody_else_is_not_touched() {
    let world = World::new();
    let template = "{\"Resources\": {\"T\": {\"Type\": \"AWS::SNS::Topic\"}}}";
    let template: String = url::form_urlencoded::byte_serialize(template.as_bytes()).collect();
    let form = format!("Action=CreateStack&Version=2010-05-15&StackName={STACK}&TemplateBody={template}");
    assert_eq!(world.query("cloudformation", &form).status, 200);
    for command in ["deploy", "teardown"] {
        let error = world.run(command, &[]).expect_failure(4, "stack-failed");
        assert!(error["hint"].as_str().unwrap().contains("--stack-name"), "{error}");
    }
    world.run("status", &[]).expect_code(7);
    assert_eq!(world.mutating(), [""; 0]);
    assert_eq!(world.stack_status(STACK).as_deref(), Some("CREATE_COMPLETE"));
}

#[test]
fn a_stack_deleted_during_the_wait_is_told_and_one_deleted_between_runs_is_made_anew() {
    let world = World::new();
    let endpoint = world.ministack.endpoint();
    let delete = move || {
        query(&endpoint, "cloudformation", &format!("Action=DeleteStack&Version=2010-05-15&StackName={STACK}"));
    };
    world.aws.before("cloudformation", "DescribeStackEvents", delete.clone());
    let error = world.run("deploy", &[]).expect_failure(4, "stack-failed");
    assert!(error["message"].as_str().unwrap().contains("deleted"), "{error}");

    world.run("deploy", &[]).expect_code(0);
    let (id, old) = (world.the_server(), world.own_servers().remove(0));
    delete();
    world.clear();
    let ran = world.run("deploy", &[]);
    ran.expect_code(0);
    let followed = change_of(&ran.json(), "server").clone();
    assert_eq!(followed["action"], "update", "{followed}");
    assert!(followed["details"].to_string().contains("Url: known after the stack's change"), "{followed}");
    // The server stays, with its name and host key, and uses what the new stack has.
    assert_eq!(world.the_server(), id);
    assert_eq!((world.transfer.count("CreateServer"), world.transfer.count("UpdateServer")), (0, 1));
    assert_ne!(world.own_servers()[0]["IdentityProviderDetails"]["Url"], old["IdentityProviderDetails"]["Url"]);
}

#[test]
fn throttled_looks_only_slow_it_down() {
    let world = World::new();
    // As many as the SDK's own attempts, so that a whole look fails.
    let throttled = Fault::refused(400, "Throttling", "Rate exceeded");
    world.aws.fault("cloudformation", "DescribeStackEvents", 1..=5, throttled);
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
}

#[test]
fn credentials_that_end_during_the_wait_leave_the_operation_going() {
    let world = World::new();
    let expired = Fault::refused(403, "ExpiredToken", "The security token included in the request is expired");
    // Fetched anew, they are the same.
    world.aws.fault("cloudformation", "DescribeStackEvents", 1..=2, expired);
    let error = world.run("deploy", &[]).expect_failure(3, "credentials");
    assert!(error["cause"].as_str().unwrap().contains("CloudFormation goes on with stack"), "{error}");
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
}

#[test]
fn a_missing_permission_is_named() {
    let world = World::new();
    let who = "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: cloudformation:CreateChangeSet on \
               resource: arn:aws:cloudformation:us-east-1:000000000000:stack/sftp-okta-demo/*";
    world.aws.fault("cloudformation", "CreateChangeSet", 1..=1, Fault::refused(403, "AccessDenied", who));
    let error = world.run("deploy", &[]).expect_failure(3, "permission");
    assert!(error["hint"].as_str().unwrap().contains("cloudformation:CreateChangeSet"), "{error}");
    assert!(error["request_id"].is_string(), "{error}");
    assert_eq!(world.stack_status(STACK), None);
}

/// No emulator takes its time with this template, so the proxy says of a stack that is ready that it is not.
#[test]
fn an_operation_of_another_run_is_waited_for() {
    let world = World::deployed();
    let in_progress = Fault::rewritten(&[("CREATE_COMPLETE", "UPDATE_IN_PROGRESS")]);
    world.aws.fault("cloudformation", "DescribeStacks", 1..=4, in_progress);
    let ran = world.run("deploy", &[]);
    ran.expect_code(0);
    assert!(ran.stderr.contains("UPDATE_IN_PROGRESS"), "{ran}");
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 0);
    assert_eq!(world.transfer.mutating(), []);
}

/// A deploy of `demo` on a terminal, approved by whoever sits there.
fn on_terminal(world: &World, more: &[&str]) -> Terminal {
    let arguments = world.arguments("deploy", more);
    let asked = |text: &&str| !["--output", "json", "--yes"].contains(text);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).filter(asked).collect();
    world.cli.on_terminal(120, &arguments)
}

/// Nobody is asked about a stack that is just becoming another one, nor is it planned for.
#[test]
fn nobody_is_asked_before_the_stack_has_settled() {
    let world = World::deployed();
    let change = ["--log-retention-days", "30"];
    let in_progress = || Fault::rewritten(&[("CREATE_COMPLETE", "UPDATE_IN_PROGRESS")]);
    world.aws.fault("cloudformation", "DescribeStacks", 1..=2, in_progress());
    let planned = world.run("plan", &change);
    planned.expect_code(0);
    let warnings = planned.json()["warnings"].to_string();
    assert!(warnings.contains("is not known while another operation on it is under way"), "{planned}");
    let error = world.run("plan", &["--log-retention-days", "30", "--out", "plan.json"]).expect_failure(9, "busy");
    assert!(error["message"].as_str().unwrap().contains("another operation"), "{error}");

    world.aws.fault("cloudformation", "DescribeStacks", 1..=4, in_progress());
    let mut run = on_terminal(&world, &change);
    run.wait_for("Type yes to go on:");
    run.type_in("no\n");
    let shown = run.wait();
    shown.expect_code(1);
    for text in [
        "UPDATE_IN_PROGRESS: waiting for that operation to end",
        "parameter LogRetentionDays",
        "IdentityProviderLogGroup",
    ] {
        assert!(shown.text.contains(text), "no {text} in {shown}");
    }
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 0);
}

/// What time did while the question waited is nobody else's change.
#[test]
fn a_server_that_comes_online_meanwhile_is_no_other_plan() {
    let world = World::deployed();
    let id = world.the_server();
    world.transfer.set_life(&id, Life::starting(Start::Never));
    let mut run = on_terminal(&world, &["--security-policy", "TransferSecurityPolicy-2024-01"]);
    run.wait_for("Type yes to go on:");
    world.transfer.set_life(&id, Life::Online);
    run.type_in("yes\n");
    let shown = run.wait();
    shown.expect_code(0);
    assert!(shown.text.contains("state: STARTING → ONLINE"), "{shown}");
    assert_eq!(world.own_servers()[0]["SecurityPolicyName"], "TransferSecurityPolicy-2024-01");
}

/// What the stack was before is not this run's result.
#[test]
fn an_interrupted_update_reports_nothing_of_before() {
    let world = World::deployed();
    world.aws.fault("cloudformation", "ExecuteChangeSet", 1..=1, Fault::silence());
    let running = world.start("deploy", &["--log-retention-days", "30"]);
    world.aws.wait_for("cloudformation", "ExecuteChangeSet", 1);
    running.signal(Signal::INT);
    let ran = running.wait();
    ran.expect_failure(130, "interrupted");
    let stack = &ran.json()["stack"];
    assert_eq!((&stack["name"], &stack["status"], &stack["outputs"]), (&json!(STACK), &json!(""), &json!({})), "{ran}");
}

#[test]
fn a_deadline_leaves_the_stack_to_the_next_run() {
    let world = World::new();
    let in_progress = || Fault::rewritten(&[("CREATE_COMPLETE", "CREATE_IN_PROGRESS")]);
    for action in ["DescribeStackEvents", "DescribeStacks"] {
        world.aws.fault("cloudformation", action, 1..=40, in_progress());
    }
    let ran = world.run("deploy", &["--timeout", "600ms"]);
    let error = ran.expect_failure(6, "deadline");
    assert!(error["cause"].as_str().unwrap().contains(STACK), "{error}");
    assert_eq!(world.transfer.mutating(), []);

    let again = world.run("deploy", &[]);
    again.expect_code(0);
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
    world.expect_deployed();
}

#[test]
fn a_lost_answer_starts_no_second_operation() {
    let world = World::new();
    world.aws.fault("cloudformation", "ExecuteChangeSet", 1..=1, Fault::lost_answer());
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
    assert_eq!(world.aws.count("cloudformation", "CreateChangeSet"), 1);
}

/// CloudFormation knows the request again by its token, this emulator does not.
#[test]
fn a_change_set_whose_answer_was_lost_is_found_again() {
    let world = World::new();
    world.aws.fault("cloudformation", "CreateChangeSet", 1..=1, Fault::lost_answer());
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
}
