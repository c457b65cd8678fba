//! A stack as it was read, for tests to change one fact about.

use std::collections::BTreeMap;

use super::describe::Stack;
use super::status::StackStatus;

/// One without parameters, tags or outputs.
pub(crate) fn stack_in(status: StackStatus) -> Stack {
    Stack {
        name: "sftp-okta-demo".into(),
        arn: "arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-demo/1".into(),
        status,
        reason: None,
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        outputs: BTreeMap::new(),
        termination_protection: false,
        last_updated: None,
    }
}
