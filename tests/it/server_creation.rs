//! The server is made once, whatever is lost, refused or late on the way.

use std::time::Duration;

use serde_json::json;

use crate::support::cli::Running;
use crate::support::fault::Fault;
use crate::support::transfer::{Life, Listing, Seed, Start};
use crate::support::world::{STACK, World, own_seed};

/// Where the deployer notes which server it last saw.
const HINT: &str = "/sftp-okta-artifacts-000000000000-us-east-1/demo/last-seen-server";

#[test]
fn a_server_that_takes_its_time_is_waited_for() {
    let world = World::with(|transfer| transfer.start_is(Start::OnlineAfter(25)));
    let ran = world.run("deploy", &[]);
    ran.expect_code(0);
    assert_eq!(ran.json()["server"]["state"], "ONLINE");
    assert_eq!(world.transfer.count("CreateServer"), 1);
    world.expect_deployed();
}

#[test]
fn a_failed_start_ends_the_wait_at_once() {
    let world = World::with(|transfer| transfer.start_is(Start::FailsAfter(3)));
    let ran = world.run("deploy", &["--timeout", "10m"]);
    let error = ran.expect_failure(5, "server-failed");
    assert!(error["message"].as_str().unwrap().contains("START_FAILED"), "{error}");
    assert!(ran.elapsed < Duration::from_secs(30), "{:?}", ran.elapsed);
    let result = ran.json();
    assert_eq!((&result["result"], &result["stack"]["status"]), (&json!("failed"), &json!("CREATE_COMPLETE")));
    assert_eq!(error["resource"], world.own_servers()[0]["ServerId"]);

    // What a person sees next, and that nobody makes a second one.
    world.run("status", &[]).expect_code(7);
    world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert_eq!(world.transfer.count("CreateServer"), 1);
}

#[test]
fn a_deadline_leaves_the_server_to_the_next_run() {
    let world = World::with(|transfer| transfer.start_is(Start::Never));
    let ran = world.run("deploy", &["--timeout", "3s"]);
    let error = ran.expect_failure(6, "deadline");
    let id = world.own_servers()[0]["ServerId"].as_str().unwrap().to_owned();
    assert_eq!(error["resource"], id.as_str());
    assert!(error["cause"].as_str().unwrap().contains("STARTING"), "{error}");

    world.transfer.set_life(&id, Life::starting(Start::OnlineAfter(3)));
    let again = world.run("deploy", &[]);
    again.expect_code(0);
    assert_eq!(world.the_server(), id);
    assert_eq!(world.transfer.count("CreateServer"), 1);
}

#[test]
fn a_lost_answer_makes_no_second_server() {
    for lost in [Fault::lost_answer(), Fault::answered_with(500, "InternalServiceError", "unknown")] {
        let world = World::with(|transfer| transfer.fault("CreateServer", 1..=1, lost));
        world.run("deploy", &[]).expect_code(0);
        assert_eq!(world.transfer.count("CreateServer"), 1);
        world.expect_deployed();
    }
}

#[test]
fn a_call_that_never_took_effect_is_made_again_after_a_search() {
    let unavailable = Fault::refused(503, "ServiceUnavailableException", "try later");
    let world = World::with(|transfer| transfer.fault("CreateServer", 1..=1, unavailable));
    world.run("deploy", &[]).expect_code(0);
    let calls: Vec<String> = world.transfer.calls().into_iter().map(|call| call.operation).collect();
    let first = calls.iter().position(|call| call == "CreateServer").unwrap();
    assert_eq!(calls[first + 1], "ListServers", "{calls:?}");
    assert_eq!(world.transfer.count("CreateServer"), 2);
    world.expect_deployed();
}

#[test]
fn a_service_that_never_answers_is_not_asked_forever() {
    let world = World::with(|transfer| transfer.fault("CreateServer", 1..=100, Fault::lost_request()));
    let ran = world.run("deploy", &[]);
    assert!([3, 5].contains(&ran.code().unwrap()), "{ran}");
    assert!(world.transfer.count("CreateServer") <= 3);
    assert_eq!(world.transfer.servers().len(), 0);
}

#[test]
fn throttling_and_roles_that_are_not_known_yet_pass() {
    let world = World::with(|transfer| transfer.throttled("CreateServer", 4));
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(world.transfer.count("CreateServer"), 5);
    world.expect_deployed();

    drop(world);
    let world = World::with(|transfer| transfer.role_not_assumable(4));
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(world.transfer.count("CreateServer"), 5);
    world.expect_deployed();
}

