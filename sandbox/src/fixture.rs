//! What tests of the data plane begin with: a sandbox's state in a folder of its own, with the identity provider's resources
//! as CloudFormation makes them, and a function that is a shell script.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Options;
use crate::aws::s3;
use crate::failures::Failures;
use crate::resources::Resource;
use crate::state::World;

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:provider";
pub(crate) const INVOCATION: &str = "arn:aws:iam::000000000000:role/invocation";
/// Who may call the function.
pub(crate) const METHOD: &str = "arn:aws:execute-api:eu-west-1:000000000000:api1/prod/GET/servers/s-1/users/bob/config";

/// A function that answers with what it was asked, and does what the event says.
pub(crate) const ECHO: &str = r##"#!/bin/bash
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API#*:}
export LC_ALL=C
echo "started as $AWS_LAMBDA_FUNCTION_NAME with ${OWN:-nothing}"
while :; do
  exec 3<>"/dev/tcp/$host/$port" || exit 1
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n' >&3
  id= length=0
  while IFS= read -r line <&3; do
    line=${line%$'\r'}
    [ -z "$line" ] && break
    case "${line,,}" in
      lambda-runtime-aws-request-id:*) id=${line#*: } ;;
      content-length:*) length=${line#*: } ;;
    esac
  done
  [ -z "$id" ] && exit 1
  IFS= read -r -N "$length" event <&3
  exec 3>&-
  case "$event" in
    *do-crash*) echo "about to crash" >&2; exit 3 ;;
    *do-hang*) sleep 300 ;;
    *do-fail*) path=error answer='{"errorType":"Oops","errorMessage":"no"}' ;;
    *do-nonsense*) path=response answer='"nonsense"' ;;
    *)
      event=${event//\\/\\\\} event=${event//\"/\\\"}
      path=response answer="{\"statusCode\":200,\"headers\":{\"x-pid\":\"$$\"},\"body\":\"$event\"}" ;;
  esac
  echo "handled $id" >&2
  exec 3<>"/dev/tcp/$host/$port" || exit 1
  printf 'POST /2018-06-01/runtime/invocation/%s/%s HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s' \
    "$id" "$path" "${#answer}" "$answer" >&3
  while IFS= read -r line <&3; do :; done
  exec 3>&-
done
"##;

/// A world in a folder; both end with this value.
pub(crate) struct Fixture {
    pub(crate) world: Arc<World>,
    pub(crate) _folder: tempfile::TempDir,
}

/// A world in which nothing was made yet.
pub(crate) fn empty(failures: &[&str]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { server_start: Duration::from_millis(30), ..Options::new(folder.path()) };
    let failures = Failures::parse(&failures.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    let world = World::open(options, failures, SocketAddr::from(([127, 0, 0, 1], 4566))).unwrap();
    Fixture { world, _folder: folder }
}

/// A world with the identity provider in it.
pub(crate) fn deployed() -> Fixture {
    let fixture = empty(&[]);
    fixture.upload("code/1.zip", &zip(&[("bootstrap", ECHO, 0o755)]));
    for resource in resources() {
        fixture.put(resource);
    }
    fixture.world.change(|state| state.log_groups.set("/function", None, None));
    fixture.world.change(|state| state.log_groups.set("/access", None, None));
    fixture
}

impl Fixture {
    pub(crate) fn put(&self, resource: Resource) {
        self.world.change(|state| state.resources.put(resource));
    }

    /// Changes a property of a resource, as an update of the stack would.
    pub(crate) fn set(&self, kind: &str, id: &str, property: &str, value: Value) {
        let mut resource = self.world.read(|state| state.resources.find(kind, id).cloned()).unwrap();
        resource.properties[property] = value;
        self.put(resource);
    }

    pub(crate) fn remove(&self, kind: &str, id: &str) {
        let resource = self.world.read(|state| state.resources.find(kind, id).cloned()).unwrap();
        self.world.change(|state| state.resources.remove(&resource));
    }

    pub(crate) fn upload(&self, key: &str, bytes: &[u8]) {
        self.world.change(|state| {
            if !s3::bucket_exists(state, "artifacts") {
                s3::create_bucket(state, &self.world.store, "artifacts", REGION, &json!({})).unwrap();
            }
        });
        s3::put_bytes(&self.world, "artifacts", key, bytes).unwrap();
    }

    /// All lines of a log group, once `wanted` is among them.
    pub(crate) async fn log(&self, group: &str, wanted: &str) -> String {
        let call = crate::aws::wire::Call { action: "FilterLogEvents".into(), region: REGION.into() };
        for _ in 0..500 {
            let answer = crate::aws::logs::answer(&self.world, &call, &json!({"logGroupName": group})).unwrap();
            let lines = answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap());
            let text = lines.collect::<Vec<_>>().join("\n");
            if text.contains(wanted) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{wanted} does not come in {group}");
    }
}

pub(crate) fn zip(files: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text, mode) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A resource as CloudFormation makes it.
pub(crate) fn resource(kind: &str, id: &str, properties: Value, attributes: &[(&str, &str)]) -> Resource {
    Resource {
        kind: format!("AWS::{kind}"),
        logical_id: id.into(),
        stack_arn: format!("arn:aws:cloudformation:{REGION}:000000000000:stack/s/1"),
        physical_id: id.into(),
        properties,
        attributes: attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn trust(service: &str, source: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
        "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"},
        "ArnLike": {"aws:SourceArn": source}}}]})
}

