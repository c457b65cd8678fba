//! What CloudFormation calls for each resource type, by the type's schema as the pinned cfn-lint carries it, against what the
//! printed policies allow. Nothing is missing without a reason.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sftp_okta::permissions::{Names, Purpose, rights};

use crate::document::{all_resources, template};
use crate::tools::{run, scanner};

/// Prints the handlers of the types it is given.
const HANDLERS: &str = r"
import json, pathlib, sys, cfnlint
schemas = pathlib.Path(cfnlint.__file__).parent / 'data' / 'schemas'
files = json.loads((schemas / 'providers' / 'us-east-1.json').read_text())
read = lambda kind: json.loads((schemas / 'resources' / f'{files[kind]}.json').read_text())
json.dump({kind: read(kind)['handlers'] for kind in sys.argv[1:]}, sys.stdout)
";

#[derive(Deserialize)]
struct Handler {
    permissions: BTreeSet<String>,
}

/// Type, handler, what it calls.
type Handlers = BTreeMap<String, BTreeMap<String, Handler>>;

fn handlers(types: &BTreeSet<&str>) -> Handlers {
    let printed = run(scanner("python").args(["-c", HANDLERS]).args(types), &[0]);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
}

/// What a policy leaves out, and why.
const LEFT_OUT: [(Purpose, &str, &[&str]); 14] = [
    (
        Purpose::Deploy,
        "the stack's only policy of its own is a role's",
        &[
            "iam:DeleteGroupPolicy",
            "iam:DeleteUserPolicy",
            "iam:GetGroupPolicy",
            "iam:GetUserPolicy",
            "iam:PutGroupPolicy",
            "iam:PutUserPolicy",
        ],
    ),
    (
        Purpose::Deploy,
        "only API Gateway's log role has a managed policy, and `doctor --print-policy` tells that it is not covered",
        &["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
    ),
    (Purpose::Deploy, "no role is let out of its boundary", &["iam:DeleteRolePermissionsBoundary"]),
    (
        Purpose::Deploy,
        "the key is enabled and rotated from the start, and that never changes",
        &["kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey"],
    ),
    (
        Purpose::Deploy,
        "the function is in no VPC and mounts no file system",
        &[
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticfilesystem:DescribeMountTargets",
            "s3files:ListMountTargets",
        ],
    ),
    (
        Purpose::Deploy,
        "the function has none of this",
        &[
            "lambda:AssociateRuntimeAlias",
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetCodeSigningConfig",
            "lambda:GetLayerVersion",
            "lambda:PassCapacityProvider",
            "lambda:PublishVersion",
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:PutFunctionRecursionConfig",
            "lambda:PutFunctionScalingConfig",
            "lambda:PutRuntimeManagementConfig",
        ],
    ),
    (
        Purpose::Deploy,
        "the zip is named by its key alone, which holds its digest, and never by a version",
        &["s3:GetObjectVersion"],
    ),
    (
        Purpose::Deploy,
        "the log groups have none of this, and are of the standard class",
        &[
            "firehose:TagDeliveryStream",
            "logs:DeleteDataProtectionPolicy",
            "logs:DeleteIndexPolicy",
            "logs:DeleteResourcePolicy",
            "logs:PutBearerTokenAuthentication",
            "logs:PutDataProtectionPolicy",
            "logs:PutIndexPolicy",
            "logs:PutLogGroupDeletionProtection",
            "s3:REST.PUT.OBJECT",
        ],
    ),
    (
        Purpose::Deploy,
        "a deploy sets what the users' bucket is to be and does not compare; `status --drift` does",
        &[
            "s3:GetAccelerateConfiguration",
            "s3:GetAnalyticsConfiguration",
            "s3:GetBucketAbac",
            "s3:GetBucketAcl",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetBucketMetadataTableConfiguration",
            "s3:GetBucketNotification",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetIntelligentTieringConfiguration",
            "s3:GetInventoryConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetMetricsConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListTagsForResource",
        ],
    ),
    (
        Purpose::Deploy,
        "the users' bucket has none of this",
        &[
            "s3:CreateBucketMetadataTableConfiguration",
            "s3:DeleteBucketAnalyticsConfiguration",
            "s3:DeleteBucketCors",
            "s3:DeleteBucketMetadataTableConfiguration",
            "s3:DeleteBucketMetricsConfiguration",
            "s3:DeleteBucketReplication",
            "s3:DeleteBucketWebsite",
            "s3:PutAccelerateConfiguration",
            "s3:PutAnalyticsConfiguration",
            "s3:PutBucketAbac",
            "s3:PutBucketAcl",
            "s3:PutBucketCORS",
            "s3:PutBucketNotification",
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketReplication",
            "s3:PutBucketWebsite",
            "s3:PutIntelligentTieringConfiguration",
            "s3:PutInventoryConfiguration",
            "s3:PutMetricsConfiguration",
            "s3:PutObjectAcl",
            "s3:PutObjectLockConfiguration",
            "s3:PutReplicationConfiguration",
            "s3:UpdateBucketMetadataAnnotationTableConfiguration",
            "s3:UpdateBucketMetadataInventoryTableConfiguration",
            "s3:UpdateBucketMetadataJournalTableConfiguration",
            "s3tables:CreateNamespace",
            "s3tables:CreateTable",
            "s3tables:CreateTableBucket",
            "s3tables:GetTable",
            "s3tables:GetTableMetadataLocation",
            "s3tables:PutTableBucketPolicy",
            "s3tables:PutTableEncryption",
            "s3tables:PutTablePolicy",
            "s3tables:UpdateTableMetadataLocation",
        ],
    ),
    (
        Purpose::Deploy,
        "encryption and lifecycle are set and never taken away; buckets are tagged with PutBucketTagging unless they have \
         tags for access control",
        &["s3:DeleteBucketEncryption", "s3:DeleteBucketLifecycle", "s3:TagResource", "s3:UntagResource"],
    ),
    (
        Purpose::Teardown,
        "the stack's only policy of its own is a role's, and no role that is deleted has a managed one",
        &["iam:DeleteGroupPolicy", "iam:DeleteUserPolicy", "iam:DetachRolePolicy"],
    ),
    (Purpose::Teardown, "tags go with their role", &["iam:TagRole", "iam:UntagRole"]),
    (
        Purpose::Teardown,
        "the function is in no VPC, and the log groups have no such policy",
        &["ec2:DescribeNetworkInterfaces", "logs:DeleteDataProtectionPolicy"],
    ),
];

fn names() -> Names {
    Names {
        partition: "aws".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        deployment: "partners".into(),
        stack: "acme-sftp".into(),
        artifact_bucket: "acme-artifacts".into(),
        bucket: "acme-files".into(),
        creates_bucket: true,
        boundary: None,
    }
}

/// Which handlers run. Reads are also how CloudFormation learns the attributes of what it made.
const fn run_by(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Deploy => &["create", "read", "update", "delete"],
        Purpose::Status => &["read"],
        Purpose::Teardown => &["delete"],
        Purpose::Plan => &[],
    }
}

