//! One account with nothing or with a deployment in it: a sandbox in a folder of its own, and what somebody sees who looks
//! at it past the deployer.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use sftp_okta_sandbox::{Options, Sandbox};
use tempfile::TempDir;

use crate::support::loopback;
use crate::support::sigv4::signed;

/// The name of the deployment and of its stack.
pub(crate) const NAME: &str = "demo";
const STACK: &str = "sftp-okta-demo";
/// Where the deployer keeps zips and lease.
const ARTIFACTS: &str = "sftp-okta-artifacts-000000000000-us-east-1";

/// A running sandbox.
pub(crate) struct Account {
    sandbox: Option<Sandbox>,
    pub(crate) folder: TempDir,
}

/// What a configuration asks for, as far as it can be told from outside.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// The server's security policy.
    pub(crate) security_policy: &'static str,
    /// A parameter of the stack.
    pub(crate) log_retention_days: &'static str,
}

impl Account {
    /// An account like the one whose sandbox has left its state in `folder`, or an empty one.
    pub(crate) fn like(folder: Option<&Path>) -> Self {
        Self::at_pace(folder, Duration::from_millis(2))
    }

    /// The same, with so long between two events of a stack.
    fn at_pace(folder: Option<&Path>, pace: Duration) -> Self {
        let own = TempDir::with_prefix("sftp-okta-crash-").unwrap();
        if let Some(folder) = folder {
            copy(folder, own.path());
        }
        let options = Options { pace, server_start: Duration::from_millis(20), ..Options::new(own.path()) };
        let sandbox = loopback::runtime().block_on(sftp_okta_sandbox::start(options)).unwrap();
        Self { sandbox: Some(sandbox), folder: own }
    }

    /// Where it answers.
    pub(crate) fn endpoint(&self) -> String {
        self.sandbox.as_ref().expect("it runs until it is dropped").status().endpoint_url
    }

    /// Ends it and leaves what it was, to be copied.
    pub(crate) fn stopped(mut self) -> TempDir {
        self.stop();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    fn stop(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            loopback::runtime().block_on(sandbox.stop());
        }
    }

    /// Whether somebody's lease is there, expired or not.
    pub(crate) fn has_lease(&self) -> bool {
        self.artifacts().iter().any(|name| name == "lease.json")
    }

