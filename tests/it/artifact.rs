//! The function's zip: the same bytes wherever it is made, stored once, in a bucket that is ours.

use std::fs;
use std::io::{Cursor, Read};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::cli::Cli;
use crate::support::fault::Fault;
use crate::support::loopback::Reply;
use crate::support::world::{STACK, World};

const ARTIFACTS: &str = "/sftp-okta-artifacts-000000000000-us-east-1";

/// Runs `package` and gives the bytes and the result.
fn package(cli: &Cli, org: &str, out: &str) -> (Vec<u8>, Value) {
    let settings = ["--name", "demo", "--okta-org", org, "--bucket", "acme-files", "--login-domain", "example.com"];
    let ran = cli.run(&[&["package", "--output", "json", "--out", out][..], &settings].concat());
    ran.expect_code(0);
    (fs::read(cli.folder().join(out)).unwrap(), ran.json())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_packaged_is_what_is_deployed() {
    let world = World::deployed();
    let offline = Cli::new().without("AWS_REGION").without("AWS_ACCESS_KEY_ID");
    let (one, told) = package(&offline, &world.okta.org_url(), "one.zip");
    let (two, _) = package(&Cli::new(), &world.okta.org_url(), "two.zip");
    assert!(one == two, "two packages differ");
    assert_eq!(told["artifact"]["sha256"], hex(&one));
    assert_eq!(told["artifact"]["bytes"], one.len());

    let stored = world.s3("GET", &format!("{ARTIFACTS}/demo/{}.zip", hex(&one)), "");
    assert_eq!(stored.status, 200, "{}", stored.text());
    assert!(stored.body == one, "what was uploaded differs");

    let mut zip = zip::ZipArchive::new(Cursor::new(&one)).unwrap();
    let names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["bootstrap", "settings.json"]);
    let mut bootstrap = zip.by_name("bootstrap").unwrap();
    assert_eq!(bootstrap.unix_mode().map(|mode| mode & 0o777), Some(0o755));
    let mut bytes = Vec::new();
    bootstrap.read_to_end(&mut bytes).unwrap();
    assert_eq!(told["artifact"]["bootstrap_sha256"], hex(&bytes));
    assert!(bytes.starts_with(b"\x7fELF"));
}

#[test]
fn a_package_that_cannot_be_written_is_told() {
    let ran = Cli::new().run(&[
        "package",
        "--output",
        "json",
        "--out",
        "no/folder/a.zip",
        "--name",
        "demo",
        "--okta-org",
        "https://acme.okta.com",
        "--bucket",
        "acme-files",
    ]);
    let error = ran.expect_failure(1, "artifact-failed");
    assert_eq!(error["resource"], "no/folder/a.zip");
}

#[test]
fn a_zip_that_is_there_is_not_uploaded_again() {
    let world = World::deployed();
    world.run("deploy", &["--tag", "team=data"]).expect_code(0);
    assert_eq!(world.aws.count("cloudformation", "ExecuteChangeSet"), 1);
    let uploads =
        world.aws.calls().into_iter().filter(|call| call.action.starts_with("PUT ") && call.action.ends_with(".zip"));
    assert_eq!(uploads.count(), 0);
}

#[test]
fn a_bucket_of_somebody_else_is_refused_before_anything_is_made() {
    let world = World::new();
    let refused = Fault::answered_by_another(Reply::new(403, "application/xml", ""));
    world.aws.fault("s3", "HEAD /*", 1..=10, refused);
    let error = world.run("deploy", &[]).expect_failure(3, "permission");
    assert!(error["message"].as_str().unwrap().contains("is not yours to use"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--artifact-bucket"), "{error}");
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn a_bucket_of_another_region_is_refused_before_anything_is_made() {
    let world = World::new();
    let elsewhere = Reply::new(301, "application/xml", "").with("x-amz-bucket-region", "eu-west-1");
    world.aws.fault("s3", "HEAD /*", 1..=10, Fault::answered_by_another(elsewhere));
    let error = world.run("deploy", &["--artifact-bucket", "acme-artifacts"]).expect_failure(1, "artifact-failed");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("eu-west-1") && message.contains("us-east-1"), "{error}");
    assert_eq!(world.mutating(), [""; 0]);
}

#[test]
fn a_named_bucket_is_used_as_it_is_and_never_made() {
    let world = World::new();
    let named = ["--artifact-bucket", "acme-artifacts"];
    let error = world.run("deploy", &named).expect_failure(1, "artifact-failed");
    assert!(error["message"].as_str().unwrap().contains("does not exist"), "{error}");
    assert_eq!((world.mutating().len(), world.stack_status(STACK)), (0, None));

    world.s3("PUT", "/acme-artifacts", "");
    world.s3("PUT", "/acme-artifacts/demo/notes.txt", "theirs");
    world.run("deploy", &named).expect_code(0);
    world.run("teardown", &named).expect_code(0);
    assert_eq!(world.s3("GET", "/acme-artifacts/demo/notes.txt", "").text(), "theirs");
    let keys = world.s3("GET", "/acme-artifacts?prefix=demo/", "").text();
    assert_eq!(keys.matches("<Key>").count(), 1, "{keys}");
    assert!(world.aws.calls().iter().all(|call| !call.action.contains("sftp-okta-artifacts")));
}

#[test]
fn a_zip_that_is_not_what_its_name_says_is_not_deployed() {
    let world = World::new();
    let (bytes, _) = package(&Cli::new(), &world.okta.org_url(), "one.zip");
    world.s3("PUT", ARTIFACTS, "");
    world.s3("PUT", &format!("{ARTIFACTS}/demo/{}.zip", hex(&bytes)), "something else");
    let error = world.run("deploy", &[]).expect_failure(1, "artifact-failed");
    assert!(error["resource"].as_str().unwrap().ends_with(".zip"), "{error}");
    assert_eq!(world.stack_status(STACK), None);
}
