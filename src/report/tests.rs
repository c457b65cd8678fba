//! Whole results, as people and programs get them.

use crate::doctor::Level;
use crate::error::{Error, ErrorCode};
use crate::plan::{Action, Change, Kind};
use crate::prices;

use super::*;

/// One with a cause that would command a pipeline or a terminal.
pub(super) fn failed() -> Report {
    let mut report = Report::new("deploy");
    let cause = "50% of ::error::it\n::add-mask::x\r\u{1b}[31m";
    report.error = Some(Error::new(ErrorCode::StackFailed, "no").cause(cause).hint("try a, b").resource("Function"));
    report
}

pub(super) fn deployed() -> Report {
    let mut report = Report::new("deploy");
    report.result = Outcome::Deployed;
    report.deployment = Deployment {
        name: Some("partners".into()),
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        endpoint: None,
    };
    report.stack = Some(StackReport {
        name: "sftp-okta-partners".into(),
        arn: "arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-partners/1".into(),
        status: "CREATE_COMPLETE".into(),
        outputs: BTreeMap::from([("IdentityProviderLogGroup".into(), "/aws/lambda/sftp-okta-partners".into())]),
    });
    report.server = Some(ServerReport {
        id: "s-0123456789abcdef0".into(),
        arn: "arn:aws:transfer:eu-west-1:111122223333:server/s-0123456789abcdef0".into(),
        state: "ONLINE".into(),
        endpoint: "s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com".into(),
        host_key_fingerprint: Some("SHA256:abc".into()),
        elastic_ips: Vec::new(),
    });
    report
}

