//! Before anything is made: whether there is an Okta organisation at the configured URL.

use std::net::TcpListener;

use crate::support::loopback::{Answer, Reply, Server, at_once};
use crate::support::sandbox::Sandbox;
use crate::support::world::World;

/// A host that answers every request like this.
fn host(status: u16, content_type: &'static str, body: &'static str) -> Server {
    Server::start(at_once(move |_| Answer::Reply(Reply::new(status, content_type, body.to_owned()))))
}

#[test]
fn another_host_stops_plan_and_deploy_before_anything_is_made() {
    let world = World::new();
    let html = host(200, "text/html", "<html>Welcome to Acme</html>");
    let absent = host(404, "application/json", r#"{"errorCode":"E0000007"}"#);
    let other = host(200, "application/json", r#"{"id":"","service":"not Okta"}"#);
    for (command, at, why) in [
        ("plan", &html, "the answer is not JSON"),
        ("deploy", &html, "the answer is not JSON"),
        ("deploy", &absent, "it answered HTTP 404"),
        ("deploy", &other, "the answer does not tell of an organisation"),
    ] {
        let ran = world.run(command, &["--okta-org", &at.endpoint()]);
        let error = ran.expect_failure(2, "configuration");
        assert_eq!(error["message"], format!("there is no Okta organisation at {}", at.endpoint()));
        assert_eq!(error["cause"], why, "{ran}");
    }
    assert_eq!(world.mutating(), [] as [String; 0]);
    assert_eq!(world.own_servers().len(), 0);
}

/// A machine that cannot reach Okta may deploy all the same: the function asks from AWS.
#[test]
fn what_cannot_be_reached_is_a_warning() {
    let world = World::new();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let busy = host(503, "text/html", "<html>");
    // How long a host may take that never answers is judged beside the code: see `src/organisation.rs`.
    for (org, why) in [(closed, "refused"), (busy.endpoint(), "it answered HTTP 503")] {
        let ran = world.run("plan", &["--okta-org", &org]);
        ran.expect_code(0);
        let result = ran.json();
        let warnings: Vec<&str> =
            result["warnings"].as_array().unwrap().iter().filter_map(|text| text.as_str()).collect();
        assert!(warnings.iter().any(|text| text.contains(&org) && text.contains(why)), "{why}: {ran}");
    }
}

#[test]
fn the_sandboxes_own_organisation_is_asked_too() {
    let sandbox = Sandbox::new();
    let ran = sandbox.deployer("plan");
    ran.expect_code(0);
    assert!(ran.stderr.contains("Okta organisation 00o"), "{ran}");
    assert!(ran.stderr.contains("(Identity Engine)") || ran.stderr.contains("(Classic Engine)"), "{ran}");
}
