//! Teardown with the users' files, with a protected stack, and with something that cannot go.

use serde_json::Value;

use crate::support::sandbox_calls::OwnSandbox;

const BUCKET: &str = "sandbox-files";

/// A deployment with files, one of them in two versions and one deleted.
fn with_files() -> OwnSandbox {
    let sandbox = OwnSandbox::start("");
    sandbox.change("deploy").expect_code(0);
    for (method, key, body) in [
        ("PUT", "a", "one"),
        ("PUT", "a", "two"),
        ("PUT", "b", "three"),
        ("DELETE", "b", ""),
        ("PUT", "home/x/c", "four"),
    ] {
        let reply = sandbox.s3(method, &format!("/{BUCKET}/{key}"), body);
        assert!([200, 204].contains(&reply.status), "{method} {key}: {}", reply.text());
    }
    sandbox
}

fn kept(result: &Value) -> Vec<&str> {
    result["kept"].as_array().unwrap().iter().filter_map(|kept| kept["name"].as_str()).collect()
}

#[test]
fn files_go_only_with_the_bucket_that_the_stack_made_and_only_by_its_name() {
    let sandbox = with_files();
    assert_eq!(sandbox.s3("PUT", "/somebody-elses", "").status, 200);
    sandbox.change("teardown --delete-data").expect_failure(2, "usage");
    sandbox.change("teardown --delete-data somebody-elses").expect_failure(2, "configuration");
    sandbox.run("status").expect_code(0);

    let removed = sandbox.change(&format!("teardown --delete-data {BUCKET}"));
    removed.expect_code(0);
    let result = removed.json();
    assert!(!kept(&result).contains(&BUCKET), "{removed}");
    assert!(result["changes"].to_string().contains("users-bucket"), "{removed}");
    assert_eq!(sandbox.s3("HEAD", &format!("/{BUCKET}"), "").status, 404);
    assert_eq!(sandbox.s3("HEAD", "/somebody-elses", "").status, 200);
    sandbox.change(&format!("teardown --delete-data {BUCKET}")).expect_code(0);
}

#[test]
fn files_of_a_stack_that_is_gone_go_by_name_too() {
    let sandbox = with_files();
    let first = sandbox.change("teardown");
    first.expect_code(0);
    assert!(kept(&first.json()).contains(&BUCKET), "{first}");
    assert_eq!(sandbox.s3("PUT", "/somebody-elses", "").status, 200);
    sandbox.change("teardown --delete-data somebody-elses").expect_failure(2, "configuration");
    sandbox.change(&format!("teardown --delete-data {BUCKET}")).expect_code(0);
    assert_eq!(sandbox.s3("HEAD", &format!("/{BUCKET}"), "").status, 404);
}

#[test]
fn at_a_terminal_each_name_is_asked_for_by_itself() {
    let sandbox = with_files();
    let declined = sandbox.at_a_terminal("teardown --delete-data", "sandbox\nno\n");
    assert!(declined.stdout.contains("nothing was changed"), "{declined}");
    let wrong = sandbox.at_a_terminal("teardown --delete-data", "other\n");
    assert!(wrong.stdout.contains("nothing was changed"), "{wrong}");
    sandbox.run("status").expect_code(0);
    assert_eq!(sandbox.s3("GET", &format!("/{BUCKET}/a"), "").text(), "two");

    let removed = sandbox.at_a_terminal("teardown --delete-data", &format!("sandbox\n{BUCKET}\n"));
    for text in ["sandbox is removed", "Gone:", "users bucket sandbox-files", "Kept:", "Still costs:"] {
        assert!(removed.stdout.contains(text), "no {text:?} in {removed}");
    }
    assert_eq!(sandbox.s3("HEAD", &format!("/{BUCKET}"), "").status, 404);
}

#[test]
fn a_stack_that_deploy_protected_stays_until_a_person_lifts_that() {
    let sandbox = OwnSandbox::start("");
    sandbox.change("deploy").expect_code(0);
    let planned = sandbox.run("plan --termination-protection");
    assert!(planned.json()["changes"].to_string().contains("termination protection: off → on"), "{planned}");
    sandbox.change("deploy --termination-protection").expect_code(0);
    assert_eq!(sandbox.change("deploy --termination-protection").json()["result"], "unchanged");
    assert_eq!(sandbox.change("deploy").json()["result"], "unchanged", "leaving it out does not lift it");

    let refused = sandbox.change("teardown").expect_failure(4, "stack-failed");
    assert!(refused["hint"].as_str().unwrap().contains("--no-enable-termination-protection"), "{refused}");
    sandbox.run("status").expect_code(0);
    let lift = "Action=UpdateTerminationProtection&EnableTerminationProtection=false&StackName=sftp-okta-sandbox";
    sandbox.cloudformation(lift);
    sandbox.change("teardown").expect_code(0);
}

#[test]
fn what_cannot_go_is_explained_and_left_behind_on_request() {
    let sandbox = OwnSandbox::start("--fail DeleteKey");
    sandbox.change("deploy").expect_code(0);
    let error = sandbox.change("teardown").expect_failure(4, "stack-failed");
    assert!(error["message"].as_str().unwrap().contains("DELETE_FAILED"), "{error}");
    assert!(error["cause"].as_str().unwrap().starts_with("EncryptionKey (AWS::KMS::Key, "), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--retain EncryptionKey"), "{error}");
    // A deploy cannot go on from there, and says what can.
    let stuck = sandbox.change("deploy").expect_failure(4, "stack-failed");
    assert!(stuck["hint"].as_str().unwrap().contains("teardown"), "{stuck}");

    let removed = sandbox.change("teardown --retain EncryptionKey");
    removed.expect_code(0);
    let result = removed.json();
    let key = result["kept"].as_array().unwrap().iter().find(|kept| kept["kind"] == "AWS::KMS::Key").cloned();
    assert!(key.expect("the key is told")["why"].as_str().unwrap().contains("--retain"), "{removed}");
    assert_eq!(result["cost"]["usd_per_month"], 1.0, "the key goes on being billed: {removed}");
    sandbox.run("status").expect_code(7);
}
