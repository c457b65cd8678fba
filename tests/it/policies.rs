//! The policies that `doctor` prints: offline, enough for every command, and no action too many.

mod enforced;
mod reach;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::aws_proxy::Call;
use crate::support::cli::Cli;
use crate::support::fault::Fault;
use crate::support::transfer::Life;
use crate::support::world::World;

/// The policy that is printed, as one would paste it.
fn printed(purpose: &str) -> Value {
    printed_with(purpose, &[])
}

fn printed_with(purpose: &str, more: &[&str]) -> Value {
    let names = [
        ["--name", "demo"],
        ["--region", "us-east-1"],
        ["--account", "000000000000"],
        ["--okta-org", "https://acme.okta.com"],
        ["--bucket", "acme-files"],
    ];
    let arguments: Vec<&str> =
        ["doctor", "--print-policy", purpose].into_iter().chain(names.concat()).chain(more.iter().copied()).collect();
    let ran = Cli::new().without("AWS_ACCESS_KEY_ID").run(&arguments);
    ran.expect_code(0);
    ran.json()
}

#[test]
fn a_policy_is_printed_offline_and_names_what_is_not_known() {
    assert_eq!(printed("teardown")["Version"], "2012-10-17");
    let ran = Cli::new().run(&["doctor", "--print-policy", "status", "--name", "demo", "--output", "json"]);
    ran.expect_code(0);
    assert!(ran.json()["warnings"].to_string().contains("ACCOUNT-ID, REGION-NAME"), "{ran}");
    assert!(ran.json()["policy"]["Statement"].is_array(), "{ran}");
}

/// The services that the deployer itself calls.
const CALLED: [&str; 3] = ["cloudformation", "s3", "transfer"];
/// What it calls of those that otherwise CloudFormation calls with the caller's rights.
const CALLED_TOO: [&str; 2] = ["iam:GetRole", "logs:FilterLogEvents"];

/// The actions of a policy.
fn actions(policy: &Value) -> BTreeSet<String> {
    let of = |statement: &Value| {
        let action = &statement["Action"];
        action.as_array().cloned().unwrap_or_else(|| vec![action.clone()])
    };
    let all = policy["Statement"].as_array().unwrap().iter().flat_map(of);
    all.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// Those that the deployer itself calls. The others CloudFormation and Transfer call with the caller's rights.
fn direct(policy: &Value) -> BTreeSet<String> {
    let is_own =
        |action: &String| CALLED.contains(&action.split(':').next().unwrap()) || CALLED_TOO.contains(&action.as_str());
    actions(policy).into_iter().filter(is_own).collect()
}

/// The IAM action of a call, as the Service Authorization Reference has it; none for what needs no right.
fn action_of(service: &str, action: &str, query: &str) -> Option<String> {
    let Some((method, path)) = action.split_once(' ').filter(|_| service == "s3") else {
        return (action != "GetCallerIdentity").then(|| format!("{service}:{action}"));
    };
    let of_object = path.trim_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let named = |name: &str| query.split('&').any(|part| part == name || part.starts_with(&format!("{name}=")));
    let right = match (method, of_object) {
        ("GET" | "HEAD", true) => "GetObject",
        ("PUT", true) => "PutObject",
        ("DELETE", true) => "DeleteObject",
        ("POST", false) if named("delete") => "DeleteObject",
        ("GET", false) if named("tagging") => "GetBucketTagging",
        ("PUT", false) if named("tagging") => "PutBucketTagging",
        ("PUT", false) if named("publicAccessBlock") => "PutBucketPublicAccessBlock",
        ("PUT", false) if named("encryption") => "PutEncryptionConfiguration",
        ("PUT", false) if named("ownershipControls") => "PutBucketOwnershipControls",
        ("PUT", false) if named("policy") => "PutBucketPolicy",
        ("PUT", false) => "CreateBucket",
        ("GET" | "HEAD", false) => "ListBucket",
        (method, _) => panic!("{method} {path}?{query} has no right here"),
    };
    Some(format!("s3:{right}"))
}

/// The actions of all calls so far.
fn called(world: &World) -> BTreeSet<String> {
    let aws = world.aws.calls().into_iter().filter_map(|call| action_of(&call.service, &call.action, &call.query));
    let transfer = world.transfer.calls().into_iter().map(|call| format!("transfer:{}", call.operation));
    aws.chain(transfer).collect()
}

/// The actions that were refused because a policy did not allow them. Services that speak JSON refuse with 400.
fn refused(world: &World) -> BTreeSet<String> {
    let is_refused = |call: &Call| call.status == Some(if call.service == "logs" { 400 } else { 403 });
    let aws = world.aws.calls().into_iter().filter(is_refused);
    let aws = aws.filter_map(|call| action_of(&call.service, &call.action, &call.query));
    aws.chain(world.transfer.calls().into_iter().filter_map(|call| call.denied)).collect()
}

/// What the commands call is what the policies allow: nothing is missing, whatever way a run takes. That nothing is too much
/// [`enforced`] shows.
#[test]
fn every_call_is_allowed_by_the_policy_of_its_command() {
    let world = World::new();
    world.cli.write(
        "sftp-okta.toml",
        "[server.endpoint]\nvpc = \"vpc-1a2b3c4d\"\nsubnets = [\"subnet-1a2b3c4d\"]\nelastic_ips = [\"eipalloc-1a2b3c4d\"]\n",
    );
    assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
    let run = |world: &World, purpose: &str, command: &str, more: &[&str]| {
        world.clear();
        world.run(command, more);
        let (called, allowed) = (called(world), direct(&printed(purpose)));
        let missing: Vec<_> = called.difference(&allowed).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{command} {more:?} calls what the policy of {purpose} lacks");
    };
    run(&world, "plan", "plan", &[]);
    run(&world, "deploy", "deploy", &[]);
    run(&world, "plan", "plan", &[]);
    run(&world, "plan", "plan", &["--log-retention-days", "14"]);
    run(&world, "deploy", "deploy", &["--security-policy", "TransferSecurityPolicy-2024-01", "--tag", "a=b"]);
    run(&world, "status", "status", &[]);
    run(&world, "status", "status", &["--drift"]);
    run(&world, "status", "status", &["--all"]);
    let id = world.the_server();
    world.transfer.set_life(&id, Life::Offline);
    run(&world, "deploy", "deploy", &[]);
    world.aws.fault("cloudformation", "CreateChangeSet", 1..=1, Fault::lost_answer());
    run(&world, "deploy", "deploy", &["--log-retention-days", "7"]);
    run(&world, "teardown", "teardown", &[]);
}

/// The example is what is printed: one source of truth.
#[test]
fn the_example_of_a_policy_is_the_printed_one() {
    let boundary = "arn:aws:iam::111122223333:policy/sftp-okta-boundary";
    let ran = Cli::new().run(&[
        "doctor",
        "--print-policy",
        "deploy",
        "--name",
        "partners",
        "--region",
        "eu-west-1",
        "--account",
        "111122223333",
        "--okta-org",
        "https://acme.okta.com",
        "--bucket",
        "acme-partner-files",
        "--permissions-boundary",
        boundary,
    ]);
    ran.expect_code(0);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/github-actions/deploy-role-policy.json");
    let example = std::fs::read_to_string(example).unwrap();
    assert_eq!(example, ran.stdout, "write it anew with: sftp-okta doctor --print-policy deploy …");
    assert_ne!(ran.stdout, json!({}).to_string());
}
