//! A sandbox of a test's own: the deployer's commands in it, and S3 and CloudFormation as somebody else would call them.

use std::path::Path;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::cli::{Cli, Ran};
use super::loopback::{self, Reply};
use super::sandbox::Sandbox;
use super::{sigv4, world};

/// A sandbox that ends with its value.
pub(crate) struct OwnSandbox {
    sandbox: Sandbox,
    endpoint: String,
}

impl OwnSandbox {
    /// A sandbox that was started with these flags.
    pub(crate) fn start(flags: &str) -> Self {
        let sandbox = Sandbox::started(flags);
        Self { endpoint: sandbox.endpoint(), sandbox }
    }

    /// Runs a command in the sandbox; JSON on stdout.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.sandbox.deployer(line)
    }

    /// The deployer as it runs there.
    pub(crate) fn cli(&self) -> &Cli {
        &self.sandbox.cli
    }

    /// A command that makes or changes: approved beforehand, and looking often.
    pub(crate) fn change(&self, line: &str) -> Ran {
        self.run(&format!("{line} --yes --poll-interval 50ms"))
    }

    /// Runs a command on a terminal, where `typed` is typed. What it shows there is all on stdout.
    pub(crate) fn at_a_terminal(&self, line: &str, typed: &str) -> Ran {
        let program = env!("CARGO_BIN_EXE_sftp-okta");
        let folder = self.sandbox.cli.folder();
        let script = Cli::of(Path::new("/usr/bin/script")).env("HOME", folder).env("TERM", "dumb").input(typed);
        script.run(&["-qec", &format!("{program} {line} --sandbox --poll-interval 50ms"), "/dev/null"])
    }

    /// A call to S3, which wants the digest of every body.
    pub(crate) fn s3(&self, method: &str, path: &str, body: &str) -> Reply {
        let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        let request = Request::builder().method(method).uri(format!("{}{path}", self.endpoint));
        let request = request.header("x-amz-content-sha256", digest);
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
        loopback::send(sigv4::signed(request, body.as_bytes(), "s3", "us-east-1")).expect("an answer")
    }

    /// A call to CloudFormation.
    pub(crate) fn cloudformation(&self, form: &str) -> String {
        world::query(&self.endpoint, "cloudformation", &format!("Version=2010-05-15&{form}")).text()
    }
}

/// The entry of `changes` of that kind.
#[track_caller]
pub(crate) fn change_of<'a>(result: &'a Value, kind: &str) -> &'a Value {
    let changes = result["changes"].as_array().expect("a list of changes");
    changes.iter().find(|change| change["kind"] == kind).unwrap_or_else(|| panic!("no change of {kind} in {result}"))
}
