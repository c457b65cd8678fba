//! Every kind of user signs in with OpenSSH's client, through the function's real binary and the small Okta: second factors,
//! groups, rights, networks and keys, and what the log says of each.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

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

    /// What the log says of the sign-ins so far: who, how, why, and by which rule.
    fn decisions(&self) -> Vec<String> {
        let shown = self.sandbox.deployer("logs").json();
        let line = |entry: &Value| {
            let word = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            let rule = entry["rule"].as_u64().map_or_else(|| "no rule".to_owned(), |rule| format!("rule {rule}"));
            format!("{} {} {} {rule}", word("login"), word("method"), word("reason"))
        };
        shown["sign_ins"].as_array().unwrap().iter().map(line).collect()
    }

    /// What was tried, each with what came of it and its line in the log.
    #[track_caller]
    fn told(&self, tried: &[(&str, Ran)]) -> String {
        let decisions = self.decisions();
        assert_eq!(decisions.len(), tried.len(), "one line for each sign-in: {decisions:#?}");
        let end = |ran: &Ran| match ran.code() {
            Some(0) => "done",
            // A command of the batch has failed: the session is there, and does not allow it.
            Some(1) => "not allowed",
            // There is no session.
            Some(255) => "refused",
            other => panic!("{other:?}: {ran}"),
        };
        let line = |((what, ran), decision): (&(&str, Ran), &String)| {
            let end = end(ran);
            format!("{what:<44} {end:<11} {decision}\n")
        };
        tried.iter().zip(&decisions).map(line).collect()
    }

    /// What `verify` says of a user, with the reason from the function's log.
    fn verified(&self, user: &str, password: Option<&str>, flags: &str) -> String {
        let key = if password.is_some() { "" } else { "--public-key" };
        let line = format!("verify {user} {key} {flags} --poll-interval 50ms --sandbox --output json");
        let cli = self.sandbox.cli.clone().env("SFTP_OKTA_VERIFY_PASSWORD", password.unwrap_or_default());
        let ran = cli.run(&line.split_whitespace().collect::<Vec<_>>());
        let result = ran.json();
        let told = &result["verify"];
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
        };
        let folder = told["folders"][0]["target"].as_str().unwrap_or("-");
        let asked = if password.is_some() { "password" } else { "keys" };
        let what = format!("{user} {asked} {flags}");
        format!(
            "{}: exit {}, {}, {folder} {:?}, {} keys\n",
            what.trim_end(),
            ran.code().unwrap(),
            told["log"]["reason"].as_str().unwrap_or("-"),
            texts(&told["rights"]),
            told["public_keys"],
        )
    }
}

