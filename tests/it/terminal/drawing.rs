//! What is drawn while something is on its way, and what stays.

use super::{COLUMNS, deployed, lasting, on_terminal, sandbox};
use crate::support::cli::Cli;
use crate::support::terminal::{CTRL_C, Shown};

/// The lines of resources, and all others.
fn resources(shown: &Shown) -> (Vec<String>, String) {
    let text = lasting(&shown.text);
    let (resources, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("✓ ["));
    (resources.into_iter().map(ToOwned::to_owned).collect(), others.join("\n"))
}

#[test]
fn a_deploy_is_drawn_within_the_terminal() {
    for columns in [80, 120] {
        let sandbox = sandbox();
        let shown = sandbox.cli.on_terminal(columns, &["deploy", "--sandbox", "--yes"]).wait();
        shown.expect_code(0);
        let (resources, others) = resources(&shown);
        // One line a resource, however long its name is, in the order of their ends.
        for (number, line) in resources.iter().enumerate() {
            assert!(line.starts_with(&format!("✓ [{:>2}/{}] CREATE_COMPLETE ", number + 1, resources.len())), "{line}");
        }
        let permission = resources.iter().find(|line| line.contains("IdentityProviderFunctionPermission")).unwrap();
        assert!(
            permission.ends_with(if columns == 80 { "Lambda::Permis…" } else { "Lambda::Permission" }),
            "{permission}"
        );
        if columns == 80 {
            insta::assert_snapshot!(others, @r"
            ✓ The sandbox runs at http://127.0.0.1:xxxxx and goes on after this command
            ✓ Account 000000000000 in us-east-1 as arn:aws:iam::000000000000:root
            · This is the sandbox at http://127.0.0.1:xxxxx
            ✓ Okta organisation 00osandbox (Identity Engine)
            warning: no [[access]] rule is configured: everyone who can sign in to this Okta
              organisation gets a folder of their own, read-write
            Changes to demo:
              + create  artifact bucket  sftp-okta-artifacts-000000000000-us-east-1
              + create  artifact         demo/xxxxxxxxxxxx….zip
              + create  stack            sftp-okta-demo
              + create  server           sftp-okta-demo
              Costs while it runs: about USD 228.00 a month (Transfer server 219.00,
                CloudWatch dashboard 3.00, 9 × CloudWatch metric 2.70, 5 × API method metric
                1.50, KMS key 1.00, 8 × CloudWatch alarm 0.80)
            ✓ Stored s3://sftp-okta-artifacts-000000000000-us-east-1/demo/xxxxxxxxxxxx….zip
            ✓ Stack sftp-okta-demo is CREATE_COMPLETE
            ✓ Server s-xxxxxxxxxxxxxxxxx is ONLINE (created)

            demo is ONLINE

              endpoint    s-xxxxxxxxxxxxxxxxx.server.transfer.us-east-1.amazonaws.com
              host key    SHA256:x
              server      s-xxxxxxxxxxxxxxxxx  ONLINE
              stack       sftp-okta-demo  CREATE_COMPLETE
              sign-ins    log group /aws/lambda/sftp-okta-demo
              account     000000000000 in us-east-1 (http://127.0.0.1:xxxxx, not AWS)

            Now try:  sftp -P xxxxx alice@127.0.0.1
                      password: alice-password    (more users: sftp-okta sandbox status)
            ");
        } else {
            insta::assert_snapshot!(others, @r"
            ✓ The sandbox runs at http://127.0.0.1:xxxxx and goes on after this command
            ✓ Account 000000000000 in us-east-1 as arn:aws:iam::000000000000:root
            · This is the sandbox at http://127.0.0.1:xxxxx
            ✓ Okta organisation 00osandbox (Identity Engine)
            warning: no [[access]] rule is configured: everyone who can sign in to this Okta organisation gets a folder of their
              own, read-write
            Changes to demo:
              + create  artifact bucket  sftp-okta-artifacts-000000000000-us-east-1
              + create  artifact         demo/xxxxxxxxxxxx….zip
              + create  stack            sftp-okta-demo
              + create  server           sftp-okta-demo
              Costs while it runs: about USD 228.00 a month (Transfer server 219.00, CloudWatch dashboard 3.00, 9 × CloudWatch
                metric 2.70, 5 × API method metric 1.50, KMS key 1.00, 8 × CloudWatch alarm 0.80)
            ✓ Stored s3://sftp-okta-artifacts-000000000000-us-east-1/demo/xxxxxxxxxxxx….zip
            ✓ Stack sftp-okta-demo is CREATE_COMPLETE
            ✓ Server s-xxxxxxxxxxxxxxxxx is ONLINE (created)

            demo is ONLINE

              endpoint    s-xxxxxxxxxxxxxxxxx.server.transfer.us-east-1.amazonaws.com
              host key    SHA256:x
              server      s-xxxxxxxxxxxxxxxxx  ONLINE
              stack       sftp-okta-demo  CREATE_COMPLETE
              sign-ins    log group /aws/lambda/sftp-okta-demo
              account     000000000000 in us-east-1 (http://127.0.0.1:xxxxx, not AWS)

            Now try:  sftp -P xxxxx alice@127.0.0.1
                      password: alice-password    (more users: sftp-okta sandbox status)
            ");
        }
        let moving = shown.moving.join("\n");
        for text in ["Looking at what is there", "CREATE_IN_PROGRESS ", "is STARTING"] {
            assert!(moving.contains(text), "{text}: {moving}");
        }
    }
}

#[test]
fn ctrl_c_leaves_nothing_but_what_is_true() {
    let sandbox = sandbox();
    let deploy = || on_terminal(&sandbox.cli, "deploy --sandbox --yes");
    let mut run = deploy();
    run.wait_for("CREATE_COMPLETE    EncryptionKey");
    run.type_in(CTRL_C);
    let shown = run.wait();
    shown.expect_code(130);
    assert!(!shown.text.contains("^C"), "{shown}");
    let (_, others) = resources(&shown);
    let end = others.split_once("✓ Stored ").unwrap().1.split_once('\n').unwrap().1;
    insta::assert_snapshot!(end, @r"
    error: interrupted (SIGINT)
      why         CloudFormation goes on with stack sftp-okta-demo
      what to do  nothing is undone: run the same command again to go on from there
    ");

    let shown = deploy().wait();
    shown.expect_code(0);
    assert!(shown.text.contains("demo is ONLINE"), "{shown}");
}

#[test]
fn a_watch_draws_one_line_until_ctrl_c() {
    let sandbox = deployed();
    let mut run = on_terminal(&sandbox.cli, "status --watch --sandbox");
    run.wait_for("CREATE_COMPLETE · s-");
    sandbox.deployer("teardown --yes --poll-interval 50ms").expect_code(0);
    run.wait_for("no stack · no server");
    run.type_in(CTRL_C);
    let shown = run.wait();
    shown.expect_code(130);
    // It ended as it should: there is nothing to tell but what was there at first.
    insta::assert_snapshot!(lasting(&shown.text), @r"
    ✓ Account 000000000000 in us-east-1 as arn:aws:iam::000000000000:root
    · This is the sandbox at http://127.0.0.1:xxxxx
    ");
    let moving = lasting(&shown.moving.join("\n"));
    assert!(moving.contains("sftp-okta-demo CREATE_COMPLETE · s-xxxxxxxxxxxxxxxxx ONLINE"), "{moving}");
    assert!(moving.contains("DELETE_IN_PROGRESS"), "{moving}");
}

/// `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb` and `CI`, on a terminal and without one.
#[test]
fn colour_and_drawing_are_as_the_surroundings_say() {
    let sandbox = sandbox();
    sandbox.run("sandbox start --detach").expect_code(0);
    let with = |variables: &[(&str, &str)]| {
        variables.iter().fold(sandbox.cli.clone(), |cli, (name, value)| cli.env(name, *value))
    };
    for (variables, option, coloured, drawn) in [
        (&[][..], "auto", true, true),
        (&[("NO_COLOR", "1")], "auto", false, true),
        (&[("NO_COLOR", "")], "auto", true, true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], "auto", false, true),
        (&[("NO_COLOR", "1")], "always", true, true),
        (&[], "never", false, true),
        (&[("TERM", "dumb")], "auto", false, false),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], "auto", true, false),
        (&[("CI", "true")], "auto", true, false),
    ] {
        let shown = on_terminal(&with(variables), &format!("status --sandbox --color {option}")).wait();
        shown.expect_code(7);
        let what = format!("{variables:?} {option}: {shown}");
        assert_eq!(shown.raw.contains("\u{1b}[32m✓"), coloured, "{what}");
        assert_eq!(shown.raw.contains('⠋') || shown.raw.contains('⠙'), drawn, "{what}");
        assert_eq!(shown.raw.contains("Z  "), !drawn, "{what}");
        if !coloured && !drawn {
            assert!(!shown.raw.contains('\u{1b}'), "{what}");
        }
    }
    for (variables, option, coloured) in [
        (&[][..], "auto", false),
        (&[("CLICOLOR_FORCE", "1")], "auto", true),
        (&[("CLICOLOR_FORCE", "0")], "auto", false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], "auto", false),
        (&[("CLICOLOR_FORCE", "1")], "never", false),
        (&[], "always", true),
    ] {
        let ran = with(variables).run(&["status", "--sandbox", "--color", option]);
        ran.expect_code(7);
        assert_eq!(ran.stderr.contains("\u{1b}[32m✓"), coloured, "{variables:?} {option}: {ran}");
        assert!(!ran.stderr.contains("\u{1b}[2K") && ran.stderr.contains("Z  "), "{ran}");
    }
}

/// Help is never wider than the terminal.
#[test]
fn help_fits_the_terminal() {
    for columns in [COLUMNS, 120] {
        for command in ["", "deploy", "plan", "status", "verify", "logs", "doctor", "teardown", "init", "sandbox"] {
            let line = format!("{command} --help");
            let shown = Cli::new().on_terminal(columns, &line.split_whitespace().collect::<Vec<_>>()).wait();
            shown.expect_code(0);
            let plain = Cli::new().run(&line.split_whitespace().collect::<Vec<_>>());
            // As many words as without a terminal: none was cut by a line's end.
            let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&shown.text), words(&plain.stdout), "{line} at {columns}");
        }
    }
}
