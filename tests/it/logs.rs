//! `logs`: the function's decisions, as they are and as they come.

use serde_json::Value;

use crate::support::process::Signal;
use crate::support::sandbox::Sandbox;

/// Three sign-ins: one accepted, two refused.
fn with_sign_ins() -> Sandbox {
    let sandbox = Sandbox::deployed("");
    sandbox.sftp("alice", &sandbox.password("alice"), "ls\n").expect_code(0);
    sandbox.sftp("alice", "wrong", "ls\n").expect_code(255);
    sandbox.sftp("locked", &sandbox.password("locked"), "ls\n").expect_code(255);
    sandbox
}

fn reasons(result: &Value) -> Vec<String> {
    let sign_ins = result["sign_ins"].as_array().unwrap();
    sign_ins.iter().map(|entry| format!("{} {}", entry["login"], entry["reason"]).replace('"', "")).collect()
}

#[test]
fn decisions_newest_last() {
    let sandbox = with_sign_ins();
    let all = sandbox.deployer("logs");
    all.expect_code(0);
    let result = all.json();
    assert_eq!(result["result"], "shown");
    assert_eq!(
        reasons(&result),
        ["alice@example.com ok", "alice@example.com bad-credentials", "locked@example.com locked-out"],
        "{all}"
    );
    let told = |flags: &str| reasons(&sandbox.deployer(&format!("logs {flags}")).json());
    assert_eq!(told("--user alice --reason ok"), ["alice@example.com ok"]);
    assert_eq!(told("--user LOCKED@example.com"), ["locked@example.com locked-out"]);
    assert_eq!(told("--limit 1"), ["locked@example.com locked-out"]);
    assert_eq!(told("--since 1ms"), [] as [String; 0]);

    let text = sandbox.run("logs --sandbox");
    text.expect_code(0);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("  accepted  ok  ") && lines[2].contains("  refused   locked-out  "), "{text}");
    // In columns: the addresses begin at one place.
    let at: Vec<_> = lines.iter().map(|line| line.find("127.0.0.1")).collect();
    assert!(at[0].is_some() && at.iter().all(|column| *column == at[0]), "{text}");
}

#[test]
fn followed_until_a_signal() {
    let sandbox = with_sign_ins();
    let line = "logs --follow --user alice --poll-interval 20ms --sandbox --output json";
    let mut running = sandbox.cli.start(&line.split(' ').collect::<Vec<_>>());
    running.wait_for_stdout("bad-credentials", 1);
    sandbox.sftp("alice", "wrong again", "ls\n").expect_code(255);
    running.wait_for_stdout("bad-credentials", 2);
    running.signal(Signal::INT);
    let ran = running.wait();
    ran.expect_code(130);
    // A document a line: each decision once, and the result last.
    let documents: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<&str> = documents.iter().map(|document| document["reason"].as_str().unwrap_or("-")).collect();
    assert_eq!(told, ["ok", "bad-credentials", "bad-credentials", "-"], "{ran}");
    assert_eq!(documents[3]["error"]["code"], "interrupted");
}

#[test]
fn without_a_deployment_there_is_no_log() {
    let sandbox = Sandbox::new();
    sandbox.deployer("logs").expect_failure(2, "configuration");
}
