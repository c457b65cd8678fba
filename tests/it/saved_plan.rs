//! `plan --out` and `deploy --plan`: exactly what was approved, or nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::sandbox_calls::{OwnSandbox, change_of};

#[test]
fn a_plan_is_executed_without_asking_and_only_while_nothing_moved() {
    let sandbox = OwnSandbox::start("");
    let file = sandbox.cli().folder().join("plan.json");
    fs::write(&file, "something else").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let plan = |more: &str| sandbox.run(&format!("plan --out plan.json{more}"));
    let deploy = |more: &str| sandbox.run(&format!("deploy --plan plan.json --poll-interval 50ms{more}"));

    // The first deploy, from nothing. There is no terminal, and no --yes.
    plan("").expect_code(0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = deploy("");
    first.expect_code(0);
    assert_eq!(first.json()["result"], "deployed", "{first}");
    // Again, as a pipeline may that was cut off at its end: there is nothing left to do.
    assert_eq!(deploy("").json()["result"], "unchanged");

    // An update: the resources that were approved are those that change.
    let planned = plan(" --log-retention-days 30");
    planned.expect_code(0);
    let updated = deploy(" --log-retention-days 30");
    updated.expect_code(0);
    assert_eq!(
        change_of(&updated.json(), "stack")["resources"],
        change_of(&planned.json(), "stack")["resources"],
        "{updated}"
    );

    // Other settings than the approved ones.
    plan(" --log-retention-days 60").expect_code(0);
    let other = deploy(" --log-retention-days 14").expect_failure(2, "configuration");
    assert!(other["cause"].as_str().unwrap().contains("parameter LogRetentionDays"), "{other}");

    // Somebody was faster.
    sandbox.change("deploy --log-retention-days 7").expect_code(0);
    let moved = deploy(" --log-retention-days 60").expect_failure(9, "busy");
    assert!(moved["cause"].as_str().unwrap().contains("the stack"), "{moved}");
    assert_eq!(
        sandbox.run("plan --log-retention-days 7").json()["changes"],
        serde_json::json!([]),
        "nothing was changed"
    );
}

#[test]
fn the_plan_of_another_place_or_version_is_refused() {
    let sandbox = OwnSandbox::start("");
    sandbox.run("plan --out plan.json").expect_code(0);
    let file = sandbox.cli().folder().join("plan.json");
    let text = fs::read_to_string(&file).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        sandbox.run("deploy --plan plan.json")
    };
    with("\"account\": \"000000000000\"", "\"account\": \"111122223333\"").expect_failure(3, "wrong-account");
    with("\"region\": \"us-east-1\"", "\"region\": \"eu-west-1\"").expect_failure(2, "configuration");
    with("\"deployment\": \"sandbox\"", "\"deployment\": \"other\"").expect_failure(2, "configuration");
    with("\"version\": \"", "\"version\": \"9.").expect_failure(2, "configuration");
    with("{", "[").expect_failure(2, "configuration");
    fs::remove_file(&file).unwrap();
    sandbox.run("deploy --plan plan.json").expect_failure(2, "configuration");
    sandbox.run("status").expect_code(7);
}
