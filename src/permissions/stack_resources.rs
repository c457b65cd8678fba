//! What CloudFormation calls with the caller's rights: reading, making and removing what is in the stack.
//!
//! What it calls for a resource type is in that type's schema (`handlers`), with which `tests/template/handlers.rs` compares
//! this. It has not been tried on AWS.

use super::names::{Names, REQUEST_TAG, TAG, anywhere};
use super::statement::{Statement, allow};

/// What reading the stack's resources takes: CloudFormation asks their services with the caller's rights.
pub(super) fn reading(names: &Names) -> [Statement; 7] {
    [
        allow(
            "Resources",
            &[
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListRolePolicies",
                "iam:ListAttachedRolePolicies",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionRecursionConfig",
                "lambda:GetFunctionScalingConfig",
                "lambda:GetRuntimeManagementConfig",
                "lambda:GetPolicy",
            ],
            [names.roles(), names.function()].concat(),
        ),
        allow("Resources", &["apigateway:GET"], names.apis(&[])),
        allow("Resources", &["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"], names.alarms()),
        allow("Resources", &["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"], names.dashboards()),
        allow("Resources", &["logs:GetDataProtectionPolicy", "logs:ListTagsForResource"], names.log_groups()),
        allow(
            "Anywhere",
            &["logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:DescribeIndexPolicies"],
            anywhere(),
        ),
        // The function's environment is encrypted with it, and tells no secret.
        allow(
            "Own",
            &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:Decrypt"],
            names.keys(),
        )
        .when("StringEquals", TAG, &[&names.deployment]),
    ]
}

/// What removing them takes.
pub(super) fn removing(names: &Names) -> [Statement; 8] {
    [
        allow(
            "Resources",
            &[
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListRolePolicies",
                "iam:ListAttachedRolePolicies",
                "iam:DeleteRole",
                "lambda:GetFunction",
                "lambda:GetPolicy",
                "lambda:DeleteFunction",
                "lambda:RemovePermission",
            ],
            [names.roles(), names.function()].concat(),
        ),
        bounded(allow("BoundedRoles", &["iam:DeleteRolePolicy"], names.roles()), names),
        allow("Resources", &["apigateway:GET", "apigateway:DELETE"], names.apis(&[])),
        allow("Resources", &["logs:DeleteLogGroup"], names.log_groups()),
        allow("Anywhere", &["logs:DescribeLogGroups"], anywhere()),
        allow("Resources", &["cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"], names.alarms()),
        allow("Resources", &["cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"], names.dashboards()),
        allow("Own", &["kms:DescribeKey", "kms:ScheduleKeyDeletion"], names.keys()).when(
            "StringEquals",
            TAG,
            &[&names.deployment],
        ),
    ]
}

/// Only for roles within the boundary, where there is one.
fn bounded(statement: Statement, names: &Names) -> Statement {
    match &names.boundary {
        Some(boundary) => statement.when("StringEquals", "iam:PermissionsBoundary", &[boundary]),
        None => statement,
    }
}

/// What CloudFormation makes, changes and removes with the caller's rights.
pub(super) fn making(names: &Names) -> [Statement; 9] {
    let deployment = [names.deployment.as_str()];
    [
        bounded(
            allow(
                "BoundedRoles",
                &["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"],
                names.roles(),
            ),
            names,
        ),
        allow(
            "Resources",
            &[
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListRolePolicies",
                "iam:ListAttachedRolePolicies",
                "iam:ListRoleTags",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
                "iam:UpdateAssumeRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:DeleteRole",
            ],
            names.roles(),
        ),
        allow(
            "Resources",
            &[
                "lambda:CreateFunction",
                "lambda:GetFunction",
                "lambda:GetFunctionConfiguration",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionRecursionConfig",
                "lambda:GetFunctionScalingConfig",
                "lambda:GetRuntimeManagementConfig",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
                "lambda:PutFunctionConcurrency",
                "lambda:DeleteFunctionConcurrency",
                "lambda:DeleteFunction",
                "lambda:AddPermission",
                "lambda:RemovePermission",
                "lambda:GetPolicy",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:ListTags",
            ],
            names.function(),
        ),
        allow(
            "Resources",
            &[
                "apigateway:GET",
                "apigateway:POST",
                "apigateway:PUT",
                "apigateway:PATCH",
                "apigateway:DELETE",
                "apigateway:UpdateRestApiPolicy",
            ],
            names.apis(&["/tags/*"]),
        ),
        allow(
            "Resources",
            &[
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:PutRetentionPolicy",
                "logs:DeleteRetentionPolicy",
                "logs:AssociateKmsKey",
                "logs:DisassociateKmsKey",
                "logs:TagResource",
                "logs:UntagResource",
                "logs:ListTagsForResource",
                "logs:GetDataProtectionPolicy",
                "logs:FilterLogEvents",
            ],
            names.log_groups(),
        ),
        allow(
            "Resources",
            &[
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:DeleteAlarms",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
                "cloudwatch:ListTagsForResource",
            ],
            names.alarms(),
        ),
        allow(
            "Resources",
            &[
                "cloudwatch:PutDashboard",
                "cloudwatch:GetDashboard",
                "cloudwatch:DeleteDashboards",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
                "cloudwatch:ListTagsForResource",
            ],
            names.dashboards(),
        ),
        allow("MakeKey", &["kms:CreateKey", "kms:TagResource"], anywhere())
            .when("StringEquals", REQUEST_TAG, &deployment)
            .when("ForAnyValue:StringEquals", "aws:CalledVia", &["cloudformation.amazonaws.com"]),
        allow(
            "Own",
            &[
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
                "kms:PutKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:EnableKeyRotation",
                "kms:UpdateKeyDescription",
                "kms:ListResourceTags",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:ScheduleKeyDeletion",
                "kms:CreateGrant",
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:GenerateDataKey",
            ],
            names.keys(),
        )
        .when("StringEquals", TAG, &deployment),
    ]
}

/// Reading the users' bucket, where the stack made it.
pub(super) fn reading_bucket(names: &Names) -> Statement {
    allow(
        "Buckets",
        &[
            "s3:ListBucket",
            "s3:ListTagsForResource",
            "s3:GetAccelerateConfiguration",
            "s3:GetAnalyticsConfiguration",
            "s3:GetBucketAbac",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetBucketMetadataTableConfiguration",
            "s3:GetBucketNotification",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetIntelligentTieringConfiguration",
            "s3:GetInventoryConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetMetricsConfiguration",
            "s3:GetReplicationConfiguration",
        ],
        vec![names.s3(&names.bucket)],
    )
}

/// The users' bucket, where the stack makes it. A first deploy that fails takes it away again, empty as it is.
pub(super) fn making_bucket(names: &Names) -> Statement {
    allow(
        "MakeTheUsersBucket",
        &[
            "s3:CreateBucket",
            "s3:PutBucketTagging",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutEncryptionConfiguration",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:GetBucketPolicy",
            "s3:PutBucketVersioning",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketLogging",
            "s3:DeleteBucketPolicy",
            "s3:DeleteBucket",
        ],
        vec![names.s3(&names.bucket)],
    )
}
