use std::collections::BTreeMap;

use serde_json::json;

use super::*;

const ROLE: &str = "arn:aws:iam::000000000000:role/invocation";

fn resources() -> Resources {
    let mut resources = Resources::default();
    resources.put(Resource {
        kind: "AWS::IAM::Role".into(),
        logical_id: "Role".into(),
        stack_arn: String::new(),
        physical_id: "invocation".into(),
        properties: json!({}),
        attributes: BTreeMap::from([("Arn".into(), json!(ROLE))]),
    });
    resources
}

fn root() -> TemporaryKey {
    TemporaryKey { access_key: "test".into(), secret: "test".into(), token: String::new(), expires: 0 }
}

fn request(key: &TemporaryKey, service: &str, url: &str, body: &'static [u8]) -> (Parts, Bytes) {
    let request = Request::post(url).header("host", "127.0.0.1:4566").header("x-text", "  one   two ");
    let mut request = request.body(Bytes::from_static(body)).unwrap();
    sign(&mut request, key, "eu-west-1", service).unwrap();
    request.into_parts()
}

#[test]
fn what_another_implementation_signed_is_right() {
    for url in [
        "http://127.0.0.1:4566/",
        "http://127.0.0.1:4566/restapis/a/prod/_user_request_/servers/s-1/users/bob%40acme.com/config?protocol=SFTP&sourceIp=1.2.3.4",
        "http://127.0.0.1:4566/a/b?z=1&a=%20x&a=%2F&empty=&none",
    ] {
        let (parts, body) = request(&root(), "execute-api", url, b"body");
        let signed = verify(&resources(), &parts, Some(&body)).unwrap();
        assert_eq!((signed.region.as_str(), signed.service.as_str()), ("eu-west-1", "execute-api"));
        assert_eq!(signed.caller.arn, "arn:aws:iam::000000000000:root");
        assert_eq!(verify(&resources(), &parts, Some(b"other body")), Err(SignatureError::Mismatch));
    }
}

#[test]
fn a_role_signs_with_a_temporary_key() {
    let key = assume_role(ROLE, "s-1", std::time::Duration::from_secs(900));
    let (parts, body) = request(&key, "execute-api", "http://127.0.0.1:4566/x", b"");
    let signed = verify(&resources(), &parts, Some(&body)).unwrap();
    assert_eq!(signed.caller.role.as_deref(), Some(ROLE));
    assert_eq!(signed.caller.arn, "arn:aws:sts::000000000000:assumed-role/invocation/s-1");
    assert_eq!(verify(&Resources::default(), &parts, Some(&body)), Err(SignatureError::UnknownKey), "the role is gone");

    let late = assume_role(ROLE, "s-1", std::time::Duration::ZERO);
    let (parts, body) = request(&late, "execute-api", "http://127.0.0.1:4566/x", b"");
    assert_eq!(verify(&resources(), &parts, Some(&body)), Err(SignatureError::ExpiredKey));

    let other = assume_role(ROLE, "s-2", std::time::Duration::from_secs(900));
    let mixed = TemporaryKey { token: other.token, ..key };
    let (parts, body) = request(&mixed, "execute-api", "http://127.0.0.1:4566/x", b"");
    assert_eq!(verify(&resources(), &parts, Some(&body)), Err(SignatureError::UnknownKey));
}

#[test]
fn what_was_changed_is_refused() {
    let url = "http://127.0.0.1:4566/x?user=bob";
    let changed = |change: &dyn Fn(&mut Parts)| {
        let (mut parts, body) = request(&root(), "execute-api", url, b"");
        change(&mut parts);
        verify(&resources(), &parts, Some(&body)).unwrap_err()
    };
    assert_eq!(changed(&|parts| parts.uri = "/x?user=eve".parse().unwrap()), SignatureError::Mismatch);
    assert_eq!(changed(&|parts| parts.method = hyper::Method::GET), SignatureError::Mismatch);
    assert_eq!(changed(&|parts| drop(parts.headers.insert("x-text", "x".parse().unwrap()))), SignatureError::Mismatch);
    assert_eq!(changed(&|parts| drop(parts.headers.remove("authorization"))), SignatureError::Missing);
    assert_eq!(changed(&|parts| drop(parts.headers.remove("x-amz-date"))), SignatureError::Incomplete);
    let old = |parts: &mut Parts| drop(parts.headers.insert("x-amz-date", "20200101T000000Z".parse().unwrap()));
    assert_eq!(changed(&old), SignatureError::Skewed);

    for header in [
        "",
        "Basic dGVzdDp0ZXN0",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=test/x",
        "AWS4-HMAC-SHA256 Credential=test/20260101/r/s/aws4_request, SignedHeaders=host, Signature=",
    ] {
        let set = |parts: &mut Parts| drop(parts.headers.insert("authorization", header.parse().unwrap()));
        assert_ne!(changed(&set), SignatureError::UnknownKey, "{header}");
    }
    let stranger = TemporaryKey { access_key: "AKIAOTHER".into(), ..root() };
    let (parts, body) = request(&stranger, "execute-api", url, b"");
    assert_eq!(verify(&resources(), &parts, Some(&body)), Err(SignatureError::UnknownKey));
    let wrong = TemporaryKey { secret: "wrong".into(), ..root() };
    let (parts, body) = request(&wrong, "execute-api", url, b"");
    assert_eq!(verify(&resources(), &parts, Some(&body)), Err(SignatureError::Mismatch));
}
