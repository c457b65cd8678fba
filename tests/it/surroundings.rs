//! Where the deployer runs: credentials, network, terminal, pipes and signals.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran};
use crate::support::fault::Fault;
use crate::support::loopback::{Answer, Reply, Server, at_once};
use crate::support::process::Signal;
use crate::support::transfer::{Life, Start};
use crate::support::world::{STACK, World};

/// Runs a command on `demo` that would change something if it got that far.
fn deploy(cli: &Cli, more: &[&str]) -> Ran {
    let mut arguments =
        vec!["deploy", "--name", "demo", "--okta-org", "https://acme.okta.com", "--bucket", "acme-files"];
    arguments.extend(["--yes", "--output", "json", "--poll-interval", "20ms"]);
    arguments.extend(more);
    cli.run(&arguments)
}

/// An endpoint that answers everything the same way and counts.
fn endpoint(reply: Reply) -> (Server, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&calls);
    let server = Server::start(at_once(move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Answer::Reply(reply.clone())
    }));
    (server, calls)
}

#[test]
fn without_credentials_it_says_how_to_get_some() {
    let cli = Cli::new().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY").endpoint("http://127.0.0.1:1");
    let error = deploy(&cli, &[]).expect_failure(3, "credentials");
    assert!(error["hint"].as_str().unwrap().contains("AWS_PROFILE"), "{error}");
}

#[test]
fn a_failing_credentials_process_is_told() {
    let cli = Cli::new().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY").endpoint("http://127.0.0.1:1");
    let script = "#!/bin/sh\necho 'vault is sealed' >&2\nexit 1\n";
    let script = cli.write("credentials.sh", script);
    let profile = format!("[profile ci]\ncredential_process = /bin/sh {}\n", script.display());
    let profile = cli.write("aws-config", &profile);
    let cli = cli.env("AWS_CONFIG_FILE", profile).env("AWS_PROFILE", "ci");
    let error = deploy(&cli, &[]).expect_failure(3, "credentials");
    assert!(error.to_string().contains("vault is sealed"), "{error}");

    // A profile that is not there.
    let error = deploy(&cli, &["--profile", "nobody"]).expect_failure(3, "credentials");
    assert!(error.to_string().contains("nobody"), "{error}");
}

#[test]
fn expired_and_unknown_credentials_are_told_apart() {
    for (code, word) in [
        ("ExpiredToken", "expired"),
        ("InvalidClientTokenId", "not known"),
        ("RequestTimeTooSkewed", "clock"),
        ("SignatureDoesNotMatch", "clock"),
    ] {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        );
        let (server, _) = endpoint(Reply::new(403, "text/xml", body));
        let error = deploy(&Cli::new().endpoint(&server.endpoint()), &[]).expect_failure(3, "credentials");
        assert!(error["hint"].as_str().unwrap().contains(word), "{error}");
    }
}

#[test]
fn a_network_that_is_down_is_told_soon() {
    // A port that was free a moment ago, and nobody listens on.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let ran = deploy(&Cli::new().endpoint(&format!("http://127.0.0.1:{port}")), &[]);
    let error = ran.expect_failure(3, "network");
    assert!(error["cause"].as_str().unwrap().to_lowercase().contains("refused"), "{error}");
}

#[test]
fn a_region_that_does_not_exist_does_not_hang() {
    let ran = deploy(&Cli::new().limit(Duration::from_secs(45)), &["--region", "eu-west-99"]);
    let error = ran.expect_failure(3, "network");
    assert!(error["hint"].as_str().unwrap().contains("region"), "{error}");
}

#[test]
fn a_proxy_that_answers_in_place_of_aws_is_recognised() {
    let page = "<html><body><h1>Access blocked by ACME</h1></body></html>";
    for status in [200, 403, 407] {
        let (server, _) = endpoint(Reply::new(status, "text/html", page));
        let error = deploy(&Cli::new().endpoint(&server.endpoint()), &[]).expect_failure(3, "network");
        assert!(error["hint"].as_str().unwrap().contains("proxy"), "{status}: {error}");
    }
}