#[test]
fn every_kind_of_user() {
    let service = Service::deployed();
    let (put, get) = (format!("put {} report.txt\n", service.file.display()), "get report.txt /dev/null\n");
    let both = format!("{put}{get}");
    let (key, code) = (Some(service.key.as_path()), format!(",{}", service.code()));
    let tried = [
        ("drop box: put", service.with_password("alice", "", &put)),
        ("drop box: get", service.with_password("alice", "", get)),
        ("member of a group: put, get", service.with_password("partner", "", &both)),
        ("member of another, read-only: ls", service.with_password("reader", "", "ls\n")),
        ("read-only: put", service.with_password("reader", "", &put)),
        ("member of both groups, the first rule: put", service.with_password("both", "", &both)),
        ("password and code", service.with_password("bob", &code, &put)),
        ("password and a wrong code", service.with_password("bob", ",000000", "ls\n")),
        ("push, approved", service.with_password("paula", "", &put)),
        ("push, rejected", service.with_password("rita", "", "ls\n")),
        ("wrong password", service.sftp("keys", Some("wrong"), None, "ls\n")),
        ("from a network that is not allowed", service.with_password("warn", "", "ls\n")),
        ("no rule", service.with_password("load-000", "", "ls\n")),
        ("password of a user with a key", service.with_password("keys", "", &put)),
        ("own key", service.sftp("keys", None, key, get)),
        ("somebody else's key", service.sftp("partner", None, key, get)),
    ];
    insta::assert_snapshot!(service.told(&tried), @"
    drop box: put                                done        alice@example.com password ok rule 0
    drop box: get                                not allowed alice@example.com password ok rule 0
    member of a group: put, get                  done        partner@example.com password ok rule 1
    member of another, read-only: ls             done        reader@example.com password ok rule 2
    read-only: put                               not allowed reader@example.com password ok rule 2
    member of both groups, the first rule: put   done        both@example.com password ok rule 1
    password and code                            done        bob@example.com password ok rule 4
    password and a wrong code                    refused     bob@example.com password mfa-failed no rule
    push, approved                               done        paula@example.com password ok rule 4
    push, rejected                               refused     rita@example.com password push-rejected no rule
    wrong password                               refused     keys@example.com password bad-credentials no rule
    from a network that is not allowed           refused     warn@example.com password source-address no rule
    no rule                                      refused     load-000@example.com password no-rule no rule
    password of a user with a key                done        keys@example.com password ok rule 4
    own key                                      done        keys@example.com public-key ok rule 4
    somebody else's key                          refused     partner@example.com public-key no-keys no rule
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
    // Transfer asks for each of the two by itself; without a key it does not come to the password.
    insta::assert_snapshot!(service.decisions().join("\n"), @"
    keys@example.com public-key ok rule 4
    keys@example.com password ok rule 4
    keys@example.com public-key ok rule 4
    keys@example.com public-key ok rule 4
    keys@example.com password bad-credentials no rule
    ");
    let verified = [service.verified("keys", Some(&password), ""), service.verified("keys", None, "")];
    insta::assert_snapshot!(verified.concat(), @r#"
    keys password: exit 0, ok, /sandbox-files/people/keys@example.com ["list", "download", "upload", "delete"], 0 keys
    keys keys: exit 0, ok, /sandbox-files/people/keys@example.com ["list", "download", "upload", "delete"], 1 keys
    "#);
}

/// `verify` of every kind of user: what each gets, and why not.
#[test]
fn verified() {
    let service = Service::deployed();
    let with = |user: &str, more: &str, flags: &str| {
        service.verified(user, Some(&(service.sandbox.password(user) + more)), flags)
    };
    let (code, alone) = (format!(",{}", service.code()), "--no-negative-checks");
    let told = [
        with("alice", "", ""),
        with("partner", "", alone),
        with("reader", "", alone),
        with("both", "", alone),
        with("bob", &code, alone),
        with("bob", ",000000", alone),
        with("paula", "", alone),
        with("rita", "", alone),
        with("warn", "", alone),
        with("warn", "", "--no-negative-checks --source-ip 203.0.113.9"),
        with("keys", "", alone),
        service.verified("keys", None, ""),
        service.verified("partner", None, ""),
        service.verified("nobody", None, alone),
    ];
    insta::assert_snapshot!(told.concat(), @r#"
    alice password: exit 0, ok, /sandbox-files/drop/alice@example.com ["list", "upload"], 0 keys
    partner password --no-negative-checks: exit 0, ok, /sandbox-files/partners/partner@example.com ["list", "download", "upload", "delete"], 0 keys
    reader password --no-negative-checks: exit 0, ok, /sandbox-files/readers/reader@example.com ["list", "download"], 0 keys
    both password --no-negative-checks: exit 0, ok, /sandbox-files/partners/both@example.com ["list", "download", "upload", "delete"], 0 keys
    bob password --no-negative-checks: exit 0, ok, /sandbox-files/people/bob@example.com ["list", "download", "upload", "delete"], 0 keys
    bob password --no-negative-checks: exit 10, mfa-failed, - [], 0 keys
    paula password --no-negative-checks: exit 0, ok, /sandbox-files/people/paula@example.com ["list", "download", "upload", "delete"], 0 keys
    rita password --no-negative-checks: exit 10, push-rejected, - [], 0 keys
    warn password --no-negative-checks: exit 10, source-address, - [], 0 keys
    warn password --no-negative-checks --source-ip 203.0.113.9: exit 0, ok, /sandbox-files/far/warn@example.com ["list", "download", "upload", "delete"], 0 keys
    keys password --no-negative-checks: exit 0, ok, /sandbox-files/people/keys@example.com ["list", "download", "upload", "delete"], 0 keys
    keys keys: exit 0, ok, /sandbox-files/people/keys@example.com ["list", "download", "upload", "delete"], 1 keys
    partner keys: exit 10, no-keys, - [], 0 keys
    nobody keys --no-negative-checks: exit 10, user-unknown, - [], 0 keys
    "#);
}
