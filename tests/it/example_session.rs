//! The sessions in `examples/`, run as they are: what a README shows is what its session says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use crate::support::cli::{Cli, Ran};
use crate::support::venv;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text without what is another one each time: ids, digests, fingerprints, ports.
fn lasting(text: &str) -> String {
    text.lines().map(|line| lasting_line(line) + "\n").collect()
}

fn lasting_line(line: &str) -> String {
    let (line, key) = line.split_once("SHA256:").unwrap_or((line, ""));
    let mut lasting = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|character: char| character.is_ascii_alphanumeric()) {
        let run = &rest[start..];
        let end =
            run.find(|character: char| !(character.is_ascii_alphanumeric() || character == '-')).unwrap_or(run.len());
        lasting.push_str(&rest[..start]);
        lasting.push_str(&lasting_name(&run[..end]));
        rest = &run[end..];
    }
    lasting.push_str(rest);
    lasting + if key.is_empty() { "" } else { "SHA256:…" }
}

/// A name, which may have parts between hyphens: a UUID, or one that CloudFormation has made by adding twelve letters and digits.
fn lasting_name(name: &str) -> String {
    let parts: Vec<&str> = name.split('-').collect();
    if parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) {
        return "…".to_owned();
    }
    let kept = parts.iter().enumerate().map(|(at, part)| {
        let digits = part.bytes().all(|digit| digit.is_ascii_digit());
        let id = part.bytes().all(|digit| digit.is_ascii_hexdigit()) && part.len() >= 12;
        let port = part.len() >= 4 && digits;
        let added = at > 0 && part.len() == 12 && part.bytes().any(|letter| letter.is_ascii_uppercase());
        if id || port || added { "…" } else { part }
    });
    kept.collect::<Vec<_>>().join("-")
}

/// Runs the session of a folder, and compares what it says with the README beside it.
fn run(folder: &str, shell: Cli) -> Ran {
    let folder = repository().join("examples").join(folder);
    let ran = shell.run(&[&folder.join("session.sh").to_string_lossy()]);
    ran.expect_code(0);

    let path = folder.join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("```console\n").unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    if lasting(shown) != lasting(&ran.stdout) && env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, format!("{before}```console\n{}```\n{after}", ran.stdout)).unwrap();
        return ran;
    }
    let hint = "INSTA_UPDATE=always writes the new one into the README";
    assert_eq!(lasting(shown), lasting(&ran.stdout), "{hint}\n{}", ran.stderr);
    ran
}

/// A shell that finds the deployer of this build, and programs in a folder of its own.
fn shell() -> Cli {
    let programs = Path::new(env!("CARGO_BIN_EXE_sftp-okta")).parent().unwrap();
    let shell = Cli::of(&PathBuf::from("/bin/sh"));
    let path = env::var_os("PATH").unwrap();
    let path =
        env::join_paths([shell.folder().join("bin"), programs.to_owned()].into_iter().chain(env::split_paths(&path)));
    shell.env("PATH", path.unwrap())
}

#[test]
fn the_readme_shows_what_the_session_says() {
    let ran = run("sandbox", shell());
    // A state that is looked at again and again is told once.
    let told: Vec<&str> = ran.stderr.lines().filter_map(|line| line.split_once("Z  ")).map(|(_, text)| text).collect();
    assert!(told.iter().any(|text| text.ends_with("is STARTING")), "{}", ran.stderr);
    let repeated = told.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(repeated, None, "{}", ran.stderr);
}

/// Interrupted and gone on with, failed and put right, changed by hand and found out, and taken down.
#[test]
fn the_readme_shows_what_the_session_of_operations_says() {
    let shell = shell().limit(Duration::from_secs(180));
    let bin = shell.folder().join("bin");
    fs::create_dir(&bin).unwrap();
    let main = "import sys; from awscli.clidriver import main; sys.exit(main())";
    let aws = shell
        .write("bin/aws", &format!("#!/bin/sh\nexec {} -c '{main}' \"$@\"\n", venv::python_of_clients().display()));
    fs::set_permissions(aws, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = run("operations", shell);
    assert!(ran.stderr.contains("is STARTING"), "{ran}");
}

#[test]
fn what_is_another_one_each_time_is_left_out() {
    for (text, expected) in [
        ("s-2189d0f0a549c5daf ONLINE", "s-… ONLINE\n"),
        ("sftp-okta-demo-UserAccessRole-FOHGGUbmjVLx) AccessDenied", "sftp-okta-demo-UserAccessRole-…) AccessDenied\n"),
        ("id 1a748519-5f87-4105-8071-e54f64325b39)", "id …)\n"),
        ("http://127.0.0.1:45935, 219.00", "http://127.0.0.1:…, 219.00\n"),
        ("key SHA256:abc", "key SHA256:…\n"),
        ("000000000000 in us-east-1", "… in us-east-1\n"),
    ] {
        assert_eq!(lasting(text), expected);
    }
}
