//! The template, embedded in the binary, and the parameters it takes.

use std::collections::BTreeMap;

use crate::settings::Settings;

/// The template, as an auditor reads it in `templates/`.
pub const TEMPLATE: &str = include_str!("../../templates/identity-provider.yaml");

/// Parameter values by name.
pub type Parameters = BTreeMap<String, String>;

/// Where the function's zip lies.
#[derive(Debug, Clone, Copy)]
pub struct CodeLocation<'a> {
    /// The artifact bucket.
    pub bucket: &'a str,
    /// The object's key, which holds the zip's SHA-256: the stack changes exactly when the code does.
    pub key: &'a str,
}

/// The parameters of a deployment. Every parameter of the template is given, so that a default that changes in a
/// later version of the template never changes a deployment unseen.
#[must_use]
pub fn parameters(settings: &Settings, code: CodeLocation<'_>) -> Parameters {
    let text = |flag: bool| flag.to_string();
    let entries: [(&str, String); 14] = [
        ("DeploymentName", settings.name.clone()),
        ("ArtifactBucket", code.bucket.to_owned()),
        ("ArtifactKey", code.key.to_owned()),
        ("Architecture", settings.lambda.architecture.to_string()),
        ("BucketName", settings.storage.bucket.clone()),
        ("CreateBucket", text(settings.storage.create_bucket)),
        ("KmsKeyArn", settings.storage.kms_key_arn.clone().unwrap_or_default()),
        ("UserPrefix", settings.user_prefix()),
        ("LogRetentionDays", settings.lambda.log_retention_days.to_string()),
        ("ThrottlingRateLimit", "20".to_owned()),
        ("ThrottlingBurstLimit", "40".to_owned()),
        ("ReservedConcurrency", settings.lambda.reserved_concurrency.to_string()),
        ("PermissionsBoundary", settings.permissions_boundary.clone().unwrap_or_default()),
        ("CreateApiGatewayLogRole", text(settings.api.create_log_role)),
    ];
    let mut parameters: Parameters = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    parameters.insert("RestrictToInvocationRole".to_owned(), text(settings.api.restrict_to_invocation_role));
    parameters
}

/// Whether two template texts are one template. Services differ in the white space at the end that they keep.
#[must_use]
pub fn same_template(one: &str, other: &str) -> bool {
    one.trim_end() == other.trim_end()
}
