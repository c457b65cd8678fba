//! `verify`: a real sign-in through everything that is deployed, and what it must not take for one.

use serde_json::{Value, json};

use crate::support::cli::Ran;
use crate::support::fault::Fault;
use crate::support::loopback::Reply;
use crate::support::sandbox::Sandbox;
use crate::support::world::{PASSWORD, World};

/// Runs the deployer with something on stdin.
fn with_input(sandbox: &Sandbox, input: &str, line: &str) -> Ran {
    sandbox.cli.clone().input(input).run(&line.split(' ').collect::<Vec<_>>())
}

/// Runs the deployer with a password in the environment.
fn with_password(sandbox: &Sandbox, password: &str, line: &str) -> Ran {
    sandbox.cli.clone().env("SFTP_OKTA_VERIFY_PASSWORD", password).run(&line.split(' ').collect::<Vec<_>>())
}

#[test]
fn a_user_of_the_sandbox_is_let_in_and_others_are_not() {
    let sandbox = Sandbox::deployed("");
    let (alice, locked) = (sandbox.password("alice"), sandbox.password("locked"));
    let ran = with_input(
        &sandbox,
        &format!("{alice}\n"),
        "verify alice --password-stdin --poll-interval 50ms --sandbox --output json",
    );
    ran.expect_code(0);
    let result = ran.json();
    assert_eq!(result["result"], "verified", "{ran}");
    let told = &result["verify"];
    let server = result["server"]["id"].as_str().unwrap();
    assert!(told["role"].as_str().unwrap().starts_with("arn:aws:iam::000000000000:role/"), "{told}");
    assert_eq!(
        json!([told["user"], told["accepted"], told["home"], told["folders"], told["rights"]]),
        json!(["alice", true, "/",
               [{"path": "/", "target": "/sandbox-files/home/alice@example.com",
                 "rights": ["list", "download", "upload", "delete"]}],
               ["list", "download", "upload", "delete"]])
    );
    assert_eq!(json!([told["refused_unknown_user"], told["refused_wrong_password"]]), json!([true, true]));
    // The line of this very sign-in, not of the two that were refused.
    let log = &told["log"];
    assert_eq!(
        json!([log["decision"], log["login"], log["server_id"]]),
        json!(["accepted", "alice@example.com", server]),
        "{ran}"
    );
    assert!(log["okta_request_id"].as_str().is_some_and(|id| !id.is_empty()), "{log}");
    // The result also tells the sandbox's users with their passwords, which are no secrets; nothing else does.
    assert!(!ran.stderr.contains(&alice) && !told.to_string().contains(&alice), "the password is nowhere: {ran}");

    // In words, and with the password from the environment.
    let told = with_password(&sandbox, &alice, "verify alice@example.com --poll-interval 50ms --sandbox");
    told.expect_code(0);
    for words in [
        "sandbox: alice@example.com can sign in",
        "  s3://sandbox-files/home/alice@example.com  read and write",
        "a made-up user, a wrong password",
        "Okta request",
    ] {
        assert!(told.stdout.contains(words), "{words}\n{told}");
    }

    // Refused: told with the reason of the function's log, and nothing more is tried with that account.
    for (user, password, reason) in [("partner", "wrong", "bad-credentials"), ("locked", &*locked, "locked-out")] {
        let refused =
            with_password(&sandbox, password, &format!("verify {user} --poll-interval 50ms --sandbox --output json"));
        let error = refused.expect_failure(10, "verify-failed");
        assert_eq!(error["message"], format!("{user} was refused"));
        assert_eq!(error["cause"], format!("the reason is {reason}"), "{refused}");
        let told = &refused.json()["verify"];
        assert_eq!(json!([told["accepted"], told["role"], told["refused_wrong_password"]]), json!([false, null, null]));
    }

    // Without a password it cannot be a sign-in, and nobody can be asked here.
    sandbox.deployer("verify alice").expect_failure(2, "usage");
    with_password(&sandbox, "x", "verify a+b@example.com --sandbox --output json").expect_failure(2, "usage");
    with_input(&sandbox, "\n", "verify alice --password-stdin --sandbox --output json").expect_failure(2, "usage");
}

