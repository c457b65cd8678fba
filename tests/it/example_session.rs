//! `examples/sandbox/session.sh`, run as it is: what its README shows is what it says.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::support::cli::Cli;

const README: &str = "examples/sandbox/README.md";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text without what is another one each time: ids, digests, fingerprints, ports.
fn lasting(text: &str) -> String {
    let mut lasting = String::new();
    for line in text.lines() {
        let (line, key) = line.split_once("SHA256:").unwrap_or((line, ""));
        let mut rest = line;
        while let Some(start) = rest.find(|character: char| character.is_ascii_hexdigit()) {
            let run = &rest[start..];
            let end = run.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(run.len());
            lasting.push_str(&rest[..start]);
            let digits = &run[..end];
            let is_port = digits.len() >= 4 && digits.bytes().all(|digit| digit.is_ascii_digit());
            lasting.push_str(if digits.len() >= 12 || is_port { "…" } else { digits });
            rest = &run[end..];
        }
        lasting.push_str(rest);
        lasting.push_str(if key.is_empty() { "\n" } else { "SHA256:…\n" });
    }
    lasting
}

#[test]
fn the_readme_shows_what_the_session_says() {
    let programs = Path::new(env!("CARGO_BIN_EXE_sftp-okta")).parent().unwrap();
    let path =
        env::join_paths([programs.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())));
    let shell = Cli::of(&PathBuf::from("/bin/sh")).env("PATH", path.unwrap());
    let ran = shell.run(&[&repository().join("examples/sandbox/session.sh").to_string_lossy()]);
    ran.expect_code(0);

    let readme = fs::read_to_string(repository().join(README)).unwrap();
    let (before, rest) = readme.split_once("```console\n").unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    if lasting(shown) != lasting(&ran.stdout) && env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(repository().join(README), format!("{before}```console\n{}```\n{after}", ran.stdout)).unwrap();
        return;
    }
    let hint = "INSTA_UPDATE=always writes the new one into the README";
    assert_eq!(lasting(shown), lasting(&ran.stdout), "{hint}\n{}", ran.stderr);

    // A state that is looked at again and again is told once.
    let told: Vec<&str> = ran.stderr.lines().filter_map(|line| line.split_once("Z  ")).map(|(_, text)| text).collect();
    assert!(told.iter().any(|text| text.ends_with("is STARTING")), "{}", ran.stderr);
    let repeated = told.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(repeated, None, "{}", ran.stderr);
}
