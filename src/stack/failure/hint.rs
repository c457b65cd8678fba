//! What to do about a failed resource: a command, a setting, or a permission to grant.

use super::{EXISTING_BUCKET, FailedResource};

/// The command that prints what a role needs for all of a deploy, or of a teardown.
fn policy(failed: &FailedResource) -> (&'static str, &'static str) {
    match failed.status.as_str() {
        "DELETE_FAILED" => ("teardown", "sftp-okta doctor --print-policy teardown"),
        _ => ("deploy", "sftp-okta doctor --print-policy deploy"),
    }
}

/// The remedy of a failure that has a known one.
pub(super) fn hint(failed: &FailedResource) -> Option<String> {
    let reason = failed.reason.as_str();
    let known: [fn(&FailedResource, &str) -> Option<String>; 5] = [of_account, denied, taken, of_deletion, passing];
    known.into_iter().find_map(|find| find(failed, reason))
}

/// What the account lacks.
fn of_account(_: &FailedResource, reason: &str) -> Option<String> {
    let has = |text: &str| reason.contains(text);
    if has("CloudWatch Logs role ARN must be set") {
        // API Gateway keeps one such role for a whole account and region (Developer Guide, "Set up CloudWatch logging").
        return Some(
            "this account has no log role for API Gateway yet: deploy with --create-api-gateway-log-role to make one"
                .to_owned(),
        );
    }
    if has("UnreservedConcurrentExecution") {
        return Some(
            "the account's concurrency limit is too low to reserve any: set reserved_concurrency = 0".to_owned(),
        );
    }
    let is_limit = ["LimitExceeded", "ServiceLimitExceeded", "Cannot exceed quota", "TooManyBuckets"];
    if is_limit.iter().any(|text| reason.contains(text)) {
        return Some(
            "a quota of this account is used up: delete what is not needed, or raise it (`aws service-quotas \
             request-service-quota-increase`), then run the same command again"
                .to_owned(),
        );
    }
    None
}

/// What the caller may not do, and who has to allow it.
fn denied(failed: &FailedResource, reason: &str) -> Option<String> {
    let (command, policy) = policy(failed);
    let Some((_, rest)) =
        reason.split_once("not authorized to perform: ").or(reason.split_once("not authorized to perform "))
    else {
        let encoded = after(reason, "Encoded authorization failure message: ");
        return match encoded {
            Some(message) => Some(format!(
                "what to grant stands in the message: `aws sts decode-authorization-message --encoded-message {message}`"
            )),
            None if ["AccessDenied", "Access Denied", "UnauthorizedOperation", "UnauthorizedTaggingOperation"]
                .iter()
                .any(|text| reason.contains(text)) =>
            {
                Some(format!("grant the caller what a {command} needs (`{policy}`), then run the same command again"))
            }
            None => None,
        };
    };
    let action = rest.split_whitespace().next()?;
    let resource = after(rest, "on resource: ").map(|resource| format!(" on {resource}")).unwrap_or_default();
    let whose = if reason.contains("service control policy") || reason.contains("resource control policy") {
        return Some(format!(
            "a policy of the organisation forbids {action}{resource}: ask its administrators, granting it in this account \
             does not help"
        ));
    } else if reason.contains("permissions boundary") {
        "widen the permissions boundary: it has to allow"
    } else if reason.contains("explicit deny") {
        "a policy denies it explicitly: take that statement away, and allow"
    } else {
        "grant"
    };
    Some(format!(
        "{whose} {action}{resource} to the caller (all that a {command} needs: `{policy}`), then run the same command again"
    ))
}

/// What has the name already.
fn taken(failed: &FailedResource, reason: &str) -> Option<String> {
    let exists = ["already exists", "AlreadyExists", "AlreadyOwnedByYou"].iter().any(|text| reason.contains(text));
    if !exists {
        return None;
    }
    Some(match failed.resource_type.as_str() {
        "AWS::S3::Bucket" => EXISTING_BUCKET.to_owned(),
        "AWS::Logs::LogGroup" => {
            "a log group of that name is left from elsewhere: keep what you need of it, delete it (`aws logs \
                                  delete-log-group --log-group-name NAME`), or choose another --name"
                .to_owned()
        }
        _ => "something of that name exists already and is not part of the stack: delete it, or choose another --name"
            .to_owned(),
    })
}

/// What holds on to a resource that should go.
fn of_deletion(failed: &FailedResource, reason: &str) -> Option<String> {
    let has = |text: &str| reason.contains(text);
    if failed.status != "DELETE_FAILED" {
        return None;
    }
    let physical = if failed.physical_id.is_empty() { "NAME" } else { &failed.physical_id };
    if has("must detach all policies first") || has("must remove") {
        return Some(format!(
            "somebody attached a policy to this role: `aws iam list-attached-role-policies --role-name {physical}`, detach it, \
             then run the same command again"
        ));
    }
    if has("is not empty") || has("BucketNotEmpty") {
        return Some("empty the bucket, then run the same command again".to_owned());
    }
    None
}

/// What passes, or what running again mends.
fn passing(failed: &FailedResource, reason: &str) -> Option<String> {
    let has = |text: &str| reason.contains(text);
    if has("Rate exceeded") || has("Throttling") || has("TooManyRequests") {
        return Some("AWS limits how often it is called: run the same command again in a minute".to_owned());
    }
    if has("cannot be assumed by Lambda") || has("Invalid principal") {
        return Some("a new role is not known everywhere yet: run the same command again".to_owned());
    }
    if has("NoSuchKey") && failed.resource_type == "AWS::Lambda::Function" {
        return Some("the function's zip left the artifact bucket: deploy again, which stores it anew".to_owned());
    }
    if has("KMS") && has("does not exist") {
        return Some("correct kms_key_arn: it has to name a key of this region that exists".to_owned());
    }
    None
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark)?.1.split_whitespace().next().map(|word| word.trim_end_matches(['.', ',', ')']))
}
