//! Everything a deployment needs around it: an AWS emulator behind a recording proxy, Transfer, an Okta org, and the deployer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use super::aws_proxy::AwsProxy;
use super::cli::{Cli, Ran, Running};
use super::loopback::{self, Reply};
use super::ministack::Ministack;
use super::okta::{Okta, Transaction};
use super::sigv4;
use super::transfer::{Builder, Seed, Transfer};

/// The password of every user of the org, which must never be seen anywhere.
pub(crate) const PASSWORD: &str = "correct horse, battery";

/// The stack of the deployment `demo`.
pub(crate) const STACK: &str = "sftp-okta-demo";

/// How many worlds there are at a time: each holds an emulator of half a gigabyte.
const WORLDS: usize = 2;

/// A place among those worlds, given back with the value.
struct Place;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

impl Place {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut usize| *taken >= WORLDS;
        *FREED.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
}

/// One account and region with nothing in it, and an Okta org.
pub(crate) struct World {
    pub(crate) ministack: Ministack,
    pub(crate) aws: AwsProxy,
    pub(crate) transfer: Transfer,
    pub(crate) okta: Okta,
    pub(crate) cli: Cli,
    /// Given back when all of the above has ended.
    _place: Place,
}

impl World {
    /// A world in which everything works.
    pub(crate) fn new() -> Self {
        Self::with(|transfer| transfer)
    }

    /// A world whose Transfer endpoint follows a script.
    pub(crate) fn with(script: impl FnOnce(Builder) -> Builder) -> Self {
        let place = Place::take();
        let ministack = Ministack::start();
        let aws = AwsProxy::in_front_of(&ministack.endpoint());
        Self::around(place, ministack, aws, script)
    }

    /// A world that checks signatures and the caller's policies (those of its Transfer endpoint are [`Transfer::allow`]'s),
    /// and whose calls come by TLS as far as those policies can tell.
    pub(crate) fn with_auth() -> Self {
        let place = Place::take();
        let ministack = Ministack::start_with_auth();
        let aws = AwsProxy::ending_tls_in_front_of(&ministack.endpoint());
        Self::around(place, ministack, aws, |transfer| transfer)
    }

    fn around(place: Place, ministack: Ministack, aws: AwsProxy, script: impl FnOnce(Builder) -> Builder) -> Self {
        let transfer = script(Transfer::builder().account("000000000000").sign_in_at(&ministack.endpoint())).start();
        let okta = Okta::builder()
            .user("alice@example.com", PASSWORD, Transaction::Success)
            .user("mia@example.com", PASSWORD, Transaction::MfaRequired)
            .start();
        let cli = Cli::new().endpoint(&aws.endpoint()).endpoint_of("TRANSFER", &transfer.endpoint());
        Self { ministack, aws, transfer, okta, cli, _place: place }
    }

    /// A world in which `demo` is deployed, and no call is remembered.
    pub(crate) fn deployed() -> Self {
        Self::deployed_with(|transfer| transfer)
    }

    /// The same, with a script for its Transfer endpoint.
    pub(crate) fn deployed_with(script: impl FnOnce(Builder) -> Builder) -> Self {
        let world = Self::with(script);
        world.run("deploy", &[]).expect_code(0);
        world.clear();
        world
    }

    /// Changes how the deployer is run.
    pub(crate) fn cli(mut self, change: impl FnOnce(Cli) -> Cli) -> Self {
        self.cli = change(self.cli);
        self
    }

    /// Starts what [`World::run`] runs.
    pub(crate) fn start(&self, command: &str, more: &[&str]) -> Running {
        let arguments = self.arguments(command, more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.cli.start(&arguments)
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
            "plan" | "doctor" => arguments.extend(settings),
            "verify" | "logs" => arguments.extend(["--poll-interval", "20ms"]),
            "teardown" => arguments.extend(["--yes", "--poll-interval", "20ms"]),
            other => panic!("{other} is no command of this world"),
        }
        // A flag that is given again stands in the place of the usual one.
        for given in more.iter().filter(|argument| argument.starts_with("--")) {
            if let Some(at) = arguments.iter().position(|argument| argument == given)
                && arguments.get(at + 1).is_some_and(|value| !value.starts_with("--"))
            {
                arguments.drain(at..at + 2);
            }
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

    /// Asks a service that speaks forms, past the proxy: as somebody else would.
    pub(crate) fn query(&self, service: &str, form: &str) -> Reply {
        query(&self.ministack.endpoint(), service, form)
    }

    /// An S3 call past the proxy: as somebody else would.
    pub(crate) fn s3(&self, method: &str, path: &str, body: &str) -> Reply {
        s3(&self.ministack.endpoint(), method, path, body)
    }

    /// The status of a stack; nothing where there is none.
    pub(crate) fn stack_status(&self, name: &str) -> Option<String> {
        let form = format!("Action=DescribeStacks&Version=2010-05-15&StackName={name}");
        let answer = self.query("cloudformation", &form).text();
        let status = answer.split_once("<StackStatus>")?.1.split_once("</StackStatus>")?.0;
        Some(status.to_owned())
    }

    /// The servers of `demo`.
    pub(crate) fn own_servers(&self) -> Vec<Value> {
        self.transfer.tagged("sftp-okta:deployment", "demo")
    }

    /// The id of the only server of `demo`, which serves.
    #[track_caller]
    pub(crate) fn the_server(&self) -> String {
        let servers = self.own_servers();
        let states: Vec<_> = servers.iter().map(|server| &server["State"]).collect();
        assert_eq!(states, ["ONLINE"], "{servers:?}");
        servers[0]["ServerId"].as_str().unwrap().to_owned()
    }

    /// Whether all is as after a deploy in which nothing went wrong.
    #[track_caller]
    pub(crate) fn expect_deployed(&self) {
        self.the_server();
        let status = self.stack_status(STACK).unwrap_or_default();
        assert!(["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&status.as_str()), "the stack is in {status}");
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

/// A server with the tags of `demo`, as a run of the deployer would have made it long ago.
pub(crate) fn own_seed() -> Seed {
    made_for("demo", STACK)
}

/// A server with the tags of one create call for a deployment.
pub(crate) fn made_for(deployment: &str, stack: &str) -> Seed {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = format!("sftp-okta-{}-0", CALLS.fetch_add(1, Ordering::Relaxed));
    let seed = Seed::foreign().tag("sftp-okta:deployment", deployment).tag("sftp-okta:stack", stack);
    seed.tag("sftp-okta:run", &call).tag("sftp-okta:version", "0.1.0")
}

/// A signed form.
pub(crate) fn query(endpoint: &str, service: &str, form: &str) -> Reply {
    let request = Request::post(endpoint).header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Full::new(Bytes::from(form.to_owned()))).unwrap();
    loopback::send(sigv4::signed(request, form.as_bytes(), service, "us-east-1")).unwrap()
}

/// A signed S3 call.
pub(crate) fn s3(endpoint: &str, method: &str, path: &str, body: &str) -> Reply {
    let request = Request::builder().method(method).uri(format!("{endpoint}{path}"));
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    loopback::send(sigv4::signed(request, body.as_bytes(), "s3", "us-east-1")).unwrap()
}

/// A JSON result with what differs between runs replaced.
pub(crate) fn steady(result: &Value) -> Value {
    let mut result = result.clone();
    result["elapsed_ms"] = json!("[ms]");
    result
}
