//! The function: what its code counts on, and no secret in its environment.

use serde_json::{Value, json};

use crate::document::{Finding, catches, finding, holds, resources, set, without};

const FUNCTION: &str = "AWS::Lambda::Function";

/// Two references and no literal: anything else in the environment could be a token.
fn environment_holds_no_secret(template: &Value) -> Vec<Finding> {
    let expected = json!({
        "USER_ROLE_ARN": {"Fn::GetAtt": ["UserAccessRole", "Arn"]},
        "DEPLOYMENT_NAME": {"Ref": "DeploymentName"},
    });
    let functions = resources(template, FUNCTION).into_iter();
    let other = functions.filter(|(_, function)| function["Properties"]["Environment"]["Variables"] != expected);
    other.map(|(id, _)| finding(id, "its environment is not user role and deployment name alone")).collect()
}

/// The time-out lies between the function's own 27 s for a sign-in and API Gateway's 29 s: the answer must still get out.
fn settings_fit_the_code(template: &Value) -> Vec<Finding> {
    let expected = [
        ("Runtime", json!("provided.al2023")),
        ("Handler", json!("bootstrap")),
        ("Architectures", json!([{"Ref": "Architecture"}])),
        ("Code", json!({"S3Bucket": {"Ref": "ArtifactBucket"}, "S3Key": {"Ref": "ArtifactKey"}})),
        ("Role", json!({"Fn::GetAtt": ["IdentityProviderFunctionRole", "Arn"]})),
        ("Timeout", json!(28)),
        ("MemorySize", json!(256)),
        ("KmsKeyArn", json!({"Fn::GetAtt": ["EncryptionKey", "Arn"]})),
        ("LoggingConfig", json!({"LogGroup": {"Ref": "IdentityProviderLogGroup"}})),
        (
            "ReservedConcurrentExecutions",
            json!({"Fn::If": ["HasReservedConcurrency", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]}),
        ),
    ];
    let mut found = Vec::new();
    for (id, function) in resources(template, FUNCTION) {
        for (name, value) in expected.iter().filter(|(name, value)| function["Properties"][*name] != *value) {
            found.push(finding(id, format!("{name} is {}, not {value}", function["Properties"][*name])));
        }
        // A dead letter queue or a layer is a place where an event, and with it a password, may end up.
        for name in ["DeadLetterConfig", "Layers", "VpcConfig", "FileSystemConfigs", "TracingConfig"] {
            if !function["Properties"][name].is_null() {
                found.push(finding(id, format!("it has {name}")));
            }
        }
    }
    found
}

#[test]
fn the_template_holds() {
    holds(environment_holds_no_secret);
    holds(settings_fit_the_code);
    assert_eq!(resources(&crate::document::template(), FUNCTION).len(), 1);
}

#[test]
fn a_token_in_the_environment_is_caught() {
    let variables = "/IdentityProviderFunction/Properties/Environment/Variables";
    catches(environment_holds_no_secret, variables, |variables| variables["OKTA_TOKEN"] = json!("00abcDEF"));
    catches(environment_holds_no_secret, &format!("{variables}/USER_ROLE_ARN"), set(json!("00abcDEF")));
}

#[test]
fn a_setting_that_breaks_sign_ins_is_caught() {
    let function = "/IdentityProviderFunction/Properties";
    catches(settings_fit_the_code, &format!("{function}/Timeout"), set(json!(3)));
    catches(settings_fit_the_code, &format!("{function}/Runtime"), set(json!("provided.al2")));
    catches(settings_fit_the_code, function, without("KmsKeyArn"));
    catches(settings_fit_the_code, function, |function| function["DeadLetterConfig"] = json!({"TargetArn": "arn:x"}));
    let unconditional = json!({"Ref": "ReservedConcurrency"});
    catches(settings_fit_the_code, &format!("{function}/ReservedConcurrentExecutions"), set(unconditional));
}
