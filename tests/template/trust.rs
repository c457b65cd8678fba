//! Who may assume which role.

use serde_json::{Value, json};

use crate::document::{Finding, alternatives, catches, finding, holds, items, resources, set, without};

const ROLE: &str = "AWS::IAM::Role";

/// In whose name Transfer assumes a role (Transfer user guide, "Cross-service confused deputy prevention").
fn transfer_source(role: &str) -> Option<&'static str> {
    match role {
        "TransferIdentityProviderRole" | "TransferSFTPCloudWatchLogsWriteLogs" => Some("server/*"),
        "UserAccessRole" => Some("user/*"),
        _ => None,
    }
}

fn other_service(role: &str) -> Option<&'static str> {
    match role {
        "IdentityProviderFunctionRole" => Some("lambda.amazonaws.com"),
        "ApiGatewayLogRole" => Some("apigateway.amazonaws.com"),
        _ => None,
    }
}

/// The whole trust policy is compared, so that nothing can be added to it either.
fn trust_is_exact(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, role) in resources(template, ROLE) {
        let mut statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole"});
        if let Some(source) = transfer_source(id) {
            let arn = format!("arn:${{AWS::Partition}}:transfer:${{AWS::Region}}:${{AWS::AccountId}}:{source}");
            statement["Principal"] = json!({"Service": "transfer.amazonaws.com"});
            statement["Condition"] = json!({
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnLike": {"aws:SourceArn": {"Fn::Sub": arn}},
            });
        } else if let Some(service) = other_service(id) {
            statement["Principal"] = json!({ "Service": service });
        } else {
            found.push(finding(id, "a role this rule does not know: say who may assume it"));
        }
        let trust = &role["Properties"]["AssumeRolePolicyDocument"];
        if items(&trust["Statement"]) != [&statement] {
            found.push(finding(id, format!("its trust policy is {trust}")));
        }
    }
    found
}

/// A fixed name would need CAPABILITY_NAMED_IAM and would collide with itself when a role is replaced.
fn roles_have_no_names(template: &Value) -> Vec<Finding> {
    let roles = resources(template, ROLE).into_iter();
    let named = roles.filter(|(_, role)| !role["Properties"]["RoleName"].is_null());
    named.map(|(id, _)| finding(id, "the role has a fixed name")).collect()
}

/// On every role, and absent when the parameter is empty: an empty text is not an ARN.
fn roles_are_bounded(template: &Value) -> Vec<Finding> {
    let bounded = |role: &Value| {
        let boundary = &role["Properties"]["PermissionsBoundary"];
        boundary["Fn::If"][0] == "HasPermissionsBoundary"
            && alternatives(boundary) == [&json!({"Ref": "PermissionsBoundary"})]
    };
    let roles = resources(template, ROLE).into_iter().filter(|(_, role)| !bounded(role));
    roles.map(|(id, _)| finding(id, "the permissions boundary does not reach this role")).collect()
}

#[test]
fn the_template_holds() {
    holds(trust_is_exact);
    holds(roles_have_no_names);
    holds(roles_are_bounded);
    assert_eq!(resources(&crate::document::template(), ROLE).len(), 5, "the rules above saw every role");
}

#[test]
fn a_trust_without_its_conditions_is_caught() {
    for role in ["UserAccessRole", "TransferIdentityProviderRole", "TransferSFTPCloudWatchLogsWriteLogs"] {
        let statement = format!("/{role}/Properties/AssumeRolePolicyDocument/Statement/0");
        catches(trust_is_exact, &statement, without("Condition"));
        catches(trust_is_exact, &format!("{statement}/Condition/StringEquals"), without("aws:SourceAccount"));
        catches(trust_is_exact, &format!("{statement}/Condition/ArnLike"), without("aws:SourceArn"));
    }
}

#[test]
fn a_wider_trust_is_caught() {
    let statement = "/UserAccessRole/Properties/AssumeRolePolicyDocument/Statement";
    catches(trust_is_exact, &format!("{statement}/0/Principal"), set(json!({"AWS": "*"})));
    catches(trust_is_exact, statement, |statements| {
        let further = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
        statements.as_array_mut().unwrap().push(further);
    });
    catches(trust_is_exact, "", |resources| resources["Another"] = json!({"Type": ROLE, "Properties": {}}));
}

#[test]
fn a_named_or_unbounded_role_is_caught() {
    catches(roles_have_no_names, "/UserAccessRole/Properties", |role| role["RoleName"] = json!("sftp-user"));
    catches(roles_are_bounded, "/UserAccessRole/Properties", without("PermissionsBoundary"));
    let reference = json!({"Ref": "PermissionsBoundary"});
    catches(roles_are_bounded, "/UserAccessRole/Properties/PermissionsBoundary", set(reference));
}