fn resources() -> Vec<Resource> {
    let servers = "arn:aws:transfer:eu-west-1:000000000000:server/*";
    let config = "arn:aws:execute-api:eu-west-1:000000000000:api1/prod/GET/servers/*/users/*/config";
    let invoke = json!([{"PolicyName": "Invoke", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": config}]}}]);
    let uri = format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let format = r#"{"id":"$context.requestId","status":"$context.status","caller":"$context.identity.userArn","error":"$context.error.responseType"}"#;
    let log = "arn:aws:logs:eu-west-1:000000000000:log-group:/access";
    let mut resources = vec![
        resource(
            "IAM::Role",
            "invocation",
            json!({"AssumeRolePolicyDocument": trust("transfer.amazonaws.com", servers),
            "Policies": invoke}),
            &[("Arn", INVOCATION)],
        ),
        resource(
            "IAM::Role",
            "other",
            json!({"AssumeRolePolicyDocument": trust("lambda.amazonaws.com", "*")}),
            &[("Arn", "arn:aws:iam::000000000000:role/other")],
        ),
        resource(
            "Lambda::Function",
            "provider",
            json!({"Timeout": "2", "MemorySize": 256, "Role": "arn:aws:iam::000000000000:role/other",
            "Code": {"S3Bucket": "artifacts", "S3Key": "code/1.zip"}, "LoggingConfig": {"LogGroup": "/function"},
            "Environment": {"Variables": {"OWN": "something"}}}),
            &[("Arn", FUNCTION)],
        ),
        resource(
            "Lambda::Permission",
            "permission",
            json!({"Action": "lambda:InvokeFunction", "FunctionName": FUNCTION,
            "Principal": "apigateway.amazonaws.com", "SourceAccount": "000000000000", "SourceArn": config}),
            &[],
        ),
        resource("ApiGateway::RestApi", "api1", json!({"Name": "api"}), &[("RootResourceId", "root")]),
        resource(
            "ApiGateway::Method",
            "method",
            json!({"RestApiId": "api1", "ResourceId": "part4", "HttpMethod": "GET",
            "AuthorizationType": "AWS_IAM", "Integration": {"Type": "AWS_PROXY", "Uri": uri}}),
            &[],
        ),
        resource("ApiGateway::Deployment", "deployment", json!({"RestApiId": "api1"}), &[]),
        resource(
            "ApiGateway::Stage",
            "prod",
            json!({"RestApiId": "api1", "DeploymentId": "deployment", "StageName": "prod",
            "AccessLogSetting": {"DestinationArn": log, "Format": format}}),
            &[],
        ),
    ];
    let mut parent = "root".to_owned();
    for (at, part) in ["servers", "{serverId}", "users", "{username}", "config"].into_iter().enumerate() {
        let id = format!("part{at}");
        let properties = json!({"RestApiId": "api1", "ParentId": parent, "PathPart": part});
        resources.push(resource("ApiGateway::Resource", &id, properties, &[]));
        parent = id;
    }
    resources
}
