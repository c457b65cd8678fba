//! A sandbox of a test's own, started by the real binary, and its clients.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use serde_json::Value;

use super::cli::{Cli, Ran};
use super::process::{self, Group, Signal, until};
use super::venv;

/// A folder for a sandbox, and the deployer beside it. Whatever runs in it ends with this value, and with this process.
pub(crate) struct Sandbox {
    pub(crate) cli: Cli,
    /// Removes the folder when this process is gone, at which a detached sandbox ends by itself.
    watch: Option<Group>,
}

impl Sandbox {
    /// Nothing runs there yet.
    pub(crate) fn new() -> Self {
        let cli = Cli::new().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY").without("AWS_REGION");
        let watch = Some(Group::remove_with_this_process(cli.folder()).unwrap());
        Self { cli, watch }
    }

    /// It runs there, with options such as `--slow`.
    pub(crate) fn started(options: &str) -> Self {
        let sandbox = Self::new();
        sandbox.run(format!("sandbox start --detach {options}").trim_end()).expect_code(0);
        sandbox
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

    /// The AWS-shaped endpoint.
    pub(crate) fn endpoint(&self) -> String {
        self.status()["endpoint_url"].as_str().unwrap().to_owned()
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

    /// A Python program of `tests/it/outsiders`, with this sandbox as its AWS.
    pub(crate) fn python(&self, program: &str) -> Python {
        python(program, &self.endpoint())
    }

    /// The aws command line.
    pub(crate) fn aws(&self) -> Python {
        self.python("aws.py")
    }

    /// Stops it, and looks whether anything is left running.
    fn end(&mut self) -> Result<(), String> {
        let stopped = self.run("sandbox stop");
        drop(self.watch.take());
        let folder = self.cli.folder();
        let gone = until(Duration::from_secs(10), || process::of_folder(folder).is_empty().then_some(()));
        let left = process::of_folder(folder);
        for pid in left.iter().filter_map(|(pid, _)| Pid::from_raw(*pid)) {
            // It may end by itself just now.
            let _gone = kill_process(pid, Signal::KILL);
        }
        match gone {
            Some(()) if stopped.code() == Some(0) => Ok(()),
            Some(()) => Err(stopped.to_string()),
            None => Err(format!("left running: {left:?}")),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let ended = self.end();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// A Python program of `tests/it/outsiders`, with AWS's own SDK and an endpoint as its AWS.
pub(crate) fn python(program: &str, endpoint: &str) -> Python {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/outsiders").join(program);
    let cli = Cli::of(&venv::python_of_clients())
        .endpoint(endpoint)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_PAGER", "")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .limit(Duration::from_secs(120));
    Python { cli, program }
}

/// A Python program and its environment.
pub(crate) struct Python {
    pub(crate) cli: Cli,
    program: PathBuf,
}

impl Python {
    /// Runs it to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let program = self.program.to_string_lossy().into_owned();
        let mut all = vec![program.as_str()];
        all.extend(arguments);
        self.cli.run(&all)
    }

    /// Runs it with arguments separated by spaces, and reads its JSON; it must succeed.
    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = self.run(&arguments);
        ran.expect_code(0);
        ran.json()
    }
}
