//! `sandbox start --okta-org`: an organisation of somebody's own in place of the sandbox's.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::cli::{Cli, Ran};
use crate::support::okta::{Okta, Transaction};

/// A sandbox that is stopped with this value.
struct Sandbox(Cli);

impl Sandbox {
    fn run(&self, line: &str) -> Ran {
        self.0.run(&line.split(' ').collect::<Vec<_>>())
    }

    /// Signs in with OpenSSH's `sftp`, and lists.
    fn sign_in(&self, port: &str, user: &str, password: &str) -> Ran {
        let script = self.0.write("askpass", "#!/bin/sh\necho \"$SFTP_PASSWORD\"\n");
        fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
        let batch = self.0.write("batch", "ls\n").to_string_lossy().into_owned();
        let client = Cli::of(Path::new("/usr/bin/sftp")).env("SSH_ASKPASS", script);
        let client = client.env("SSH_ASKPASS_REQUIRE", "force").env("SFTP_PASSWORD", password);
        let mut arguments = vec!["-F", "/dev/null"];
        for option in ["BatchMode=no", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"] {
            arguments.extend(["-o", option]);
        }
        let user = format!("User={user}");
        arguments.extend(["-o", "NumberOfPasswordPrompts=1", "-o", &user, "-b", &batch, "-P", port, "127.0.0.1"]);
        client.run(&arguments)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.run("sandbox stop");
    }
}

#[test]
fn its_users_sign_in_with_their_whole_login() {
    let okta = Okta::builder().user("bob@acme.test", "right", Transaction::Success).start();
    let sandbox = Sandbox(Cli::new());
    sandbox.run(&format!("sandbox start --detach --okta-org {}", okta.org_url())).expect_code(0);
    let status = sandbox.run("sandbox status");
    let told = format!("Its users are those of {}: the sandbox asks that organisation.", okta.org_url());
    assert!(status.stdout.contains(&told) && !status.stdout.contains("alice"), "{status}");

    let deployed = sandbox.run("deploy --sandbox --yes --poll-interval 50ms");
    deployed.expect_code(0);
    assert!(deployed.stdout.contains(&format!("with an account of {}", okta.org_url())), "{deployed}");
    let port = sandbox.run("sandbox status --output json").json()["sftp"][0]["port"].to_string();
    assert!(deployed.stdout.contains(&format!("Now try:  sftp -P {port} USER@127.0.0.1\n")), "{deployed}");

    sandbox.sign_in(&port, "bob@acme.test", "right").expect_code(0);
    assert!(okta.asked().iter().any(|asked| asked.signs_in("bob@acme.test", "right")), "its own Okta answered");
    sandbox.sign_in(&port, "bob@acme.test", "wrong").expect_code(255);
    sandbox.sign_in(&port, "alice", "alice-password").expect_code(255);
}

#[test]
fn what_cannot_be_an_organisation_is_refused_at_once() {
    let sandbox = Sandbox(Cli::new());
    let refused = sandbox.run("sandbox start --detach --okta-org http://acme.okta.com --output json");
    let error = refused.expect_failure(2, "usage");
    assert_eq!(error["resource"], "--okta-org", "{error}");
    sandbox.run("sandbox status").expect_code(7);
}
