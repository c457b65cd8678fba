//! The whole deployer on this machine, without an AWS account: `cargo run --release --example emulated`.
//!
//! CloudFormation, IAM, Lambda, API Gateway and S3 are ministack's, which nobody here wrote; it is installed from PyPI
//! into `.tools/` on first use. Transfer Family and Okta are stand-ins from this project's tests. Everything listens on
//! loopback and ends with the program. `-- serve` keeps it running for commands of your own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::use_debug,
    clippy::print_stdout,
    reason = "it shares its stand-ins with the tests, where a failure is a panic, and it talks to a person"
)]

#[path = "../../tests/it/support"]
mod support {
    #![allow(dead_code, reason = "the tests use more of it")]
    pub(crate) mod emulator;
    pub(crate) mod fault;
    pub(crate) mod loopback;
    pub(crate) mod ministack;
    pub(crate) mod okta;
    pub(crate) mod process;
    pub(crate) mod scope;
    pub(crate) mod sigv4;
    pub(crate) mod transfer;
    pub(crate) mod venv;
}

use std::env;
use std::process::{Command, ExitCode};

use serde_json::{Value, json};
use support::ministack::Ministack;
use support::okta::{Okta, Transaction};
use support::transfer::Transfer;
use support::{loopback, sigv4};

/// Set for the copies of this program that are to be the deployer itself.
const AS_DEPLOYER: &str = "SFTP_OKTA_EXAMPLE_IS_DEPLOYER";
const LOGIN: &str = "alice@example.com";
const PASSWORD: &str = "correct horse";

struct Emulated {
    ministack: Ministack,
    transfer: Transfer,
    okta: Okta,
}

fn main() -> ExitCode {
    if env::var_os(AS_DEPLOYER).is_some() {
        return sftp_okta::cli::run(env::args_os());
    }
    println!("Starting the emulators (the first time they are installed into .tools/) …");
    let ministack = Ministack::start();
    let transfer = Transfer::builder().account("000000000000").sign_in_at(&ministack.endpoint()).start();
    let okta = Okta::builder().user(LOGIN, PASSWORD, Transaction::Success).start();
    let emulated = Emulated { ministack, transfer, okta };
    if env::args().nth(1).as_deref() == Some("serve") {
        serve(&emulated);
        return ExitCode::SUCCESS;
    }
    match tour(&emulated) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            println!("\n{what}");
            ExitCode::FAILURE
        }
    }
}

/// Every command once, as a person would type it.
fn tour(emulated: &Emulated) -> Result<(), String> {
    let org = emulated.okta.org_url();
    let settings = ["--okta-org", &org, "--login-domain", "example.com", "--bucket", "acme-files", "--create-bucket"];
    let with_settings = |command: &'static str, more: &[&'static str]| {
        let mut arguments = vec![command, "--name", "demo"];
        arguments.extend(settings);
        arguments.extend(more);
        arguments.into_iter().map(ToOwned::to_owned).collect::<Vec<String>>()
    };
    emulated.expect(0, &with_settings("deploy", &["--yes"]))?;
    emulated.expect(0, &with_settings("status", &[]))?;

    println!("\nSigning in as Transfer Family would (TestIdentityProvider):");
    let right = emulated.sign_in(PASSWORD);
    println!("  {LOGIN} with the right password: {right}");
    let wrong = emulated.sign_in("wrong");
    println!("  {LOGIN} with a wrong password:   {wrong}");
    if !right.contains("\"Role\"") || wrong != "{}" {
        return Err("the sign-ins did not end as they should".to_owned());
    }

    emulated.expect(0, &with_settings("deploy", &["--yes"]))?;
    emulated.expect(0, &["teardown", "--name", "demo", "--yes"].map(ToOwned::to_owned))
}

/// Leaves everything running for commands of the reader's own.
fn serve(emulated: &Emulated) {
    println!("Running. In another terminal:\n");
    for (name, value) in emulated.environment() {
        println!("export {name}={value}");
    }
    println!(
        "sftp-okta deploy --name demo --okta-org {} --login-domain example.com --bucket acme-files --create-bucket\n\n\
         {LOGIN} signs in with the password {PASSWORD:?}. Press Enter to stop.",
        emulated.okta.org_url()
    );
    let _ = std::io::stdin().read_line(&mut String::new());
}

impl Emulated {
    fn environment(&self) -> [(&'static str, String); 6] {
        [
            ("AWS_ENDPOINT_URL", self.ministack.endpoint()),
            ("AWS_ENDPOINT_URL_TRANSFER", self.transfer.endpoint()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Runs the deployer with its output on ours.
    fn expect(&self, code: i32, arguments: &[String]) -> Result<(), String> {
        println!("\n$ sftp-okta {}", arguments.join(" "));
        let mut command = Command::new(env::current_exe().expect("the path of this program"));
        for stale in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
            command.env_remove(stale);
        }
        let status = command.args(arguments).env(AS_DEPLOYER, "1").envs(self.environment()).status();
        match status.map(|status| status.code()) {
            Ok(Some(ended)) if ended == code => Ok(()),
            other => Err(format!("expected exit code {code}, got {other:?}")),
        }
    }

    /// What the identity provider answers, by way of the server, the API and the function's real process.
    fn sign_in(&self, password: &str) -> String {
        let server = self.transfer.servers()[0]["ServerId"].clone();
        let asked = json!({
            "ServerId": server, "UserName": LOGIN, "UserPassword": password,
            "ServerProtocol": "SFTP", "SourceIp": "203.0.113.9",
        });
        let body = asked.to_string();
        let request = hyper::Request::post(self.transfer.endpoint())
            .header("x-amz-target", "TransferService.TestIdentityProvider")
            .body(http_body_util::Full::from(body.clone()))
            .expect("a sound request");
        let reply = loopback::send(sigv4::signed(request, body.as_bytes(), "transfer", "us-east-1"));
        let answer: Value = reply.expect("an answer").json();
        answer["Response"].as_str().unwrap_or_default().to_owned()
    }
}
