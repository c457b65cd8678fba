//! A server that is there is brought to what the configuration says, in place and in as few calls as that takes.

use serde_json::json;

use crate::support::cli::Ran;
use crate::support::fault::Fault;
use crate::support::transfer::{Life, Start};
use crate::support::world::World;

#[test]
fn a_changed_setting_is_one_update_and_then_nothing() {
    let world = World::deployed();
    let policy = ["--security-policy", "TransferSecurityPolicy-2024-01"];
    let ran = world.run("deploy", &policy);
    ran.expect_code(0);
    assert_eq!(server_changes(&ran), ["update"]);
    assert_eq!(operations(&world), ["UpdateServer"]);
    assert_eq!(world.own_servers()[0]["SecurityPolicyName"], "TransferSecurityPolicy-2024-01");
    assert_eq!(world.aws.count("cloudformation", "CreateChangeSet"), 0);

    world.clear();
    assert_eq!(world.run("deploy", &policy).json()["result"], "unchanged");
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn what_was_changed_by_hand_is_told_and_mended() {
    let world = World::with(|transfer| transfer);
    let tag = ["--tag", "team=data"];
    world.run("deploy", &tag).expect_code(0);
    let server = world.own_servers().remove(0);
    let mut provider = server["IdentityProviderDetails"].clone();
    provider["Url"] = json!("https://evil.example.com/prod");
    let drift = json!({"ServerId": server["ServerId"], "IdentityProviderDetails": provider, "LoggingRole": ""});
    world.transfer.by_hand("UpdateServer", &drift);
    let tags =
        json!({"Arn": server["Arn"], "Tags": [{"Key": "team", "Value": "sales"}, {"Key": "cost", "Value": "7"}]});
    world.transfer.by_hand("TagResource", &tags);

    world.clear();
    let told = world.run("status", &tag).json()["differences"].to_string();
    for difference in ["Url", "evil.example.com", "LoggingRole", "team=sales", "team=data"] {
        assert!(told.contains(difference), "no {difference} in {told}");
    }
    assert_eq!(world.mutating(), [""; 0]);

    world.run("deploy", &tag).expect_code(0);
    assert_eq!(operations(&world), ["UpdateServer", "TagResource"]);
    let mended = world.own_servers().remove(0);
    assert_eq!(mended["IdentityProviderDetails"], server["IdentityProviderDetails"]);
    assert_eq!(mended["LoggingRole"], server["LoggingRole"]);
    assert!(mended["Tags"].as_array().unwrap().contains(&json!({"Key": "cost", "Value": "7"})), "others' tags stay");
    assert_eq!(world.run("status", &tag).json()["differences"], json!([]));
    assert_eq!(world.run("deploy", &tag).json()["result"], "unchanged");
}

#[test]
fn a_server_that_stands_still_is_started() {
    let world = World::deployed();
    let id = world.the_server();
    for life in [Life::Offline, Life::Stopping { looks: 4 }] {
        world.transfer.set_life(&id, life);
        world.clear();
        let ran = world.run("deploy", &[]);
        ran.expect_code(0);
        assert_eq!(server_changes(&ran), ["start"]);
        assert_eq!(operations(&world), ["StartServer"]);
        assert_eq!(world.the_server(), id);
    }
    world.transfer.set_life(&id, Life::StopFailed);
    world.run("deploy", &[]).expect_failure(5, "server-failed");
    world.transfer.set_life(&id, Life::starting(Start::OnlineAfter(6)));
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(operations(&world), ["StartServer"], "no start for a server on its way");
}

#[test]
fn an_endpoint_is_not_changed_behind_anybodys_back() {
    let world = World::deployed();
    let before = world.transfer.servers();
    world.cli.write(
        "sftp-okta.toml",
        "[server]\nendpoint = { vpc = \"vpc-0123456789abcdef0\", subnets = [\"subnet-0123456789abcdef0\"] }\n",
    );
    let error = world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert!(error["message"].as_str().unwrap().contains("EndpointType"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("teardown"), "{error}");
    assert_eq!(world.transfer.servers(), before);
    assert_eq!(operations(&world), [""; 0]);
}

#[test]
fn a_busy_server_is_updated_when_it_is_ready() {
    let conflict = Fault::refused(400, "ConflictException", "The server is being updated");
    let world = World::deployed_with(|transfer| transfer.fault("UpdateServer", 1..=3, conflict));
    world.run("deploy", &["--security-policy", "TransferSecurityPolicy-2024-01"]).expect_code(0);
    assert_eq!(world.transfer.count("UpdateServer"), 4);
    assert_eq!(world.own_servers()[0]["SecurityPolicyName"], "TransferSecurityPolicy-2024-01");
}

#[test]
fn a_refused_update_is_told_and_leaves_the_server_serving() {
    let refused = Fault::refused(400, "InvalidRequestException", "Security policy is not supported in this region");
    let world = World::deployed_with(|transfer| transfer.fault("UpdateServer", 1..=1, refused));
    let ran = world.run("deploy", &["--security-policy", "TransferSecurityPolicy-2024-01"]);
    let error = ran.expect_failure(5, "server-failed");
    assert!(error["cause"].as_str().unwrap().contains("not supported in this region"), "{error}");
    assert_eq!(error["resource"], world.the_server());
}

#[test]
fn a_look_that_fails_does_not_end_the_wait() {
    let world = World::with(|transfer| {
        transfer.start_is(Start::OnlineAfter(6)).fault("DescribeServer", 2..=3, Fault::lost_request())
    });
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
}

#[test]
fn credentials_that_end_while_it_starts_leave_it_starting() {
    let expired = Fault::refused(400, "ExpiredTokenException", "The security token included in the request is expired");
    let world = World::with(|transfer| transfer.start_is(Start::Never).fault("DescribeServer", 4..=4, expired));
    let ran = world.run("deploy", &[]);
    let error = ran.expect_failure(3, "credentials");
    assert!(error["message"].as_str().unwrap().contains("goes on"), "{error}");
    let id = world.own_servers()[0]["ServerId"].as_str().unwrap().to_owned();
    world.transfer.set_life(&id, Life::Online);
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(world.the_server(), id);
}

fn operations(world: &World) -> Vec<String> {
    world.transfer.mutating().into_iter().map(|call| call.operation).collect()
}

fn server_changes(ran: &Ran) -> Vec<String> {
    let changes = ran.json()["changes"].as_array().cloned().unwrap_or_default();
    let servers = changes.iter().filter(|change| change["kind"] == "server");
    servers.map(|change| change["action"].as_str().unwrap().to_owned()).collect()
}
