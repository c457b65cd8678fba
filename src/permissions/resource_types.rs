//! Which types of resource an action knows, of all actions that a policy here has (Service Authorization Reference; for the
//! tags of dashboards the schema of their type, since the reference does not know them yet).

/// Service, type, actions. A type is how the last part of its ARNs begins; `*` is none, and then the resource has to be `*`.
const TYPES: [(&str, &str, &[&str]); 17] = [
    ("apigateway", "/", &["GET", "POST", "PUT", "PATCH", "DELETE", "UpdateRestApiPolicy"]),
    (
        "cloudformation",
        "stack/",
        &[
            "CreateChangeSet",
            "DescribeChangeSet",
            "ExecuteChangeSet",
            "DeleteChangeSet",
            "ListChangeSets",
            "DescribeStacks",
            "DescribeStackEvents",
            "DescribeStackResourceDrifts",
            "DetectStackDrift",
            "DetectStackResourceDrift",
            "DescribeEvents",
            "GetTemplate",
            "DeleteStack",
            "TagResource",
            "UntagResource",
            "UpdateTerminationProtection",
        ],
    ),
    ("cloudformation", "changeSet/", &["DescribeEvents", "TagResource", "UntagResource"]),
    ("cloudformation", "*", &["DescribeStackDriftDetectionStatus"]),
    (
        "cloudwatch",
        "alarm:",
        &["PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", "TagResource", "UntagResource", "ListTagsForResource"],
    ),
    (
        "cloudwatch",
        "dashboard/",
        &["PutDashboard", "GetDashboard", "DeleteDashboards", "TagResource", "UntagResource", "ListTagsForResource"],
    ),
    (
        "iam",
        "role/",
        &[
            "CreateRole",
            "DeleteRole",
            "DeleteRolePolicy",
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListRolePolicies",
            "ListRoleTags",
            "PassRole",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateRoleDescription",
        ],
    ),
    (
        "kms",
        "key/",
        &[
            "CreateGrant",
            "Decrypt",
            "DescribeKey",
            "EnableKeyRotation",
            "Encrypt",
            "GenerateDataKey",
            "GetKeyPolicy",
            "GetKeyRotationStatus",
            "ListResourceTags",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        ],
    ),
    ("kms", "*", &["CreateKey"]),
    (
        "lambda",
        "function:",
        &[
            "AddPermission",
            "CreateFunction",
            "DeleteFunction",
            "DeleteFunctionConcurrency",
            "GetFunction",
            "GetFunctionCodeSigningConfig",
            "GetFunctionConfiguration",
            "GetFunctionRecursionConfig",
            "GetFunctionScalingConfig",
            "GetPolicy",
            "GetRuntimeManagementConfig",
            "ListTags",
            "PutFunctionConcurrency",
            "RemovePermission",
            "TagResource",
            "UntagResource",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
        ],
    ),
    (
        "logs",
        "log-group:",
        &[
            "AssociateKmsKey",
            "CreateLogGroup",
            "DeleteLogGroup",
            "DeleteRetentionPolicy",
            "DisassociateKmsKey",
            "FilterLogEvents",
            "GetDataProtectionPolicy",
            "ListTagsForResource",
            "PutRetentionPolicy",
            "TagResource",
            "UntagResource",
        ],
    ),
    (
        "logs",
        "*",
        &[
            "CreateLogDelivery",
            "DeleteLogDelivery",
            "DescribeIndexPolicies",
            "DescribeLogGroups",
            "DescribeResourcePolicies",
            "GetLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "UpdateLogDelivery",
        ],
    ),
    ("s3", OBJECT, &["GetObject", "PutObject", "DeleteObject"]),
    (
        "s3",
        BUCKET,
        &[
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketPolicy",
            "GetAccelerateConfiguration",
            "GetAnalyticsConfiguration",
            "GetBucketAbac",
            "GetBucketCORS",
            "GetBucketLogging",
            "GetBucketMetadataTableConfiguration",
            "GetBucketNotification",
            "GetBucketObjectLockConfiguration",
            "GetBucketOwnershipControls",
            "GetBucketPolicy",
            "GetBucketPublicAccessBlock",
            "GetBucketTagging",
            "GetBucketVersioning",
            "GetBucketWebsite",
            "GetEncryptionConfiguration",
            "GetIntelligentTieringConfiguration",
            "GetInventoryConfiguration",
            "GetLifecycleConfiguration",
            "GetMetricsConfiguration",
            "GetReplicationConfiguration",
            "ListBucket",
            "ListTagsForResource",
            "PutBucketLogging",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketTagging",
            "PutBucketVersioning",
            "PutEncryptionConfiguration",
            "PutLifecycleConfiguration",
        ],
    ),
    (
        "transfer",
        "server/",
        &["DeleteServer", "DescribeServer", "StartServer", "StopServer", "TagResource", "UpdateServer"],
    ),
    ("transfer", "user/", &["TagResource", "TestIdentityProvider"]),
    ("transfer", "*", &["CreateServer", "ListServers"]),
];

/// ARNs of S3 do not say of which type they are: an object's has a slash.
const OBJECT: &str = "object";
const BUCKET: &str = "bucket";

/// Whether an action can be about a resource: one of its own service, and of a type that the action knows.
///
/// # Panics
/// At an action that is not in the table.
pub(super) fn can_mean(action: &str, resource: &str) -> bool {
    let (service, verb) = action.split_once(':').unwrap();
    let types: Vec<&str> = TYPES
        .iter()
        .filter(|(of, _, verbs)| *of == service && verbs.contains(&verb))
        .map(|(_, kind, _)| *kind)
        .collect();
    assert!(!types.is_empty(), "{action} is not in the table: which types of resource does it know?");
    let mut parts = resource.splitn(6, ':');
    let (of, rest) = (parts.nth(2), parts.nth(2));
    // All resources are also those of its type.
    let (Some(of), Some(rest)) = (of, rest) else { return resource == "*" };
    of == service
        && types.iter().any(|kind| match *kind {
            "*" => false,
            OBJECT => rest.contains('/'),
            BUCKET => !rest.contains('/'),
            start => rest.starts_with(start),
        })
}

#[test]
fn an_action_is_about_resources_of_its_types_only() {
    for (action, resource, expected) in [
        ("s3:GetObject", "arn:aws:s3:::bucket/partners/*", true),
        ("s3:GetObject", "arn:aws:s3:::bucket", false),
        ("s3:ListBucket", "arn:aws:s3:::bucket", true),
        ("cloudwatch:TagResource", "arn:aws:cloudwatch::111122223333:dashboard/x", true),
        ("cloudwatch:PutDashboard", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:x", false),
        ("kms:TagResource", "arn:aws:transfer:eu-west-1:111122223333:server/*", false),
        ("transfer:TestIdentityProvider", "arn:aws:transfer:eu-west-1:111122223333:server/*", false),
        ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:111122223333:log-group:x", false),
        ("logs:DescribeLogGroups", "*", true),
        ("kms:TagResource", "*", true),
    ] {
        assert_eq!(can_mean(action, resource), expected, "{action} {resource}");
    }
}
