//! What `doctor` finds.

use serde_json::Value;

use crate::support::cli::{Cli, Ran};
use crate::support::fault::Fault;
use crate::support::sandbox::Sandbox;
use crate::support::steady::steady;
use crate::support::transfer::Seed;
use crate::support::world::World;

/// `check level` of every finding.
fn found(ran: &Ran) -> Vec<String> {
    let findings = ran.json()["findings"].as_array().unwrap_or_else(|| panic!("{ran}")).clone();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    findings.iter().map(|finding| format!("{} {}", text(finding, "check"), text(finding, "level"))).collect()
}

#[track_caller]
pub(crate) fn expect_found(ran: &Ran, expected: &[&str]) {
    let found = found(ran);
    for expected in expected {
        assert!(found.iter().any(|found| found == expected), "{expected} is not in {found:?}\n{ran}");
    }
}

#[test]
fn before_a_deploy_it_tells_what_is_missing_and_changes_nothing() {
    let world = World::new();
    let ran = world.run("doctor", &[]);
    ran.expect_code(7);
    assert_eq!(ran.json()["result"], "unhealthy");
    expect_found(&ran, &["credentials ok", "bucket error", "stack info", "permission warning"]);
    assert!(found(&ran)[0].ends_with(" error"), "the worst comes first: {ran}");
    assert_eq!(world.mutating(), [""; 0]);

    assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
    let ran = world.run("doctor", &[]);
    ran.expect_code(0);
    expect_found(&ran, &["bucket ok"]);
    // For people: one line a finding, and what to do below it.
    let arguments: Vec<String> = world.arguments("doctor", &[]);
    let text: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|text| !["--output", "json"].contains(text)).collect();
    let ran = world.cli.run(&text);
    insta::assert_snapshot!("doctor_before_a_deploy", steady(&ran.stdout));
}

/// In the sandbox, where CloudFormation reads every resource as it is: with an API, and without one.
#[test]
fn what_is_deployed_is_audited_both_ways() {
    for (name, settings) in [("api", ""), ("direct", "[server]\nidentity_provider = \"lambda\"\n")] {
        let sandbox = Sandbox::new();
        sandbox.cli.write("sftp-okta.toml", settings);
        sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
        let ran = sandbox.run("doctor --sandbox");
        ran.expect_code(0);
        insta::assert_snapshot!(format!("doctor_{name}"), steady(&ran.stdout));
    }
}

#[test]
fn a_deployed_one_is_audited() {
    let world = World::deployed_with(|transfer| transfer.server(Seed::foreign()));
    assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
    let ran = world.run("doctor", &[]);
    ran.expect_code(0);
    expect_found(
        &ran,
        &["server ok", "security-policy ok", "listing-optimisation ok", "server-log ok", "endpoint info", "stack ok"],
    );
    assert_eq!(ran.json()["server"]["id"], world.the_server());
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn the_wrong_account_and_no_credentials_are_findings() {
    let world = World::new();
    let ran = world.run("doctor", &["--account", "111122223333"]);
    ran.expect_code(7);
    expect_found(&ran, &["account error"]);
    let ran = Cli::new()
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .endpoint("http://127.0.0.1:1")
        .run(&["doctor", "--name", "demo", "--output", "json"]);
    ran.expect_code(7);
    expect_found(&ran, &["credentials error"]);
}

#[test]
fn what_may_not_be_asked_is_told_with_the_right_that_is_missing() {
    let world = World::deployed();
    world.transfer.fault("ListServers", 1..=99, Fault::refused(400, "AccessDeniedException", "no"));
    world.aws.fault("iam", "GetAccountSummary", 1..=9, Fault::refused(403, "AccessDenied", "no"));
    world.aws.fault("cloudformation", "DescribeStacks", 1..=9, Fault::refused(403, "AccessDenied", "no"));
    let ran = world.run("doctor", &[]);
    ran.expect_code(7);
    expect_found(&ran, &["server error", "stack error", "quota-roles info"]);
    assert!(ran.stdout.contains("iam:GetAccountSummary"), "{ran}");
}
