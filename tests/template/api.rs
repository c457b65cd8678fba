//! The API: one method, only for callers that IAM admits, and nothing on the way that keeps a password or an answer.

use serde_json::{Value, json};

use crate::document::{Finding, alternatives, catches, finding, holds, items, resources, set, without};

const METHOD: &str = "AWS::ApiGateway::Method";
const STAGE: &str = "AWS::ApiGateway::Stage";

/// The path that Transfer calls (Transfer user guide, "Using Amazon API Gateway to integrate your identity provider").
const PATH: &str = "/servers/{serverId}/users/{username}/config";

fn one_method(template: &Value) -> Vec<Finding> {
    let methods = resources(template, METHOD);
    let [(id, method)] = methods.as_slice() else {
        return vec![finding(METHOD, format!("there are {} methods, not one", methods.len()))];
    };
    let properties = &method["Properties"];
    let mut found = Vec::new();
    if properties["HttpMethod"] != "GET" {
        found.push(finding(*id, "not GET"));
    }
    let path = full_path(template, &properties["ResourceId"]);
    if path != PATH {
        found.push(finding(*id, format!("its path is {path}")));
    }
    if resources(template, "AWS::ApiGateway::Resource").len() != PATH.matches('/').count() {
        found.push(finding(*id, "the API has a resource that is not part of the path"));
    }
    if !resources(template, "AWS::ApiGateway::RestApi").iter().all(|(_, api)| api["Properties"]["Body"].is_null()) {
        found.push(finding(*id, "the API's methods are hidden in a Body"));
    }
    found
}

fn full_path(template: &Value, resource: &Value) -> String {
    match resource["Ref"].as_str() {
        Some(id) => {
            let properties = &template["Resources"][id]["Properties"];
            let part = properties["PathPart"].as_str().unwrap_or("?");
            format!("{}/{part}", full_path(template, &properties["ParentId"]))
        }
        None => String::new(),
    }
}

fn method_is_signed(template: &Value) -> Vec<Finding> {
    let signed = |method: &Value| method["Properties"]["AuthorizationType"] == "AWS_IAM";
    let methods = resources(template, METHOD).into_iter().filter(|(_, method)| !signed(method));
    methods.map(|(id, _)| finding(id, "AuthorizationType is not AWS_IAM")).collect()
}

/// A mapping template pastes the user name into JSON unescaped; a proxy integration hands the request over as it is.
fn method_is_proxied(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, method) in resources(template, METHOD) {
        let integration = &method["Properties"]["Integration"];
        if integration["Type"] != "AWS_PROXY" {
            found.push(finding(id, "the integration is not AWS_PROXY"));
        }
        for key in
            ["RequestTemplates", "RequestParameters", "IntegrationResponses", "CacheKeyParameters", "Credentials"]
        {
            if !integration[key].is_null() {
                found.push(finding(id, format!("the integration has {key}")));
            }
        }
    }
    found
}

/// Undeclared, a parameter is not passed on by every kind of integration; required, its absence would be an API error where
/// Transfer expects a refusal.
fn request_parameters_are_declared(template: &Value) -> Vec<Finding> {
    let expected = json!({
        "method.request.path.serverId": true,
        "method.request.path.username": true,
        "method.request.querystring.protocol": false,
        "method.request.querystring.sourceIp": false,
        "method.request.header.PasswordBase64": false,
        "method.request.header.Password": false,
    });
    let methods = resources(template, METHOD).into_iter();
    let wrong = methods.filter(|(_, method)| method["Properties"]["RequestParameters"] != expected);
    wrong.map(|(id, _)| finding(id, "its request parameters are not those that Transfer sends")).collect()
}

fn stage_keeps_nothing(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, stage) in resources(template, STAGE) {
        let properties = &stage["Properties"];
        let mut expect = |what: &str, value: &Value, allowed: &[Value]| {
            let values = alternatives(value);
            if values.is_empty() || !values.iter().all(|value| allowed.contains(value)) {
                found.push(finding(id, format!("{what} is {value}")));
            }
        };
        expect("CacheClusterEnabled", &properties["CacheClusterEnabled"], &[json!(false)]);
        expect("TracingEnabled", &properties["TracingEnabled"], &[json!(false)]);
        expect("a canary", &json!(properties["CanarySetting"].is_null()), &[json!(true)]);
        let settings = items(&properties["MethodSettings"]);
        expect("the number of method settings", &json!(settings.len()), &[json!(1)]);
        for setting in settings {
            expect("ResourcePath", &setting["ResourcePath"], &[json!("/*")]);
            expect("HttpMethod", &setting["HttpMethod"], &[json!("*")]);
            expect("CachingEnabled", &setting["CachingEnabled"], &[json!(false)]);
            expect("DataTraceEnabled", &setting["DataTraceEnabled"], &[json!(false)]);
            expect("LoggingLevel", &setting["LoggingLevel"], &[json!("OFF"), json!("ERROR")]);
            expect("MetricsEnabled", &setting["MetricsEnabled"], &[json!(true)]);
            for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
                expect(limit, &setting[limit], &[json!({ "Ref": limit })]);
            }
        }
    }
    found
}

