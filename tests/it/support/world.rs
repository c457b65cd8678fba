//! Everything a deployment needs around it: an AWS emulator behind a recording proxy, Transfer, an Okta org, and the deployer.

use serde_json::{Value, json};

use super::aws_proxy::AwsProxy;
use super::cli::{Cli, Ran};
use super::loopback::Reply;
use super::ministack::Ministack;
use super::okta::{Okta, Transaction};
use super::sigv4;
use super::transfer::{Builder, Transfer};

/// The password of every user of the org, which must never be seen anywhere.
pub(crate) const PASSWORD: &str = "correct horse, battery";

/// One account and region with nothing in it, and an Okta org.
pub(crate) struct World {
    pub(crate) ministack: Ministack,
    pub(crate) aws: AwsProxy,
    pub(crate) transfer: Transfer,
    pub(crate) okta: Okta,
    pub(crate) cli: Cli,
}

impl World {
    /// A world in which everything works.
    pub(crate) fn new() -> Self {
        Self::with(|transfer| transfer)
    }

    /// A world whose Transfer endpoint follows a script.
    pub(crate) fn with(script: impl FnOnce(Builder) -> Builder) -> Self {
        let ministack = Ministack::start();
        let aws = AwsProxy::in_front_of(&ministack.endpoint());
        let transfer = script(Transfer::builder().account("000000000000").sign_in_at(&ministack.endpoint())).start();
        let okta = Okta::builder()
            .user("alice@example.com", PASSWORD, Transaction::Success)
            .user("mia@example.com", PASSWORD, Transaction::MfaRequired)
            .start();
        let cli = Cli::new().endpoint(&aws.endpoint()).endpoint_of("TRANSFER", &transfer.endpoint());
        Self { ministack, aws, transfer, okta, cli }
    }

    /// Runs a command on the deployment `demo`, whose settings are given as flags. JSON on stdout.
    pub(crate) fn run(&self, command: &str, more: &[&str]) -> Ran {
        let arguments = self.arguments(command, more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.cli.run(&arguments)
    }

    /// The arguments of such a command.
    pub(crate) fn arguments(&self, command: &str, more: &[&str]) -> Vec<String> {
        let org = self.okta.org_url();
        let settings = ["--okta-org", &org, "--bucket", "acme-files", "--login-domain", "example.com"];
        let mut arguments = vec![command, "--name", "demo", "--output", "json"];
        match command {
            "deploy" => {
                arguments.extend(settings);
                arguments.extend(["--yes", "--poll-interval", "20ms"]);
            }
            "status" => arguments.extend(settings),
            "teardown" => arguments.extend(["--yes", "--poll-interval", "20ms"]),
            other => panic!("{other} is no command of this world"),
        }
        arguments.extend(more);
        arguments.into_iter().map(ToOwned::to_owned).collect()
    }

    /// Calls the deployed API as Transfer would, signed or not.
    pub(crate) fn ask_the_api(&self, url: &str, user: &str, password: &str) -> Reply {
        use base64::Engine as _;
        let password = base64::engine::general_purpose::STANDARD.encode(password);
        let url = sigv4::emulated(&self.ministack.endpoint(), url).expect("an API at the emulator");
        let url = format!(
            "{url}/servers/s-0123456789abcdef0/users/{}/config?protocol=SFTP&sourceIp=203.0.113.9",
            user.replace('@', "%40")
        );
        sigv4::get(&url, "us-east-1", &[("PasswordBase64", &password)]).unwrap()
    }

    /// Every AWS call but those to Transfer.
    pub(crate) fn calls(&self) -> usize {
        self.aws.calls().len() + self.transfer.calls().len()
    }

    /// The calls that changed something.
    pub(crate) fn mutating(&self) -> Vec<String> {
        let aws = self.aws.mutating().into_iter().map(|call| format!("{call:?}"));
        let transfer = self.transfer.mutating().into_iter().map(|call| format!("{call:?}"));
        aws.chain(transfer).collect()
    }

    /// Forgets the calls so far.
    pub(crate) fn clear(&self) {
        self.aws.clear();
        self.transfer.clear();
    }
}

/// A JSON result with what differs between runs replaced.
pub(crate) fn steady(result: &Value) -> Value {
    let mut result = result.clone();
    result["elapsed_ms"] = json!("[ms]");
    result
}
