//! `status`: drift, orphans, cost, all deployments at once, and looking on.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::fault::Fault;
use crate::support::process::Signal;
use crate::support::transfer::{Life, Seed};
use crate::support::world::{STACK, World, own_seed, query};

#[test]
fn what_costs_money_now_is_told() {
    let world = World::deployed_with(|transfer| transfer.server(Seed::foreign()));
    let ran = world.run("status", &[]);
    ran.expect_code(0);
    let cost = ran.json()["cost"].clone();
    assert_eq!(cost["usd_per_month"], 220.0, "{ran}");
    assert_eq!(cost["items"][0], json!({"what": "Transfer server", "count": 1, "usd_per_month": 219.0}));
    // An orphan costs as much.
    world.query("cloudformation", &format!("Action=DeleteStack&Version=2010-05-15&StackName={STACK}"));
    assert_eq!(world.run("status", &[]).json()["cost"]["usd_per_month"], 219.0);
}

/// Deployments are put together by their tags: a healthy one, an orphaned server, a stack without a server, and others' things.
#[test]
fn all_deployments_are_found_by_their_tags() {
    let world = World::deployed_with(|transfer| transfer.server(Seed::foreign()).server(Seed::foreign()));
    let orphan = Seed::foreign().tag("sftp-okta:deployment", "lost").tag("sftp-okta:stack", "sftp-okta-lost");
    world.transfer.seed(orphan.life(Life::Offline));
    let template = r#"{"Resources":{"G":{"Type":"AWS::Logs::LogGroup","Properties":{}}}}"#;
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("Action", "CreateStack"),
            ("Version", "2010-05-15"),
            ("StackName", "sftp-okta-half"),
            ("TemplateBody", template),
            ("Tags.member.1.Key", "sftp-okta:deployment"),
            ("Tags.member.1.Value", "half"),
            ("Tags.member.2.Key", "sftp-okta:stack"),
            ("Tags.member.2.Value", "sftp-okta-half"),
        ])
        .finish();
    assert_eq!(world.query("cloudformation", &form).status, 200);
    world.clear();

    let ran = world.cli.run(&["status", "--all", "--output", "json"]);
    ran.expect_code(7);
    let rows = ran.json()["deployments"].as_array().unwrap().clone();
    let told: Vec<Value> = rows
        .iter()
        .map(|row| json!([row["name"], row["stack_status"], row["servers"].as_array().unwrap().len(), row["faults"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["demo", "CREATE_COMPLETE", 1, []]),
            json!(["half", "CREATE_COMPLETE", 0, ["a stack without a server"]]),
            json!([
                "lost",
                null,
                1,
                ["a server without a stack: it is billed and nobody can sign in", "the server is OFFLINE"]
            ]),
        ],
        "{ran}"
    );
    assert_eq!(rows[2]["usd_per_month"], 219.0);
    assert_eq!(ran.json()["deployment"]["name"], Value::Null);
    assert_eq!(world.mutating(), [""; 0]);

    let text = world.cli.run(&["status", "--all"]);
    assert!(text.stdout.starts_with("3 deployments\n"), "{text}");
    assert!(text.stdout.contains("a stack without a server"), "{text}");
}

#[test]
fn of_no_deployments_there_is_nothing_to_tell() {
    let world = World::new();
    let ran = world.cli.run(&["status", "--all", "--output", "json"]);
    ran.expect_code(7);
    assert_eq!(ran.json()["result"], "absent");
    assert_eq!(ran.json()["deployments"], json!([]));
}

#[test]
fn servers_that_may_not_be_described_are_told() {
    let world = World::new();
    world.transfer.seed(own_seed());
    world.transfer.fault("DescribeServer", 1..=1, Fault::refused(400, "AccessDeniedException", "no"));
    let ran = world.cli.run(&["status", "--all", "--output", "json"]);
    assert!(ran.json()["warnings"].to_string().contains("may not be described"), "{ran}");
}

/// A line for every change, and an end by signal only.
#[test]
fn watching_goes_on_until_interrupted() {
    let world = World::deployed();
    let id = world.the_server();
    let mut running = world.start("status", &["--watch", "--poll-interval", "20ms"]);
    running.wait_for_stderr(&format!("{id} ONLINE"));
    world.transfer.set_life(&id, Life::Offline);
    running.wait_for_stderr(&format!("{id} OFFLINE"));
    world.transfer.set_life(&id, Life::Gone);
    running.wait_for_stderr("no server");
    running.signal(Signal::INT);
    let ran = running.wait();
    ran.expect_code(130);
    assert_eq!(ran.stderr.matches(&format!("{id} OFFLINE")).count(), 1, "{ran}");
    ran.json();
}

/// In the sandbox, whose CloudFormation compares what it made with what is there.
#[test]
fn drift_is_told_resource_by_resource() {
    let cli = Cli::new().limit(Duration::from_secs(90));
    let line = |line: &str| cli.run(&line.split(' ').collect::<Vec<_>>());
    line("deploy --sandbox --yes --poll-interval 50ms --output json").expect_code(0);
    let none = line("status --sandbox --drift --poll-interval 50ms --output json");
    none.expect_code(0);
    assert_eq!(none.json()["drift"], json!([]), "{none}");

    let endpoint = line("sandbox status --output json").json()["endpoint_url"].as_str().unwrap().to_owned();
    let roles = query(&endpoint, "iam", "Action=ListRoles&Version=2010-05-08").text();
    let role = roles.split("<RoleName>").skip(1).find(|rest| rest.contains("UserAccessRole")).unwrap();
    let role = role.split("</RoleName>").next().unwrap();
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let form = format!("Action=UpdateAssumeRolePolicy&Version=2010-05-08&RoleName={role}&PolicyDocument={trust}");
    assert_eq!(query(&endpoint, "iam", &form).status, 200);
    let drifted = line("status --sandbox --drift --poll-interval 50ms --output json");
    drifted.expect_code(0);
    let found = drifted.json()["drift"].clone();
    assert_eq!(found[0]["resource"], "UserAccessRole", "{drifted}");
    assert_eq!(found[0]["status"], "MODIFIED");
    assert_eq!(found[0]["differences"][0]["path"], "/AssumeRolePolicyDocument/Statement");
    assert_eq!(found.as_array().unwrap().len(), 1);

    // The same eyes in `doctor`, on the API as it is.
    let doctor = line("doctor --sandbox --output json");
    doctor.expect_code(0);
    for check in ["api-authorization", "api-cache", "api-data-trace"] {
        let findings = doctor.json()["findings"].as_array().unwrap().clone();
        assert!(findings.iter().any(|finding| finding["check"] == check && finding["level"] == "ok"), "{doctor}");
    }
    line("sandbox stop").expect_code(0);
}
