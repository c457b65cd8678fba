//! The proxy: what it writes down, and what it spoils.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use crate::support::aws_proxy::AwsProxy;
use crate::support::fault::Fault;
use crate::support::loopback::{self, Reply};
use crate::support::ministack::Ministack;
use crate::support::sigv4;

fn call(method: &str, url: &str, service: &str, headers: &[(&str, &str)], body: &str) -> std::io::Result<Reply> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    loopback::send(sigv4::signed(request, body.as_bytes(), service, "us-east-1"))
}

fn query(proxy: &AwsProxy, service: &str, action: &str) -> std::io::Result<Reply> {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    call("POST", &proxy.endpoint(), service, &form, &format!("Action={action}&Version=2010-05-15"))
}

#[test]
fn calls_pass_and_are_written_down() {
    let proxy = AwsProxy::in_front_of(&Ministack::shared().endpoint());
    let bucket = format!("{}/proxied-bucket", proxy.endpoint());
    assert_eq!(query(&proxy, "cloudformation", "DescribeStacks").unwrap().status, 200);
    assert_eq!(call("PUT", &bucket, "s3", &[], "").unwrap().status, 200);
    assert_eq!(call("PUT", &format!("{bucket}/lease-of-x"), "s3", &[], "held").unwrap().status, 200);
    let read = call("GET", &format!("{bucket}/lease-of-x"), "s3", &[], "").unwrap();
    assert_eq!((read.status, read.text()), (200, "held".to_owned()));
    let head = call("HEAD", &format!("{bucket}/lease-of-x"), "s3", &[], "").unwrap();
    assert_eq!((head.status, &head.headers["content-length"]), (200, &"4".parse().unwrap()));
    let target = [("x-amz-target", "Logs_20140328.DescribeLogGroups"), ("content-type", "application/x-amz-json-1.1")];
    assert_eq!(call("POST", &proxy.endpoint(), "logs", &target, "{}").unwrap().status, 200);

    let calls: Vec<String> =
        proxy.calls().iter().map(|call| format!("{} {} {:?}", call.service, call.action, call.status)).collect();
    assert_eq!(
        calls,
        [
            "cloudformation DescribeStacks Some(200)",
            "s3 PUT /proxied-bucket Some(200)",
            "s3 PUT /proxied-bucket/lease-of-x Some(200)",
            "s3 GET /proxied-bucket/lease-of-x Some(200)",
            "s3 HEAD /proxied-bucket/lease-of-x Some(200)",
            "logs DescribeLogGroups Some(200)",
        ]
    );
    let mutating: Vec<_> = proxy.mutating().into_iter().map(|call| call.action).collect();
    assert_eq!(mutating, ["PUT /proxied-bucket"], "the lease is no change");
    assert_eq!(proxy.count("s3", "PUT *"), 2);
    proxy.clear();
    assert_eq!(proxy.calls(), []);
}

#[test]
fn faults_come_in_the_services_own_shape_at_their_turn() {
    let proxy = AwsProxy::in_front_of(&Ministack::shared().endpoint());
    let object = format!("{}/spoiled-bucket", proxy.endpoint());
    proxy.fault("cloudformation", "DescribeStacks", 2..=2, Fault::refused(400, "Throttling", "Rate <exceeded>"));
    assert_eq!(query(&proxy, "cloudformation", "DescribeStacks").unwrap().status, 200);
    let throttled = query(&proxy, "cloudformation", "DescribeStacks").unwrap();
    assert_eq!(throttled.status, 400);
    let text = throttled.text();
    assert!(text.contains("<Code>Throttling</Code><Message>Rate &lt;exceeded&gt;</Message>"), "{text}");
    assert_eq!(query(&proxy, "cloudformation", "DescribeStacks").unwrap().status, 200);

    // An answer that is lost: the bucket is there all the same. A request that is lost: it is not.
    proxy.fault("s3", "PUT /spoiled-*", 1..=1, Fault::lost_request());
    assert!(call("PUT", &object, "s3", &[], "").is_err());
    assert_eq!(call("HEAD", &object, "s3", &[], "").unwrap().status, 404);
    proxy.fault("s3", "PUT /spoiled-*", 1..=1, Fault::lost_answer());
    assert!(call("PUT", &object, "s3", &[], "").is_err());
    assert_eq!(call("HEAD", &object, "s3", &[], "").unwrap().status, 200);

    proxy.fault("s3", "GET *", 1..=1, Fault::refused(503, "SlowDown", "Reduce your request rate."));
    let slow = call("GET", &object, "s3", &[], "").unwrap();
    assert_eq!(slow.status, 503);
    assert!(slow.text().contains("<Error><Code>SlowDown</Code>"), "{}", slow.text());
    let statuses: Vec<_> = proxy.calls().iter().filter(|call| call.service == "s3").map(|call| call.status).collect();
    assert_eq!(statuses, [None, Some(404), None, Some(200), Some(503)]);
}

/// The SDK's own framing (checksums, chunks, `Expect: 100-continue`) passes both ways, and so does a condition.
#[test]
fn the_sdk_passes_through() {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_s3::error::ProvideErrorMetadata;

    let proxy = AwsProxy::in_front_of(&Ministack::shared().endpoint());
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(proxy.endpoint())
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let large = vec![7; 3 * 1024 * 1024];
    loopback::runtime().block_on(async {
        client.create_bucket().bucket("sdk-bucket").send().await.unwrap();
        let put = || client.put_object().bucket("sdk-bucket").key("large").if_none_match("*");
        put().body(large.clone().into()).send().await.unwrap();
        let taken = put().body(large.clone().into()).send().await.unwrap_err().into_service_error();
        assert_eq!(taken.code(), Some("PreconditionFailed"));
        let head = client.head_object().bucket("sdk-bucket").key("large").send().await.unwrap();
        assert_eq!(head.content_length(), Some(large.len() as i64));
        let got = client.get_object().bucket("sdk-bucket").key("large").send().await.unwrap();
        assert!(got.body.collect().await.unwrap().into_bytes() == large, "another content");
    });
    assert_eq!((proxy.count("s3", "PUT /sdk-bucket/large"), proxy.mutating().len()), (2, 3));
}