#[test]
fn a_deploy_ends_with_what_now_exists_and_what_to_do_next() {
    insta::assert_snapshot!(deployed().to_text(), @"
    partners is ONLINE

      endpoint    s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com
      host key    SHA256:abc
      server      s-0123456789abcdef0  ONLINE
      stack       sftp-okta-partners  CREATE_COMPLETE
      sign-ins    log group /aws/lambda/sftp-okta-partners
      account     111122223333 in eu-west-1

    Sign in with an Okta account:  sftp USER@s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com
    ");
}

#[test]
fn status_tells_what_differs_and_what_is_wrong() {
    let mut report = deployed();
    report.command = "status";
    report.result = Outcome::Unhealthy;
    report.stack = None;
    report.deployment.endpoint = Some("http://127.0.0.1:4566".into());
    report.differences = vec!["server s-0123456789abcdef0: Url: \"a\" → \"b\"".into()];
    insta::assert_snapshot!(report.to_text(), @r#"
    partners is not healthy

      endpoint    s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com
      host key    SHA256:abc
      server      s-0123456789abcdef0  ONLINE
      account     111122223333 in eu-west-1 (http://127.0.0.1:4566, not AWS)

    Differs from the configuration:
      - server s-0123456789abcdef0: Url: "a" → "b"

    Bring it back with:  sftp-okta deploy
    "#);
    // Where a deploy would refuse, the warnings say what to do.
    report.deploy_refuses = true;
    assert!(!report.to_text().contains("sftp-okta deploy"));
}

#[test]
fn a_plan_ends_with_the_command_that_makes_it() {
    let mut report = Report::new("plan");
    report.deployment.name = Some("partners".into());
    report.result = Outcome::Planned;
    let end = |report: &Report| report.to_text().lines().last().unwrap().to_owned();
    report.changes = vec![Change::new(Action::Create, Kind::Stack, "sftp-okta-partners", Vec::new())];
    assert_eq!(end(&report), "Make them with:  sftp-okta deploy");
    report.files = vec!["plan.json".into()];
    assert_eq!(end(&report), "Make them with:  sftp-okta deploy --plan plan.json");
    report.files = vec!["my plan.json".into()];
    assert_eq!(end(&report), "Make them with:  sftp-okta deploy --plan 'my plan.json'");
}

#[test]
fn a_change_that_was_declined_is_neither_done_nor_failed() {
    let mut report = Report::new("deploy");
    report.result = Outcome::Declined;
    assert_eq!(report.to_text(), "nothing was changed\n");
    assert_eq!(report.exit_code().number(), 1);
}

#[test]
fn a_stack_that_is_changing_keeps_nothing_of_before() {
    let mut report = deployed();
    report.stack_begins_to_change();
    let stack = report.stack.unwrap();
    assert_eq!((stack.name.as_str(), stack.status.as_str()), ("sftp-okta-partners", ""));
    assert_eq!(stack.outputs, BTreeMap::new());
}

#[test]
fn teardown_ends_with_what_is_kept() {
    let mut report = Report::new("teardown");
    report.result = Outcome::Removed;
    report.deployment.name = Some("partners".into());
    report.kept = vec![Kept {
        kind: "AWS::S3::Bucket".into(),
        name: "acme-files".into(),
        why: "it holds what users stored".into(),
    }];
    insta::assert_snapshot!(report.to_text(), @"
    partners is removed

    Kept:
      - AWS::S3::Bucket acme-files
        it holds what users stored
    ");
}

#[test]
fn a_failure_is_one_json_document_and_no_text() {
    let mut report = Report::new("deploy");
    report.deployment.name = Some("partners".into());
    report.changes = vec![Change::new(Action::Create, Kind::Stack, "s", vec!["d".into()])];
    report.error = Some(Error::new(ErrorCode::StackFailed, "no").cause("because").hint("try").resource("Function"));
    assert_eq!(report.to_text(), "");
    assert_eq!(report.exit_code().number(), 4);
    insta::assert_snapshot!(report.to_json(), @r#"
    {
      "schema": 1,
      "command": "deploy",
      "result": "failed",
      "deployment": {
        "name": "partners",
        "account": null,
        "region": null,
        "endpoint": null
      },
      "stack": null,
      "server": null,
      "artifact": null,
      "changes": [
        {
          "action": "create",
          "kind": "stack",
          "name": "s",
          "details": [
            "d"
          ]
        }
      ],
      "differences": [],
      "kept": [],
      "warnings": [],
      "error": {
        "code": "stack-failed",
        "message": "no",
        "cause": "because",
        "hint": "try",
        "resource": "Function"
      },
      "elapsed_ms": 0
    }
    "#);
}

#[test]
fn a_running_sandbox_tells_who_can_sign_in_and_where() {
    let user = |user: &str, state: &str| SandboxUser {
        login: format!("{user}@example.com"),
        user: user.into(),
        password: format!("{user}-password"),
        state: state.into(),
    };
    let mut report = Report::new("sandbox status");
    report.result = Outcome::Running;
    let sandbox = SandboxReport {
        endpoint_url: "http://127.0.0.1:4566".into(),
        okta_url: "http://127.0.0.1:4567".into(),
        folder: "/home/me/.local/state/sftp-okta/sandbox".into(),
        users: vec![
            user("alice", "SUCCESS: a password is enough"),
            user(
                "enroll-skip",
                "MFA_REQUIRED: a code behind the password; now type enroll-skip-password,123456; authenticator secret ABC",
            ),
        ],
        service_app: Some(SandboxServiceApp {
            client_id: "0oasandboxserviceapp".into(),
            key_id: "sandbox-key".into(),
            private_key_secret: "arn:aws:secretsmanager:us-east-1:000000000000:secret:okta-service-app-AbCdEf".into(),
        }),
        sftp: vec![SandboxServer { server_id: "s-1".into(), host: "127.0.0.1".into(), port: 2222 }],
    };
    report.sandbox = Some(sandbox.clone());
    insta::assert_snapshot!(report.to_text(), @"
    the sandbox runs

      endpoint    http://127.0.0.1:4566
      okta        http://127.0.0.1:4567
      service app client_id 0oasandboxserviceapp  key_id sandbox-key
                  private_key_secret arn:aws:secretsmanager:us-east-1:000000000000:secret:okta-service-app-AbCdEf
      folder      /home/me/.local/state/sftp-okta/sandbox
      sftp        127.0.0.1:2222  s-1

    Users of its Okta:
      alice        alice-password        SUCCESS: a password is enough
      enroll-skip  enroll-skip-password  MFA_REQUIRED: a code behind the password
                   now type enroll-skip-password,123456
                   authenticator secret ABC

    Now try:  sftp -P 2222 alice@127.0.0.1
              password: alice-password    (more users: sftp-okta sandbox status)
    ");
    report.sandbox = Some(SandboxReport {
        okta_url: "https://acme.okta.com".into(),
        users: Vec::new(),
        service_app: None,
        sftp: Vec::new(),
        ..sandbox
    });
    insta::assert_snapshot!(report.to_text(), @"
    the sandbox runs

      endpoint    http://127.0.0.1:4566
      okta        https://acme.okta.com
      folder      /home/me/.local/state/sftp-okta/sandbox

    Its users are those of https://acme.okta.com: the sandbox asks that organisation.

    Deploy into it with:  sftp-okta deploy --sandbox
    ");
}

#[test]
fn a_sign_in_check_tells_what_the_user_gets() {
    use crate::server::{Folder, Right};
    use crate::sign_in_log::Entry;

    let mut report = deployed();
    report.command = "verify";
    report.result = Outcome::Verified;
    let rights = Some(vec![Right::List, Right::Upload]);
    let line = r#"{"event":"sign-in","decision":"accepted","reason":"ok","okta_request_id":"Zk1xRequest"}"#;
    report.verify = Some(VerifyReport {
        accepted: true,
        role: Some("arn:aws:iam::111122223333:role/user".into()),
        home: Some("/".into()),
        folders: vec![Folder { path: "/in".into(), target: "/acme-files/alice/in".into(), rights: rights.clone() }],
        rights,
        public_keys: 2,
        refused_unknown_user: Some(true),
        refused_wrong_password: None,
        log: Entry::parse("1", 0, line),
        ..VerifyReport::of("alice@acme.com")
    });
    insta::assert_snapshot!(report.to_text(), @"
    partners: alice@acme.com can sign in

      endpoint    s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com
      host key    SHA256:abc
      server      s-0123456789abcdef0  ONLINE
      stack       sftp-okta-partners  CREATE_COMPLETE
      sign-ins    log group /aws/lambda/sftp-okta-partners
      user        alice@acme.com
      role        arn:aws:iam::111122223333:role/user
      home        /
      folder      /in  s3://acme-files/alice/in  write only (drop box)
      keys        2
      refused     a made-up user
      decided     1970-01-01T00:00:00.000Z  ok  Okta request Zk1xRequest
      account     111122223333 in eu-west-1
    ");
    assert_eq!(report.exit_code().number(), 0);
}

#[test]
fn what_it_costs_is_told_below_each_other() {
    let none = BTreeMap::new();
    let server = prices::RunningServer { protocols: 1, in_vpc: false, public_addresses: 0, asks_for_keys: false };
    let stack = prices::RunningStack { template: crate::stack::TEMPLATE, parameters: &none };
    let mut report = Report::new("plan");
    report.deployment.name = Some("partners".into());
    report.result = Outcome::Planned;
    report.cost = Some(prices::monthly([prices::Running { servers: vec![server], stack: Some(stack) }]));
    insta::assert_snapshot!(report.to_text(), @"
    partners is as configured: nothing to do

    Costs while it runs:  about USD 228.00 a month
      219.00  Transfer server
        3.00  CloudWatch dashboard
        2.70  9 × CloudWatch metric
        1.50  5 × API method metric
        1.00  KMS key
        0.80  8 × CloudWatch alarm
      on top by use, in USD: transferred data 0.04 per GB each way; API calls 3.50
        per million; function calls 0.20 per million and 0.0000167 per GB and
        second; a metric for each reason of refusals 0.30 a month; logs 0.50 per
        GB written and 0.03 per GB and month kept; key calls 0.03 per 10,000;
        stored files 0.023 per GB and month
      November 2026 (AWS's public price pages for us-east-1, on demand, free tiers
        not counted; other regions differ)
    ");
    report.command = "status";
    report.result = Outcome::Healthy;
    insta::assert_snapshot!(report.to_text(), @"
    partners is healthy

    Costs:  about USD 228.00 a month
      219.00  Transfer server
        3.00  CloudWatch dashboard
        2.70  9 × CloudWatch metric
        1.50  5 × API method metric
        1.00  KMS key
        0.80  8 × CloudWatch alarm
      on top by use, in USD: transferred data 0.04 per GB each way; API calls 3.50
        per million; function calls 0.20 per million and 0.0000167 per GB and
        second; a metric for each reason of refusals 0.30 a month; logs 0.50 per
        GB written and 0.03 per GB and month kept; key calls 0.03 per 10,000;
        stored files 0.023 per GB and month
      November 2026 (AWS's public price pages for us-east-1, on demand, free tiers
        not counted; other regions differ)
    ");
}

#[test]
fn a_teardown_ends_with_what_still_costs() {
    let mut report = Report::new("teardown");
    report.deployment.name = Some("partners".into());
    report.result = Outcome::Removed;
    report.cost = Some(prices::of_resource_types([]));
    insta::assert_snapshot!(report.to_text(), @"
    partners is removed

    Still costs:  nothing
    ");
    let kept =
        |kind: &str, name: &str| Kept { kind: kind.into(), name: name.into(), why: "the template keeps it".into() };
    report.changes = vec![Change::new(Action::Delete, Kind::Server, "s-0123456789abcdef0", Vec::new())];
    report.kept = vec![kept("AWS::S3::Bucket", "acme-files"), kept("AWS::KMS::Key", "1f")];
    report.cost = Some(prices::of_resource_types(report.kept.iter().map(|kept| kept.kind.as_str())));
    insta::assert_snapshot!(report.to_text(), @"
    partners is removed

    Gone:
      - server s-0123456789abcdef0

    Kept:
      - AWS::S3::Bucket acme-files
        the template keeps it
      - AWS::KMS::Key 1f
        the template keeps it

    Still costs:  about USD 1.00 a month
      1.00  KMS key
      on top by use, in USD: stored files 0.023 per GB and month
      November 2026 (AWS's public price pages for us-east-1, on demand, free tiers
        not counted; other regions differ)
    ");
}

#[test]
fn findings_and_deployments_are_lines_of_their_own() {
    let mut report = Report::new("doctor");
    report.deployment.name = Some("partners".into());
    report.result = Outcome::Unhealthy;
    report.findings = vec![
        Finding::new("bucket", Level::Error, "bucket acme-files does not exist").remedy("make it"),
        Finding::new("security-policy", Level::Warning, "old").remedy("a newer one"),
        Finding::new("region", Level::Ok, "region eu-west-1"),
    ];
    insta::assert_snapshot!(report.to_text(), @"
    partners: 1 error, 1 warning

      error    bucket                bucket acme-files does not exist
                                     → make it
      warning  security-policy       old
                                     → a newer one
      ok       region                region eu-west-1
    ");

    let mut report = Report::new("status");
    report.result = Outcome::Unhealthy;
    let row = |name: &str, status: Option<&str>, servers: &[&str], faults: &[&str]| DeploymentRow {
        name: name.into(),
        stack: format!("sftp-okta-{name}"),
        stack_status: status.map(ToOwned::to_owned),
        servers: servers.iter().map(|id| RowServer { id: (*id).into(), state: "ONLINE".into() }).collect(),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        usd_per_month: prices::Priced::TransferServer.usd_per_month(),
    };
    report.deployments = Some(vec![
        row("partners", Some("CREATE_COMPLETE"), &["s-1"], &[]),
        row("lost", None, &["s-2", "s-3"], &["a server without a stack", "2 servers, each billed"]),
        row("half", Some("CREATE_COMPLETE"), &[], &["a stack without a server"]),
    ]);
    insta::assert_snapshot!(report.to_text(), @"
    3 deployments

      partners  CREATE_COMPLETE       s-1 ONLINE  USD 219.00 a month
      lost      no stack              s-2 ONLINE, s-3 ONLINE  USD 219.00 a month
                → a server without a stack
                → 2 servers, each billed
      half      CREATE_COMPLETE       no server  USD 219.00 a month
                → a stack without a server
    ");
}
