//! The template, embedded in the binary, and the parameters it takes.

use std::collections::BTreeMap;

use crate::digest::sha256;
use crate::settings::{IdentityProvider, Settings};

/// The template, as an auditor reads it in `templates/`.
pub const TEMPLATE: &str = include_str!("../../templates/identity-provider.yaml");

/// Where the template names the users' bucket, and the bucket of its policy, by reference.
const BUCKET_BY_REFERENCE: [&str; 2] = ["      BucketName: !Ref BucketName\n", "      Bucket: !Ref UserBucket\n"];

/// The last line of every template that is submitted. It tells a template that was changed by hand at AWS from one of
/// another version: CloudFormation gives back what was submitted, comments and all (GetTemplate, stage Original).
const SEAL: &str = "# Made by sftp-okta. SHA-256 of all lines above: ";

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

/// The template as it is submitted: where the stack makes the users' bucket, with that bucket's name written out.
///
/// The bucket outlives its stack, and the next stack can take it over only by a name that stands in the template itself:
/// a change set imports what exists already for "resources that have custom names in templates" (API reference,
/// CreateChangeSet, `ImportExistingResources`), and a name behind a reference was seen not to count (ministack, which says
/// it measured this at AWS; not confirmed there). It is always written out, so that adopting a bucket is no other
/// template than having made it.
#[must_use]
pub fn template(settings: &Settings) -> String {
    sealed(&with_bucket_named(settings))
}

/// A template's text with its seal, as it is submitted.
#[must_use]
pub fn sealed(text: &str) -> String {
    let text = text.trim_end();
    format!("{text}\n{SEAL}{}\n", sha256(text))
}

/// Whether a deployed template is one that this tool submitted, of whatever version, as it submitted it.
#[must_use]
pub fn made_by_us(template: &str) -> bool {
    let Some((text, seal)) = template.trim_end().rsplit_once('\n') else { return false };
    seal.strip_prefix(SEAL).is_some_and(|told| told == sha256(text.trim_end()))
}

fn with_bucket_named(settings: &Settings) -> String {
    if !settings.storage.create_bucket {
        return TEMPLATE.to_owned();
    }
    let [of_bucket, of_policy] = BUCKET_BY_REFERENCE;
    // A bucket's name holds nothing that YAML would read in single quotes; without them 123 were a number.
    let name = &settings.storage.bucket;
    TEMPLATE
        .replacen(of_bucket, &format!("      BucketName: '{name}'\n"), 1)
        // The reference also said that the bucket comes first.
        .replacen(
            "    Type: AWS::S3::BucketPolicy\n",
            "    Type: AWS::S3::BucketPolicy\n    DependsOn: UserBucket\n",
            1,
        )
        .replacen(of_policy, &format!("      Bucket: '{name}'\n"), 1)
}

/// The parameters of a deployment. Every parameter of the template is given, so that a default that changes in a
/// later version of the template never changes a deployment unseen.
#[must_use]
pub fn parameters(settings: &Settings, code: CodeLocation<'_>) -> Parameters {
    let text = |flag: bool| flag.to_string();
    let or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
    let (storage, lambda, api, alarms) = (&settings.storage, &settings.lambda, &settings.api, &settings.alarms);
    let entries = [
        ("DeploymentName", settings.name.clone()),
        ("ArtifactBucket", code.bucket.to_owned()),
        ("ArtifactKey", code.key.to_owned()),
        ("IdentityProviderType", identity_provider(settings).to_owned()),
        ("Architecture", lambda.architecture.to_string()),
        ("BucketName", storage.bucket.clone()),
        ("CreateBucket", text(storage.create_bucket)),
        ("AccessLogBucket", or_empty(&storage.access_log_bucket)),
        ("KmsKeyArn", or_empty(&storage.kms_key_arn)),
        ("UserPrefix", settings.user_prefix()),
        ("LogRetentionDays", lambda.log_retention_days.to_string()),
        ("ThrottlingRateLimit", api.throttling_rate.to_string()),
        ("ThrottlingBurstLimit", api.throttling_burst.to_string()),
        ("ReservedConcurrency", lambda.reserved_concurrency.to_string()),
        ("PermissionsBoundary", or_empty(&settings.permissions_boundary)),
        ("CreateApiGatewayLogRole", text(api.create_log_role)),
        ("RestrictToInvocationRole", text(api.restrict_to_invocation_role)),
        ("ServiceAppSecretArn", service_app_secret(settings)),
        ("AlarmTopicArn", or_empty(&alarms.topic_arn)),
        ("CreateDashboard", text(alarms.dashboard)),
    ];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// How the server asks the function.
const fn identity_provider(settings: &Settings) -> &'static str {
    match settings.server.identity_provider {
        IdentityProvider::ApiGateway => "api-gateway",
        IdentityProvider::Lambda => "lambda",
    }
}

/// The secret that the function may read; empty for none.
fn service_app_secret(settings: &Settings) -> String {
    settings.okta.service_app.as_ref().map(|app| app.private_key_secret.to_string()).unwrap_or_default()
}

/// Whether two template texts are one template. Services differ in the white space at the end that they keep.
#[must_use]
pub fn same_template(one: &str, other: &str) -> bool {
    one.trim_end() == other.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Given, Value, resolve};

    fn settings(create_bucket: &str) -> Settings {
        let given = Given {
            name: Some(Value::flag("name", "demo")),
            okta_org: Some(Value::flag("okta-org", "https://acme.okta.com")),
            bucket: Some(Value::flag("bucket", "123")),
            create_bucket: Some(Value::flag("create-bucket", create_bucket)),
            ..Given::default()
        };
        resolve(&given, None).unwrap()
    }

    /// The names under `Parameters:`, as they stand in the text.
    fn names_in_the_template() -> Vec<&'static str> {
        let section = TEMPLATE.split("\nParameters:\n").nth(1).unwrap().split("\nConditions:").next().unwrap();
        let names = section.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        names.filter(|name| !name.starts_with(' ')).collect()
    }

    #[test]
    fn the_parameters_are_exactly_those_of_the_template() {
        let given = parameters(&settings("false"), CodeLocation { bucket: "b", key: "k" });
        let mut names = names_in_the_template();
        names.sort_unstable();
        assert!(names.len() > 10);
        assert_eq!(given.keys().map(String::as_str).collect::<Vec<_>>(), names);
    }

    #[test]
    fn a_bucket_of_the_stack_is_named_in_the_template() {
        for place in BUCKET_BY_REFERENCE {
            assert_eq!(TEMPLATE.matches(place).count(), 1, "{place}");
        }
        assert_eq!(with_bucket_named(&settings("false")), TEMPLATE);
        let named = with_bucket_named(&settings("true"));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let new: Vec<String> = lines(&named).into_iter().filter(|line| !lines(TEMPLATE).contains(line)).collect();
        assert_eq!(new, ["      BucketName: '123'", "    DependsOn: UserBucket", "      Bucket: '123'"]);
    }

    #[test]
    fn a_template_that_was_changed_by_hand_is_known() {
        let submitted = template(&settings("true"));
        assert!(submitted.len() <= 51_200, "CloudFormation takes no longer one in a request");
        assert!(made_by_us(&submitted) && made_by_us(submitted.trim_end()));
        assert!(!made_by_us(&submitted.replace("Retain", "Delete")));
        assert!(!made_by_us(TEMPLATE), "it has no seal");
        assert!(!made_by_us(""));
    }

    #[test]
    fn white_space_at_the_end_makes_no_other_template() {
        assert!(same_template("a\n", "a"));
        assert!(!same_template("a\n", "b"));
    }
}
