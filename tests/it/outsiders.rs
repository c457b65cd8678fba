//! Outsiders as clients of the sandbox: AWS's own command line and SDK, and an emulator beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::aws_proxy::AwsProxy;
use crate::support::fault::Fault;
use crate::support::ministack::Ministack;
use crate::support::process;
use crate::support::sandbox::{Python, Sandbox, python};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/identity-provider.yaml");
const DEPLOY: &str = "cloudformation deploy --stack-name outsiders --capabilities CAPABILITY_NAMED_IAM --template-file";
/// A key as the template wants it: it ends in a digest.
const KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000.zip";

/// The function as the deployer packages it.
fn packaged(sandbox: &Sandbox) -> PathBuf {
    let zip = sandbox.cli.folder().join("function.zip");
    let okta = sandbox.status()["okta_url"].as_str().unwrap().to_owned();
    let settings = format!("--name outsiders --okta-org {okta} --login-domain example.com --bucket outsiders-files");
    sandbox.run(&format!("package --out {} {settings}", zip.display())).expect_code(0);
    zip
}

/// Deploys the template as somebody would who has nothing but the aws command line.
fn deploy(aws: &Python, zip: &Path) {
    aws.run(&["s3", "mb", "s3://outsiders-artifacts"]).expect_code(0);
    let target = format!("s3://outsiders-artifacts/{KEY}");
    aws.run(&["s3", "cp", &zip.to_string_lossy(), &target]).expect_code(0);
    let parameters = format!(
        "DeploymentName=outsiders ArtifactBucket=outsiders-artifacts ArtifactKey={KEY} BucketName=outsiders-files CreateBucket=true"
    );
    let line = format!("{DEPLOY} {TEMPLATE} --parameter-overrides {parameters}");
    let deployed = aws.run(&line.split(' ').collect::<Vec<_>>());
    deployed.expect_code(0);
    assert!(deployed.stdout.contains("Successfully created/updated stack - outsiders"), "{deployed}");
}

fn outputs(aws: &Python) -> BTreeMap<String, String> {
    let stacks = aws.json("cloudformation describe-stacks --stack-name outsiders");
    let outputs = stacks["Stacks"][0]["Outputs"].as_array().unwrap().clone();
    let text = |output: &Value, name: &str| output[name].as_str().unwrap().to_owned();
    outputs.iter().map(|output| (text(output, "OutputKey"), text(output, "OutputValue"))).collect()
}

