//! Deploy, sign in, status, deploy again, teardown: the real binary, template, zip and `bootstrap`, on an AWS emulator.

use serde_json::json;

use crate::support::world::{PASSWORD, World};

#[test]
fn deploy_sign_in_status_redeploy_teardown() {
    let world = World::new();

    // Nothing is there yet.
    let absent = world.run("status", &[]);
    absent.expect_code(7);
    assert_eq!(absent.json()["result"], "absent");

    // Deployed, and ONLINE.
    let deployed = world.run("deploy", &[]);
    deployed.expect_code(0);
    let result = deployed.json();
    assert_eq!(result["result"], "deployed", "{}", deployed.stderr);
    assert_eq!(result["stack"]["status"], "CREATE_COMPLETE");
    assert_eq!(result["server"]["state"], "ONLINE");
    assert_eq!(result["deployment"]["account"], "000000000000");
    let kinds: Vec<_> = result["changes"].as_array().unwrap().iter().map(|change| change["kind"].clone()).collect();
    assert_eq!(kinds, ["artifact-bucket", "artifact", "stack", "server"]);
    assert_eq!(world.transfer.count("CreateServer"), 1);

    // The API lets nobody in unsigned, and asks Okta exactly once for whoever is signed.
    let url = result["stack"]["outputs"]["TransferIdentityProviderUrl"].as_str().unwrap().to_owned();
    let accepted = world.ask_the_api(&url, "alice", PASSWORD);
    assert_eq!(accepted.status, 200, "{}", world.ministack.log());
    let answer = accepted.json();
    assert_eq!(answer["Role"], result["stack"]["outputs"]["UserAccessRole"], "{answer}");
    assert_eq!(
        answer["HomeDirectoryDetails"],
        json!([{"Entry": "/", "Target": "/acme-files/home/alice@example.com"}]).to_string()
    );
    assert_eq!(world.okta.sign_ins(), 1);
    for (user, password) in [("alice", "wrong"), ("mia", PASSWORD), ("nobody", PASSWORD), ("al..ice", PASSWORD)] {
        let refused = world.ask_the_api(&url, user, password);
        assert_eq!((refused.status, refused.text()), (200, "{}".to_owned()), "{user}");
    }

    // Healthy, and nothing differs.
    let healthy = world.run("status", &[]);
    healthy.expect_code(0);
    assert_eq!(healthy.json()["result"], "healthy");
    assert_eq!(healthy.json()["differences"], json!([]), "{}", healthy.stdout);

    // A second deploy changes nothing, and says so in few calls.
    world.clear();
    let again = world.run("deploy", &[]);
    again.expect_code(0);
    assert_eq!(again.json()["result"], "unchanged", "{}", again.stdout);
    assert_eq!(world.mutating(), Vec::<String>::new());
    assert!(world.calls() <= 10, "{} calls", world.calls());

    // Removed, and nothing is left of it.
    let removed = world.run("teardown", &[]);
    removed.expect_code(0);
    assert_eq!(removed.json()["result"], "removed");
    assert_eq!(world.transfer.servers(), Vec::<serde_json::Value>::new());
    world.run("status", &[]).expect_code(7);
    world.clear();
    let again = world.run("teardown", &[]);
    again.expect_code(0);
    assert_eq!(again.json()["result"], "removed");
    assert_eq!(world.mutating(), Vec::<String>::new());

    // The password was seen by Okta alone.
    for text in [&deployed.stdout, &deployed.stderr, &world.ministack.log()] {
        assert!(!text.contains(PASSWORD));
    }
}