#[test]
fn a_refusal_is_told_and_not_repeated() {
    let who = "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: iam:PassRole on resource: \
               arn:aws:iam::000000000000:role/invocation because no identity-based policy allows the iam:PassRole action";
    let denied = Fault::refused(400, "AccessDeniedException", who);
    let invalid = Fault::refused(400, "InvalidRequestException", "Security policy is not supported in this region");
    let world =
        World::with(|transfer| transfer.fault("CreateServer", 1..=1, denied).fault("CreateServer", 2..=2, invalid));

    let error = world.run("deploy", &[]).expect_failure(3, "permission");
    assert!(error["hint"].as_str().unwrap().contains("iam:PassRole"), "{error}");
    assert_eq!(world.transfer.count("CreateServer"), 1);

    let error = world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert!(error["cause"].as_str().unwrap().contains("not supported in this region"), "{error}");
    assert_eq!(world.transfer.count("CreateServer"), 2);

    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
}

#[test]
fn two_runs_at_once_leave_one_server() {
    // The stack is there, so that both come to the server together.
    let world = World::deployed();
    world.transfer.set_life(&world.the_server(), Life::Gone);
    let runs = [world.start("deploy", &[]), world.start("deploy", &[])];
    let codes = runs.map(Running::wait).map(|ran| {
        assert!([0, 9].contains(&ran.code().unwrap()), "{ran}");
        ran.code().unwrap()
    });
    assert!(codes.contains(&0), "{codes:?}");
    world.expect_deployed();
    assert!(world.transfer.count("CreateServer") <= 2);
}

#[test]
fn two_runs_at_once_from_nothing_make_one_deployment() {
    let world = World::new();
    let runs = [world.start("deploy", &[]), world.start("deploy", &[])];
    let codes = runs.map(Running::wait).map(|ran| {
        assert!([0, 9].contains(&ran.code().unwrap()), "{ran}");
        ran.code().unwrap()
    });
    assert!(codes.contains(&0), "{codes:?}");
    world.expect_deployed();
    assert!(world.transfer.count("CreateServer") <= 2);
}

/// The other run never looks again, as one whose look came before this run's server: so this run's goes, whatever the ids.
#[test]
fn of_two_servers_made_at_once_one_stays_and_the_other_runs_is_never_deleted() {
    let mut smaller = Vec::new();
    // Ids come in no order, so that both orders are among these.
    for earlier in 0..6 {
        if smaller.contains(&true) && smaller.contains(&false) {
            break;
        }
        let world = World::new();
        for _ in 0..earlier {
            world.transfer.seed(Seed::foreign());
        }
        let rival = own_seed().with(json!({"IdentityProviderType": "API_GATEWAY"}));
        world.transfer.rival(rival.life(Life::starting(Start::OnlineAfter(1))));
        let ran = world.run("deploy", &[]);
        ran.expect_code(0);
        let kept = ran.json()["server"]["id"].as_str().unwrap().to_owned();

        assert_eq!(world.the_server(), kept);
        let deleted: Vec<_> =
            world.transfer.calls().into_iter().filter(|call| call.operation == "DeleteServer").collect();
        assert_eq!(deleted.len(), 1, "{deleted:?}");
        let ours = deleted[0].body["ServerId"].as_str().unwrap().to_owned();
        assert_ne!(ours, kept);
        smaller.push(ours < kept);
    }
    assert!(smaller.contains(&true) && smaller.contains(&false), "{smaller:?}");
}

#[test]
fn it_is_found_among_many_in_any_order() {
    for listing in [Listing::OldestFirst, Listing::NewestFirst, Listing::ById] {
        let world = World::with(|mut transfer| {
            for number in 0..60 {
                transfer = transfer.server(Seed::foreign().tag("sftp-okta:deployment", &format!("other-{number}")));
            }
            transfer.page_size(25).listing(listing)
        });
        world.run("deploy", &[]).expect_code(0);
        let id = world.the_server();

        // With the hint it alone is asked, beside the list; without it all are; changed is nothing either way.
        world.clear();
        let hinted = world.run("deploy", &[]);
        hinted.expect_code(0);
        assert_eq!(
            (world.transfer.count("DescribeServer"), world.transfer.count("ListServers")),
            (1, 3),
            "{listing:?}"
        );
        world.s3("DELETE", HINT, "");
        let searched = world.run("deploy", &[]);
        searched.expect_code(0);
        for ran in [hinted, searched] {
            assert_eq!((&ran.json()["result"], &ran.json()["server"]["id"]), (&json!("unchanged"), &json!(id)));
        }
        assert!(world.transfer.count("ListServers") >= 3);
        assert_eq!(world.mutating(), [""; 0]);
    }
}

