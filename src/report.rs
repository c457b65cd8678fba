//! The result on stdout: one text for people, or one JSON document for programs. Pure: a value in, a text out.

mod cost;
mod deployments;
mod explain;
mod findings;
mod markdown;
mod pipeline;
mod sandbox;
mod summary;
mod text;
mod verify;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::artifact::zip::Artifact;
use crate::doctor::Finding;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::plan::Change;
use crate::prices::MonthlyCost;
use crate::server::Server;
use crate::sign_in_log::Entry;
use crate::stack::{Drifted, Stack};

pub use deployments::{DeploymentRow, RowServer, servers_in_words};
pub use explain::{ExplainReport, ExplainedFolder, ExplainedRule};
pub use pipeline::{dotenv, facts, github_annotation, github_output};
pub use sandbox::{SandboxReport, SandboxServer, SandboxServiceApp, SandboxUser};
pub use summary::github_summary;
pub use verify::VerifyReport;

/// The version of the JSON document. Keys are only ever added to it.
const SCHEMA: u32 = 1;

/// How a command ended, in one word. Part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The deployment was made or changed, and its server is ONLINE.
    Deployed,
    /// The deployment was as it should be.
    Unchanged,
    /// The changes are known and none was made.
    Planned,
    /// Everything is there and does its work.
    Healthy,
    /// Something is there, but not as it should be.
    Unhealthy,
    /// Nothing is there.
    Absent,
    /// The deployment was removed.
    Removed,
    /// The sandbox runs.
    Running,
    /// The sandbox does not run.
    Stopped,
    /// The sign-in check passed.
    Verified,
    /// The sign-in decisions were read.
    Shown,
    /// The access rules give the user something.
    Granted,
    /// The access rules give the user nothing.
    Refused,
    /// The artifact was written.
    Packaged,
    /// What was asked for was written: a file, or a text on stdout.
    Written,
    /// The person asked said no.
    Declined,
    /// It failed; `error` tells.
    Failed,
}

/// What a command did and found. Serialises to the JSON document.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    schema: u32,
    /// The command's name.
    pub command: &'static str,
    /// How it ended.
    pub result: Outcome,
    /// Which deployment it is about, as far as known.
    pub deployment: Deployment,
    /// The stack, where there is one.
    pub stack: Option<StackReport>,
    /// The server, where there is one.
    pub server: Option<ServerReport>,
    /// The function's zip, where it was made.
    pub artifact: Option<ArtifactReport>,
    /// What was, or would be, changed.
    pub changes: Vec<Change>,
    /// What was found not to be as it should be.
    pub differences: Vec<String>,
    /// What teardown left on purpose.
    pub kept: Vec<Kept>,
    /// What a month costs: of what runs, of what a plan would have running, or of what a teardown left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<MonthlyCost>,
    /// What the sign-in check found, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<VerifyReport>,
    /// Sign-in decisions, oldest first, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_ins: Option<Vec<Entry>>,
    /// What the access rules give a user, of `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<ExplainReport>,
    /// What a person should act on.
    pub warnings: Vec<String>,
    /// What keeps a deployment from doing its work, of `status`; in words for people these are among the warnings.
    #[serde(skip)]
    pub faults: Vec<String>,
    /// Why it failed.
    pub error: Option<Error>,
    /// Resources that are not as the stack made them, of `status --drift`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Vec<Drifted>>,
    /// Every deployment of account and region, of `status --all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployments: Option<Vec<DeploymentRow>>,
    /// What `doctor` found, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The policy of `doctor --print-policy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<serde_json::Value>,
    /// The files that were written, of `init`, `man` and `plan --out`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What was asked for as a text: a script, a man page. It is all that stdout carries then, without `--output json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Whether a deploy would refuse to mend what is wrong: somebody has to act first.
    #[serde(skip)]
    pub deploy_refuses: bool,
    /// The sandbox, where one is meant. Its keys stand beside the others.
    #[serde(flatten)]
    pub sandbox: Option<SandboxReport>,
}

/// Which deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Its name.
    pub name: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The endpoint that stands in for AWS: this deployment is not on AWS.
    pub endpoint: Option<String>,
}

/// The stack, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackReport {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its status.
    pub status: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

/// The server, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its state.
    pub state: String,
    /// The host name clients connect to.
    pub endpoint: String,
    /// The fingerprint clients should see.
    pub host_key_fingerprint: Option<String>,
    /// The allocation ids of its elastic IPs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elastic_ips: Vec<String>,
}

