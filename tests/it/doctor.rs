//! What `doctor` finds, and the policies it prints.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran};
use crate::support::fault::Fault;
use crate::support::sandbox::Sandbox;
use crate::support::steady::steady;
use crate::support::transfer::Seed;
use crate::support::world::{STACK, World};

/// `check level` of every finding.
fn found(ran: &Ran) -> Vec<String> {
    let findings = ran.json()["findings"].as_array().unwrap_or_else(|| panic!("{ran}")).clone();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    findings.iter().map(|finding| format!("{} {}", text(finding, "check"), text(finding, "level"))).collect()
}

#[track_caller]
fn expect_found(ran: &Ran, expected: &[&str]) {
    let found = found(ran);
    for expected in expected {
        assert!(found.iter().any(|found| found == expected), "{expected} is not in {found:?}\n{ran}");
    }
}

#[test]
fn before_a_deploy_it_tells_what_is_missing_and_changes_nothing() {
    let world = World::new();
    let ran = world.run("doctor", &[]);
    ran.expect_code(7);
    assert_eq!(ran.json()["result"], "unhealthy");
    expect_found(&ran, &["credentials ok", "bucket error", "stack info", "permission warning"]);
    assert!(found(&ran)[0].ends_with(" error"), "the worst comes first: {ran}");
    assert_eq!(world.mutating(), [""; 0]);

    assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
    let ran = world.run("doctor", &[]);
    ran.expect_code(0);
    expect_found(&ran, &["bucket ok"]);
    // For people: one line a finding, and what to do below it.
    let arguments: Vec<String> = world.arguments("doctor", &[]);
    let text: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|text| !["--output", "json"].contains(text)).collect();
    let ran = world.cli.run(&text);
    insta::assert_snapshot!("doctor_before_a_deploy", steady(&ran.stdout));
}

/// In the sandbox, where CloudFormation reads every resource as it is: with an API, and without one.
#[test]
fn what_is_deployed_is_audited_both_ways() {
    for (name, settings) in [("api", ""), ("direct", "[server]\nidentity_provider = \"lambda\"\n")] {
        let sandbox = Sandbox::new();
        sandbox.cli.write("sftp-okta.toml", settings);
        sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
        let ran = sandbox.run("doctor --sandbox");
        ran.expect_code(0);
        insta::assert_snapshot!(format!("doctor_{name}"), steady(&ran.stdout));
    }
}

