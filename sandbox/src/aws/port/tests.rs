use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::*;
use crate::Options;
use crate::failures::Failures;

/// A sandbox that answers on a port.
struct Served {
    world: Arc<World>,
    _folder: tempfile::TempDir,
}

async fn served(change: impl FnOnce(&mut Options)) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path());
    change(&mut options);
    let listener = crate::listen(0).await.unwrap();
    let failures = Failures::parse(&options.failures).unwrap();
    let world = World::open(options, failures, listener.local_addr().unwrap()).unwrap();
    tokio::spawn(serve(Arc::clone(&world), listener));
    Served { world, _folder: folder }
}

impl Served {
    /// Sends a request, signed where a service is named: status, request id, body.
    async fn send(&self, service: &str, secret: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        let mut request = Request::post(format!("{}/", self.world.endpoint()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        if !service.is_empty() {
            let identity = Credentials::new("test", secret, None, None, "test").into();
            let parameters = aws_sigv4::sign::v4::SigningParams::builder()
                .identity(&identity)
                .region("eu-west-1")
                .name(service)
                .time(SystemTime::now())
                .settings(SigningSettings::default())
                .build()
                .unwrap();
            let uri = request.uri().to_string();
            let signable =
                SignableRequest::new("POST", uri, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))
                    .unwrap();
            sign(signable, &parameters.into()).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
        }
        let answer = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
        let status = answer.status().as_u16();
        assert!(answer.headers().contains_key("date"));
        let id = answer.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, id, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn form(&self, service: &str, body: &str) -> (u16, String) {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (status, id, body) = self.send(service, "test", &headers, body).await;
        assert!(body.contains(&format!("<RequestId>{id}</RequestId>")), "{body}");
        (status, body)
    }

    async fn json(&self, service: &str, target: &str, body: &str) -> (u16, Value) {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let (status, _, body) = self.send(service, "test", &headers, body).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn each_service_is_reached_and_refuses_in_its_own_shape() {
    let sandbox = served(|_| {}).await;
    let (status, body) = sandbox.form("sts", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("<Arn>arn:aws:iam::000000000000:root</Arn>"), "{body}");
    for (service, version) in [("sts", "2011-06-15"), ("iam", "2010-05-08"), ("cloudformation", "2010-05-15")] {
        let (status, body) = sandbox.form(service, &format!("Action=NoSuchThing&Version={version}")).await;
        assert_eq!(status, 400);
        assert!(body.contains("<Code>InvalidAction</Code>") && body.contains("NoSuchThing"), "{body}");
    }
    let (status, body) = sandbox.form("iam", "Action=GetRole&RoleName=x&Version=2010-05-08").await;
    assert_eq!(status, 404);
    assert!(body.contains("<Code>NoSuchEntity</Code>"), "{body}");
    let (status, body) = sandbox.json("logs", "Logs_20140328.DescribeLogGroups", "{}").await;
    assert_eq!((status, body), (200, serde_json::json!({"logGroups": []})));
    for (service, target) in [("logs", "Logs_20140328.NoSuchThing"), ("dynamodb", "DynamoDB_20120810.NoSuchThing")] {
        let (status, body) = sandbox.json(service, target, "{}").await;
        assert_eq!(status, 400);
        assert_eq!(body["__type"], "UnknownOperationException");
        assert!(body["message"].as_str().unwrap().contains("NoSuchThing"), "{body}");
    }
    let (status, body) = sandbox.json("logs", "Logs_20140328.DescribeLogGroups", "[").await;
    assert_eq!((status, body["__type"].as_str()), (400, Some("SerializationException")));
}

#[tokio::test]
async fn who_does_not_sign_is_refused() {
    let sandbox = served(|_| {}).await;
    let (status, body) = sandbox.form("", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let (status, _, body) = sandbox.send("sts", "wrong", &headers, "Action=GetCallerIdentity").await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>SignatureDoesNotMatch</Code>"), "{body}");
}

#[tokio::test]
async fn every_third_call_is_throttled_on_request() {
    let sandbox = served(|options| options.throttle = true).await;
    let call = "Action=GetCallerIdentity&Version=2011-06-15";
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let (status, body) = sandbox.form("sts", call).await;
        assert_eq!(status == 400, body.contains("<Code>Throttling</Code><Message>Rate exceeded</Message>"), "{body}");
        statuses.push(status);
    }
    assert_eq!(statuses, [200, 200, 400, 200, 200, 400]);
}

#[tokio::test]
async fn an_action_fails_on_request() {
    let sandbox = served(|options| options.failures = vec!["GetRole".into(), "DescribeLogGroups".into()]).await;
    let (status, body) = sandbox.form("iam", "Action=GetRole&RoleName=x&Version=2010-05-08").await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>AccessDenied</Code>") && body.contains("iam:GetRole"), "{body}");
    let (status, body) = sandbox.json("logs", "Logs_20140328.DescribeLogGroups", "{}").await;
    assert_eq!((status, body["__type"].as_str()), (400, Some("AccessDeniedException")));
}

#[tokio::test]
async fn too_long_is_refused() {
    let sandbox = served(|_| {}).await;
    let (status, body) = sandbox.form("sts", &format!("Action={}", "x".repeat(LONGEST_BODY))).await;
    assert_eq!(status, 413);
    assert!(body.contains("<Code>RequestEntityTooLargeException</Code>"), "{body}");
}

#[tokio::test]
async fn the_sandbox_tells_its_status_to_its_own_user_only() {
    let sandbox = served(|_| {}).await;
    let ask_for = |path: &str, host: &'static str, origin: bool| {
        let uri = format!("{}{path}", sandbox.world.endpoint());
        let mut request = Request::get(uri).header("host", host);
        if origin {
            request = request.header("origin", "https://evil.example");
        }
        let request = request.body(Full::new(Bytes::new())).unwrap();
        async move { Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap() }
    };
    let ask = |host: &'static str, origin: bool| ask_for("/_sandbox/status", host, origin);
    let answer = ask("127.0.0.1:1", false).await;
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let status: crate::Status = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, sandbox.world.status());
    assert_eq!(ask("evil.example", false).await.status(), 403);
    assert_eq!(ask("127.0.0.1:1", true).await.status(), 403);
    // Not S3's, either: a refusal of its own has another shape.
    for (host, origin) in [("evil.example", false), ("files.s3.evil.example", false), ("127.0.0.1:1", true)] {
        let answer = ask_for("/files/object", host, origin).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (403, "application/json"),
            "{host}"
        );
    }
    for host in ["files.s3.eu-west-1.amazonaws.com", "files.localhost:1"] {
        let answer = ask_for("/object", host, false).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["server"].to_str().unwrap()),
            (403, "AmazonS3"),
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_stack_is_made_over_http_while_one_looks_on() {
    let sandbox = served(|options| options.pace = Duration::from_millis(300)).await;
    let template = "Resources: {Key: {Type: 'AWS::KMS::Key'}}";
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("Action", "CreateStack"), ("StackName", "demo"), ("TemplateBody", template)])
        .finish();
    let (status, body) = sandbox.form("cloudformation", &form).await;
    assert_eq!(status, 200, "{body}");
    let (mut seen, look) = (Vec::new(), "Action=DescribeStacks&StackName=demo");
    loop {
        let (_, body) = sandbox.form("cloudformation", look).await;
        let status = body.split_once("<StackStatus>").unwrap().1.split_once('<').unwrap().0.to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        if seen.last().unwrap() == "CREATE_COMPLETE" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(seen, ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
}
