//! What is asked before anything changes, and the password of `verify`.

use super::{deployed, on_terminal, sandbox};
use crate::support::terminal::{CTRL_C, CTRL_D};

#[test]
fn a_deploy_goes_on_with_yes_alone() {
    let sandbox = sandbox();
    let deploy = || on_terminal(&sandbox.cli, "deploy --sandbox");
    for (keys, code, word) in [
        ("no\n", 1, "nothing was changed"),
        ("\n", 1, "nothing was changed"),
        ("y\n", 1, "nothing was changed"),
        (CTRL_D, 1, "nothing was changed"),
        (CTRL_C, 130, "error: interrupted (SIGINT)"),
    ] {
        let mut run = deploy();
        run.wait_for("Type yes to go on:");
        run.type_in(keys);
        let shown = run.wait();
        shown.expect_code(code);
        assert!(shown.text.contains(word), "{keys:?}: {shown}");
        // What follows the answer has a line of its own.
        let question = shown.text.lines().find(|line| line.contains("Type yes")).unwrap();
        let answer = question.split_once("go on:").unwrap().1.trim();
        assert_eq!(answer, keys.trim_end().replace(CTRL_D, "").replace(CTRL_C, "^C"), "{shown}");
    }
    sandbox.deployer("status").expect_code(7);

    let mut run = deploy();
    run.wait_for("Type yes to go on:");
    run.type_in("Yes\n");
    let shown = run.wait();
    shown.expect_code(0);
    assert!(shown.text.contains("demo is ONLINE"), "{shown}");
}

#[test]
fn a_teardown_goes_on_with_the_name_alone() {
    let sandbox = deployed();
    let teardown = || on_terminal(&sandbox.cli, "teardown --sandbox");
    for (keys, code, word) in [
        ("yes\n", 1, "nothing was changed"),
        ("demo2\n", 1, "nothing was changed"),
        (CTRL_D, 1, "nothing was changed"),
        (CTRL_C, 130, "error: interrupted (SIGINT)"),
    ] {
        let mut run = teardown();
        run.wait_for("Type demo to go on:");
        run.type_in(keys);
        let shown = run.wait();
        shown.expect_code(code);
        assert!(shown.text.contains(word), "{keys:?}: {shown}");
    }
    sandbox.deployer("status").expect_code(0);

    let mut run = teardown();
    run.wait_for("Type demo to go on:");
    run.type_in("demo\n");
    let shown = run.wait();
    shown.expect_code(0);
    assert!(shown.text.contains("demo is removed"), "{shown}");
}

#[test]
fn the_password_is_asked_for_and_never_shown() {
    let sandbox = deployed();
    let password = sandbox.password("alice");
    let verify = |keys: &str| {
        let mut run = on_terminal(&sandbox.cli, "verify alice --sandbox");
        run.wait_for("Password of alice");
        assert!(!run.echoes());
        run.type_in(keys);
        run.wait()
    };
    let shown = verify(&format!("{password}\n"));
    shown.expect_code(0);
    let told = format!("password: {password}");
    assert_eq!(shown.raw.matches(&password).count(), shown.raw.matches(&told).count(), "{shown}");
    assert!(shown.text.contains("alice is let in"), "{shown}");

    // What was typed before Ctrl-C is gone with the run.
    for (keys, code, word) in [
        ("\n", 2, "error: the password is empty"),
        (CTRL_D, 2, "error: the password is empty"),
        (CTRL_C, 130, "error: interrupted (SIGINT)"),
        ("secret\u{3}", 130, "error: interrupted (SIGINT)"),
        ("wrong\n", 10, "error: alice was refused"),
    ] {
        let shown = verify(keys);
        shown.expect_code(code);
        assert!(shown.text.lines().any(|line| line.starts_with(word)), "{keys:?}: {shown}");
        assert!(!shown.raw.contains("secret"), "{shown}");
    }
}

/// A pipeline may have a terminal, and nobody at it: a question would be waited for until the job is killed.
#[test]
fn nobody_is_asked_in_a_pipeline() {
    let sandbox = deployed();
    let cli = sandbox.cli.clone().env("CI", "true");
    for line in ["deploy --sandbox --bucket others-files", "teardown --sandbox", "verify alice --sandbox"] {
        let shown = on_terminal(&cli, line).wait();
        shown.expect_code(2);
        assert!(shown.text.contains("nobody to ask"), "{shown}");
    }
}