/// One other thing may narrow the API: its policy, which only denies. Restricted, to all but the invocation role; otherwise,
/// to other accounts. It is always there, since CloudFormation leaves the old one on the API when the property goes.
fn resource_policy_only_denies(template: &Value) -> Vec<Finding> {
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny",
            "Principal": "*",
            "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*",
            "Condition": {"Fn::If": [
                "IsRestricted",
                {"ArnNotEquals": {"aws:PrincipalArn": {"Fn::GetAtt": ["TransferIdentityProviderRole", "Arn"]}}},
                {"StringNotEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}},
            ]},
        }],
    });
    let apis = resources(template, "AWS::ApiGateway::RestApi").into_iter();
    let others = apis.filter(|(_, api)| api["Properties"]["Policy"] != expected);
    others.map(|(id, api)| finding(id, format!("its policy is {}", api["Properties"]["Policy"]))).collect()
}

#[test]
fn the_template_holds() {
    holds(one_method);
    holds(method_is_signed);
    holds(method_is_proxied);
    holds(request_parameters_are_declared);
    holds(stage_keeps_nothing);
    holds(resource_policy_only_denies);
}

#[test]
fn a_second_method_is_caught() {
    catches(one_method, "", |resources| {
        let method = resources["GetUserConfigMethod"].clone();
        resources["Second"] = method;
    });
    catches(one_method, "/GetUserConfigMethod/Properties/HttpMethod", set(json!("ANY")));
    catches(one_method, "/UserConfigResource/Properties/PathPart", set(json!("{proxy+}")));
    catches(one_method, "/TransferIdentityProviderApi/Properties", |api| api["Body"] = json!({}));
}

#[test]
fn an_unsigned_method_is_caught() {
    catches(method_is_signed, "/GetUserConfigMethod/Properties/AuthorizationType", set(json!("NONE")));
}

#[test]
fn a_mapping_template_is_caught() {
    catches(method_is_proxied, "/GetUserConfigMethod/Properties/Integration/Type", set(json!("AWS")));
    catches(method_is_proxied, "/GetUserConfigMethod/Properties/Integration", |integration| {
        integration["RequestTemplates"] = json!({"application/json": "{}"});
    });
}

#[test]
fn another_request_parameter_is_caught() {
    let pointer = "/GetUserConfigMethod/Properties/RequestParameters";
    catches(request_parameters_are_declared, pointer, without("method.request.header.PasswordBase64"));
    catches(request_parameters_are_declared, pointer, |parameters| {
        parameters["method.request.header.Password"] = json!(true);
    });
}

#[test]
fn a_stage_that_keeps_requests_or_answers_is_caught() {
    let settings = "/ApiStage/Properties/MethodSettings/0";
    catches(stage_keeps_nothing, &format!("{settings}/DataTraceEnabled"), set(json!(true)));
    catches(stage_keeps_nothing, &format!("{settings}/CachingEnabled"), set(json!(true)));
    catches(stage_keeps_nothing, settings, without("CachingEnabled"));
    catches(stage_keeps_nothing, &format!("{settings}/LoggingLevel"), set(json!("INFO")));
    catches(stage_keeps_nothing, settings, without("ThrottlingRateLimit"));
    catches(stage_keeps_nothing, "/ApiStage/Properties/CacheClusterEnabled", set(json!(true)));
    catches(stage_keeps_nothing, "/ApiStage/Properties/TracingEnabled", set(json!(true)));
    catches(stage_keeps_nothing, "/ApiStage/Properties", |stage| stage["CanarySetting"] = json!({}));
}

#[test]
fn a_resource_policy_that_allows_or_goes_away_is_caught() {
    let policy = "/TransferIdentityProviderApi/Properties/Policy";
    let statement = format!("{policy}/Statement/0");
    catches(resource_policy_only_denies, &format!("{statement}/Effect"), set(json!("Allow")));
    catches(resource_policy_only_denies, &statement, without("Condition"));
    catches(
        resource_policy_only_denies,
        &format!("{statement}/Condition/Fn::If/2"),
        set(json!({"Ref": "AWS::NoValue"})),
    );
    catches(resource_policy_only_denies, policy, |policy| {
        *policy = json!({"Fn::If": ["IsRestricted", policy.clone(), {"Ref": "AWS::NoValue"}]});
    });
    catches(resource_policy_only_denies, "/TransferIdentityProviderApi/Properties", without("Policy"));
}
