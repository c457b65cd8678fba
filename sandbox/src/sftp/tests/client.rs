//! OpenSSH's `sftp`, driven without a terminal.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::stand::{PASSWORD, Stand};

const SFTP: &str = "/usr/bin/sftp";
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// A client that is not started yet: whose password, and what else to say to it. It works in `folder`.
pub(super) fn command(folder: &Path, port: u16, user: &str, password: &str, options: &[&str]) -> Command {
    assert!(Path::new(SFTP).exists(), "{SFTP} is missing: install OpenSSH's client (openssh-client)");
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let askpass = folder.join(format!("askpass-{run}"));
    std::fs::write(&askpass, "#!/bin/sh\nprintf '%s\\n' \"$TEST_PASSWORD\"\n").unwrap();
    std::fs::set_permissions(&askpass, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = Command::new(SFTP);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .env("SSH_ASKPASS", askpass)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("TEST_PASSWORD", password)
        // The first value that the client reads is the one it takes.
        .args(options)
        .args(["-F", "/dev/null", "-o", "BatchMode=no", "-o", "StrictHostKeyChecking=no"])
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentitiesOnly=yes"])
        .args(["-o", "LogLevel=INFO", "-b", "-", "-P", &port.to_string()])
        .arg(format!("{user}@127.0.0.1"))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Stand {
    pub(super) fn command(&self, user: &str, password: &str, options: &[&str]) -> Command {
        command(self.folder.path(), self.port, user, password, options)
    }

    pub(super) fn start(&self, user: &str) -> Child {
        self.command(user, PASSWORD, &[]).spawn().unwrap()
    }

    pub(super) async fn run(&self, user: &str, password: &str, options: &[&str], batch: &str) -> Ended {
        finish(self.command(user, password, options).spawn().unwrap(), batch).await
    }

    /// Signs in and carries out a batch.
    pub(super) async fn sftp(&self, user: &str, batch: &str) -> Ended {
        self.run(user, PASSWORD, &[], batch).await
    }
}

pub(super) async fn finish(mut child: Child, batch: &str) -> Ended {
    let mut input = child.stdin.take().unwrap();
    let _ = input.write_all(batch.as_bytes()).await;
    drop(input);
    let ended = tokio::time::timeout(Duration::from_secs(120), child.wait_with_output()).await;
    let output = ended.expect("the client did not end").unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
