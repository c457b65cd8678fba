//! What CloudFormation's validation before a deployment found, as far as it can be asked (User Guide, "Validate stack
//! deployments"). It fails change sets, and operations before their first resource.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{EventFilter, OperationEvent};

use super::change_set::ChangeSet;
use super::failure::EXISTING_BUCKET;
use crate::error::{Error, ErrorCode};

/// Pages of validation findings that are read at most: a person reads the first few.
const MOST_PAGES: usize = 5;

/// The error of a rejected change set. To be made before the change set is deleted: what it found goes with it.
pub(super) async fn error(client: &Client, change_set: &ChangeSet, stack: &str, reason: &str) -> Error {
    let findings = if reason.contains("AWS::EarlyValidation") {
        findings(client, &change_set.stack_arn, Some(&change_set.arn)).await
    } else {
        Vec::new()
    };
    let error = Error::new(ErrorCode::StackFailed, format!("CloudFormation rejected the change set for stack {stack}"));
    explained(error, reason, &findings)
}

/// A failed operation's error with what the validation found, for a failure that no resource's event explains: "Validation
/// failed with 1 error(s). Call DescribeEvents …" (stack events of such an operation).
pub(super) async fn with_findings(client: &Client, stack_arn: &str, error: Error) -> Error {
    let reason = error.cause.clone().unwrap_or_default();
    if error.resource.is_some() || !reason.contains("DescribeEvents") && !reason.contains("Validation fail") {
        return error;
    }
    let findings = findings(client, stack_arn, None).await;
    explained(error, &reason, &findings)
}

/// What the validation warns of: findings that stop nothing, so nobody would look for them. To be asked before the change set
/// is deleted. Without the permission `cloudformation:DescribeEvents` there are none.
pub(super) async fn warnings(client: &Client, change_set: &ChangeSet) -> Vec<String> {
    let events = events(client, &change_set.stack_arn, Some(&change_set.arn)).await;
    events.into_iter().filter_map(|event| found(event, true)).map(|finding| finding.sentence()).collect()
}

fn explained(mut error: Error, reason: &str, findings: &[Finding]) -> Error {
    if let Some(resource) = findings.first().and_then(|finding| finding.resource.clone()) {
        error = error.resource(resource);
    }
    let told: Vec<String> = findings.iter().map(Finding::sentence).collect();
    let cause = if told.is_empty() { reason.to_owned() } else { told.join("; ") };
    match hint(reason).or_else(|| findings.iter().find_map(|finding| hint(&finding.reason))) {
        Some(hint) => error.cause(cause).hint(hint),
        None => error.cause(cause),
    }
}

fn hint(reason: &str) -> Option<&'static str> {
    if reason.contains("attempting to import some resources because they already exist") {
        // CloudFormation takes over only what the template keeps on deletion (User Guide, "Import AWS resources
        // automatically").
        return Some(
            "resources of these names are left from elsewhere: delete them, or choose another --name, then deploy again",
        );
    }
    if reason.contains("AWS::S3::Bucket") && reason.contains("already exists") {
        return Some(EXISTING_BUCKET);
    }
    None
}

/// One failed validation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// The resource's name in the template.
    resource: Option<String>,
    validation: Option<String>,
    /// Such as `/Resources/UserBucket/Properties/BucketName`.
    path: Option<String>,
    reason: String,
}

impl Finding {
    fn sentence(&self) -> String {
        let place = self.path.as_deref().or(self.resource.as_deref()).unwrap_or("the template");
        match &self.validation {
            Some(validation) => format!("{place}: {} ({validation})", self.reason),
            None => format!("{place}: {}", self.reason),
        }
    }
}

/// What the validation found. The change set's own reason names the validation alone; without the permission
/// `cloudformation:DescribeEvents`, or where the operation is not known, that has to do.
async fn findings(client: &Client, stack_arn: &str, change_set_arn: Option<&str>) -> Vec<Finding> {
    let events = events(client, stack_arn, change_set_arn).await;
    events.into_iter().filter_map(|event| found(event, false)).collect()
}

async fn events(client: &Client, stack_arn: &str, change_set_arn: Option<&str>) -> Vec<OperationEvent> {
    let mut events = Vec::new();
    let mut next = None;
    for _ in 0..MOST_PAGES {
        let asked = client
            .describe_events()
            .stack_name(stack_arn)
            .set_change_set_name(change_set_arn.map(ToOwned::to_owned))
            .filters(EventFilter::builder().failed_events(true).build())
            .set_next_token(next)
            .send();
        let Ok(page) = asked.await else { break };
        events.extend(page.operation_events.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    events
}

/// The event, if it tells a failed validation: one that only warns (mode WARN), or one that stops the operation.
fn found(event: OperationEvent, only_warns: bool) -> Option<Finding> {
    let warns = event.validation_failure_mode.as_ref().is_some_and(|mode| mode.as_str() == "WARN");
    let failed = event.validation_status.as_ref().is_some_and(|status| status.as_str() == "FAILED");
    let reason = event.validation_status_reason.filter(|_| failed && warns == only_warns)?;
    let path = event.validation_path;
    // The path may be all that names the resource: /Resources/NAME/…
    let in_path = path.as_deref().and_then(|path| path.split('/').nth(2)).map(ToOwned::to_owned);
    Some(Finding {
        resource: event.logical_resource_id.filter(|id| !id.is_empty()).or(in_path),
        validation: event.validation_name,
        path,
        reason,
    })
}