#[test]
fn the_policies_allow_what_the_handlers_call() {
    let template = template();
    let all = all_resources(&template);
    let types = all.iter().filter_map(|(_, resource)| resource["Type"].as_str());
    let types: BTreeSet<&str> = types.collect();
    let handlers = handlers(&types);
    let is_deleted = |kind: &str| all.iter().any(|(_, one)| one["Type"] == kind && one["DeletionPolicy"] != "Retain");
    for purpose in [Purpose::Deploy, Purpose::Status, Purpose::Teardown] {
        let mut called: BTreeSet<&str> = BTreeSet::new();
        for (kind, handlers) in &handlers {
            if purpose == Purpose::Teardown && !is_deleted(kind) {
                continue;
            }
            for handler in run_by(purpose).iter().filter_map(|name| handlers.get(*name)) {
                called.extend(handler.permissions.iter().map(String::as_str));
            }
        }
        assert!(called.len() > 20, "{purpose:?}: {called:?}");
        let allowed: BTreeSet<&str> =
            rights(purpose, &names()).into_iter().flat_map(|statement| statement.actions).collect();
        let missing: BTreeSet<&str> = called.difference(&allowed).copied().collect();
        let left_out = LEFT_OUT.iter().filter(|(of, _, _)| *of == purpose);
        let left_out: BTreeSet<&str> = left_out.flat_map(|(_, _, actions)| actions.iter().copied()).collect();
        assert_eq!(missing, left_out, "{purpose:?}: what is missing, and what is left out for a reason");
    }
}