#[test]
fn half_an_answer_is_no_answer() {
    let (server, _) = endpoint(Reply::new(200, "text/xml", "<GetCallerIdentityResponse><GetCallerIdentityResult><Acc"));
    let ran = deploy(&Cli::new().endpoint(&server.endpoint()), &[]);
    ran.expect_failure(3, "network");
    assert_eq!(ran.json()["result"], "failed");
}

/// More often than a call is made again that fails in any other way.
#[test]
fn a_storm_of_throttling_only_slows_it_down() {
    let world = World::new();
    let throttled = || Fault::refused(400, "Throttling", "Rate exceeded");
    world.aws.fault("sts", "GetCallerIdentity", 1..=8, throttled());
    world.aws.fault("cloudformation", "CreateChangeSet", 1..=7, throttled());
    world.run("deploy", &[]).expect_code(0);
    world.expect_deployed();
}

#[test]
fn a_full_disk_is_told() {
    let settings = ["--name", "demo", "--okta-org", "https://acme.okta.com", "--bucket", "acme-files"];
    let ran = Cli::new().run(&[&["package", "--output", "json", "--out", "/dev/full"][..], &settings].concat());
    let error = ran.expect_failure(1, "artifact-failed");
    assert!(error["cause"].as_str().unwrap().contains("No space left"), "{error}");
    assert_eq!(error["resource"], "/dev/full");
}

#[test]
fn another_account_stops_before_anything_else_is_asked() {
    let world = World::new();
    let error = world.run("deploy", &["--account", "111122223333"]).expect_failure(3, "wrong-account");
    assert!(error["message"].as_str().unwrap().contains("000000000000"), "{error}");
    world.run("teardown", &["--account", "111122223333"]).expect_failure(3, "wrong-account");
    let calls: Vec<_> = world.aws.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(calls, ["GetCallerIdentity"; 2]);
    assert_eq!(world.transfer.calls(), []);
}

/// Every one of these is told without a call.
#[test]
fn what_is_wrong_from_the_start_costs_no_call() {
    let (server, calls) = endpoint(Reply::new(200, "text/plain", ""));
    let cli = || Cli::new().endpoint(&server.endpoint());
    let plain = [
        "deploy",
        "--name",
        "demo",
        "--output",
        "json",
        "--okta-org",
        "https://acme.okta.com",
        "--bucket",
        "acme-files",
    ];
    for (wrong, kind) in [
        (&[][..], "usage"),
        (&["--yes", "--name", "Demo!"], "configuration"),
        (&["--yes", "--okta-org", "http://acme.okta.com"], "configuration"),
        (&["--yes", "--okta-org", "https://acme.example.com"], "configuration"),
        (&["--yes", "--bucket", "No_Bucket"], "configuration"),
        (&["--yes", "--account", "12"], "configuration"),
        (&["--yes", "--security-policy", "strict"], "configuration"),
        (&["--yes", "--home", "/{bucket}/{nobody}"], "configuration"),
        (&["--yes", "--permissions", "all"], "configuration"),
        (&["--yes", "--log-retention-days", "4"], "configuration"),
        (&["--yes", "--tag", "aws:x=y"], "configuration"),
        (&["--yes", "--create-bucket=perhaps"], "configuration"),
        (&["--yes", "--config", "nowhere.toml"], "configuration"),
        (&["--yes", "--bootstrap", "nowhere"], "artifact-failed"),
    ] {
        let given: Vec<&str> = plain.iter().copied().chain(wrong.iter().copied()).collect();
        let given = last_of_each(&given);
        let exit = if kind == "artifact-failed" { 1 } else { 2 };
        cli().run(&given).expect_failure(exit, kind);
    }
    let no_region = cli().without("AWS_REGION").run(&last_of_each(&[&plain[..], &["--yes"]].concat()));
    no_region.expect_failure(2, "configuration");
    for unknown in [&["deploy", "--wat", "--output", "json"][..], &["deplyo", "--output=json"], &["--output", "json"]] {
        let ran = cli().run(unknown);
        ran.expect_code(2);
        assert_eq!(ran.json()["error"]["code"], "usage", "{ran}");
    }
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// Without a flag's earlier values: what is given last counts.
fn last_of_each<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let again = arguments[at + 1..].contains(argument);
        let value_of_one_given_again = at > 0
            && arguments[at - 1].starts_with("--")
            && arguments[at..].contains(&arguments[at - 1])
            && !argument.starts_with("--");
        if !(argument.starts_with("--") && again || value_of_one_given_again) {
            kept.push(argument);
        }
    }
    kept
}

