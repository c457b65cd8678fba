//! `status`: drift, orphans, cost, all deployments at once, and looking on.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran};
use crate::support::fault::Fault;
use crate::support::process::Signal;
use crate::support::steady::steady;
use crate::support::transfer::{Life, Seed};
use crate::support::world::{STACK, World, made_for, own_seed, query};

/// `status` and its kin as a person reads them.
fn text(world: &World, more: &[&str]) -> Ran {
    let arguments = world.arguments("status", more);
    let text: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|text| !["--output", "json"].contains(text)).collect();
    world.cli.run(&text)
}

#[test]
fn what_costs_money_now_is_told_as_the_plan_told_it() {
    let world = World::deployed_with(|transfer| transfer.server(Seed::foreign()));
    let ran = world.run("status", &[]);
    ran.expect_code(0);
    let cost = ran.json()["cost"].clone();
    assert_eq!(cost["usd_per_month"], 228.0, "{ran}");
    assert_eq!(cost["items"][0]["what"], "Transfer server");
    assert_eq!(cost["items"][0]["usd_per_month"], 219.0);
    assert!(cost["items"][0]["source"].as_str().unwrap().starts_with("https://aws.amazon.com/"), "{ran}");
    let planned = world.run("plan", &[]);
    assert_eq!(planned.json()["cost"], cost, "{planned}");
    let all = world.cli.run(&["status", "--all", "--output", "json"]);
    assert_eq!(all.json()["cost"], cost, "{all}");
    insta::assert_snapshot!("status", steady(&text(&world, &[]).stdout));
    // An orphan costs as much.
    world.query("cloudformation", &format!("Action=DeleteStack&Version=2010-05-15&StackName={STACK}"));
    assert_eq!(world.run("status", &[]).json()["cost"]["usd_per_month"], 219.0);
    let orphan = text(&world, &[]);
    orphan.expect_code(7);
    insta::assert_snapshot!("status_of_an_orphan", steady(&orphan.stdout));
    assert!(orphan.stderr.contains("there is a server but no stack"), "{orphan}");
}

/// A server to which somebody copied our server's tags: told by both commands, and neither is called the deployment's own
/// alone.
#[test]
fn copied_tags_are_reported() {
    let world = World::deployed();
    let own = world.own_servers()[0].clone();
    let tags = own["Tags"].as_array().unwrap().iter();
    let copy =
        tags.fold(Seed::foreign(), |seed, tag| seed.tag(tag["Key"].as_str().unwrap(), tag["Value"].as_str().unwrap()));
    world.transfer.seed(copy);
    world.clear();
    let ran = world.run("status", &[]);
    ran.expect_code(7);
    assert!(ran.json()["warnings"].to_string().contains("carry the tags of one and the same create call"), "{ran}");
    assert!(ran.json()["warnings"].to_string().contains("untag-resource"), "{ran}");
    let all = world.cli.run(&["status", "--all", "--output", "json"]);
    all.expect_code(7);
    assert!(all.json()["deployments"][0]["faults"].to_string().contains("one and the same create call"), "{all}");
    // It is not touched either.
    world.run("teardown", &[]).expect_failure(5, "server-failed");
    assert_eq!(world.transfer.mutating(), []);
}

/// It serves, so it is healthy; but no deploy mends it, and that must not be hidden.
#[test]
fn what_only_another_server_would_mend_is_a_difference() {
    let world = World::deployed();
    world.cli.write(
        "sftp-okta.toml",
        "[server]\nendpoint = { vpc = \"vpc-0123456789abcdef0\", subnets = [\"subnet-0123456789abcdef0\"] }\n",
    );
    let ran = world.run("status", &[]);
    ran.expect_code(0);
    let differences = ran.json()["differences"].to_string();
    for told in ["EndpointType of server", "cannot be changed in place", "teardown"] {
        assert!(differences.contains(told), "no {told} in {ran}");
    }
    assert_eq!(world.mutating(), [""; 0]);
}

/// One of a namesake's is told and is no fault of this deployment's.
#[test]
fn a_namesakes_server_is_told() {
    let namesake = Seed::foreign().tag("sftp-okta:deployment", "demo").tag("sftp-okta:stack", "elsewhere");
    let world = World::deployed_with(|transfer| transfer);
    world.transfer.seed(namesake);
    let ran = world.run("status", &[]);
    ran.expect_code(0);
    assert!(ran.json()["warnings"].to_string().contains("same name with stack elsewhere"), "{ran}");
}

/// Deployments are put together by their tags: a healthy one, an orphaned server, a stack without a server, and others' things.
#[test]
fn all_deployments_are_found_by_their_tags() {
    let world = World::deployed_with(|transfer| transfer.server(Seed::foreign()).server(Seed::foreign()));
    let orphan = made_for("lost", "sftp-okta-lost");
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
    insta::assert_snapshot!("status_of_all", steady(&text.stdout));
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
    insta::assert_snapshot!("watching", steady(&ran.stderr));
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
    let names = roles.split("<RoleName>").skip(1).filter_map(|rest| rest.split("</RoleName>").next());
    let role = names.into_iter().find(|name| name.contains("UserAccessRole")).unwrap();
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
    insta::assert_snapshot!("drifted", steady(&line("status --sandbox --drift --poll-interval 50ms").stdout));
    line("sandbox stop").expect_code(0);
}
