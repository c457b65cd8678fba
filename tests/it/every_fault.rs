//! What a person reads when AWS or the way to it fails, whole: why, what to do, and how long it took to say so.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::cli::{Cli, Ran};
use crate::support::fault::Fault;
use crate::support::loopback::{Answer, Reply, Server, at_once};
use crate::support::world::World;

/// Long enough for a busy machine; each of these waits for nothing.
const SOON: Duration = Duration::from_secs(40);

/// Exit code and error, without what differs from run to run.
fn told(ran: &Ran) -> String {
    let code = ran.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
    let error = &ran.json()["error"];
    let line = |key: &str| match &error[key] {
        Value::String(text) => format!("  {key}: {text}\n"),
        _ => String::new(),
    };
    let message = error["message"].as_str().unwrap_or_default();
    format!("exit code {code}: {message}\n{}{}{}", line("cause"), line("resource"), line("hint"))
}

macro_rules! assert_told {
    ($name:literal, $told:expr) => {
        insta::with_settings!({filters => [
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (r"s-[0-9a-f]{17}", "[server]"),
            (r"sftp-okta-demo/[0-9a-f-]+", "sftp-okta-demo/[id]"),
            (r"(invocation|TransferIdentityProviderRole)[-A-Za-z0-9]*", "[role]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        ]}, {
            insta::assert_snapshot!($name, $told);
        });
    };
}

/// A deploy against an endpoint that answers everything in one way.
fn deploy_against(reply: Reply) -> Ran {
    let server = Server::start(at_once(move |_| Answer::Reply(reply.clone())));
    let began = Instant::now();
    let ran = Cli::new().endpoint(&server.endpoint()).run(&[
        "deploy",
        "--name",
        "demo",
        "--okta-org",
        "https://acme.okta.com",
        "--bucket",
        "acme-files",
        "--yes",
        "--output",
        "json",
        "--poll-interval",
        "20ms",
    ]);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    ran
}

#[test]
fn what_is_wrong_with_credentials_clock_and_network() {
    let refused = |code: &str, message: &str| {
        let body =
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>");
        Reply::new(403, "text/xml", body)
    };
    let cases = [
        ("credentials that expired", refused("ExpiredToken", "The security token included in the request is expired")),
        (
            "a clock that is wrong",
            refused("SignatureDoesNotMatch", "Signature expired: 20270101T000000Z is now earlier"),
        ),
        ("a page of a proxy", Reply::new(200, "text/html", "<html><body>Access blocked by ACME</body></html>")),
        ("half an answer", Reply::new(200, "text/xml", "<GetCallerIdentityResponse><GetCallerIdentityResult><Acc")),
    ];
    let text: String =
        cases.into_iter().map(|(name, reply)| format!("{name}\n{}", told(&deploy_against(reply)))).collect();
    assert_told!("credentials_clock_and_network", text);
}

/// In the middle of a deploy: whatever was begun goes on, is told to go on, and is not begun again.
#[test]
fn what_fails_in_the_middle_is_told_with_what_goes_on() {
    let expired = || Fault::refused(403, "ExpiredToken", "The security token included in the request is expired");
    let world = World::new();
    // Fetched anew, they are the same.
    world.aws.fault("cloudformation", "DescribeStackEvents", 1..=2, expired());
    let in_stack = told(&world.run("deploy", &[]));
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
    assert_eq!(world.transfer.count("CreateServer"), 1);
    assert_told!("credentials_that_expire_in_the_middle", in_stack);
}

/// A program that gives other credentials each time, as one that asks a company's sign-in does.
#[test]
fn credentials_that_expire_in_the_middle_are_fetched_once_more() {
    let world = World::new();
    let program = world.cli.write(
        "credentials.sh",
        r#"#!/bin/sh
cd "${0%/*}" && echo x >> fetched
printf '{"Version": 1, "AccessKeyId": "ASIA%s", "SecretAccessKey": "test"}' "$(grep -c x fetched)"
"#,
    );
    fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    let profile = format!("[profile ci]\nregion = us-east-1\ncredential_process = {}\n", program.display());
    let profile = world.cli.write("aws-config", &profile);
    let world = world.cli(|cli| {
        let cli = cli.without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
        cli.env("AWS_CONFIG_FILE", profile).env("AWS_PROFILE", "ci")
    });
    let expired = Fault::refused(403, "ExpiredToken", "The security token included in the request is expired");
    world.aws.fault("cloudformation", "DescribeStackEvents", 1..=1, expired);
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
    let fetched = fs::read_to_string(world.cli.folder().join("fetched")).unwrap();
    assert_eq!(fetched.lines().count(), 2, "fetched once, and once more");
}

/// Half of an answer, or a page of a proxy's, in the middle of a wait: looked at again, and nothing is done twice.
#[test]
fn answers_that_are_spoilt_on_the_way_double_nothing() {
    let world = World::new();
    let half = || Fault::answered_by_another(Reply::new(200, "text/xml", "<DescribeStackEventsResponse><Desc"));
    let page = || Fault::answered_by_another(Reply::new(200, "text/html", "<html>Access blocked</html>"));
    world.aws.fault("cloudformation", "DescribeStackEvents", 1..=1, half());
    world.aws.fault("cloudformation", "DescribeStackEvents", 2..=2, page());
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
    assert_eq!(world.transfer.count("CreateServer"), 1);
}

/// Sixty poll intervals of 20 ms stand for the two minutes.
#[test]
fn roles_that_never_become_usable_end_with_the_service_s_own_words() {
    let world = World::with(|transfer| transfer.role_not_assumable(10_000));
    let ran = world.run("deploy", &[]);
    ran.expect_failure(5, "server-failed");
    // Growing pauses: far fewer calls than intervals, and never one after the other.
    let calls = world.transfer.count("CreateServer");
    assert!((4..40).contains(&calls), "{calls} calls");
    assert_eq!(world.transfer.servers().len(), 0);
    assert_told!("roles_that_never_become_usable", told(&ran));
}

#[test]
fn a_plan_that_cannot_be_written_is_told() {
    let world = World::new();
    let ran = world.run("plan", &["--out", "nowhere/plan.json"]);
    assert_ne!(ran.code(), Some(0), "{ran}");
    assert_told!("a_plan_that_cannot_be_written", told(&ran));
}

/// S3 answers a write without words, so a page with status 200 could pass for an answer of its.
#[test]
fn a_page_instead_of_s3_stores_nothing_and_passes_for_nothing() {
    let world = World::new();
    let page = Fault::answered_by_another(Reply::new(200, "text/html", "<html>Access blocked</html>"));
    world.aws.fault("s3", "PUT /sftp-okta-artifacts-000000000000-us-east-1/demo/*.zip", 1..=1, page);
    let ran = world.run("deploy", &[]);
    ran.expect_failure(3, "network");
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 0);
    assert_told!("a_page_instead_of_s3", told(&ran));
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
}
