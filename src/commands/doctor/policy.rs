//! The names in a policy, and `doctor --print-policy`.

use crate::commands::Run;
use crate::commands::session::Session;
use crate::error::Result;
use crate::permissions::{self, Names, Purpose};
use crate::report::Outcome;
use crate::settings::{Settings, Target};

/// Prints the policy that a role for `purpose` needs. Offline: what is not known has a name to be replaced.
///
/// # Errors
/// Never, as of now.
pub fn print_policy(purpose: Purpose, target: &Target, settings: Option<&Settings>, run: &mut Run<'_>) -> Result<()> {
    let names = names(target, settings, None);
    let policy = permissions::policy(purpose, &names);
    let text = policy.to_json();
    let unknown: Vec<&str> =
        [PARTITION, ACCOUNT, REGION, BUCKET].into_iter().filter(|name| text.contains(name)).collect();
    if !unknown.is_empty() {
        run.progress
            .warn(&format!("the configuration does not say these: replace {} in the policy", unknown.join(", ")));
    }
    if policy.length() > permissions::LONGEST_MANAGED {
        run.progress.warn(
            "this is longer than a managed policy may be (6,144 characters): make it an inline policy of the role",
        );
    }
    for warning in beyond(purpose, settings) {
        run.progress.warn(&warning);
    }
    run.report.deployment.name = Some(target.name.clone());
    run.report.policy = serde_json::to_value(&policy).ok();
    run.report.text = Some(text);
    run.report.result = Outcome::Written;
    Ok(())
}

/// What the policy leaves out, since few need it and it reaches far.
fn beyond(purpose: Purpose, settings: Option<&Settings>) -> Vec<String> {
    let mut warnings = Vec::new();
    if purpose == Purpose::Deploy && settings.is_some_and(|settings| settings.api.create_log_role) {
        warnings.push(
            "create_log_role is not covered: the one deploy that makes the account's log role of API Gateway also needs \
             iam:AttachRolePolicy and iam:DetachRolePolicy on the stack's roles, iam:PassRole to apigateway.amazonaws.com, \
             and apigateway:GET and apigateway:PATCH on /account"
                .to_owned(),
        );
    }
    // Only a bucket that the stack made is ever deleted.
    let deletes = match purpose {
        Purpose::Teardown => settings.is_none_or(|settings| settings.storage.create_bucket),
        Purpose::Deploy => settings.is_some_and(|settings| settings.storage.create_bucket),
        Purpose::Plan | Purpose::Status => false,
    };
    if deletes {
        warnings.push(
            "teardown --delete-data is not covered: it also needs s3:ListBucketVersions, s3:ListBucketMultipartUploads and \
             s3:DeleteBucket on the users' bucket, and s3:DeleteObject, s3:DeleteObjectVersion and \
             s3:AbortMultipartUpload on what is in it"
                .to_owned(),
        );
    }
    warnings
}

const PARTITION: &str = "PARTITION";
const ACCOUNT: &str = "ACCOUNT-ID";
const REGION: &str = "REGION-NAME";
const BUCKET: &str = "USERS-BUCKET";

/// What the policy names, from the caller where one is known, otherwise from the configuration.
pub(super) fn names(target: &Target, settings: Option<&Settings>, session: Option<&Session>) -> Names {
    let or = |value: Option<String>, name: &str| value.unwrap_or_else(|| name.to_owned());
    let region = session.map(|session| session.clients.region.clone()).or_else(|| target.region.clone());
    let account = session.map(|session| session.caller.account.clone()).or_else(|| target.account.clone());
    let partition = match (session, region.as_deref()) {
        (Some(session), _) => session.caller.partition.clone(),
        (None, Some(region)) => partition(region).to_owned(),
        (None, None) => PARTITION.to_owned(),
    };
    let (region, account) = (or(region, REGION), or(account, ACCOUNT));
    let own = || format!("sftp-okta-artifacts-{account}-{region}");
    Names {
        artifact_bucket: target.artifact_bucket.clone().unwrap_or_else(own),
        deployment: target.name.clone(),
        stack: target.stack_name.clone(),
        bucket: or(settings.map(|settings| settings.storage.bucket.clone()), BUCKET),
        creates_bucket: settings.is_some_and(|settings| settings.storage.create_bucket),
        boundary: settings.and_then(|settings| settings.permissions_boundary.clone()),
        partition,
        account,
        region,
    }
}

/// The partition of a region (botocore's endpoint data).
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}
