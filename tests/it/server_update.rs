//! A server that is there is brought to what the configuration says, in place and in as few calls as that takes.

use serde_json::{Value, json};

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

/// An endpoint in a VPC with elastic IPs, as the configuration writes it.
fn in_vpc(world: &World, elastic_ips: &[&str]) {
    world.cli.write(
        "sftp-okta.toml",
        &format!(
            "[server.endpoint]\nvpc = \"vpc-0123456789abcdef0\"\nsubnets = [\"subnet-0123456789abcdef0\"]\n\
             security_groups = [\"sg-0123456789abcdef0\"]\nelastic_ips = {elastic_ips:?}\n"
        ),
    );
}

fn addresses(world: &World) -> Value {
    world.own_servers()[0]["EndpointDetails"]["AddressAllocationIds"].clone()
}

#[test]
fn elastic_ips_come_go_and_change_while_the_server_stands_still() {
    let world = World::with(|transfer| transfer);
    in_vpc(&world, &["eipalloc-1a2b3c4d"]);
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(operations(&world), ["CreateServer", "StopServer", "UpdateServer", "StartServer"]);
    assert_eq!(addresses(&world), json!(["eipalloc-1a2b3c4d"]));
    let id = world.the_server();

    world.clear();
    let unchanged = world.run("deploy", &[]).json();
    assert_eq!(unchanged["result"], "unchanged");
    assert_eq!(unchanged["server"]["elastic_ips"], json!(["eipalloc-1a2b3c4d"]));
    assert_eq!(world.mutating(), [""; 0]);

    for (wanted, told) in [
        (vec!["eipalloc-2a2b3c4d"], "AddressAllocationIds: \"eipalloc-1a2b3c4d\" → \"eipalloc-2a2b3c4d\""),
        (vec![], "AddressAllocationIds: \"eipalloc-2a2b3c4d\" → \"\""),
    ] {
        in_vpc(&world, &wanted);
        let status = world.run("status", &[]).json();
        assert!(status["differences"][0].as_str().unwrap().contains(told), "{status}");
        world.clear();
        let ran = world.run("deploy", &[]);
        ran.expect_code(0);
        let change = &ran.json()["changes"][0];
        assert_eq!((&change["action"], &change["interrupts"]), (&json!("update"), &json!(true)), "{change}");
        assert!(ran.json()["warnings"].to_string().contains("nobody can connect"), "{}", ran.stdout);
        assert_eq!(operations(&world), ["StopServer", "UpdateServer", "StartServer"]);
        assert_eq!((addresses(&world), world.the_server()), (json!(wanted), id.clone()));
    }
}

/// Wherever an earlier run ended, state and addresses say what is left to do.
#[test]
fn a_change_of_elastic_ips_goes_on_where_it_was_left() {
    let world = World::with(|transfer| transfer);
    in_vpc(&world, &["eipalloc-1a2b3c4d"]);
    world.run("deploy", &[]).expect_code(0);
    let id = world.the_server();
    for (life, ids, expected) in [
        (Life::Stopping { looks: 4 }, ["eipalloc-2a2b3c4d"], vec!["UpdateServer", "StartServer"]),
        (Life::Offline, ["eipalloc-3a2b3c4d"], vec!["UpdateServer", "StartServer"]),
        (Life::Offline, ["eipalloc-3a2b3c4d"], vec!["StartServer"]),
        (Life::StartFailed, ["eipalloc-4a2b3c4d"], vec!["StopServer", "UpdateServer", "StartServer"]),
        (
            Life::starting(Start::OnlineAfter(6)),
            ["eipalloc-5a2b3c4d"],
            vec!["StopServer", "UpdateServer", "StartServer"],
        ),
    ] {
        in_vpc(&world, &ids);
        world.transfer.set_life(&id, life);
        world.clear();
        world.run("deploy", &[]).expect_code(0);
        assert_eq!(operations(&world), expected, "{life:?}");
        assert_eq!((addresses(&world), world.the_server()), (json!(ids), id.clone()));
    }
}

#[test]
fn refused_elastic_ips_do_not_leave_the_server_standing_still() {
    let refused = Fault::refused(400, "InvalidRequestException", "eipalloc-1a2b3c4d does not exist");
    let world = World::with(|transfer| transfer.fault("UpdateServer", 1..=1, refused));
    in_vpc(&world, &["eipalloc-1a2b3c4d"]);
    let error = world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert!(error["message"].as_str().unwrap().contains("starts again"), "{error}");
    assert!(error["cause"].as_str().unwrap().contains("does not exist"), "{error}");
    assert_eq!(operations(&world), ["CreateServer", "StopServer", "UpdateServer", "StartServer"]);
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(addresses(&world), json!(["eipalloc-1a2b3c4d"]));
}

#[test]
fn a_busy_server_is_updated_when_it_is_ready() {
    let conflict = Fault::refused(400, "ConflictException", "The server is being updated");
    let world = World::deployed_with(|transfer| transfer.fault("UpdateServer", 1..=3, conflict));
    world.run("deploy", &["--security-policy", "TransferSecurityPolicy-2024-01"]).expect_code(0);
    assert_eq!(world.transfer.count("UpdateServer"), 4);
    assert_eq!(world.own_servers()[0]["SecurityPolicyName"], "TransferSecurityPolicy-2024-01");
}

/// As before a CreateServer: the roles of a stack that was made anew are not known everywhere at once.
#[test]
fn an_update_waits_for_roles_that_are_not_usable_yet() {
    let refused =
        Fault::refused(400, "InvalidRequestException", "Unable to assume role arn:aws:iam::000000000000:role/x");
    let world = World::deployed_with(|transfer| transfer.fault("UpdateServer", 1..=3, refused));
    world.run("deploy", &["--security-policy", "TransferSecurityPolicy-2024-01"]).expect_code(0);
    assert_eq!(world.transfer.count("UpdateServer"), 4);
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
    // Fetched anew, they are the same.
    let world = World::with(|transfer| transfer.start_is(Start::Never).fault("DescribeServer", 4..=5, expired));
    let ran = world.run("deploy", &[]);
    let error = ran.expect_failure(3, "credentials");
    let id = world.own_servers()[0]["ServerId"].as_str().unwrap().to_owned();
    assert!(error["cause"].as_str().unwrap().contains(&format!("server {id} goes on starting")), "{error}");
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
