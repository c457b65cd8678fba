//! The deployer on a real terminal: what it draws, what it asks, and what Ctrl-C leaves behind.

mod drawing;
mod questions;
mod starter;

use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::sandbox::Sandbox;
use crate::support::terminal::Terminal;

/// A terminal as wide as most.
const COLUMNS: u16 = 80;

/// The settings of `demo`, as in the examples.
const SETTINGS: &str = "name = \"demo\"\nregion = \"us-east-1\"\n[okta]\norg_url = \"https://acme.okta.com\"\n\
    login_domain = \"example.com\"\n[storage]\nbucket = \"demo-files\"\ncreate_bucket = true\n";

/// A folder with settings, in which a sandbox can be started.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.cli = sandbox.cli.clone().limit(Duration::from_secs(90));
    sandbox.cli.write("sftp-okta.toml", SETTINGS);
    sandbox
}

/// The same, with `demo` deployed.
fn deployed() -> Sandbox {
    let sandbox = sandbox();
    sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
    sandbox
}

/// Runs a line of arguments on a terminal of the usual width.
fn on_terminal(cli: &Cli, line: &str) -> Terminal {
    cli.on_terminal(COLUMNS, &line.split(' ').collect::<Vec<_>>())
}

/// Replaces what is another one each time by a sign of the same width.
fn lasting(text: &str) -> String {
    let mut lasting = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_alphanumeric()) {
        let run = &rest[start..];
        let end = run.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(run.len());
        lasting.push_str(&rest[..start]);
        let word = &run[..end];
        let hexadecimal =
            word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && word != "000000000000";
        let port = word.len() == 5 && word.bytes().all(|byte| byte.is_ascii_digit());
        lasting.push_str(&if hexadecimal || port { "x".repeat(word.len()) } else { word.to_owned() });
        rest = &run[end..];
    }
    lasting.push_str(rest);
    let lines = lasting.lines().map(|line| match line.split_once("SHA256:") {
        Some((before, _)) => format!("{before}SHA256:x"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
