//! Where a pipeline reads the result: its runner's files, one annotation, JSON whatever happens; and what `init`,
//! `completions` and `man` write.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::cli::{Cli, Ran};
use crate::support::fault::Fault;
use crate::support::process::Signal;
use crate::support::world::World;

/// The deployer in a step of GitHub's, with the runner's two files.
fn in_github(cli: Cli) -> (Cli, PathBuf, PathBuf) {
    let (output, summary) = (cli.folder().join("output"), cli.folder().join("summary"));
    let cli = cli
        .env("GITHUB_ACTIONS", "true")
        .env("CI", "true")
        .env("GITHUB_OUTPUT", output.clone())
        .env("GITHUB_STEP_SUMMARY", summary.clone());
    (cli, output, summary)
}

/// The lines that GitHub's runner takes for commands, from both streams.
fn commands(ran: &Ran) -> Vec<String> {
    let lines = ran.stdout.lines().chain(ran.stderr.lines());
    lines.filter(|line| line.trim_start().starts_with("::") || line.contains("##[")).map(ToOwned::to_owned).collect()
}

/// The outputs as GitHub's runner reads them: `name<<DELIMITER`, lines, `DELIMITER`.
fn outputs(file: &PathBuf) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let mut outputs = Vec::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap_or_else(|| panic!("{line}"));
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.push((name.to_owned(), value.join("\n")));
    }
    outputs
}

