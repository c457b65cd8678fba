//! The configurations of the model, and what each makes of the stack.

use std::path::Path;
use std::sync::OnceLock;

use sftp_okta::settings::{Given, Settings, Value, resolve};

use crate::aws::objects::OTHER_ARTIFACTS;
use crate::aws::stacks::Pairs;
use crate::program::{CONFIGURATIONS, ELSEWHERE};
use crate::run::stack_of;

/// Parameters and tags.
pub(crate) type OfStack = (Pairs, Pairs);

static STACKS: OnceLock<Vec<OfStack>> = OnceLock::new();

/// The first, one with another stack and by that another API, one with another server, one with another function, and the
/// first with another bucket for the function's code.
pub(crate) fn settings(configuration: usize) -> Settings {
    let flag = |name: &'static str, text: &str| Some(Value::flag(name, text));
    let mut given = Given {
        name: flag("name", "demo"),
        okta_org: flag("okta-org", "http://127.0.0.1:1"),
        bucket: flag("bucket", "acme-files"),
        ..Given::default()
    };
    match configuration {
        1 => given.log_retention_days = flag("log-retention-days", "30"),
        2 => given.security_policy = flag("security-policy", "TransferSecurityPolicy-2024-01"),
        3 => given.permissions = flag("permissions", "read-only"),
        ELSEWHERE => given.artifact_bucket = flag("artifact-bucket", OTHER_ARTIFACTS),
        _ => {}
    }
    resolve(&given, None).expect("these settings are right")
}

/// Learns from a calm deploy of each what the stack has to be after every other one.
pub(crate) fn learn(bootstrap: &Path) {
    let stacks: Vec<OfStack> = (0..=CONFIGURATIONS).map(|number| stack_of(number, bootstrap).unwrap()).collect();
    // Only the server differs in the third.
    for (one, other) in [(0, 1), (0, 3), (0, ELSEWHERE), (1, 3)] {
        assert_ne!(stacks[one], stacks[other]);
    }
    STACKS.set(stacks).expect("it is learnt once");
}

pub(crate) fn of_stack(configuration: usize) -> &'static OfStack {
    &STACKS.get().expect("it is learnt first")[configuration]
}
