//! The access log: a fixed list of fields, none of which can hold a user name or a password.

use serde_json::{Value, json};

use crate::document::{Finding, catches, entries, finding, holds, resources, set, without};

/// Variables of `$context` that say how a call went and which principal made it. `$context.path` holds the user name,
/// `$context.requestOverride.*` and `$input.*` would reach headers (API Gateway guide, "Variables for access logging").
const ALLOWED: [&str; 8] = [
    "$context.requestId",
    "$context.requestTimeEpoch",
    "$context.status",
    "$context.responseLatency",
    "$context.integrationLatency",
    "$context.identity.userArn",
    "$context.identity.accountId",
    "$context.error.responseType",
];

fn access_log_fields_are_allowed(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, stage) in resources(template, "AWS::ApiGateway::Stage") {
        let format = stage["Properties"]["AccessLogSetting"]["Format"].as_str().unwrap_or_default();
        let fields: Value = serde_json::from_str(format).unwrap_or(Value::Null);
        if !fields.is_object() {
            found.push(finding(id, format!("the format is not one JSON object: {format}")));
        }
        let allowed = |value: &Value| value.as_str().is_some_and(|value| ALLOWED.contains(&value));
        for (name, value) in entries(&fields).into_iter().filter(|(_, value)| !allowed(value)) {
            found.push(finding(id, format!("the access log field {name} is {value}")));
        }
        // API Gateway refuses a format without it.
        if !fields.as_object().into_iter().flatten().any(|(_, value)| value == "$context.requestId") {
            found.push(finding(id, "the access log does not tell calls apart"));
        }
    }
    found
}

/// Into our own group, which has retention and a key. API Gateway wants the ARN without the `:*` that `GetAtt` ends in.
fn access_log_goes_to_our_group(template: &Value) -> Vec<Finding> {
    let expected = json!({"Fn::Sub":
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${ApiAccessLogGroup}"});
    let stages = resources(template, "AWS::ApiGateway::Stage").into_iter();
    let elsewhere = stages.filter(|(_, stage)| stage["Properties"]["AccessLogSetting"]["DestinationArn"] != expected);
    elsewhere.map(|(id, _)| finding(id, "the access log goes elsewhere")).collect()
}

#[test]
fn the_template_holds() {
    holds(access_log_fields_are_allowed);
    holds(access_log_goes_to_our_group);
}

#[test]
fn a_password_in_the_access_log_is_caught() {
    let format = "/ApiStage/Properties/AccessLogSetting/Format";
    for field in
        ["$input.params('Password')", "$context.path", "$context.requestOverride.header.PasswordBase64", "constant"]
    {
        let text = json!({"requestId": "$context.requestId", "extra": field}).to_string();
        catches(access_log_fields_are_allowed, format, set(json!(text)));
    }
    catches(access_log_fields_are_allowed, format, set(json!("$context.requestId $context.path")));
    catches(access_log_fields_are_allowed, format, set(json!(r#"{"status":"$context.status"}"#)));
}

#[test]
fn a_missing_access_log_is_caught() {
    catches(access_log_goes_to_our_group, "/ApiStage/Properties", without("AccessLogSetting"));
    catches(access_log_fields_are_allowed, "/ApiStage/Properties", without("AccessLogSetting"));
}