fn output(file: &PathBuf, name: &str) -> String {
    let found = outputs(file).into_iter().rev().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn a_deploy_tells_outputs_summary_and_variables() {
    let world = World::new();
    let (mut output_file, mut summary_file) = (PathBuf::new(), PathBuf::new());
    let world = world.cli(|cli| {
        let (cli, output, summary) = in_github(cli);
        (output_file, summary_file) = (output, summary);
        fs::write(&output_file, "earlier<<D\nkept\nD\n").unwrap();
        cli
    });
    let ran = world.run("deploy", &["--dotenv", "result.env"]);
    ran.expect_code(0);
    assert_eq!(commands(&ran), [""; 0], "{ran}");
    let id = world.the_server();
    assert_eq!(output(&output_file, "earlier"), "kept");
    assert_eq!(output(&output_file, "result"), "deployed");
    assert_eq!(output(&output_file, "server-id"), id);
    assert_eq!(output(&output_file, "endpoint"), ran.json()["server"]["endpoint"].as_str().unwrap());
    assert_eq!(output(&output_file, "stack-arn"), ran.json()["stack"]["arn"].as_str().unwrap());
    assert!(output(&output_file, "host-key").starts_with("SHA256:"));
    let summary = fs::read_to_string(&summary_file).unwrap();
    assert!(summary.starts_with("### sftp-okta deploy: demo deployed\n"), "{summary}");
    assert!(summary.contains("| create | server | <code>sftp-okta-demo</code> |"), "{summary}");
    let dotenv = fs::read_to_string(world.cli.folder().join("result.env")).unwrap();
    assert!(dotenv.contains(&format!("SFTP_SERVER_ID={id}\n")), "{dotenv}");

    // A file that cannot be written is told, and does not make a good deploy a failed one.
    let ran = world.run("status", &["--dotenv", "nowhere/result.env"]);
    ran.expect_code(0);
    assert!(ran.json()["warnings"].to_string().contains("nowhere/result.env"), "{ran}");
}

/// What AWS says is hostile here: it would set outputs, mask and annotate, if it could.
#[test]
fn a_failure_is_one_annotation_whatever_aws_says() {
    let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCY";
    let hostile = format!("100% no\n::add-mask::x\n##[error]y \u{1b}[31m {secret}\n::error::z");
    let refused = Fault::refused(400, "InvalidRequestException", &hostile);
    let world = World::with(|transfer| transfer.fault("CreateServer", 1..=9, refused));
    let (mut output_file, mut summary_file) = (PathBuf::new(), PathBuf::new());
    let world = world.cli(|cli| {
        let (cli, output, summary) = in_github(cli);
        (output_file, summary_file) = (output, summary);
        cli.env("DEPLOY_TOKEN", secret)
    });
    let ran = world.run("deploy", &["--dotenv", "result.env"]);
    assert_eq!(ran.json()["result"], "failed", "{ran}");
    let dotenv = fs::read_to_string(world.cli.folder().join("result.env")).unwrap();
    assert!(dotenv.starts_with("SFTP_RESULT=failed\nSFTP_SERVER_ID=\n"), "{dotenv}");
    let told = commands(&ran);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("::error title=sftp-okta deploy::") && told[0].contains("100%25 no"), "{told:?}");
    assert_eq!(output(&output_file, "result"), "failed");
    assert_eq!(output(&output_file, "server-id"), "");
    let summary = fs::read_to_string(&summary_file).unwrap();
    for text in [&ran.stdout, &ran.stderr, &summary, &dotenv, &fs::read_to_string(&output_file).unwrap()] {
        assert!(!text.contains(secret), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    assert!(ran.stderr.contains("***"), "{ran}");
}

#[test]
fn a_wrong_command_line_is_annotated_too() {
    let (cli, ..) = in_github(Cli::new());
    let ran = cli.run(&["deploy", "--wat", "--output", "json"]);
    ran.expect_code(2);
    assert_eq!(ran.json()["error"]["code"], "usage");
    assert_eq!(commands(&ran).len(), 1, "{ran}");
    // Elsewhere nothing of the kind is said.
    assert_eq!(commands(&Cli::new().run(&["deploy", "--wat"])), [""; 0]);
}

/// Whatever goes wrong before anything is called: one document on stdout, with what is wrong and what to do.
#[test]
fn every_failure_is_one_document() {
    let cli = Cli::new().endpoint("http://127.0.0.1:1").env("SFTP_OKTA_OUTPUT", "json");
    cli.write("broken.toml", "name = demo");
    cli.write("typo.toml", "name = \"demo\"\n[okta]\norg_ulr = \"https://acme.okta.com\"\n");
    for (line, code, kind, words) in [
        ("", 2, "usage", "a command is missing"),
        ("deplyo", 2, "usage", "'deplyo'"),
        ("deploy --wat", 2, "usage", "'--wat'"),
        ("deploy --timeout soon", 2, "usage", "it is no time"),
        ("deploy --color pink", 2, "usage", "'pink'"),
        ("verify", 2, "usage", "not provided: <USER>"),
        ("completions tcsh", 2, "usage", "'tcsh'"),
        ("status --all --drift", 2, "usage", "cannot be used with"),
        ("sandbox", 2, "usage", "a command is missing"),
        ("deploy --name demo --okta-org https://acme.okta.com --bucket acme-files", 2, "usage", "needs approval"),
        ("teardown --name demo", 2, "usage", "needs approval"),
        ("verify alice --name demo", 2, "usage", "needs a password"),
        ("init", 2, "usage", "needs answers"),
        ("plan", 2, "configuration", "name is missing"),
        ("plan --config broken.toml", 2, "configuration", "not valid TOML"),
        ("plan --config typo.toml", 2, "configuration", "org_ulr"),
        ("plan --config nowhere.toml", 2, "configuration", "does not exist"),
        ("explain --user alice", 2, "configuration", "is missing"),
        ("package --out a.zip", 2, "configuration", "is missing"),
        ("status --name demo", 3, "network", ""),
        ("logs --name demo", 3, "network", ""),
        ("sandbox start --fail not-that", 2, "usage", "not-that"),
        ("man --out /dev/null/pages", 1, "unexpected", "could not be written"),
    ] {
        let ran = cli.run(&line.split_whitespace().collect::<Vec<_>>());
        ran.expect_code(code);
        let document = ran.json();
        assert_eq!(document["schema"], 1, "{line}: {ran}");
        assert_eq!(document["result"], "failed", "{line}: {ran}");
        assert_eq!(document["error"]["code"], kind, "{line}: {ran}");
        assert!(document["error"]["message"].as_str().unwrap().contains(words), "{line}: {ran}");
        assert!(document["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{line}: {ran}");
    }
    // An argument that is no text.
    let shell = Cli::of(std::path::Path::new("/bin/sh"));
    let script = format!("{} deploy \"$(printf '\\377')\" --output json", env!("CARGO_BIN_EXE_sftp-okta"));
    let ran = shell.run(&["-c", &script]);
    ran.expect_code(2);
    assert_eq!(ran.json()["error"]["code"], "usage", "{ran}");
}

/// What goes on until it is interrupted ends with a document too.
#[test]
fn an_interrupted_follower_ends_with_a_document() {
    let world = World::deployed();
    let mut running = world.start("logs", &["--follow"]);
    running.wait_for_stderr("Ctrl-C ends it");
    running.signal(Signal::INT);
    let ran = running.wait();
    ran.expect_code(130);
    let last: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "interrupted", "{ran}");
}

/// The other half of [`a_bug_is_told_as_json`], run by it as a process of its own.
#[test]
#[ignore = "ends its process"]
fn a_bug() {
    sftp_okta::cli::tell_panics(true);
    std::thread::spawn(|| panic!("the sky is ::error::falling")).join().unwrap();
}

#[test]
fn a_bug_is_told_as_json() {
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pipelines::a_bug", "--ignored", "--nocapture"])
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(1), "{stdout}{stderr}");
    let document = stdout.split_once('{').unwrap_or_else(|| panic!("{stdout}{stderr}")).1;
    let document: serde_json::Value = serde_json::from_str(&format!("{{{document}")).unwrap();
    assert_eq!(document["error"]["code"], "unexpected");
    assert!(document["error"]["cause"].as_str().unwrap().contains("falling"), "{document}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("::error ")).count(), 1, "{stderr}");
}

#[test]
fn init_writes_what_deploy_reads_and_never_over_a_file() {
    let cli = Cli::new();
    let line = |line: &str| cli.run(&line.split(' ').collect::<Vec<_>>());
    let missing = line("init --name partners --output json");
    let error = missing.expect_failure(2, "usage");
    assert!(error["hint"].as_str().unwrap().contains("--okta-org"), "{error}");
    let all = "init --name partners --okta-org https://acme.okta.com --bucket acme-files --tag team=data --output json";
    line(&all.replace("acme.okta", "acme.example")).expect_failure(2, "configuration");
    let written = line(all);
    written.expect_code(0);
    assert_eq!(written.json()["result"], "written");
    assert_eq!(written.json()["files"], serde_json::json!(["sftp-okta.toml"]));
    line("package --out a.zip --output json").expect_code(0);

    let text = fs::read_to_string(cli.folder().join("sftp-okta.toml")).unwrap();
    line(all).expect_failure(2, "configuration");
    assert_eq!(fs::read_to_string(cli.folder().join("sftp-okta.toml")).unwrap(), text);
    line(&format!("{all} --force --name others")).expect_code(2);
    line(&format!("{} --force", all.replace("partners", "others"))).expect_code(0);
    assert!(fs::read_to_string(cli.folder().join("sftp-okta.toml")).unwrap().contains("\nname = \"others\""));
}

#[test]
fn completions_and_man_pages_need_no_valid_configuration() {
    let cli = Cli::new();
    cli.write("sftp-okta.toml", "this is no TOML");
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef sftp-okta"), ("fish", "complete -c sftp-okta")] {
        let ran = cli.run(&["completions", shell]);
        ran.expect_code(0);
        assert!(ran.stdout.contains(word), "{ran}");
        assert_eq!(ran.stderr, "");
    }
    let json = cli.run(&["completions", "bash", "--output", "json"]);
    assert!(json.json()["text"].as_str().unwrap().contains("complete -F"));
    let script = cli.write("completions.bash", &cli.run(&["completions", "bash"]).stdout);
    let complete = format!(
        ". {}; COMP_WORDS=(sftp-okta tear); COMP_CWORD=1; _sftp__okta sftp-okta tear sftp-okta; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let ran = Cli::of(std::path::Path::new("/bin/bash")).run(&["-c", &complete]);
    assert_eq!(ran.stdout, "teardown\n", "{ran}");

    let page = cli.run(&["man"]);
    page.expect_code(0);
    assert!(page.stdout.contains(".TH sftp-okta 1"), "{page}");
    assert!(page.stdout.contains("Exit codes"), "{page}");
    let ran = cli.run(&["man", "--out", "pages", "--output", "json"]);
    ran.expect_code(0);
    let files = ran.json()["files"].to_string();
    for command in ["sftp-okta.1", "sftp-okta-deploy.1", "sftp-okta-teardown.1"] {
        assert!(files.contains(&format!("pages/{command}")), "{files}");
        assert!(cli.folder().join("pages").join(command).exists(), "{command}");
    }
}
