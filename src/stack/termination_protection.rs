//! Termination protection: set by a deploy that is configured to, and only lifted by a person.

use aws_sdk_cloudformation::Client;

use super::describe::Stack;
use crate::aws::failure;
use crate::error::Result;

/// Protects the stack against deletion. Doing it twice is doing it once.
///
/// # Errors
/// What CloudFormation says.
pub async fn protect(client: &Client, stack: &Stack) -> Result<()> {
    client
        .update_termination_protection()
        .stack_name(&stack.arn)
        .enable_termination_protection(true)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| failure(&format!("could not protect stack {} against deletion", stack.name), &error))
}