#[test]
fn others_servers_are_never_touched() {
    let world = World::with(|transfer| {
        let other = Seed::foreign().tag("sftp-okta:deployment", "demo-2").tag("sftp-okta:stack", "sftp-okta-demo-2");
        let half = Seed::foreign().tag("sftp-okta:deployment", "demo");
        let copied = half.clone().tag("sftp-okta:stack", STACK);
        transfer.server(other).server(half).server(copied).server(Seed::foreign()).server(Seed::foreign().hidden())
    });
    let before = world.transfer.servers();
    let deployed = world.run("deploy", &[]);
    deployed.expect_code(0);
    let warnings = deployed.json()["warnings"].to_string();
    assert!(warnings.contains(before[4]["ServerId"].as_str().unwrap()), "{warnings}");
    let copied = format!("server {} carries some", before[2]["ServerId"].as_str().unwrap());
    assert!(warnings.contains(&copied), "{warnings}");
    for (command, code) in [("status", 7), ("teardown", 0)] {
        let ran = world.run(command, &[]);
        ran.expect_code(code);
        assert!(ran.json()["warnings"].to_string().contains(&copied), "{ran}");
    }

    assert_eq!(world.transfer.servers(), before);
    let own: Vec<_> = world.transfer.mutating().into_iter().map(|call| call.operation).collect();
    assert_eq!(own, ["CreateServer", "DeleteServer"]);
}

#[test]
fn two_servers_of_this_deployment_are_refused() {
    let world = World::deployed();
    let first = world.the_server();
    world.s3("DELETE", HINT, "");
    let second = world.transfer.seed(own_seed().with(world.own_servers().remove(0)));
    let error = world
        .run("deploy", &["--security-policy", "TransferSecurityPolicy-2024-01"])
        .expect_failure(5, "server-failed");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&first) && message.contains(&second), "{error}");
    assert_eq!(world.mutating(), [""; 0]);
    assert_eq!(world.own_servers().len(), 2);
}

/// A hint at the first does not hide the second, which has the logging role of the same stack.
#[test]
fn a_second_server_of_the_stack_is_seen_in_spite_of_the_hint() {
    let world = World::deployed();
    let first = world.the_server();
    let second = world.transfer.seed(own_seed().with(world.own_servers().remove(0)));
    world.clear();
    let error = world.run("deploy", &[]).expect_failure(5, "server-failed");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&first) && message.contains(&second), "{error}");
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn two_servers_are_refused_where_nothing_else_differs() {
    let world = World::deployed();
    let members = world.own_servers().remove(0);
    world.s3("DELETE", HINT, "");
    world.transfer.seed(own_seed().with(members));
    world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn a_namesake_with_another_stack_is_refused() {
    let world = World::with(|transfer| transfer.server(namesake()));
    let error = world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert!(error["hint"].as_str().unwrap().contains("elsewhere"), "{error}");
    assert_eq!(world.transfer.mutating(), []);
}

#[test]
fn a_namesake_is_refused_before_anything_is_made() {
    let world = World::with(|transfer| transfer.server(namesake()));
    world.run("deploy", &[]).expect_failure(5, "server-failed");
    assert_eq!(world.mutating(), [""; 0]);
    assert_eq!(world.stack_status(STACK), None);
}

fn namesake() -> Seed {
    Seed::foreign().tag("sftp-okta:deployment", "demo").tag("sftp-okta:stack", "elsewhere")
}

#[test]
fn a_server_deleted_by_hand_is_made_anew() {
    let world = World::deployed();
    let gone = world.the_server();
    world.transfer.set_life(&gone, Life::Gone);
    let ran = world.run("deploy", &[]);
    ran.expect_code(0);
    assert_ne!(world.the_server(), gone);
    assert_eq!(world.transfer.count("CreateServer"), 1);
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 0);
}

#[test]
fn a_hint_is_never_trusted() {
    let world = World::deployed();
    let id = world.the_server();
    let foreign = world.transfer.seed(Seed::foreign());
    for hint in [foreign.as_str(), "s-00000000000000000", "s-../../../../etc/pw", "", &"s-".repeat(900)] {
        world.s3("PUT", HINT, hint);
        world.clear();
        let ran = world.run("deploy", &[]);
        ran.expect_code(0);
        assert_eq!(ran.json()["server"]["id"], id.as_str(), "{hint}");
        assert_eq!(world.transfer.mutating(), [], "{hint}");
    }
}
