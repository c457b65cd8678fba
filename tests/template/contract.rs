//! What the deployer counts on: parameters, outputs, logical ids and size.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{all_resources, entries, template, text};

/// A template in the request's body may have 51,200 bytes (CloudFormation quotas); a little room is kept below that.
const MAXIMUM_SIZE: usize = 45_000;

fn names(section: &Value) -> BTreeSet<&str> {
    entries(section).into_iter().map(|(name, _)| name).collect()
}

/// Name, type, default.
fn parameters() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("AccessLogBucket", "String", json!("")),
        ("AlarmTopicArn", "String", json!("")),
        ("Architecture", "String", json!("x86_64")),
        ("ArtifactBucket", "String", Value::Null),
        ("ArtifactKey", "String", Value::Null),
        ("BucketName", "String", Value::Null),
        ("CreateApiGatewayLogRole", "String", json!("false")),
        ("CreateBucket", "String", json!("false")),
        ("CreateDashboard", "String", json!("true")),
        ("DeploymentName", "String", Value::Null),
        ("IdentityProviderType", "String", json!("api-gateway")),
        ("KmsKeyArn", "String", json!("")),
        ("LogRetentionDays", "Number", json!(90)),
        ("PermissionsBoundary", "String", json!("")),
        ("ReservedConcurrency", "Number", json!(0)),
        ("RestrictToInvocationRole", "String", json!("false")),
        ("ServiceAppSecretArn", "String", json!("")),
        ("ThrottlingBurstLimit", "Number", json!(40)),
        ("ThrottlingRateLimit", "Number", json!(20)),
        ("UserPrefix", "String", json!("home/")),
    ]
}

#[test]
fn parameters_are_as_agreed() {
    let template = template();
    let actual: BTreeSet<_> = names(&template["Parameters"]);
    assert_eq!(actual, parameters().iter().map(|(name, ..)| *name).collect());
    for (name, kind, default) in parameters() {
        let parameter = &template["Parameters"][name];
        assert_eq!(parameter["Type"], kind, "{name}");
        assert_eq!(parameter["Default"], default, "{name}");
        assert!(parameter["Description"].is_string(), "{name} says nothing to who fills it in");
    }
}

#[test]
fn switches_are_words() {
    let template = template();
    for name in ["CreateBucket", "CreateApiGatewayLogRole", "CreateDashboard", "RestrictToInvocationRole"] {
        assert_eq!(template["Parameters"][name]["AllowedValues"], json!(["true", "false"]), "{name}");
    }
    assert_eq!(template["Parameters"]["IdentityProviderType"]["AllowedValues"], json!(["api-gateway", "lambda"]));
    assert_eq!(template["Parameters"]["Architecture"]["AllowedValues"], json!(["x86_64", "arm64"]));
    assert_eq!(template["Parameters"]["DeploymentName"]["AllowedPattern"], "^[a-z][a-z0-9-]{0,39}$");
}

#[test]
fn outputs_are_as_agreed() {
    let arn = |id: &str| json!({"Fn::GetAtt": [id, "Arn"]});
    let url = "https://${TransferIdentityProviderApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${ApiStage}";
    let expected = [
        ("IdentityProviderFunction", json!({"Ref": "IdentityProviderFunction"})),
        ("IdentityProviderFunctionArn", arn("IdentityProviderFunction")),
        ("IdentityProviderLogGroup", json!({"Ref": "IdentityProviderLogGroup"})),
        ("TransferIdentityProviderRole", arn("TransferIdentityProviderRole")),
        ("TransferIdentityProviderUrl", json!({"Fn::Sub": url})),
        ("TransferLogGroupArn", arn("TransferLogGroup")),
        ("TransferSFTPCloudWatchLogsWriteLogs", arn("TransferSFTPCloudWatchLogsWriteLogs")),
        ("UserAccessRole", arn("UserAccessRole")),
    ];
    let template = template();
    assert_eq!(names(&template["Outputs"]), expected.iter().map(|(name, _)| *name).collect());
    for (name, value) in expected {
        assert_eq!(template["Outputs"][name]["Value"], value, "{name}");
        // An output under a condition would be missing where the deployer reads it; an export would block updates. Only a
        // server that asks through the API needs that API's URL and role.
        let mut keys = BTreeSet::from(["Description", "Value"]);
        if matches!(name, "TransferIdentityProviderUrl" | "TransferIdentityProviderRole") {
            keys.insert("Condition");
            assert_eq!(template["Outputs"][name]["Condition"], "ThroughApi");
        }
        assert_eq!(names(&template["Outputs"][name]), keys, "{name}");
    }
}

/// Names that people know from AWS's own material, and that messages and documentation use. The list is complete, so that
/// no resource joins the stack unseen. Deployments are in `deployment.rs`: their ids change.
#[test]
fn logical_ids_are_as_agreed() {
    let expected = BTreeSet::from([
        "ApiAccessLogGroup",
        "ApiErrorsAlarm",
        "ApiGatewayAccount",
        "ApiGatewayLogRole",
        "ApiStage",
        "ConfigurationErrorsAlarm",
        "Dashboard",
        "EncryptionKey",
        "FunctionErrorsAlarm",
        "FunctionThrottlesAlarm",
        "GetUserConfigMethod",
        "IdentityProviderFunction",
        "IdentityProviderFunctionPermission",
        "IdentityProviderFunctionRole",
        "IdentityProviderLogGroup",
        "OktaRateLimitedAlarm",
        "OktaUnavailableAlarm",
        "RefusalRateAlarm",
        "ServerIdResource",
        "ServersResource",
        "ThrottlesAlarm",
        "TransferFunctionPermission",
        "TransferIdentityProviderApi",
        "TransferIdentityProviderRole",
        "TransferIdentityProviderRolePolicy",
        "TransferLogGroup",
        "TransferSFTPCloudWatchLogsWriteLogs",
        "UserAccessRole",
        "UserBucket",
        "UserBucketPolicy",
        "UserConfigResource",
        "UsernameResource",
        "UsersResource",
    ]);
    let template = template();
    let resources = all_resources(&template).into_iter();
    let named = resources.filter(|(_, resource)| resource["Type"] != "AWS::ApiGateway::Deployment");
    assert_eq!(named.map(|(id, _)| id).collect::<BTreeSet<_>>(), expected);
}

/// The users' role is narrowed to a prefix that goes into a policy as it is: a wildcard in it would widen the policy.
#[test]
fn a_user_prefix_cannot_be_a_pattern() {
    let template = template();
    let pattern = template["Parameters"]["UserPrefix"]["AllowedPattern"].as_str().unwrap();
    assert_eq!(pattern, r#"^$|^[^/*?${}"\\][^*?${}"\\]*/$"#);
}

#[test]
fn the_template_fits_into_a_request() {
    let size = text().len();
    assert!(size <= MAXIMUM_SIZE, "{size} bytes");
}
