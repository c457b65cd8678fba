//! A sandbox of a test's own, started by the real binary, and its clients.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cli::{Cli, Ran};

/// A folder for a sandbox, and the deployer beside it. Whatever runs in it ends with this value.
pub(crate) struct Sandbox {
    pub(crate) cli: Cli,
}

impl Sandbox {
    /// Nothing runs there yet.
    pub(crate) fn new() -> Self {
        Self { cli: Cli::new().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY").without("AWS_REGION") }
    }

    /// Something is deployed there, with options of the deploy.
    pub(crate) fn deployed(options: &str) -> Self {
        let sandbox = Self::new();
        sandbox.deployer(format!("deploy --yes --poll-interval 50ms {options}").trim_end()).expect_code(0);
        sandbox
    }

    /// Runs the deployer with these arguments, separated by spaces.
    pub(crate) fn run(&self, line: &str) -> Ran {
        let arguments: Vec<&str> = line.split(' ').collect();
        self.cli.run(&arguments)
    }

    /// Runs it in the sandbox; JSON on stdout.
    pub(crate) fn deployer(&self, line: &str) -> Ran {
        self.run(&format!("{line} --sandbox --output json"))
    }

    /// What runs there, as the sandbox tells it.
    pub(crate) fn status(&self) -> Value {
        self.run("sandbox status --output json").json()
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> PathBuf {
        self.cli.folder().join(".local/state/sftp-okta/sandbox")
    }

    /// The port of its only SFTP server.
    pub(crate) fn port(&self) -> String {
        self.status()["sftp"][0]["port"].to_string()
    }

    /// A user's password.
    pub(crate) fn password(&self, user: &str) -> String {
        let status = self.status();
        let users = status["users"].as_array().unwrap();
        let found = users.iter().find(|found| found["user"] == user).unwrap_or_else(|| panic!("{user} in {status}"));
        found["password"].as_str().unwrap().to_owned()
    }

    /// A session of OpenSSH's `sftp`, without a terminal.
    pub(crate) fn sftp(&self, user: &str, password: &str, commands: &str) -> Ran {
        let askpass = self.cli.write("askpass", "#!/bin/sh\necho \"$SFTP_PASSWORD\"\n");
        fs::set_permissions(&askpass, fs::Permissions::from_mode(0o755)).unwrap();
        let batch = self.cli.write("batch", commands);
        let port = self.port();
        let client = Cli::of(Path::new("/usr/bin/sftp"))
            .env("SSH_ASKPASS", askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("SFTP_PASSWORD", password);
        // The host key of the first session is known to the next: one that changed is refused.
        let known = format!("UserKnownHostsFile={}", self.cli.folder().join("known_hosts").display());
        let batch = batch.to_string_lossy().into_owned();
        let target = format!("{user}@127.0.0.1");
        let options = ["BatchMode=no", "StrictHostKeyChecking=accept-new", &known, "NumberOfPasswordPrompts=1"];
        let mut arguments: Vec<&str> = options.iter().flat_map(|option| ["-o", option]).collect();
        arguments.extend(["-b", &batch, "-P", &port, &target]);
        client.run(&arguments)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let stopped = self.run("sandbox stop");
        if !std::thread::panicking() {
            stopped.expect_code(0);
        }
    }
}
