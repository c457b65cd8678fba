//! `init` with its questions.

use std::fs;

use super::on_terminal;
use crate::support::cli::Cli;
use crate::support::terminal::CTRL_C;

/// With and without colours, which have prompts of their own.
#[test]
fn init_asks_for_what_was_not_given() {
    for options in ["", " --color never"] {
        let cli = Cli::new();
        let mut run = on_terminal(&cli, &format!("init --account 111122223333{options}"));
        for (question, answer) in [
            ("Name of the deployment", "Partners\n"),
            ("it does not start with a lower-case letter", "partners\n"),
            ("Okta organisation", "sftp.acme.com\n"),
            // A domain that is not its own after all: the question comes again.
            ("own domain?", "n\n"),
            ("Okta organisation", "acme.okta.com\n"),
            ("Domain added", "acme.com\n"),
            ("AWS region", "\n"),
            ("S3 bucket", "No_Bucket\n"),
            ("S3 bucket", "acme-files\n"),
            ("make that bucket?", "y\n"),
            ("What users may do", "\n"),
        ] {
            run.wait_for_next(question);
            run.type_in(answer);
        }
        let shown = run.wait();
        shown.expect_code(0);
        assert_eq!(shown.raw.contains("\u{1b}[32m"), options.is_empty(), "{shown}");
        assert!(shown.text.lines().all(|line| !line.contains("account")), "what was given is asked: {shown}");
        let text = fs::read_to_string(cli.folder().join("sftp-okta.toml")).unwrap();
        let set: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(" #"))
            .map(|(set, _)| set.trim())
            .collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(set.join("\n"), @r#"
            name = "partners"
            account = "111122223333"
            org_url = "https://acme.okta.com"
            login_domain = "acme.com"
            bucket = "acme-files"
            create_bucket = true
            [tags]
            permissions = "read-write"
            "#);
        }
        assert!(shown.text.ends_with("See what it would make with:  sftp-okta plan"), "{shown}");
    }
}

#[test]
fn init_interrupted_writes_nothing() {
    let cli = Cli::new();
    let mut run = on_terminal(&cli, "init");
    run.wait_for("Name of the deployment");
    run.type_in("partners\n");
    run.wait_for("Okta organisation");
    run.type_in(CTRL_C);
    let shown = run.wait();
    shown.expect_code(130);
    assert!(shown.text.lines().any(|line| line.starts_with("error: interrupted")), "{shown}");
    assert!(!cli.folder().join("sftp-okta.toml").exists());
}