#[test]
fn a_deploy_ends_with_the_check_changed_or_not() {
    let sandbox = Sandbox::new();
    sandbox.run("sandbox start --detach").expect_code(0);
    let alice = sandbox.password("alice");
    let deploy = "deploy --yes --verify alice --poll-interval 50ms --sandbox --output json";
    for result in ["deployed", "unchanged"] {
        let ran = with_password(&sandbox, &alice, deploy);
        ran.expect_code(0);
        assert_eq!(json!([ran.json()["result"], ran.json()["verify"]["accepted"]]), json!([result, true]), "{ran}");
    }
    let refused = with_password(&sandbox, "wrong", deploy);
    refused.expect_failure(10, "verify-failed");
    assert_eq!(refused.json()["server"]["state"], "ONLINE", "what is deployed is told all the same");
    // Before anything is begun.
    let calls = sandbox.deployer("deploy --yes --verify alice");
    calls.expect_failure(2, "usage");
}

#[test]
fn nothing_to_sign_in_to() {
    let sandbox = Sandbox::new();
    sandbox.run("sandbox start --detach").expect_code(0);
    let ran = with_password(&sandbox, "x", "verify alice --sandbox --output json");
    assert_eq!(ran.expect_failure(10, "verify-failed")["message"], "there is no server to sign in to");
}

/// What TestIdentityProvider answers in place of the truth, for the call with that number, and how it ends.
#[test]
fn only_a_role_counts_and_no_call_is_repeated() {
    let world = World::deployed().cli(|cli| cli.env("SFTP_OKTA_VERIFY_PASSWORD", PASSWORD));
    let answered = |status: u16, response: &str| {
        let body = json!({"StatusCode": status, "Response": response, "Message": "", "Url": ""});
        Fault::answered_by_another(Reply::new(200, "application/x-amz-json-1.1", body.to_string()))
    };
    let role = r#"{"Role":"arn:aws:iam::000000000000:role/x","HomeDirectory":"/acme-files/x"}"#;
    let cases = [
        (1, answered(200, role), "a user who does not exist was let in"),
        (1, answered(500, ""), "the identity provider cannot be asked"),
        (2, answered(200, "{}"), "alice was refused"),
        (2, answered(200, "<html>"), "the identity provider cannot be asked"),
        (2, answered(403, role), "the identity provider cannot be asked"),
        (3, answered(200, role), "a wrong password was let in"),
    ];
    for (call, fault, message) in cases {
        world.clear();
        world.transfer.fault("TestIdentityProvider", call..=call, fault);
        let ran = world.run("verify", &["alice"]);
        assert_eq!(ran.expect_failure(10, "verify-failed")["message"], message, "{ran}");
        assert_eq!(world.transfer.count("TestIdentityProvider"), call, "{message}");
        assert_eq!(world.mutating(), [] as [String; 0]);
    }

    // An answer that was lost may have been a sign-in: it is not asked again.
    world.clear();
    world.transfer.fault("TestIdentityProvider", 2..=2, Fault::lost_answer());
    world.run("verify", &["alice"]).expect_failure(3, "network");
    assert_eq!(world.transfer.count("TestIdentityProvider"), 2);

    // Only what was asked for.
    world.clear();
    world.run("verify", &["alice", "--no-negative-checks", "--source-ip", "203.0.113.9"]).expect_code(0);
    let asked: Vec<Value> = world.transfer.calls().into_iter().map(|call| call.body["SourceIp"].clone()).collect();
    assert_eq!(asked.iter().filter(|address| **address == "203.0.113.9").count(), 1, "{asked:?}");
    assert_eq!(world.transfer.count("TestIdentityProvider"), 1);
}
