//! Every kind of user signs in with OpenSSH's client, through the function's real binary and the small Okta: second factors,
//! groups, rights, networks and keys, and what the log says of each.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::cli::{Cli, Ran};
use crate::support::sandbox::Sandbox;

const RULES: &str = r#"
name = "demo"
[okta]
mfa = "auto"
mfa_methods = ["totp", "push"]
service_app = { client_id = "0oasandboxserviceapp", key_id = "sandbox-key", private_key_secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:okta-service-app-AbCdEf" }
ssh_keys_attribute = "sftpPublicKeys"
[server]
authentication = "public-key-or-password"
[[access]]
users = ["alice@example.com"]
home = "/{bucket}/drop/{login}"
permissions = "write-only"
[[access]]
groups = ["sftp-partners"]
home = "/{bucket}/partners/{login}"
[[access]]
groups = ["sftp-read-only"]
home = "/{bucket}/readers/{login}"
permissions = "read-only"
[[access]]
users = ["warn@example.com"]
allow_from = ["203.0.113.0/24"]
home = "/{bucket}/far/{login}"
[[access]]
users = ["bob@example.com", "paula@example.com", "rita@example.com", "keys@example.com"]
home = "/{bucket}/people/{login}"
"#;

/// The sandbox with these rules, and what it takes to sign in there.
struct Service {
    sandbox: Sandbox,
    port: String,
    file: PathBuf,
    key: PathBuf,
}

impl Service {
    fn deployed() -> Self {
        let sandbox = Sandbox::new();
        sandbox.cli.write("sftp-okta.toml", RULES);
        sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
        let key =
            sandbox.cli.write("key", &fs::read_to_string(sandbox.folder().join("okta/keys@example.com")).unwrap());
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let askpass = sandbox.cli.write("askpass", "#!/bin/sh\necho \"$SFTP_PASSWORD\"\n");
        fs::set_permissions(&askpass, fs::Permissions::from_mode(0o755)).unwrap();
        Self { port: sandbox.port(), file: sandbox.cli.write("report.txt", "all is well"), key, sandbox }
    }

    /// A session with a password, a key, or both.
    fn sftp(&self, user: &str, password: Option<&str>, key: Option<&Path>, commands: &str) -> Ran {
        let batch = self.sandbox.cli.write("batch", commands).to_string_lossy().into_owned();
        let client = Cli::of(Path::new("/usr/bin/sftp"))
            .env("SSH_ASKPASS", self.sandbox.cli.folder().join("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("SFTP_PASSWORD", password.unwrap_or_default());
        let (user, identity) = (format!("{user}@example.com@127.0.0.1"), key.map(|key| key.display().to_string()));
        let mut options = vec!["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "NumberOfPasswordPrompts=1"];
        options.push(if password.is_some() { "BatchMode=no" } else { "BatchMode=yes" });
        options.push(if key.is_some() { "IdentitiesOnly=yes" } else { "PubkeyAuthentication=no" });
        let mut arguments: Vec<&str> = options.iter().flat_map(|option| ["-o", option]).collect();
        if let Some(identity) = &identity {
            arguments.extend(["-i", identity]);
        }
        arguments.extend(["-b", &batch, "-P", &self.port, &user]);
        client.run(&arguments)
    }

    /// A session with the user's own password, and what follows it.
    fn with_password(&self, user: &str, more: &str, commands: &str) -> Ran {
        self.sftp(user, Some(&(self.sandbox.password(user) + more)), None, commands)
    }

    /// What bob's authenticator shows, by Python's own HMAC (RFC 6238).
    fn code(&self) -> String {
        let status = self.sandbox.status();
        let users = status["users"].as_array().unwrap();
        let bob = users.iter().find(|user| user["user"] == "bob").unwrap();
        let secret = bob["state"].as_str().unwrap().rsplit(' ').next().unwrap();
        let program = "import base64,hashlib,hmac,struct,sys,time\n\
            key=base64.b32decode(sys.argv[1])\n\
            digest=hmac.new(key,struct.pack('>Q',int(time.time())//30),hashlib.sha1).digest()\n\
            at=digest[19]&15\n\
            print('%06d'%((struct.unpack('>I',digest[at:at+4])[0]&0x7fffffff)%1000000),end='')";
        let ran = Cli::of(Path::new("/usr/bin/env")).run(&["python3", "-c", program, secret]);
        ran.expect_code(0);
        ran.stdout
    }

    /// Who was decided on, how, and by which rule.
    fn decisions(&self) -> String {
        let shown = self.sandbox.deployer("logs").json();
        let line = |entry: &serde_json::Value| {
            let word = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} rule {}\n", word("login"), word("method"), word("reason"), entry["rule"])
        };
        shown["sign_ins"].as_array().unwrap().iter().map(line).collect()
    }
}

#[test]
fn every_kind_of_user() {
    let service = Service::deployed();
    let (put, get) = (format!("put {} report.txt\n", service.file.display()), "get report.txt /dev/null\n");
    // A drop box: in, and not out again.
    service.with_password("alice", "", &put).expect_code(0);
    service.with_password("alice", "", get).expect_code(1);
    // Members of groups, by what their group may do.
    service.with_password("partner", "", &format!("{put}{get}")).expect_code(0);
    service.with_password("reader", "", "ls\n").expect_code(0);
    service.with_password("reader", "", &put).expect_code(1);
    // A code after the password, a push that is approved, and one that is not.
    service.with_password("bob", &format!(",{}", service.code()), &put).expect_code(0);
    service.with_password("bob", ",000000", "ls\n").expect_code(255);
    service.with_password("paula", "", &put).expect_code(0);
    service.with_password("rita", "", "ls\n").expect_code(255);
    // From elsewhere, without a rule, and with a key: one's own and somebody else's.
    service.with_password("warn", "", "ls\n").expect_code(255);
    service.with_password("keys", "", &put).expect_code(0);
    service.sftp("keys", None, Some(&service.key), get).expect_code(0);
    service.sftp("partner", None, Some(&service.key), get).expect_code(255);
    insta::assert_snapshot!(service.decisions(), @"
    alice@example.com password ok rule 0
    alice@example.com password ok rule 0
    partner@example.com password ok rule 1
    reader@example.com password ok rule 2
    reader@example.com password ok rule 2
    bob@example.com password ok rule 4
    bob@example.com password mfa-failed rule null
    paula@example.com password ok rule 4
    rita@example.com password push-rejected rule null
    warn@example.com password source-address rule null
    keys@example.com password ok rule 4
    keys@example.com public-key ok rule 4
    partner@example.com public-key no-keys rule null
    ");
}

#[test]
fn a_key_and_then_a_password() {
    let service = Service::deployed();
    let both = RULES.replace("public-key-or-password", "public-key-and-password");
    service.sandbox.cli.write("sftp-okta.toml", &both);
    service.sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
    let (password, key) = (service.sandbox.password("keys"), Some(service.key.as_path()));
    service.sftp("keys", Some(&password), key, "ls\n").expect_code(0);
    service.sftp("keys", None, key, "ls\n").expect_code(255);
    service.sftp("keys", Some(&password), None, "ls\n").expect_code(255);
    service.sftp("keys", Some("wrong"), key, "ls\n").expect_code(255);
}