#[test]
fn nobody_reading_the_result_changes_nothing() {
    let world = World::new();
    let program = env!("CARGO_BIN_EXE_sftp-okta");
    let arguments = world.arguments("deploy", &[]).join(" ");
    let shell = Cli::of(Path::new("/bin/sh"))
        .endpoint(&world.aws.endpoint())
        .endpoint_of("TRANSFER", &world.transfer.endpoint());
    for closed in [">&-", "| true", "2>&-"] {
        let script = format!(
            "{{ {program} {arguments}; echo $? > code; }} {closed}; cat code >&2 2>/dev/null; exit $(cat code)"
        );
        shell.run(&["-c", &script]).expect_code(0);
        world.expect_deployed();
    }
}

#[test]
fn quiet_means_quiet() {
    let world = World::new();
    for command in ["deploy", "deploy", "teardown"] {
        let ran = world.run(command, &["-q"]);
        ran.expect_code(0);
        assert_eq!(ran.stderr, "", "{command}");
        ran.json();
    }
    let failed = world.run("deploy", &["-q", "--account", "111122223333"]);
    failed.expect_failure(3, "wrong-account");
}

#[test]
fn a_signal_during_the_stack_wait_ends_the_run_and_nothing_else() {
    for (signal, code, kind) in [(Signal::INT, 130, "interrupted"), (Signal::TERM, 143, "terminated")] {
        let world = World::new();
        world.aws.fault("cloudformation", "DescribeStackEvents", 1..=1, Fault::silence());
        let running = world.start("deploy", &["--poll-interval", "2s"]);
        world.aws.wait_for("cloudformation", "DescribeStackEvents", 1);
        let error = interrupt(running, signal, code, kind);
        assert!(error["cause"].as_str().unwrap().contains(STACK), "{error}");

        world.run("deploy", &[]).expect_code(0);
        assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
        world.expect_deployed();
    }
}

#[test]
fn a_signal_during_the_server_wait_ends_the_run_and_nothing_else() {
    for (signal, code, kind) in [(Signal::INT, 130, "interrupted"), (Signal::TERM, 143, "terminated")] {
        let world = World::with(|transfer| transfer.start_is(Start::Never));
        let running = world.start("deploy", &[]);
        world.transfer.wait_for("DescribeServer", 5);
        let error = interrupt(running, signal, code, kind);
        let id = world.own_servers()[0]["ServerId"].as_str().unwrap().to_owned();
        assert!(error["cause"].as_str().unwrap().contains(&id), "{error}");

        world.transfer.set_life(&id, Life::starting(Start::OnlineAfter(2)));
        world.run("deploy", &[]).expect_code(0);
        assert_eq!(world.transfer.count("CreateServer"), 1);
        world.expect_deployed();
    }
}

/// The most dangerous moment: the server is made, and nobody has been told its id.
#[test]
fn a_signal_while_the_server_is_being_made_leaves_one() {
    let world = World::with(|transfer| transfer.fault("CreateServer", 1..=1, Fault::silence()));
    let running = world.start("deploy", &[]);
    world.transfer.wait_for("CreateServer", 1);
    interrupt(running, Signal::TERM, 143, "terminated");
    world.run("deploy", &[]).expect_code(0);
    assert_eq!(world.transfer.count("CreateServer"), 1);
    world.expect_deployed();
}

#[track_caller]
fn interrupt(running: crate::support::cli::Running, signal: Signal, code: i32, kind: &str) -> Value {
    let sent = std::time::Instant::now();
    running.signal(signal);
    let ran = running.wait();
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    let error = ran.expect_failure(code, kind);
    assert_eq!(ran.json()["result"], json!("failed"));
    error
}