#[test]
fn a_deployed_one_is_audited() {
    let world = World::deployed_with(|transfer| transfer.server(Seed::foreign()));
    assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
    let ran = world.run("doctor", &[]);
    ran.expect_code(0);
    expect_found(
        &ran,
        &["server ok", "security-policy ok", "listing-optimisation ok", "server-log ok", "endpoint info", "stack ok"],
    );
    assert_eq!(ran.json()["server"]["id"], world.the_server());
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn the_wrong_account_and_no_credentials_are_findings() {
    let world = World::new();
    let ran = world.run("doctor", &["--account", "111122223333"]);
    ran.expect_code(7);
    expect_found(&ran, &["account error"]);
    let ran = Cli::new()
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .endpoint("http://127.0.0.1:1")
        .run(&["doctor", "--name", "demo", "--output", "json"]);
    ran.expect_code(7);
    expect_found(&ran, &["credentials error"]);
}

#[test]
fn what_may_not_be_asked_is_told_with_the_right_that_is_missing() {
    let world = World::deployed();
    world.transfer.fault("ListServers", 1..=99, Fault::refused(400, "AccessDeniedException", "no"));
    world.aws.fault("iam", "GetAccountSummary", 1..=9, Fault::refused(403, "AccessDenied", "no"));
    world.aws.fault("cloudformation", "DescribeStacks", 1..=9, Fault::refused(403, "AccessDenied", "no"));
    let ran = world.run("doctor", &[]);
    ran.expect_code(7);
    expect_found(&ran, &["server error", "stack error", "quota-roles info"]);
    assert!(ran.stdout.contains("iam:GetAccountSummary"), "{ran}");
}

/// The policy that is printed, as one would paste it.
fn printed(purpose: &str) -> Value {
    printed_with(purpose, &[])
}

fn printed_with(purpose: &str, more: &[&str]) -> Value {
    let names = [
        ["--name", "demo"],
        ["--region", "us-east-1"],
        ["--account", "000000000000"],
        ["--okta-org", "https://acme.okta.com"],
        ["--bucket", "acme-files"],
    ];
    let arguments: Vec<&str> =
        ["doctor", "--print-policy", purpose].into_iter().chain(names.concat()).chain(more.iter().copied()).collect();
    let ran = Cli::new().without("AWS_ACCESS_KEY_ID").run(&arguments);
    ran.expect_code(0);
    ran.json()
}

#[test]
fn a_policy_is_printed_offline_and_names_what_is_not_known() {
    assert_eq!(printed("teardown")["Version"], "2012-10-17");
    let ran = Cli::new().run(&["doctor", "--print-policy", "status", "--name", "demo", "--output", "json"]);
    ran.expect_code(0);
    assert!(ran.json()["warnings"].to_string().contains("ACCOUNT-ID, REGION-NAME"), "{ran}");
    assert!(ran.json()["policy"]["Statement"].is_array(), "{ran}");
}

/// The actions of a printed policy that the deployer itself calls: those of the services it speaks to. The others, and these
/// services' on the users' behalf, CloudFormation and Transfer call with the caller's rights.
fn direct(policy: &Value) -> BTreeSet<String> {
    let actions = |statement: &Value| {
        let action = &statement["Action"];
        action.as_array().cloned().unwrap_or_else(|| vec![action.clone()])
    };
    let all = policy["Statement"].as_array().unwrap().iter().flat_map(actions);
    let is_own = |action: &String| {
        let service = action.split(':').next().unwrap();
        ["cloudformation", "s3", "transfer"].contains(&service) && action != "transfer:TestIdentityProvider"
            || action == "iam:GetRole"
    };
    all.map(|action| action.as_str().unwrap().to_owned()).filter(is_own).collect()
}

/// The IAM action of a call, as the Service Authorization Reference has it; none for what needs no right.
fn action_of(service: &str, action: &str, query: &str) -> Option<String> {
    let Some((method, path)) = action.split_once(' ').filter(|_| service == "s3") else {
        return (action != "GetCallerIdentity").then(|| format!("{service}:{action}"));
    };
    let of_object = path.trim_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let named = |name: &str| query.split('&').any(|part| part == name || part.starts_with(&format!("{name}=")));
    let right = match (method, of_object) {
        ("GET" | "HEAD", true) => "GetObject",
        ("PUT", true) => "PutObject",
        ("DELETE", true) => "DeleteObject",
        ("POST", false) if named("delete") => "DeleteObject",
        ("GET", false) if named("tagging") => "GetBucketTagging",
        ("PUT", false) if named("tagging") => "PutBucketTagging",
        ("PUT", false) if named("publicAccessBlock") => "PutBucketPublicAccessBlock",
        ("PUT", false) if named("encryption") => "PutEncryptionConfiguration",
        ("PUT", false) if named("ownershipControls") => "PutBucketOwnershipControls",
        ("PUT", false) if named("policy") => "PutBucketPolicy",
        ("PUT", false) => "CreateBucket",
        ("GET" | "HEAD", false) => "ListBucket",
        (method, _) => panic!("{method} {path}?{query} has no right here"),
    };
    Some(format!("s3:{right}"))
}

fn called(world: &World) -> BTreeSet<String> {
    let aws = world.aws.calls().into_iter().filter_map(|call| action_of(&call.service, &call.action, &call.query));
    let transfer = world.transfer.calls().into_iter().map(|call| format!("transfer:{}", call.operation));
    aws.chain(transfer).collect()
}

/// What the commands call is what the policies allow: nothing is missing, whatever way a run takes.
#[test]
fn every_call_is_allowed_by_the_policy_of_its_command() {
    let world = World::new();
    world.cli.write(
        "sftp-okta.toml",
        "[server.endpoint]\nvpc = \"vpc-1a2b3c4d\"\nsubnets = [\"subnet-1a2b3c4d\"]\nelastic_ips = [\"eipalloc-1a2b3c4d\"]\n",
    );
    assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
    let mut ever: std::collections::BTreeMap<&str, BTreeSet<String>> = Default::default();
    let mut run = |world: &World, purpose: &'static str, command: &str, more: &[&str]| {
        world.clear();
        world.run(command, more);
        let called = called(world);
        let allowed = direct(&printed(purpose));
        let missing: Vec<_> = called.difference(&allowed).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{command} {more:?} calls what the policy of {purpose} lacks");
        ever.entry(purpose).or_default().extend(called);
    };
    run(&world, "plan", "plan", &[]);
    run(&world, "deploy", "deploy", &[]);
    run(&world, "plan", "plan", &[]);
    run(&world, "plan", "plan", &["--log-retention-days", "14"]);
    run(&world, "deploy", "deploy", &["--security-policy", "TransferSecurityPolicy-2024-01", "--tag", "a=b"]);
    run(&world, "status", "status", &[]);
    run(&world, "status", "status", &["--drift"]);
    run(&world, "status", "status", &["--all"]);
    world.query("cloudformation", &format!("Action=UpdateTerminationProtection&Version=2010-05-15&StackName={STACK}"));
    let id = world.the_server();
    world.transfer.set_life(&id, crate::support::transfer::Life::Offline);
    run(&world, "deploy", "deploy", &[]);
    world.aws.fault("cloudformation", "CreateChangeSet", 1..=1, Fault::lost_answer());
    run(&world, "deploy", "deploy", &["--log-retention-days", "7"]);
    run(&world, "teardown", "teardown", &[]);

    // And what is allowed is called, but for what only other states of a stack or server need.
    for (purpose, rare) in [
        (
            "deploy",
            &[
                "cloudformation:UntagResource",
                "cloudformation:TagResource",
                "cloudformation:DescribeEvents",
                "cloudformation:DeleteStack",
                "cloudformation:DeleteChangeSet",
                "cloudformation:ListChangeSets",
                "cloudformation:UpdateTerminationProtection",
                "transfer:DeleteServer",
            ][..],
        ),
        ("plan", &["cloudformation:DescribeEvents", "cloudformation:TagResource", "cloudformation:UntagResource"]),
        ("status", &["cloudformation:DetectStackResourceDrift", "iam:GetRole"]),
        ("teardown", &["s3:GetObject", "iam:GetRole"]),
    ] {
        let allowed = direct(&printed(purpose));
        let never: BTreeSet<_> = allowed.difference(&ever[purpose]).map(String::as_str).collect();
        assert_eq!(
            never.iter().filter(|action| !rare.contains(action)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{purpose}"
        );
    }
}

/// The example is what is printed: one source of truth.
#[test]
fn the_example_of_a_policy_is_the_printed_one() {
    let boundary = "arn:aws:iam::111122223333:policy/sftp-okta-boundary";
    let ran = Cli::new().run(&[
        "doctor",
        "--print-policy",
        "deploy",
        "--name",
        "partners",
        "--region",
        "eu-west-1",
        "--account",
        "111122223333",
        "--okta-org",
        "https://acme.okta.com",
        "--bucket",
        "acme-partner-files",
        "--permissions-boundary",
        boundary,
    ]);
    ran.expect_code(0);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/github-actions/deploy-role-policy.json");
    let example = std::fs::read_to_string(example).unwrap();
    assert_eq!(example, ran.stdout, "write it anew with: sftp-okta doctor --print-policy deploy …");
    assert_ne!(ran.stdout, json!({}).to_string());
}

/// ministack checks signatures and policies (`AUTH=true`) of what the deployer itself calls there: S3, IAM and
/// CloudFormation. Its Transfer is not the one these tests use, and what a stack makes is not checked against the caller; for
/// those see [`every_call_is_allowed_by_the_policy_of_its_command`]. The artifact bucket is a named one: one that the tool
/// makes has a policy of its own that refuses everything without TLS, which here is everything.
#[test]
fn under_enforced_policies_all_commands_work_and_each_removed_action_breaks_something() {
    const NAMED: [&str; 2] = ["--artifact-bucket", "acme-artifacts"];
    let world = World::with_auth();
    for bucket in ["/acme-files", "/acme-artifacts"] {
        assert_eq!(world.s3("PUT", bucket, "").status, 200);
    }
    let iam = |form: &str| {
        let answer = world.query("iam", &format!("{form}&Version=2010-05-08"));
        assert_eq!(answer.status, 200, "{form}: {}", answer.text());
        answer.text()
    };
    iam("Action=CreateUser&UserName=ci");
    let key = iam("Action=CreateAccessKey&UserName=ci");
    let part = |name: &str| key.split_once(&format!("<{name}>")).unwrap().1.split('<').next().unwrap().to_owned();
    let (id, secret) = (part("AccessKeyId"), part("SecretAccessKey"));
    let world = world.cli(|cli| cli.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret));
    let grant = |policy: &Value| {
        let document: String = url::form_urlencoded::byte_serialize(policy.to_string().as_bytes()).collect();
        let form = "Action=PutUserPolicy&UserName=ci&PolicyName=p&Version=2010-05-08&PolicyDocument=";
        assert_eq!(world.query("iam", &format!("{form}{document}")).status, 200);
    };
    let refused = || world.aws.calls().into_iter().filter(|call| call.status == Some(403)).count();
    // ministack sees no resource in a call that names a change set by its ARN alone; AWS sees that set's stack.
    let named = |purpose: &str| {
        let mut policy = printed_with(purpose, &NAMED);
        for statement in policy["Statement"].as_array_mut().unwrap() {
            if statement["Sid"] == "Stack" {
                statement["Resource"] = json!("*");
            }
        }
        policy
    };
    for (purpose, command) in [("deploy", "deploy"), ("plan", "plan"), ("status", "status"), ("teardown", "teardown")] {
        grant(&named(purpose));
        world.clear();
        world.run(command, &NAMED).expect_code(0);
        assert_eq!(refused(), 0, "{command}: {:?}", world.aws.calls());
    }

    // `doctor` learns the same from IAM. ministack's simulation knows no conditions, so the policy has none here.
    let mut bare = named("deploy");
    for statement in bare["Statement"].as_array_mut().unwrap() {
        statement.as_object_mut().unwrap().remove("Condition");
        statement["Resource"] = json!("*");
    }
    let asking = json!({"Effect": "Allow", "Action": ["iam:SimulatePrincipalPolicy"], "Resource": "*"});
    bare["Statement"].as_array_mut().unwrap().push(asking);
    grant(&bare);
    expect_found(&world.run("doctor", &NAMED), &["permission ok"]);
    grant(&without(&bare, "s3:PutObject"));
    let ran = world.run("doctor", &NAMED);
    expect_found(&ran, &["permission error"]);
    assert!(ran.stdout.contains("may not do all that deploy does: s3:PutObject\""), "{ran}");
    // Another command may not need it.
    let ran = world.run("doctor", &[&NAMED[..], &["--for", "plan"]].concat());
    expect_found(&ran, &["permission ok"]);
    assert!(ran.stdout.contains("may do all that plan does\""), "{ran}");

    // One action less, on each command that was seen to call it.
    for (purpose, command) in [("plan", "plan"), ("status", "status"), ("teardown", "teardown"), ("deploy", "deploy")] {
        let whole = named(purpose);
        let once = |policy: &Value| {
            if command == "deploy" {
                grant(&named("teardown"));
                world.run("teardown", &NAMED);
            } else {
                grant(&named("deploy"));
                world.run("deploy", &NAMED).expect_code(0);
            }
            grant(policy);
            world.clear();
            world.run(command, &NAMED);
        };
        once(&whole);
        let seen = called(&world);
        // A teardown reads its lease only when it takes long, and so not in every run.
        let by_chance = |action: &str| command == "teardown" && action == "s3:GetObject";
        for action in seen.iter().filter(|action| !action.starts_with("transfer:") && !by_chance(action)) {
            once(&without(&whole, action));
            assert_ne!(refused(), 0, "{command} does not miss {action}");
        }
    }
}

/// The policy without one action.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let action_now = &statement["Action"];
        let all = action_now.as_array().cloned().unwrap_or_else(|| vec![action_now.clone()]);
        let mut kept: Vec<Value> = all.into_iter().filter(|found| *found != action).collect();
        if kept.is_empty() {
            kept.push(json!("none:None"));
        }
        statement["Action"] = json!(kept);
    }
    policy
}
