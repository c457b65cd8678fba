//! Bad input and faults of the sandbox: clear words, nothing lost, no process left (every [`Sandbox`] looks at its end).

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::{Pid, Resource, Rlimit, kill_process, prlimit};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::cli::{Cli, Ran};
use crate::support::process::{self, until};
use crate::support::sandbox::Sandbox;

/// What a run says when it fails, without what differs between runs. The code comes first.
fn told(ran: &Ran) -> String {
    let code = ran.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
    let (_, error) = ran.stderr.split_once("error: ").unwrap_or_else(|| panic!("no error\n{ran}"));
    format!("exit code {code}: {error}")
}

macro_rules! assert_told {
    ($ran:expr, @$expected:literal) => {
        insta::with_settings!({filters => [
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (r"port \d+", "port [port]"),
            (r"process \d+", "process [pid]"),
            (r"/\S*/sftp-okta-[A-Za-z0-9]+", "[folder]"),
            (r"s-[0-9a-f]{17}", "[server]"),
            (r"  also        .*\n", ""),
            (r"TransferIdentityProviderRole|IdentityProviderFunctionRole|UserAccessRole|TransferSFTPCloudWatchLogsWriteLogs", "[role]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        ]}, {
            // Most of it is told alike in the foreground and of a detached one: in a loop.
            insta::allow_duplicates! { insta::assert_snapshot!(told(&$ran), @$expected) };
        });
    };
}

#[test]
fn a_port_that_is_taken() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for flag in ["--port", "--okta-port"] {
        for detach in ["", " --detach"] {
            assert_told!(sandbox.run(&format!("sandbox start {flag} {port}{detach}")), @"
            exit code 2: the sandbox cannot start: port [port] on 127.0.0.1 cannot be opened
              why         Address already in use (os error 98)
              what to do  choose another port, or leave the flag out to take a free one
            ");
        }
    }
    sandbox.run("sandbox status").expect_code(7);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let sandbox = Sandbox::new();
    let file = sandbox.cli.write("a-file", "mine");
    for detach in ["", " --detach"] {
        assert_told!(sandbox.run(&format!("sandbox start --folder {}{detach}", file.display())), @"
        exit code 2: the sandbox cannot start: the folder [folder]/a-file cannot be used
          why         Not a directory (os error 20)
          what to do  choose a --folder that is new, empty or a sandbox's, and may be written to
        ");
        // `reset` would take what is in it for the sandbox's.
        let folder = sandbox.cli.folder().display();
        assert_told!(sandbox.run(&format!("sandbox start --folder {folder}{detach}")), @"
        exit code 2: the sandbox cannot start: the folder [folder] cannot be used
          why         it holds files that are not a sandbox's
          what to do  choose a --folder that is new, empty or a sandbox's, and may be written to
        ");
        // Nobody can write there, whoever runs the tests.
        assert_told!(sandbox.run(&format!("sandbox start --folder /proc/sandbox{detach}")), @"
        exit code 2: the sandbox cannot start: the folder /proc/sandbox cannot be used
          why         No such file or directory (os error 2)
          what to do  choose a --folder that is new, empty or a sandbox's, and may be written to
        ");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn a_second_one_in_the_folder() {
    let sandbox = Sandbox::started("");
    let first = sandbox.status();
    for detach in ["", " --detach"] {
        assert_told!(sandbox.run(&format!("sandbox start{detach}")), @"
        exit code 9: a sandbox runs already
          where       http://127.0.0.1:[port]
          what to do  use it as it is, stop it with `sftp-okta sandbox stop`, or start another one in a --folder of its own
        ");
    }
    // One that does not tell where it is holds the folder all the same.
    fs::remove_file(sandbox.folder().join("running.json")).unwrap();
    for detach in ["", " --detach"] {
        assert_told!(sandbox.run(&format!("sandbox start{detach}")), @"
        exit code 9: a sandbox holds its folder and does not answer
          why         process [pid] has the folder's lock
          where       [folder]/.local/state/sftp-okta/sandbox
          what to do  end process [pid], then run the same command again
        ");
    }
    fs::write(sandbox.folder().join("running.json"), first.to_string()).unwrap();
    assert_eq!(sandbox.endpoint(), first["endpoint_url"]);
}

/// It is not taken for one that has ended, and its notes are not emptied.
#[test]
fn one_that_does_not_answer() {
    let sandbox = Sandbox::started("");
    let (pid, log) = (process_of(&sandbox), sandbox.folder().join("sandbox.log"));
    let noted = fs::read_to_string(sandbox.folder().join("lock")).unwrap();
    assert_eq!(noted.trim(), pid.as_raw_nonzero().to_string());
    fs::write(&log, "what it said").unwrap();
    kill_process(pid, process::Signal::STOP).unwrap();
    for command in ["sandbox stop", "sandbox status", "sandbox reset", "sandbox start --detach", "status --sandbox"] {
        assert_told!(sandbox.run(command), @"
        exit code 9: a sandbox holds its folder and does not answer
          why         process [pid] has the folder's lock
          where       [folder]/.local/state/sftp-okta/sandbox
          what to do  end process [pid], then run the same command again
        ");
    }
    assert_eq!(fs::read_to_string(log).unwrap(), "what it said");
    kill_process(pid, process::Signal::CONT).unwrap();
    sandbox.run("sandbox status").expect_code(0);
}

#[test]
fn only_a_sandbox_s_folder_is_emptied() {
    let sandbox = Sandbox::new();
    let file = sandbox.cli.write("thesis.txt", "mine");
    let folder = file.parent().unwrap().display().to_string();
    assert_told!(sandbox.run(&format!("sandbox reset --folder {folder}")), @"
    exit code 2: the folder is not a sandbox's, and was left as it is
      why         it holds files, and neither state.json nor lock is among them
      where       [folder]
      what to do  name the folder of a sandbox with --folder or SFTP_OKTA_SANDBOX_FOLDER, or remove this one yourself
    ");
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    sandbox.run("sandbox start --detach").expect_code(0);
    sandbox.run("sandbox reset").expect_code(0);
    assert!(!sandbox.folder().exists());
}

#[test]
fn a_folder_for_its_user_alone() {
    let sandbox = Sandbox::started("");
    let mode = || fs::metadata(sandbox.folder()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o700);
    sandbox.run("sandbox stop").expect_code(0);
    fs::set_permissions(sandbox.folder(), Permissions::from_mode(0o755)).unwrap();
    sandbox.run("sandbox start --detach").expect_code(0);
    assert_eq!(mode(), 0o700);
}

/// No call of a deploy to the sandbox leaves this machine.
#[test]
fn a_proxy_that_is_dead() {
    let mut sandbox = Sandbox::new();
    // Nobody accepts there, and nobody else can take the port meanwhile.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", taken.local_addr().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        sandbox.cli = sandbox.cli.clone().env(name, &proxy);
    }
    sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
}

#[test]
fn an_okta_org_that_is_none() {
    let sandbox = Sandbox::new();
    for detach in ["", " --detach"] {
        assert_told!(sandbox.run(&format!("sandbox start --okta-org nonsense{detach}")), @r#"
        exit code 2: the sandbox cannot use this as the Okta org
          why         "nonsense" is not a DNS name
          where       --okta-org
          what to do  write https://your-org.okta.com, or leave --okta-org out to use the sandbox's own
        "#);
        assert_told!(sandbox.run(&format!("sandbox start --okta-org htp://acme.okta.com{detach}")), @r#"
        exit code 2: the sandbox cannot use this as the Okta org
          why         "htp" is not a scheme an Okta org answers
          where       --okta-org
          what to do  write https://acme.okta.com, or leave --okta-org out to use the sandbox's own
        "#);
        assert_told!(sandbox.run(&format!("sandbox start --okta-org http://acme.okta.com{detach}")), @"
        exit code 2: the sandbox cannot use this as the Okta org
          why         passwords are never sent over plain http
          where       --okta-org
          what to do  write https://acme.okta.com, or leave --okta-org out to use the sandbox's own
        ");
    }
    assert!(!sandbox.folder().exists());
}

#[test]
fn a_configuration_for_a_real_account() {
    let sandbox = Sandbox::new();
    assert_told!(sandbox.run("deploy --yes --sandbox --account 111122223333"), @"
    exit code 2: --account is 111122223333, and the sandbox is account 000000000000
      why         this configuration is for a real account
      where       --account
      what to do  leave --sandbox out to deploy there, or use a configuration without `account` for the sandbox
    ");
    assert!(!sandbox.folder().exists());
}

#[test]
fn a_failure_that_nobody_knows() {
    let sandbox = Sandbox::new();
    for detach in ["", " --detach"] {
        assert_told!(sandbox.run(&format!("sandbox start --fail create-role{detach}")), @"
        exit code 2: the sandbox cannot start: nothing is called `create-role` that could fail: name an action (CreateRole, CreateServer), a resource type (AWS::IAM::Role), a resource of the template (EncryptionKey), or server-start
          what to do  name a CloudFormation action, type or logical id, or server-start
        ");
    }
}

#[test]
fn a_sandbox_that_was_killed() {
    let sandbox = Sandbox::deployed("");
    let password = sandbox.password("alice");
    let file = sandbox.cli.write("report.txt", "all is well");
    sandbox.sftp("alice", &password, &format!("put {} report.txt\n", file.display())).expect_code(0);
    let before = sandbox.status();
    kill_process(process_of(&sandbox), process::Signal::KILL).unwrap();
    assert!(
        until(std::time::Duration::from_secs(10), || (sandbox.run("sandbox status").code() == Some(7)).then_some(()))
            .is_some()
    );

    // The next command starts another one, and all is there again: host key and port, too, or the client would refuse.
    let status = sandbox.deployer("status");
    status.expect_code(0);
    assert_eq!(status.json()["result"], "healthy", "{status}");
    let after = sandbox.status();
    assert_ne!(before["endpoint_url"], after["endpoint_url"]);
    assert_eq!(before["sftp"], after["sftp"]);
    let got = sandbox.cli.folder().join("got.txt");
    sandbox.sftp("alice", &password, &format!("get report.txt {}\n", got.display())).expect_code(0);
    assert_eq!(fs::read_to_string(got).unwrap(), "all is well");
    assert_eq!(sandbox.deployer("deploy --yes").json()["result"], "unchanged");
}

#[test]
fn a_sandbox_whose_folder_is_removed() {
    let sandbox = Sandbox::deployed("");
    fs::remove_dir_all(sandbox.folder()).unwrap();
    let own = sandbox.folder();
    let left = || process::of_folder(&own);
    let gone = until(std::time::Duration::from_secs(10), || left().is_empty().then_some(()));
    assert!(gone.is_some() && !own.exists(), "{:?}", left());
}

#[test]
fn failures_on_request() {
    let sandbox = Sandbox::started("--fail CreateRole");
    assert_told!(sandbox.run("deploy --yes --sandbox --poll-interval 50ms"), @r#"
    exit code 4: stack sftp-okta-sandbox could not be created and is now in ROLLBACK_COMPLETE
      why         [role] (AWS::IAM::Role) CREATE_FAILED: Resource handler returned message: "User: arn:aws:iam::000000000000:root is not authorized to perform: iam:CreateRole on resource: [role] because no identity-based policy allows the iam:CreateRole action (Service: IAM, Status Code: 403, Request ID: [id]) (SDK Attempt Count: 1)" (RequestToken: [id], HandlerErrorCode: AccessDenied)
      where       [role]
      request id  [id]
      what to do  grant iam:CreateRole on [role] to the caller (all that a deploy needs: `sftp-okta doctor --print-policy deploy`), then run the same command again
    "#);
    let sandbox = Sandbox::started("--fail CreateServer");
    assert_told!(sandbox.run("deploy --yes --sandbox --poll-interval 50ms"), @"
    exit code 3: could not create the server
      why         AccessDeniedException: User: arn:aws:iam::000000000000:root is not authorized to perform: transfer:CreateServer (asked for by --fail)
      request id  [id]
      what to do  grant transfer:CreateServer to the caller
    ");
    let sandbox = Sandbox::started("--slow");
    assert_told!(sandbox.run("deploy --yes --sandbox --poll-interval 50ms --timeout 10s"), @"
    exit code 6: still waiting after 10s
      why         the operation on stack arn:aws:cloudformation:us-east-1:000000000000:stack/sftp-okta-sandbox/[id] has not ended; CloudFormation goes on with stack sftp-okta-sandbox
      what to do  run the same command again to go on waiting, or give it more time with --timeout
    ");
    let sandbox = Sandbox::started("--fail server-start");
    assert_told!(sandbox.run("deploy --yes --sandbox --poll-interval 50ms"), @"
    exit code 5: server [server] is START_FAILED
      why         the service could not start it
      where       [server]
      what to do  see the server's log group and the AWS Health Dashboard; then run `aws transfer start-server --server-id [server]`, or `sftp-okta teardown`, and deploy again
    ");
}

/// The process that is the sandbox.
fn process_of(sandbox: &Sandbox) -> Pid {
    let running = process::of_folder(sandbox.cli.folder());
    let (pid, _) = running.iter().find(|(_, command)| command.contains(" sandbox start ")).unwrap();
    Pid::from_raw(*pid).unwrap()
}

/// A file-size limit stands for the full disk: both refuse a write in the middle of a file.
#[test]
fn a_disk_that_is_full_during_an_upload() {
    let sandbox = Sandbox::new();
    // Ignored, the signal that comes with the limit leaves an error of the write; ignored signals are inherited.
    let start = r#"trap "" XFSZ; exec "$0" sandbox start --detach --folder "$1""#;
    let (program, folder) = (env!("CARGO_BIN_EXE_sftp-okta"), sandbox.folder());
    let started = Cli::of(Path::new("/bin/sh")).run(&["-c", start, program, &folder.to_string_lossy()]);
    started.expect_code(0);
    sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
    let password = sandbox.password("alice");
    let put = |file: &Path| sandbox.sftp("alice", &password, &format!("put {} report\n", file.display()));
    put(&sandbox.cli.write("small", "all is well")).expect_code(0);
    let large = sandbox.cli.folder().join("large");
    File::create(&large).unwrap().set_len(64 << 20).unwrap();
    let pid = process_of(&sandbox);
    let limit = |bytes: Option<u64>| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    };
    limit(Some(16 << 20));
    let refused = put(&large);
    assert!(refused.code() == Some(1) && refused.stderr.contains("Failure"), "{refused}");
    limit(None);
    // What was there is whole, nothing is left over, and all goes on.
    let got = sandbox.cli.folder().join("got");
    sandbox.sftp("alice", &password, &format!("get report {}\n", got.display())).expect_code(0);
    assert_eq!(fs::read_to_string(got).unwrap(), "all is well");
    assert_eq!(fs::read_dir(folder.join("uploads")).unwrap().count(), 0);
    put(&large).expect_code(0);
}

/// What is throttled is tried again, and a deploy does not mind.
#[test]
fn a_throttled_sandbox() {
    let sandbox = Sandbox::deployed("");
    sandbox.run("sandbox stop").expect_code(0);
    sandbox.run("sandbox start --detach --throttle").expect_code(0);
    let changed = sandbox.deployer("deploy --yes --poll-interval 50ms --permissions read-only");
    assert_eq!(changed.json()["result"], "deployed", "{changed}");
    sandbox.deployer("teardown --yes --poll-interval 50ms").expect_code(0);
}

/// A zip of the deployment, with another program in it.
fn other_bootstrap(sandbox: &Sandbox, bootstrap: Option<&str>) {
    let folder = sandbox.folder().join("buckets/sftp-okta-artifacts-000000000000-us-east-1/sandbox");
    let zip = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|kind| kind == "zip"));
    let zip = zip.unwrap();
    let mut made = ZipWriter::new(File::create(sandbox.cli.folder().join("other.zip")).unwrap());
    made.start_file("settings.json", SimpleFileOptions::default()).unwrap();
    made.write_all(b"{}").unwrap();
    if let Some(bootstrap) = bootstrap {
        made.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        made.write_all(bootstrap.as_bytes()).unwrap();
    }
    made.finish().unwrap();
    let target = format!(
        "s3://sftp-okta-artifacts-000000000000-us-east-1/sandbox/{}",
        zip.file_name().unwrap().to_str().unwrap()
    );
    let other = sandbox.cli.folder().join("other.zip");
    sandbox.aws().run(&["s3", "cp", &other.to_string_lossy(), &target]).expect_code(0);
}

#[test]
fn functions_that_cannot_run() {
    let sandbox = Sandbox::deployed("");
    let (aws, password) = (sandbox.aws(), sandbox.password("alice"));
    let server = aws.json("transfer list-servers")["Servers"][0]["ServerId"].as_str().unwrap().to_owned();
    for (bootstrap, logged) in [
        (None, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        (Some("#!/bin/sh\necho it broke >&2\nexit 7\n"), "Runtime exited with error: exit status 7"),
        (Some("#!/no/such/program\n"), "bootstrap cannot be started: No such file or directory (os error 2)"),
        (Some("#!/bin/sh\nsleep 1000 & sleep 1000\n"), "bootstrap did not ask for an event within 10 seconds"),
    ] {
        other_bootstrap(&sandbox, bootstrap);
        let refused = sandbox.sftp("alice", &password, "ls\n");
        assert!(refused.code() == Some(255) && refused.stderr.contains("Permission denied"), "{logged}: {refused}");
        let lines = || aws.json("logs filter-log-events --log-group-name /aws/lambda/sftp-okta-sandbox").to_string();
        let found = until(std::time::Duration::from_secs(5), || lines().contains(logged).then_some(()));
        assert!(found.is_some(), "{logged}: {}", lines());
        let left = || process::of_folder(&sandbox.folder().join("functions"));
        let gone = until(std::time::Duration::from_secs(5), || left().is_empty().then_some(()));
        assert!(gone.is_some(), "{logged}: {:?}", left());
    }
    let line =
        format!("transfer test-identity-provider --server-id {server} --user-name alice --user-password {password}");
    other_bootstrap(&sandbox, None);
    let answer = aws.json(&line);
    assert_eq!(answer["StatusCode"], 502, "{answer}");
    assert!(answer["Message"].as_str().unwrap().contains("Unable to call identity provider"), "{answer}");
    // The right function again, and all is well.
    let mended = sandbox.deployer("deploy --yes --poll-interval 50ms --permissions read-only");
    assert_eq!(mended.json()["result"], "deployed", "{mended}");
    sandbox.sftp("alice", &password, "ls\n").expect_code(0);
}