/// The function's zip, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArtifactReport {
    /// The zip's SHA-256.
    pub sha256: String,
    /// The zip's size in bytes.
    pub bytes: usize,
    /// The SHA-256 of `bootstrap` inside it.
    pub bootstrap_sha256: String,
    /// The file it was written to.
    pub file: Option<String>,
}

/// Something teardown left on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// What it is, such as `AWS::S3::Bucket`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Why it is still there.
    pub why: String,
}

impl ArtifactReport {
    /// The artifact, and the file it was written to, if any.
    #[must_use]
    pub fn of(artifact: &Artifact, file: Option<&Path>) -> Self {
        Self {
            sha256: artifact.sha256(),
            bytes: artifact.size(),
            bootstrap_sha256: artifact.bootstrap_sha256.clone(),
            file: file.map(|file| file.display().to_string()),
        }
    }
}

impl Report {
    /// A report of `command`, of which nothing is known yet.
    #[must_use]
    pub fn new(command: &'static str) -> Self {
        Self {
            schema: SCHEMA,
            command,
            result: Outcome::Failed,
            deployment: Deployment::default(),
            stack: None,
            server: None,
            artifact: None,
            changes: Vec::new(),
            differences: Vec::new(),
            kept: Vec::new(),
            cost: None,
            verify: None,
            sign_ins: None,
            explain: None,
            warnings: Vec::new(),
            faults: Vec::new(),
            error: None,
            drift: None,
            deployments: None,
            findings: Vec::new(),
            policy: None,
            files: Vec::new(),
            text: None,
            elapsed_ms: 0,
            deploy_refuses: false,
            sandbox: None,
        }
    }

    /// Notes the stack.
    pub fn saw_stack(&mut self, stack: &Stack) {
        self.stack = Some(StackReport {
            name: stack.name.clone(),
            arn: stack.arn.clone(),
            status: stack.status.to_string(),
            outputs: stack.outputs.clone(),
        });
    }

    /// Forgets what the stack was: what it will be is known only when its change has ended. Until then the status is empty.
    pub fn stack_begins_to_change(&mut self) {
        if let Some(stack) = &mut self.stack {
            stack.status.clear();
            stack.outputs.clear();
        }
    }

    /// Notes the server. `url_suffix` is the partition's, such as `amazonaws.com`.
    pub fn saw_server(&mut self, server: &Server, region: &str, url_suffix: &str) {
        self.server = Some(ServerReport {
            id: server.id.clone(),
            arn: server.arn.clone(),
            state: server.state.to_string(),
            endpoint: format!("{}.server.transfer.{region}.{url_suffix}", server.id),
            host_key_fingerprint: server.host_key_fingerprint.clone(),
            elastic_ips: server.elastic_ips.clone(),
        });
    }

    /// The exit code that tells this result to the caller.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        if let Some(error) = &self.error {
            return error.code.exit_code();
        }
        match self.result {
            Outcome::Deployed
            | Outcome::Unchanged
            | Outcome::Planned
            | Outcome::Healthy
            | Outcome::Removed
            | Outcome::Running
            | Outcome::Packaged
            | Outcome::Granted
            | Outcome::Refused
            | Outcome::Written
            | Outcome::Verified
            | Outcome::Shown => ExitCode::Done,
            // `sandbox status` asks whether it runs; for `sandbox stop` and `start` this is the wanted end.
            Outcome::Stopped if self.command == "sandbox status" => ExitCode::Unhealthy,
            Outcome::Stopped => ExitCode::Done,
            Outcome::Absent | Outcome::Unhealthy => ExitCode::Unhealthy,
            Outcome::Failed | Outcome::Declined => ExitCode::Unexpected,
        }
    }

    /// The document for programs, with a line break at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialising these types cannot fail: no maps with other keys than text, no custom serialisers.
        inert(&serde_json::to_string_pretty(self).unwrap_or_default())
    }

    /// The same on one line, as the last of many documents.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        inert(&serde_json::to_string(self).unwrap_or_default())
    }

    /// The text for people, with a line break at its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::render(self)
    }
}

/// A document with a line break at its end, and without what GitHub's runner and Azure's take for a command wherever it
/// stands: `##[name]`. The same string, written otherwise.
fn inert(json: &str) -> String {
    format!("{}\n", json.replace("##", "#\\u0023"))
}

#[cfg(test)]
mod tests;
