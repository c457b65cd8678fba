//! One file a command: the order of steps. Only here is that order known.

mod approval;
mod cost;
pub mod deploy;
pub mod doctor;
pub mod explain;
pub mod init;
pub mod logs;
pub mod package;
mod password;
pub mod plan;
mod plan_file;
mod preflight;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod session;
pub mod status;
pub mod status_all;
pub mod teardown;
mod users_bucket;
mod users_data;
pub mod verify;
mod wanted;

use std::path::PathBuf;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::artifact::lease::LeaseSlot;
use crate::progress::Progress;
use crate::report::Report;
use crate::stack::PreviewSlot;

/// What a command works with.
#[derive(Debug)]
pub struct Run<'a> {
    /// The story.
    pub progress: &'a Progress,
    /// The result, filled in as it becomes known, so that a failure reports what was there.
    pub report: &'a mut Report,
    /// How to go about it.
    pub options: &'a Options,
    /// The deployment's lease, while this run holds it.
    pub lease: &'a LeaseSlot,
    /// The change set that is only read, while there is one.
    pub preview: &'a PreviewSlot,
}

/// How a command goes about its work.
#[derive(Debug, Clone)]
pub struct Options {
    /// Approved beforehand.
    pub yes: bool,
    /// Whether somebody can be asked.
    pub can_ask: bool,
    /// How long to wait for AWS.
    pub timeout: Duration,
    /// How often to look.
    pub poll_interval: Duration,
    /// How long to wait for another run to end.
    pub wait_for_lock: Duration,
    /// The endpoint of the sandbox that is to be used in place of AWS.
    pub sandbox: Option<String>,
    /// A prebuilt bootstrap to use in place of the embedded one.
    pub bootstrap: Option<PathBuf>,
    /// Resources that `teardown` may leave behind where they cannot be deleted, by their names in the template.
    pub retain: Vec<String>,
    /// What carries the calls to AWS; the SDK's own client unless a program that uses this library brings another.
    pub http: Option<SharedHttpClient>,
}
