//! The way of a sign-in at the emulator: signed call, API Gateway, a function's real process, and back.

use std::io::{Cursor, Write};

use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::support::loopback::{self, Reply};
use crate::support::ministack::Ministack;
use crate::support::process;
use crate::support::sigv4;
use crate::support::transfer::{Seed, Transfer};

/// A function that answers with what it was asked.
const BOOTSTRAP: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as call:
        number, event = call.headers["Lambda-Runtime-Aws-Request-Id"], json.load(call)
    answer = {"statusCode": 200, "headers": {}, "body": json.dumps(event)}
    urllib.request.urlopen(urllib.request.Request(api + number + "/response", json.dumps(answer).encode())).close()
"#;

const FORM: &str = "application/x-www-form-urlencoded";

fn signed(method: &str, url: &str, service: &str, body: Vec<u8>, content_type: &str) -> Reply {
    let request = Request::builder().method(method).uri(url).header("content-type", content_type);
    let request = request.body(Full::from(body.clone())).unwrap();
    let reply = loopback::send(sigv4::signed(request, &body, service, "us-east-1")).unwrap();
    assert_eq!(reply.status, 200, "{method} {url}: {}", reply.text());
    reply
}

/// The API of the identity provider, as small as it can be, with the function behind it.
fn template() -> Value {
    let integration = json!({"Fn::Sub":
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"});
    let mut resources = json!({
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 15, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"S3Bucket": "artifacts", "S3Key": "function.zip"}}},
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "proof"}},
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Part4"}, "HttpMethod": "GET", "AuthorizationType": "AWS_IAM",
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": integration}}},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
            "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "prod"}},
    });
    for (at, part) in ["servers", "{serverId}", "users", "{username}", "config"].into_iter().enumerate() {
        let parent = if at == 0 {
            json!({"Fn::GetAtt": ["Api", "RootResourceId"]})
        } else {
            json!({"Ref": format!("Part{}", at - 1)})
        };
        resources[format!("Part{at}")] = json!({"Type": "AWS::ApiGateway::Resource",
            "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": parent, "PathPart": part}});
    }
    json!({"Resources": resources, "Outputs": {"Api": {"Value": {"Ref": "Api"}}}})
}

/// Makes the stack and gives the id of its API.
fn deploy(endpoint: &str) -> String {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(BOOTSTRAP.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    signed("PUT", &format!("{endpoint}/artifacts"), "s3", Vec::new(), "text/plain");
    signed("PUT", &format!("{endpoint}/artifacts/function.zip"), "s3", zip, "application/zip");

    let query = |action: &str, more: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", "2010-05-15").append_pair("StackName", "proof");
        let form = form.extend_pairs(more).finish();
        signed("POST", endpoint, "cloudformation", form.into_bytes(), FORM).text()
    };
    query("CreateStack", &[("TemplateBody", &template().to_string()), ("Capabilities.member.1", "CAPABILITY_IAM")]);
    let made = process::until(std::time::Duration::from_secs(30), || {
        let described = query("DescribeStacks", &[]);
        assert!(!described.contains("ROLLBACK") && !described.contains("FAILED"), "{described}");
        described.contains("<StackStatus>CREATE_COMPLETE").then_some(described)
    });
    let made = made.expect("a complete stack");
    let (_, value) = made.split_once("<OutputValue>").unwrap_or_else(|| panic!("no output in {made}"));
    value.split('<').next().unwrap_or_default().to_owned()
}

#[test]
fn a_signed_call_reaches_the_functions_process_and_an_unsigned_one_does_not() {
    let ministack = Ministack::start();
    let api = deploy(&ministack.endpoint());
    let stage = sigv4::stage_url(&ministack.endpoint(), &api, "prod");
    let url = format!("{stage}/servers/s-1/users/bob%40acme.com/config?protocol=SFTP&sourceIp=203.0.113.9");

    assert_eq!(loopback::get(&url).unwrap().status, 403);
    let reply = sigv4::get(&url, "us-east-1", &[("PasswordBase64", "c2VjcmV0")]).unwrap();
    assert_eq!(reply.status, 200, "{}\n{}", reply.text(), ministack.log());
    let event = reply.json();
    assert_eq!(event["pathParameters"], json!({"serverId": "s-1", "username": "bob@acme.com"}));
    assert_eq!(event["queryStringParameters"], json!({"protocol": "SFTP", "sourceIp": "203.0.113.9"}));
    let header =
        event["headers"].as_object().unwrap().iter().find(|(name, _)| name.eq_ignore_ascii_case("passwordbase64"));
    assert_eq!(header.map(|(_, value)| value), Some(&json!("c2VjcmV0")));

    // The same by TestIdentityProvider, as a server with this API would do it.
    let url = format!("https://{api}.execute-api.us-east-1.amazonaws.com/prod");
    let details = json!({"Url": url, "InvocationRole": "arn:aws:iam::000000000000:role/invocation"});
    let seed = Seed::foreign().with(json!({"IdentityProviderType": "API_GATEWAY", "IdentityProviderDetails": details}));
    let transfer = Transfer::builder().server(seed).sign_in_at(&ministack.endpoint()).start();
    let id = transfer.servers()[0]["ServerId"].clone();
    let asked =
        json!({"ServerId": id, "UserName": "bob@acme.com", "UserPassword": "s3crét", "SourceIp": "203.0.113.9"});
    let request = Request::post(transfer.endpoint()).header("x-amz-target", "TransferService.TestIdentityProvider");
    let request = request.body(Full::from(asked.to_string())).unwrap();
    let request = sigv4::signed(request, asked.to_string().as_bytes(), "transfer", "us-east-1");
    let answer = loopback::send(request).unwrap().json();
    assert_eq!((&answer["StatusCode"], &answer["Message"]), (&json!(200), &json!("")), "{answer}");
    assert!(answer["Url"].as_str().unwrap().starts_with(&format!("{url}/servers/")), "{answer}");
    let event: Value = serde_json::from_str(answer["Response"].as_str().unwrap()).unwrap();
    assert_eq!(event["pathParameters"]["username"], "bob@acme.com");

    // The function's process is kept warm; it goes with the emulator.
    let group = ministack.group();
    let runs_function = |pid: &i32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("bootstrap")
    };
    let before = process::members(group);
    assert!(before.iter().any(runs_function), "{before:?}");
    drop(ministack);
    assert_eq!(process::members(group), [0; 0]);
    assert!(!before.iter().any(runs_function));
}
