//! The statements, service after service.
//!
//! Which actions a call of the deployer needs is of the Service Authorization Reference; what CloudFormation calls for a
//! resource type is in that type's schema (`handlers`), and has not been tried on AWS.

use super::{Names, Statement, Through};

fn direct(sid: &'static str, actions: &[&'static str], resources: Vec<String>) -> Statement {
    Statement {
        sid,
        effect: "Allow",
        actions: actions.to_vec(),
        resources,
        conditions: Vec::new(),
        through: Through::Direct,
    }
}

/// The same, for calls that another service makes with the caller's rights.
fn through(sid: &'static str, actions: &[&'static str], resources: Vec<String>) -> Statement {
    Statement { through: Through::Service, ..direct(sid, actions, resources) }
}

impl Statement {
    fn when(mut self, operator: &'static str, key: &str, values: &[&str]) -> Self {
        self.conditions.push((operator, key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
        self
    }
}

impl Names {
    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account)
    }

    fn iam(&self, rest: &str) -> String {
        format!("arn:{}:iam::{}:{rest}", self.partition, self.account)
    }

    fn s3(&self, rest: &str) -> String {
        format!("arn:{}:s3:::{rest}", self.partition)
    }

    fn stacks(&self) -> Vec<String> {
        vec![self.arn("cloudformation", &format!("stack/{}/*", self.stack))]
    }

    fn servers(&self) -> Vec<String> {
        vec![self.arn("transfer", "server/*")]
    }

    fn roles(&self) -> Vec<String> {
        vec![self.iam(&format!("role/{}-*", self.stack))]
    }

    fn function(&self) -> Vec<String> {
        vec![self.arn("lambda", &format!("function:sftp-okta-{}", self.deployment))]
    }

    fn apis(&self, more: &[&str]) -> Vec<String> {
        let arn = |rest: &str| format!("arn:{}:apigateway:{}::{rest}", self.partition, self.region);
        ["/restapis", "/restapis/*"].iter().chain(more).map(|rest| arn(rest)).collect()
    }

    fn log_groups(&self) -> Vec<String> {
        let arn = |end: &str| self.arn("logs", &format!("log-group:/aws/*/sftp-okta-{}{end}", self.deployment));
        vec![arn(""), arn(":*")]
    }

    fn alarms(&self) -> Vec<String> {
        let dashboards = format!("arn:{}:cloudwatch::{}:dashboard/{}-*", self.partition, self.account, self.stack);
        vec![self.arn("cloudwatch", &format!("alarm:{}-*", self.stack)), dashboards]
    }

    fn keys(&self) -> Vec<String> {
        vec![self.arn("kms", "key/*")]
    }
}

/// The tag that tells whose something is.
const TAG: &str = "aws:ResourceTag/sftp-okta:deployment";
const REQUEST_TAG: &str = "aws:RequestTag/sftp-okta:deployment";

fn anywhere() -> Vec<String> {
    vec!["*".to_owned()]
}

fn finding(names: &Names) -> [Statement; 2] {
    [
        direct("FindServers", &["transfer:ListServers"], anywhere()),
        direct("SeeServer", &["transfer:DescribeServer"], names.servers()),
    ]
}

/// What reading the stack's resources takes: CloudFormation asks their services with the caller's rights.
fn reading_resources(names: &Names) -> [Statement; 5] {
    [
        through(
            "ReadRolesAndFunction",
            &[
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListRolePolicies",
                "iam:ListAttachedRolePolicies",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionRecursionConfig",
                "lambda:GetRuntimeManagementConfig",
                "lambda:GetPolicy",
            ],
            [names.roles(), names.function()].concat(),
        ),
        through("ReadApi", &["apigateway:GET"], names.apis(&[])),
        through("ReadAlarms", &["cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard"], names.alarms()),
        through("ReadLogGroups", &["logs:DescribeLogGroups", "logs:ListTagsForResource"], anywhere()),
        through(
            "ReadKey",
            &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
            names.keys(),
        )
        .when("StringEquals", TAG, &[&names.deployment]),
    ]
}

