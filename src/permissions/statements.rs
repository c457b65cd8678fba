//! The statements of each command, and of what it calls itself.
//!
//! Which actions a call of the deployer needs is of the Service Authorization Reference.

use super::names::{Names, REQUEST_TAG, TAG, anywhere};
use super::stack_resources::{making, making_bucket, reading, reading_bucket, removing};
use super::statement::{Statement, allow};

fn finding(names: &Names) -> [Statement; 2] {
    [
        allow("Anywhere", &["transfer:ListServers"], anywhere()),
        allow("Servers", &["transfer:DescribeServer"], names.servers()),
    ]
}

pub(super) fn status(names: &Names) -> Vec<Statement> {
    let mut all = vec![
        allow("Anywhere", &["cloudformation:DescribeStacks"], anywhere()),
        allow(
            "LookAtTheStack",
            &[
                "cloudformation:GetTemplate",
                "cloudformation:DetectStackDrift",
                "cloudformation:DetectStackResourceDrift",
                "cloudformation:DescribeStackResourceDrifts",
            ],
            names.stacks(),
        ),
        // Its resource is the detection, which has no ARN of its own.
        allow("Anywhere", &["cloudformation:DescribeStackDriftDetectionStatus"], anywhere()),
    ];
    all.extend(finding(names));
    all.extend(reading(names));
    if names.creates_bucket {
        all.push(reading_bucket(names));
    }
    all
}

pub(super) fn plan(names: &Names) -> Vec<Statement> {
    let [artifact_bucket, users_bucket] = looking_at_buckets(names);
    let mut all = vec![
        // A change set is made, read and deleted again. Nothing here executes one. The tags are those that it would set:
        // CloudFormation has no call of its own for these two.
        allow(
            "Stack",
            &[
                "cloudformation:DescribeStacks",
                "cloudformation:GetTemplate",
                "cloudformation:CreateChangeSet",
                "cloudformation:DescribeChangeSet",
                "cloudformation:ListChangeSets",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DescribeEvents",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
            ],
            stack_and_change_sets(names),
        ),
        artifact_bucket,
        users_bucket,
        allow("Artifacts", &["s3:GetObject"], names.artifacts()),
    ];
    all.extend(finding(names));
    all
}

/// The stack, and change sets with the names that this program gives them.
fn stack_and_change_sets(names: &Names) -> Vec<String> {
    [names.stacks(), vec![names.arn("cloudformation", "changeSet/sftp-okta-*/*")]].concat()
}

fn looking_at_buckets(names: &Names) -> [Statement; 2] {
    [&names.artifact_bucket, &names.bucket]
        .map(|bucket| allow("Buckets", &["s3:ListBucket", "s3:GetBucketTagging"], vec![names.s3(bucket)]))
}

/// What makes and unmakes the lease, and reads and removes the artifacts.
fn artifacts(names: &Names) -> [Statement; 3] {
    let [artifact_bucket, users_bucket] = looking_at_buckets(names);
    let objects = allow("Artifacts", &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], names.artifacts());
    [artifact_bucket, users_bucket, objects]
}

pub(super) fn teardown(names: &Names) -> Vec<Statement> {
    let mut all = vec![allow(
        "Stack",
        &["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:DeleteStack"],
        names.stacks(),
    )];
    all.extend(artifacts(names));
    all.extend(finding(names));
    all.push(allow("Own", &["transfer:DeleteServer"], names.servers()).when("StringEquals", TAG, &[&names.deployment]));
    all.extend(removing(names));
    all
}

pub(super) fn deploy(names: &Names) -> Vec<Statement> {
    let deployment = [names.deployment.as_str()];
    let mut all = vec![
        allow(
            "Stack",
            &[
                "cloudformation:CreateChangeSet",
                "cloudformation:DescribeChangeSet",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:DeleteChangeSet",
                "cloudformation:ListChangeSets",
                "cloudformation:DescribeStacks",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeEvents",
                "cloudformation:GetTemplate",
                "cloudformation:DeleteStack",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
                "cloudformation:UpdateTerminationProtection",
            ],
            stack_and_change_sets(names),
        ),
        allow(
            "Artifacts",
            &[
                "s3:CreateBucket",
                "s3:PutBucketTagging",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutEncryptionConfiguration",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
            ],
            vec![names.s3(&names.artifact_bucket)],
        ),
    ];
    all.extend(artifacts(names));
    all.extend(finding(names));
    all.extend([
        allow("CreateServer", &["transfer:CreateServer"], anywhere()).when("StringEquals", REQUEST_TAG, &deployment),
        allow("TagServerAtCreation", &["transfer:TagResource"], names.servers()).when(
            "StringEquals",
            REQUEST_TAG,
            &deployment,
        ),
        allow(
            "Own",
            &[
                "transfer:UpdateServer",
                "transfer:StartServer",
                "transfer:StopServer",
                "transfer:DeleteServer",
                "transfer:TagResource",
            ],
            names.servers(),
        )
        .when("StringEquals", TAG, &deployment),
        allow("Servers", &["transfer:TestIdentityProvider"], vec![names.arn("transfer", "user/*")]),
        allow(
            "Anywhere",
            &[
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
                "logs:DescribeIndexPolicies",
            ],
            anywhere(),
        ),
        allow("PassRoles", &["iam:PassRole"], names.roles()).when(
            "StringEquals",
            "iam:PassedToService",
            &["transfer.amazonaws.com", "lambda.amazonaws.com"],
        ),
    ]);
    all.extend(making(names));
    if names.creates_bucket {
        all.push(making_bucket(names));
    }
    all
}
