//! A server that asks the function directly: no API in between, and the same answers.

use serde_json::json;

use crate::support::sandbox::Sandbox;
use crate::support::world::{STACK, World};

const DIRECT: &str = "[server]\nidentity_provider = \"lambda\"\n";

#[test]
fn deployed_without_an_api_and_kept_that_way() {
    let world = World::new();
    let file = world.cli.write("direct.toml", DIRECT);
    let config = ["--config", file.to_str().unwrap()];
    world.run("deploy", &config).expect_code(0);
    let servers = world.own_servers();
    let details = &servers[0]["IdentityProviderDetails"];
    assert_eq!(servers[0]["IdentityProviderType"], "AWS_LAMBDA");
    assert_eq!(
        *details,
        json!({"Function": "arn:aws:lambda:us-east-1:000000000000:function:sftp-okta-demo",
               "SftpAuthenticationMethods": "PASSWORD"})
    );
    let resources =
        world.query("cloudformation", &format!("Action=ListStackResources&Version=2010-05-15&StackName={STACK}"));
    let resources = resources.text();
    assert!(resources.contains("TransferFunctionPermission"), "{resources}");
    assert!(!resources.contains("AWS::ApiGateway::"), "{resources}");

    let again = world.run("deploy", &config);
    assert_eq!(again.json()["result"], "unchanged", "{again}");
    world.run("status", &config).expect_code(0);

    // The other kind is refused before stack or server is touched.
    world.clear();
    let refused = world.run("deploy", &[]);
    let error = refused.expect_failure(5, "server-failed");
    assert!(error["message"].as_str().unwrap().starts_with("IdentityProviderType of server "), "{refused}");
    assert_eq!(world.mutating(), [] as [String; 0]);
    assert_eq!(world.own_servers(), servers);
}

/// The whole way: Transfer asks the function itself, and OpenSSH's client gets in.
#[test]
fn a_user_of_the_sandbox_signs_in_without_an_api() {
    let sandbox = Sandbox::new();
    sandbox.cli.write("sftp-okta.toml", DIRECT);
    sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
    let alice = sandbox.password("alice");
    let line = "verify alice --poll-interval 50ms --sandbox --output json";
    let verified =
        sandbox.cli.clone().env("SFTP_OKTA_VERIFY_PASSWORD", &alice).run(&line.split(' ').collect::<Vec<_>>());
    verified.expect_code(0);
    assert_eq!(verified.json()["verify"]["home"], "/", "{verified}");
    sandbox.sftp("alice", &alice, "ls\n").expect_code(0);
    sandbox.sftp("alice", "wrong", "ls\n").expect_code(255);
}