#[test]
fn the_aws_command_line_deploys_signs_in_and_copies() {
    let sandbox = Sandbox::started("");
    let aws = sandbox.aws();
    let identity = aws.json("sts get-caller-identity");
    assert_eq!(identity["Account"], "000000000000");
    deploy(&aws, &packaged(&sandbox));
    let outputs = outputs(&aws);
    aws.run(&["cloudformation", "wait", "stack-create-complete", "--stack-name", "outsiders"]).expect_code(0);
    let events = aws.json("cloudformation describe-stack-events --stack-name outsiders");
    assert!(events["StackEvents"].as_array().unwrap().len() > 40, "pages are joined: {events}");

    let role = outputs["TransferIdentityProviderRole"].as_str();
    let name = role.rsplit('/').next().unwrap();
    assert_eq!(aws.json(&format!("iam get-role --role-name {name}"))["Role"]["Arn"], role);

    let url = &outputs["TransferIdentityProviderUrl"];
    let details = format!("Url={url},InvocationRole={role}");
    let made = aws.json(&format!(
        "transfer create-server --identity-provider-type API_GATEWAY --identity-provider-details {details}"
    ));
    let server = made["ServerId"].as_str().unwrap().to_owned();
    let of_server = |verb: &str| aws.run(&["transfer", verb, "--server-id", &server]);
    let state = || aws.json(&format!("transfer describe-server --server-id {server}"))["Server"]["State"].clone();
    aws.run(&["transfer", "wait", "server-online", "--server-id", &server]).expect_code(0);
    assert_eq!(state(), "ONLINE");
    let listed = aws.json("transfer list-servers");
    assert_eq!(listed["Servers"][0]["ServerId"], server.as_str());

    let sign_in = |password: &str| {
        let line =
            format!("transfer test-identity-provider --server-id {server} --user-name alice --source-ip 203.0.113.9");
        aws.json(&format!("{line} --user-password {password}"))
    };
    let right = sign_in(&sandbox.password("alice"));
    let response: Value = serde_json::from_str(right["Response"].as_str().unwrap()).unwrap();
    assert!(response["Role"].as_str().unwrap().contains(":role/"), "{right}");
    assert_eq!((&right["StatusCode"], right["Message"].as_str()), (&200.into(), Some("")), "{right}");
    assert_eq!(sign_in("wrong")["Response"], "{}");

    let log = aws.json("logs filter-log-events --log-group-name /aws/lambda/sftp-okta-outsiders");
    let lines: Vec<&str> =
        log["events"].as_array().unwrap().iter().filter_map(|event| event["message"].as_str()).collect();
    assert!(lines.iter().any(|line| line.contains("alice@example.com")), "{lines:?}");
    let streams = aws.json("logs describe-log-streams --log-group-name /aws/lambda/sftp-okta-outsiders");
    let stream = streams["logStreams"][0]["logStreamName"].as_str().unwrap();
    let of_stream = ["--log-group-name", "/aws/lambda/sftp-okta-outsiders", "--log-stream-name", stream];
    let told = aws.run(&[["logs", "get-log-events"].as_slice(), &of_stream].concat());
    assert!(told.stdout.contains("alice@example.com"), "{told}");

    // Larger than what the command line sends in one piece.
    let large: Vec<u8> =
        (0..9 * 1024 * 1024_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (there, back) = (sandbox.cli.folder().join("large"), sandbox.cli.folder().join("back"));
    fs::write(&there, &large).unwrap();
    let object = "s3://outsiders-files/home/alice@example.com/large";
    aws.run(&["s3", "cp", &there.to_string_lossy(), object]).expect_code(0);
    aws.run(&["s3", "cp", object, &back.to_string_lossy()]).expect_code(0);
    assert!(fs::read(&back).unwrap() == large, "what came back is not what was sent");
    let listed = aws.run(&["s3", "ls", "s3://outsiders-files/home/alice@example.com/"]);
    assert!(listed.stdout.ends_with(" 9437184 large\n"), "{listed}");
    // A user of SFTP sees it, too.
    let sftp = sandbox.sftp("alice", &sandbox.password("alice"), "ls -l large\n");
    assert!(sftp.stdout.contains("9437184"), "{sftp}");

    of_server("stop-server").expect_code(0);
    aws.run(&["transfer", "wait", "server-offline", "--server-id", &server]).expect_code(0);
    of_server("start-server").expect_code(0);
    of_server("delete-server").expect_code(0);
    let gone = of_server("describe-server");
    assert!(gone.stderr.contains("(ResourceNotFoundException)"), "{gone}");
    aws.run(&["cloudformation", "delete-stack", "--stack-name", "outsiders"]).expect_code(0);
    aws.run(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", "outsiders"]).expect_code(0);
    let gone = aws.run(&["cloudformation", "describe-stacks", "--stack-name", "outsiders"]);
    assert!(gone.stderr.contains("Stack with id outsiders does not exist"), "{gone}");
}

/// Arguments of `conform.py`.
fn conform(sandbox: &Sandbox) -> Vec<String> {
    vec![TEMPLATE.to_owned(), packaged(sandbox).display().to_string(), sandbox.password("alice")]
}

/// None is left out: what has to be asked is read from the sources of the deployer, the function and the sandbox.
#[test]
fn every_answer_is_as_botocore_s_models_say() {
    let sandbox = Sandbox::started("");
    let arguments = conform(&sandbox);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    sandbox.python("conform.py").run(&arguments).expect_code(0);
}

/// The check itself: an answer that is spelt wrong, or lacks something, does not pass.
#[test]
fn an_answer_that_is_spelt_wrong_does_not_pass() {
    let sandbox = Sandbox::started("");
    let arguments = conform(&sandbox);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for (service, action, from, to, told) in [
        ("sts", "GetCallerIdentity", "UserId>", "UserID>", "sts:GetCallerIdentity: <UserID> is unknown to the model"),
        ("sts", "GetCallerIdentity", "/doc/2011-06-15/", "/doc/2011/", "sts:GetCallerIdentity: the answer is <"),
        ("s3", "GET /", "BucketRegion>", "Region>", "<Region> is unknown to the model"),
        ("s3", "GET /", "<Name>", "<Name/><Name>", "<Name> comes 2 times"),
    ] {
        let proxy = AwsProxy::in_front_of(&sandbox.endpoint());
        proxy.fault(service, action, 1..=99, Fault::rewritten(&[(from, to)]));
        let ran = python("conform.py", &proxy.endpoint()).run(&arguments);
        assert!(ran.code() == Some(1) && ran.stderr.contains(told), "{action}: {ran}\n{:?}", proxy.calls());
        sandbox.run("sandbox reset").expect_code(0);
        sandbox.run("sandbox start --detach").expect_code(0);
    }
}

/// What a stack consists of: its resources, and its outputs with ids of their own replaced by the names of the resources.
fn consists_of(aws: &Python) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let listed = aws.json("cloudformation list-stack-resources --stack-name outsiders");
    let rows = listed["StackResourceSummaries"].as_array().unwrap().clone();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let resources = rows.iter().map(|row| (text(row, "LogicalResourceId"), text(row, "ResourceType"))).collect();
    let mut ids: Vec<_> =
        rows.iter().map(|row| (text(row, "PhysicalResourceId"), text(row, "LogicalResourceId"))).collect();
    ids.retain(|(physical, _)| physical.len() >= 6);
    // The longest first: one may be part of another.
    ids.sort_by_key(|(physical, _)| std::cmp::Reverse(physical.len()));
    let steady =
        |value: String| ids.iter().fold(value, |value, (physical, name)| value.replace(physical, &format!("[{name}]")));
    let outputs = outputs(aws).into_iter().map(|(name, value)| (name, steady(value))).collect();
    (resources, outputs)
}

#[test]
fn an_emulator_makes_the_same_of_the_template() {
    let sandbox = Sandbox::started("");
    let zip = packaged(&sandbox);
    let (here, there) = (sandbox.aws(), python("aws.py", &Ministack::shared().endpoint()));
    deploy(&here, &zip);
    deploy(&there, &zip);
    let (here, there) = (consists_of(&here), consists_of(&there));
    assert_eq!(here.0, there.0);
    assert_eq!(here.1, there.1);
    assert!(here.0.len() > 20 && here.1.len() > 3, "{here:?}");
}

#[test]
fn it_listens_on_loopback_only() {
    let sandbox = Sandbox::deployed("");
    // The function's process is kept warm, and has an API of its own.
    sandbox.sftp("alice", &sandbox.password("alice"), "ls\n").expect_code(0);
    let running = process::of_folder(sandbox.cli.folder());
    let (pid, _) = running.iter().find(|(_, command)| command.contains(" sandbox start ")).unwrap();
    let listening = process::listening(*pid);
    assert!(listening.iter().all(|address| address.ip().is_loopback()), "{listening:?}");
    let status = sandbox.status();
    let port = |url: &Value| url.as_str().unwrap().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let sftp = u16::try_from(status["sftp"][0]["port"].as_u64().unwrap()).unwrap();
    for expected in [port(&status["endpoint_url"]), port(&status["okta_url"]), sftp] {
        assert!(listening.iter().any(|address| address.port() == expected), "{expected} in {listening:?}");
    }
    assert!(listening.len() > 3, "the function's API is not among {listening:?}");
}
