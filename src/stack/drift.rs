//! Drift: what CloudFormation finds of a stack's resources, against what it made of them. It asks the services with the
//! caller's rights, and changes nothing.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus};
use serde::Serialize;
use serde_json::Value;

use super::describe::Stack;
use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::{Progress, clean};
use crate::wait::Patience;

/// A resource that is not as the stack made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drifted {
    /// Its name in the template.
    pub resource: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name at its service.
    pub physical_id: String,
    /// `MODIFIED` or `DELETED`.
    pub status: String,
    /// What about it: a path, what was made, what is there.
    pub differences: Vec<PropertyDifference>,
}

/// One property that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyDifference {
    /// Such as `/RetentionInDays`.
    pub path: String,
    /// What the stack made.
    pub expected: String,
    /// What is there.
    pub actual: String,
}

/// Lets CloudFormation look at every resource of the stack, and waits for what it finds.
///
/// # Errors
/// What CloudFormation says, `Deadline` when it takes too long, `StackFailed` when the detection itself fails.
pub async fn drift(client: &Client, stack: &Stack, patience: &Patience, progress: &Progress) -> Result<Vec<Drifted>> {
    let what = format!("could not detect drift of stack {}", stack.name);
    let begun = client.detect_stack_drift().stack_name(&stack.arn).send().await;
    let begun = begun.map_err(|error| failure(&what, &error).resource(stack.arn.clone()))?;
    let id = begun.stack_drift_detection_id.unwrap_or_default();
    loop {
        match client.describe_stack_drift_detection_status().stack_drift_detection_id(&id).send().await {
            Ok(answer) => match answer.detection_status {
                Some(StackDriftDetectionStatus::DetectionComplete) => break,
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    let why = answer.detection_status_reason.unwrap_or_default();
                    return Err(Error::new(ErrorCode::StackFailed, what)
                        .cause(clean(&why))
                        .resource(stack.arn.clone())
                        .hint("grant the caller the reading of the resources it names: sftp-okta doctor --print-policy status"));
                }
                Some(_) | None => {}
            },
            Err(error) => {
                let error = failure(&what, &error).resource(stack.arn.clone());
                if !error.code.may_pass() {
                    return Err(error);
                }
                progress.note(&format!("{error}; looking again"));
            }
        }
        if patience.is_over() {
            return Err(patience.ran_out("CloudFormation goes on looking for drift"));
        }
        progress.tick();
        patience.pause().await;
    }
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let page = client
            .describe_stack_resource_drifts()
            .stack_name(&stack.arn)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| failure(&what, &error).resource(stack.arn.clone()))?;
        found.extend(page.stack_resource_drifts.unwrap_or_default().into_iter().map(drifted));
        next = page.next_token;
        if next.is_none() {
            found.sort_by(|one: &Drifted, other| one.resource.cmp(&other.resource));
            return Ok(found);
        }
    }
}

/// The properties of one resource as they are now, as CloudFormation reads them; `None` where the stack has no such
/// resource, or it is gone.
///
/// # Errors
/// What CloudFormation says.
pub async fn actual_properties(client: &Client, stack: &Stack, logical_id: &str) -> Result<Option<Value>> {
    let asked =
        client.detect_stack_resource_drift().stack_name(&stack.arn).logical_resource_id(logical_id).send().await;
    match asked {
        Ok(answer) => {
            let text = answer.stack_resource_drift.and_then(|drift| drift.actual_properties);
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        }
        Err(error) if refusal(&error).is_some_and(|refusal| refusal.message.contains("does not exist")) => Ok(None),
        Err(error) => Err(failure(&format!("could not look at {logical_id}"), &error).resource(stack.arn.clone())),
    }
}

fn drifted(found: StackResourceDrift) -> Drifted {
    let differences = found.property_differences.unwrap_or_default();
    Drifted {
        resource: found.logical_resource_id.unwrap_or_default(),
        kind: found.resource_type.unwrap_or_default(),
        physical_id: found.physical_resource_id.unwrap_or_default(),
        status: found.stack_resource_drift_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        differences: differences
            .into_iter()
            .map(|difference| PropertyDifference {
                path: difference.property_path.unwrap_or_default(),
                expected: difference.expected_value.unwrap_or_default(),
                actual: difference.actual_value.unwrap_or_default(),
            })
            .collect(),
    }
}