pub(super) fn status(names: &Names) -> Vec<Statement> {
    let mut all = vec![
        direct("LookAtStacks", &["cloudformation:DescribeStacks"], anywhere()),
        direct(
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
        direct("LookAtDrift", &["cloudformation:DescribeStackDriftDetectionStatus"], anywhere()),
    ];
    all.extend(finding(names));
    all.extend(reading_resources(names));
    all
}

pub(super) fn plan(names: &Names) -> Vec<Statement> {
    let mut all = vec![
        direct("LookAtTheStack", &["cloudformation:DescribeStacks", "cloudformation:GetTemplate"], names.stacks()),
        direct(
            "Buckets",
            &["s3:ListBucket", "s3:GetBucketTagging"],
            vec![names.s3(&names.artifact_bucket), names.s3(&names.bucket)],
        ),
        direct(
            "LookAtTheArtifacts",
            &["s3:GetObject"],
            vec![names.s3(&format!("{}/{}/*", names.artifact_bucket, names.deployment))],
        ),
    ];
    all.extend(finding(names));
    all
}

/// What makes and unmakes the lease, and reads and removes the artifacts.
fn artifacts(names: &Names) -> [Statement; 2] {
    [
        direct(
            "Buckets",
            &["s3:ListBucket", "s3:GetBucketTagging"],
            vec![names.s3(&names.artifact_bucket), names.s3(&names.bucket)],
        ),
        direct(
            "Artifacts",
            &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            vec![names.s3(&format!("{}/{}/*", names.artifact_bucket, names.deployment))],
        ),
    ]
}

pub(super) fn teardown(names: &Names) -> Vec<Statement> {
    let mut all = vec![direct(
        "Stack",
        &["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:DeleteStack"],
        names.stacks(),
    )];
    all.extend(artifacts(names));
    all.extend(finding(names));
    all.push(direct("OwnServer", &["transfer:DeleteServer"], names.servers()).when(
        "StringEquals",
        TAG,
        &[&names.deployment],
    ));
    all.extend([
        through(
            "RemoveRolesAndFunction",
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
        bounded(through("BoundedRoles", &["iam:DeleteRolePolicy"], names.roles()), names),
        through("Api", &["apigateway:GET", "apigateway:DELETE"], names.apis(&[])),
        through("LogGroups", &["logs:DeleteLogGroup"], names.log_groups()),
        through("LookAtLogGroups", &["logs:DescribeLogGroups"], anywhere()),
        through(
            "Alarms",
            &[
                "cloudwatch:DescribeAlarms",
                "cloudwatch:DeleteAlarms",
                "cloudwatch:GetDashboard",
                "cloudwatch:DeleteDashboards",
            ],
            names.alarms(),
        ),
        through("OwnKey", &["kms:DescribeKey", "kms:ScheduleKeyDeletion"], names.keys()).when(
            "StringEquals",
            TAG,
            &[&names.deployment],
        ),
    ]);
    all
}

/// Only for roles within the boundary, where there is one.
fn bounded(statement: Statement, names: &Names) -> Statement {
    match &names.boundary {
        Some(boundary) => statement.when("StringEquals", "iam:PermissionsBoundary", &[boundary]),
        None => statement,
    }
}

pub(super) fn deploy(names: &Names) -> Vec<Statement> {
    let deployment = [names.deployment.as_str()];
    let mut all = vec![
        direct(
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
            [names.stacks(), vec![names.arn("cloudformation", "changeSet/sftp-okta-*/*")]].concat(),
        ),
        direct(
            "MakeTheArtifactBucket",
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
        direct("CreateServer", &["transfer:CreateServer"], anywhere()).when("StringEquals", REQUEST_TAG, &deployment),
        direct("TagNew", &["transfer:TagResource"], names.servers()).when("StringEquals", REQUEST_TAG, &deployment),
        direct(
            "OwnServer",
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
        direct("Verify", &["transfer:TestIdentityProvider"], vec![names.arn("transfer", "user/*")]),
        through(
            "ServerLog",
            &[
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ],
            anywhere(),
        ),
        through("PassRoles", &["iam:PassRole"], names.roles()).when(
            "StringEquals",
            "iam:PassedToService",
            &["transfer.amazonaws.com", "lambda.amazonaws.com"],
        ),
        direct("SeeRoles", &["iam:GetRole"], names.roles()),
    ]);
    all.extend(making(names));
    if names.creates_bucket {
        all.push(through(
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
            ],
            vec![names.s3(&names.bucket)],
        ));
    }
    all
}

/// What CloudFormation makes, changes and removes with the caller's rights.
fn making(names: &Names) -> [Statement; 8] {
    let deployment = [names.deployment.as_str()];
    [
        bounded(
            through(
                "BoundedRoles",
                &["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"],
                names.roles(),
            ),
            names,
        ),
        through(
            "Roles",
            &[
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
        through(
            "Function",
            &[
                "lambda:CreateFunction",
                "lambda:GetFunction",
                "lambda:GetFunctionConfiguration",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionRecursionConfig",
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
        through(
            "Api",
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
        through(
            "LogGroups",
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
                "logs:FilterLogEvents",
            ],
            names.log_groups(),
        ),
        through(
            "Alarms",
            &[
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:DeleteAlarms",
                "cloudwatch:PutDashboard",
                "cloudwatch:GetDashboard",
                "cloudwatch:DeleteDashboards",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
                "cloudwatch:ListTagsForResource",
            ],
            names.alarms(),
        ),
        through("MakeKey", &["kms:CreateKey", "kms:TagResource"], anywhere())
            .when("StringEquals", REQUEST_TAG, &deployment)
            .when("ForAnyValue:StringEquals", "aws:CalledVia", &["cloudformation.amazonaws.com"]),
        through(
            "OwnKey",
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