    /// Fails unless there is exactly one server, which serves as wanted, and one stack that is complete.
    pub(crate) fn expect_deployed(&self, wanted: Wanted) {
        let servers = self.servers();
        assert_eq!(servers.len(), 1, "{servers:#?}");
        let server = &servers[0];
        assert_eq!(server["State"], "ONLINE");
        let tags = server["Tags"].as_array().unwrap();
        for (key, value) in [("sftp-okta:deployment", NAME), ("sftp-okta:stack", STACK)] {
            assert!(tags.contains(&json!({"Key": key, "Value": value})), "{tags:?}");
        }
        let stack = self.stack().expect("there is a stack");
        let status = between(&stack, "<StackStatus>", "</StackStatus>");
        assert!(["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&status), "{status}");
        let pair = |list: &str, key: &str, name: &str| {
            let rows = between(&stack, &format!("<{list}>"), &format!("</{list}>"));
            let row = rows.split("</member>").find(|row| row.contains(&format!("<{key}>{name}</{key}>")));
            let row = row.unwrap_or_else(|| panic!("{name} in {rows}"));
            let value = key.replace("Key", "Value");
            between(row, &format!("<{value}>"), &format!("</{value}>")).to_owned()
        };
        let output = |name: &str| pair("Outputs", "OutputKey", name);
        let provider = &server["IdentityProviderDetails"];
        assert_eq!(provider["Url"], output("TransferIdentityProviderUrl"));
        assert_eq!(provider["InvocationRole"], output("TransferIdentityProviderRole"));
        assert_eq!(server["LoggingRole"], output("TransferSFTPCloudWatchLogsWriteLogs"));
        assert_eq!(server["SecurityPolicyName"], wanted.security_policy);
        let parameter = |name: &str| pair("Parameters", "ParameterKey", name);
        assert_eq!(parameter("LogRetentionDays"), wanted.log_retention_days);
        // The function's code is there.
        let name = parameter("ArtifactKey").rsplit('/').next().unwrap_or_default().to_owned();
        assert!(self.artifacts().contains(&name), "{name} in {:?}", self.artifacts());
    }

    /// Fails unless nothing of the deployment is left, and nothing that costs money.
    pub(crate) fn expect_nothing(&self) {
        assert_eq!(self.servers(), [Value::Null; 0]);
        assert_eq!(self.stack(), None);
        assert_eq!(self.under_way(), [""; 0], "operations of stacks that are still going on");
        let resources = self.query("iam", "Action=ListRoles&Version=2010-05-08");
        assert!(!resources.text().contains("sftp-okta-demo"), "{}", resources.text());
        let zips: Vec<_> = self.artifacts().into_iter().filter(|name| name.ends_with(".zip")).collect();
        assert_eq!(zips, [""; 0]);
    }

    /// The stacks with an operation under way, deleted ones too, as the sandbox keeps them.
    fn under_way(&self) -> Vec<String> {
        let state = fs::read(self.folder.path().join("state.json")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        let stacks = state["stacks"]["list"].as_array().expect("the sandbox keeps its stacks there");
        let is_busy = |stack: &&Value| !stack.get("operation").expect("each with its operation, or null").is_null();
        stacks.iter().filter(is_busy).map(|stack| stack["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The deployment's objects in the artifact bucket, which is a folder.
    fn artifacts(&self) -> Vec<String> {
        let folder = self.folder.path().join("buckets").join(ARTIFACTS).join(NAME);
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Every server of the account, described.
    pub(crate) fn servers(&self) -> Vec<Value> {
        let rows = self.transfer("ListServers", &json!({}));
        let ids = rows["Servers"].as_array().unwrap().iter().map(|row| row["ServerId"].clone());
        ids.map(|id| self.transfer("DescribeServer", &json!({"ServerId": id}))["Server"].clone()).collect()
    }

    /// The stack's description in XML; nothing where there is none.
    fn stack(&self) -> Option<String> {
        let form = format!("Action=DescribeStacks&Version=2010-05-15&StackName={STACK}");
        let answer = self.query("cloudformation", &form);
        (answer.status == 200).then(|| answer.text())
    }

    fn query(&self, service: &str, form: &str) -> loopback::Reply {
        let request = Request::post(self.endpoint()).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Full::new(Bytes::from(form.to_owned()))).unwrap(), form.as_bytes(), service)
    }

    fn transfer(&self, action: &str, input: &Value) -> Value {
        let body = input.to_string();
        let request = Request::post(self.endpoint())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("TransferService.{action}"));
        self.send(request.body(Full::new(Bytes::from(body.clone()))).unwrap(), body.as_bytes(), "transfer").json()
    }

    fn send(&self, request: Request<Full<Bytes>>, body: &[u8], service: &str) -> loopback::Reply {
        loopback::send(signed(request, body, service, "us-east-1")).unwrap()
    }
}

/// Fails unless an operation that is under way is noticed: this one begins, and goes no further within this test.
pub(crate) fn expect_notice_of_operations() {
    let account = Account::at_pace(None, Duration::from_secs(3600));
    assert_eq!(account.under_way(), [""; 0]);
    let template = r#"{"Resources":{"Log":{"Type":"AWS::Logs::LogGroup"}}}"#;
    let form = format!("Action=CreateStack&Version=2010-05-15&StackName=slow&TemplateBody={template}");
    let made = account.query("cloudformation", &form);
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(account.under_way(), ["slow"]);
}

impl Drop for Account {
    fn drop(&mut self) {
        self.stop();
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let after = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    after.split_once(to).unwrap_or_else(|| panic!("no {to} in {after}")).0
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
