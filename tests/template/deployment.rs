//! An API Gateway deployment is a snapshot that CloudFormation takes only when the deployment's logical id is new. Its id
//! therefore ends in a digest of the API: whoever changes the API and forgets the id would deploy nothing, silently.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::document::{Finding, all_resources, catches, finding, holds, resources, set};

const DEPLOYMENT: &str = "AWS::ApiGateway::Deployment";

/// What a snapshot holds. Stage and account settings take effect without one.
fn snapshot(template: &Value) -> Vec<(&str, String)> {
    let apart = [DEPLOYMENT, "AWS::ApiGateway::Stage", "AWS::ApiGateway::Account"];
    let part = |resource: &Value| {
        let kind = resource["Type"].as_str().unwrap_or_default();
        kind.starts_with("AWS::ApiGateway::") && !apart.contains(&kind)
    };
    let mut parts: Vec<_> = all_resources(template).into_iter().filter(|(_, resource)| part(resource)).collect();
    parts.sort_unstable_by_key(|(id, _)| *id);
    parts.into_iter().map(|(id, resource)| (id, canonical(resource))).collect()
}

/// JSON with sorted keys, whatever order the file or serde_json's features keep.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> =
                map.iter().map(|(key, value)| format!("{}:{}", json!(key), canonical(value))).collect();
            members.sort_unstable();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn digest(template: &Value) -> String {
    let mut hash = Sha256::new();
    for (id, part) in snapshot(template) {
        hash.update(format!("{id} {part}\n"));
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn deployment_ids_name_the_api(template: &Value) -> Vec<Finding> {
    let digest = digest(template);
    let found = resources(template, DEPLOYMENT).into_iter().filter(|(id, _)| !id.ends_with(&digest));
    found
        .map(|(id, _)| finding(id, format!("the API has changed: let this id, wherever it stands, end in {digest}")))
        .collect()
}

/// The resource policy is part of the snapshot too, and a switch changes it: one deployment for each position.
fn each_policy_has_its_deployment(template: &Value) -> Vec<Finding> {
    let digest = digest(template);
    let mut found = Vec::new();
    for (id, condition) in [("ApiDeployment", "IsUnrestricted"), ("RestrictedApiDeployment", "IsRestricted")] {
        let id = format!("{id}{digest}");
        let deployment = &template["Resources"][&id];
        if deployment["Type"] != DEPLOYMENT || deployment["Condition"] != condition {
            found.push(finding(&id, format!("not a deployment under {condition}")));
        }
        // Without it the snapshot may be taken of an empty API, or refused.
        if deployment["DependsOn"] != "GetUserConfigMethod" {
            found.push(finding(&id, "taken before the method exists"));
        }
    }
    let reference = |id: &str| json!({"Ref": format!("{id}{digest}")});
    let expected =
        json!({"Fn::If": ["IsRestricted", reference("RestrictedApiDeployment"), reference("ApiDeployment")]});
    for (id, stage) in resources(template, "AWS::ApiGateway::Stage") {
        if stage["Properties"]["DeploymentId"] != expected {
            found.push(finding(id, "does not show the deployment that fits RestrictToInvocationRole"));
        }
    }
    found
}

#[test]
fn the_template_holds() {
    holds(deployment_ids_name_the_api);
    holds(each_policy_has_its_deployment);
}

#[test]
fn a_change_of_the_api_without_a_new_deployment_is_caught() {
    let method = "/GetUserConfigMethod/Properties";
    catches(deployment_ids_name_the_api, &format!("{method}/AuthorizationType"), set(json!("NONE")));
    catches(deployment_ids_name_the_api, &format!("{method}/RequestParameters"), |parameters| {
        parameters["method.request.header.X-Forwarded-For"] = json!(false);
    });
    catches(deployment_ids_name_the_api, "/ServersResource/Properties/PathPart", set(json!("server")));
    let policy = "/TransferIdentityProviderApi/Properties/Policy/Statement/0/Resource";
    catches(deployment_ids_name_the_api, policy, set(json!("execute-api:/prod/*")));
    let added = json!({"Type": "AWS::ApiGateway::GatewayResponse"});
    catches(deployment_ids_name_the_api, "", |resources| resources["Added"] = added);
}

#[test]
fn a_stage_without_its_deployment_is_caught() {
    catches(each_policy_has_its_deployment, "/ApiStage/Properties/DeploymentId", |id| {
        *id = id["Fn::If"][2].clone();
    });
}
