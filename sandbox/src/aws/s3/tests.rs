use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use md5::Digest;

use super::*;
use crate::fixture::{self, Fixture};
use crate::signature::TemporaryKey;

const EAST: &str = "us-east-1";

struct Got {
    status: u16,
    headers: hyper::HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> &str {
        self.body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code)
    }
}

async fn in_region(region: &str, fixture: &Fixture, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Got {
    let (method, path) = line.split_once(' ').unwrap();
    let request =
        Request::builder().method(method).uri(format!("http://127.0.0.1:4566{path}")).header("host", "127.0.0.1:4566");
    let body = Bytes::copy_from_slice(body);
    let mut request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(body.clone())
        .unwrap();
    if !request.headers().contains_key("x-amz-content-sha256") {
        let digest = hex(&sha2::Sha256::digest(&body));
        request.headers_mut().insert("x-amz-content-sha256", digest.parse().unwrap());
    }
    s3_sign(&mut request, region);
    let answer = respond(&fixture.world, request.map(|body| receive::content(Full::new(body)))).await;
    let (parts, body) = answer.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Got { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn send(fixture: &Fixture, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Got {
    in_region(EAST, fixture, line, headers, body).await
}

/// As the SDKs sign for S3: the path encoded once, and whatever the content header says.
fn s3_sign(request: &mut Request<Bytes>, region: &str) {
    use aws_sigv4::http_request::{
        PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
    };
    let TemporaryKey { access_key, secret, .. } =
        TemporaryKey { access_key: "test".into(), secret: "test".into(), token: String::new(), expires: 0 };
    let identity = aws_credential_types::Credentials::new(access_key, secret, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let parameters = aws_sigv4::sign::v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(std::time::SystemTime::now())
        .settings(settings)
        .build()
        .unwrap();
    let uri = request.uri().to_string();
    let payload = request.headers()["x-amz-content-sha256"].to_str().unwrap().to_owned();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let body = SignableBody::Precomputed(payload.clone());
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, body).unwrap();
    sign(signable, &parameters.into()).unwrap().into_parts().0.apply_to_request_http1x(request);
}

async fn with_bucket() -> Fixture {
    let fixture = fixture::empty(&[]);
    assert_eq!(send(&fixture, "PUT /files", &[], b"").await.status, 200);
    fixture
}

#[tokio::test]
async fn buckets() {
    let fixture = fixture::empty(&[]);
    assert_eq!(send(&fixture, "HEAD /files", &[], b"").await.status, 404);
    assert_eq!(send(&fixture, "GET /files/x", &[], b"").await.code(), "NoSuchBucket");
    let europe = b"<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(
        in_region("eu-west-1", &fixture, "PUT /files", &[], b"").await.code(),
        "IllegalLocationConstraintException"
    );
    assert_eq!(in_region("eu-west-1", &fixture, "PUT /files", &[], europe).await.status, 200);
    let again = in_region("eu-west-1", &fixture, "PUT /files", &[], europe).await;
    assert_eq!((again.status, again.code()), (409, "BucketAlreadyOwnedByYou"));
    assert_eq!(send(&fixture, "PUT /east", &[], b"").await.status, 200);
    assert_eq!(send(&fixture, "PUT /east", &[], b"").await.status, 200, "in us-east-1 that succeeds");
    assert_eq!(send(&fixture, "PUT /No_Name", &[], b"").await.code(), "InvalidBucketName");

    let head =
        in_region("eu-west-1", &fixture, "HEAD /files", &[("x-amz-expected-bucket-owner", "000000000000")], b"").await;
    assert_eq!((head.status, head.header("x-amz-bucket-region")), (200, "eu-west-1"));
    let elsewhere = send(&fixture, "HEAD /files", &[], b"").await;
    assert_eq!(
        (elsewhere.status, elsewhere.header("x-amz-bucket-region"), elsewhere.body.as_str()),
        (400, "eu-west-1", "")
    );
    let foreign = send(&fixture, "GET /east", &[("x-amz-expected-bucket-owner", "111122223333")], b"").await;
    assert_eq!((foreign.status, foreign.code()), (403, "AccessDenied"));
    let all = send(&fixture, "GET /", &[], b"").await.body;
    assert!(all.contains("<Name>east</Name>") && all.contains("<Name>files</Name>"), "{all}");
    assert!(
        in_region("eu-west-1", &fixture, "GET /files?location", &[], b"")
            .await
            .body
            .contains(">eu-west-1</LocationConstraint>")
    );

    send(&fixture, "PUT /east/a", &[], b"x").await;
    assert_eq!(send(&fixture, "DELETE /east", &[], b"").await.code(), "BucketNotEmpty");
    send(&fixture, "DELETE /east/a", &[], b"").await;
    assert_eq!(send(&fixture, "DELETE /east", &[], b"").await.status, 204);
    assert_eq!(send(&fixture, "HEAD /east", &[], b"").await.status, 404);
}

#[tokio::test]
async fn configurations() {
    let fixture = with_bucket().await;
    assert_eq!(send(&fixture, "GET /files?tagging", &[], b"").await.code(), "NoSuchTagSet");
    assert_eq!(send(&fixture, "GET /files?policy", &[], b"").await.code(), "NoSuchBucketPolicy");
    let tagging = b"<Tagging><TagSet><Tag><Key>managed-by</Key><Value>sftp-okta</Value></Tag></TagSet></Tagging>";
    assert_eq!(send(&fixture, "PUT /files?tagging", &[], tagging).await.status, 204);
    assert_eq!(send(&fixture, "GET /files?tagging", &[], b"").await.body.as_bytes(), tagging);
    assert_eq!(send(&fixture, "DELETE /files?tagging", &[], b"").await.status, 204);
    assert_eq!(send(&fixture, "GET /files?tagging", &[], b"").await.code(), "NoSuchTagSet");
    assert_eq!(send(&fixture, "PUT /files?tagging", &[], b"<Other/>").await.code(), "MalformedXML");
    let policy =
        br#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
    assert_eq!(send(&fixture, "PUT /files?policy", &[], policy).await.status, 204);
    assert_eq!(send(&fixture, "GET /files?policy", &[], b"").await.body.as_bytes(), policy);
    assert_eq!(send(&fixture, "PUT /files?policy", &[], b"{}").await.code(), "MalformedPolicy");
    for name in ["encryption", "publicAccessBlock", "ownershipControls", "versioning"] {
        assert_eq!(send(&fixture, &format!("GET /files?{name}"), &[], b"").await.status, 200, "{name}");
    }
    let other = send(&fixture, "GET /files?analytics", &[], b"").await;
    assert_eq!((other.status, other.code()), (501, "NotImplemented"));
    assert!(other.body.contains("analytics"), "{}", other.body);
}

#[tokio::test]
async fn objects() {
    let fixture = with_bucket().await;
    let sent = [("content-type", "text/plain"), ("x-amz-meta-who", "me")];
    let put = send(&fixture, "PUT /files/home/a%20b%2Bc.txt", &sent, b"hello").await;
    assert_eq!((put.status, put.header("etag")), (200, "\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(std::fs::read(fixture.world.folder().join("buckets/files/home/a b+c.txt")).unwrap(), b"hello");
    let get = send(&fixture, "GET /files/home/a%20b%2Bc.txt", &[], b"").await;
    assert_eq!(
        (get.status, get.body.as_str(), get.header("content-type"), get.header("x-amz-meta-who")),
        (200, "hello", "text/plain", "me")
    );
    let head = send(&fixture, "HEAD /files/home/a%20b%2Bc.txt", &[("x-amz-checksum-mode", "ENABLED")], b"").await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, "5", ""));
    assert_ne!(head.header("x-amz-checksum-crc64nvme"), "");
    assert!(head.header("last-modified").ends_with(" GMT"));
    let part = send(&fixture, "GET /files/home/a%20b%2Bc.txt", &[("range", "bytes=1-2")], b"").await;
    assert_eq!((part.status, part.body.as_str(), part.header("content-range")), (206, "el", "bytes 1-2/5"));
    assert_eq!(
        send(&fixture, "GET /files/home/a%20b%2Bc.txt", &[("range", "bytes=9-")], b"").await.code(),
        "InvalidRange"
    );
    let known = [("if-none-match", put.header("etag"))];
    assert_eq!(send(&fixture, "GET /files/home/a%20b%2Bc.txt", &known, b"").await.status, 304);
    assert_eq!(send(&fixture, "GET /files/none", &[], b"").await.code(), "NoSuchKey");
    assert_eq!(send(&fixture, "HEAD /files/none", &[], b"").await.status, 404);

    let source = [("x-amz-copy-source", "/files/home/a%20b%2Bc.txt")];
    assert!(send(&fixture, "PUT /files/copy", &source, b"").await.body.contains("<CopyObjectResult"));
    assert_eq!(send(&fixture, "GET /files/copy", &[], b"").await.header("x-amz-meta-who"), "me");
    assert_eq!(send(&fixture, "PUT /files/home/a%20b%2Bc.txt", &source, b"").await.code(), "InvalidRequest");
    for path in ["/files/%2E%2E/x", "/files/../x", "/files/a/../../x", "/files//etc/passwd", "/files/a%00b"] {
        let refused = send(&fixture, &format!("PUT {path}"), &[], b"x").await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidArgument"), "{path}");
    }
    assert_eq!(send(&fixture, &format!("PUT /files/{}", "a".repeat(300)), &[], b"x").await.code(), "KeyTooLongError");
    assert_eq!(send(&fixture, "PUT /files/copy/below", &[], b"x").await.status, 409);
    assert_eq!(send(&fixture, "DELETE /files/copy", &[], b"").await.status, 204);
    assert_eq!(send(&fixture, "DELETE /files/copy", &[], b"").await.status, 204);
}

#[tokio::test]
async fn conditional_writes() {
    let fixture = with_bucket().await;
    let first = send(&fixture, "PUT /files/lease", &[("if-none-match", "*")], b"1").await;
    assert_eq!(first.status, 200);
    let second = send(&fixture, "PUT /files/lease", &[("if-none-match", "*")], b"2").await;
    assert_eq!((second.status, second.code()), (412, "PreconditionFailed"));
    assert_eq!(send(&fixture, "PUT /files/lease", &[("if-match", "\"other\"")], b"2").await.status, 412);
    let renewed = send(&fixture, "PUT /files/lease", &[("if-match", first.header("etag"))], b"3").await;
    assert_eq!(renewed.status, 200);
    assert_eq!(send(&fixture, "PUT /files/none", &[("if-match", "\"other\"")], b"2").await.code(), "NoSuchKey");
    assert_eq!(send(&fixture, "DELETE /files/lease", &[("if-match", first.header("etag"))], b"").await.status, 412);
    assert_eq!(send(&fixture, "DELETE /files/lease", &[("if-match", renewed.header("etag"))], b"").await.status, 204);
}

#[tokio::test]
async fn bodies_are_what_they_are_said_to_be() {
    let fixture = with_bucket().await;
    let md5 = STANDARD.encode(md5::Md5::digest(b"hello"));
    let sha = STANDARD.encode(sha2::Sha256::digest(b"hello"));
    for (name, value) in
        [("content-md5", md5.as_str()), ("x-amz-checksum-sha256", &sha), ("x-amz-checksum-crc32", "NhCmhg==")]
    {
        let right = send(&fixture, "PUT /files/a", &[(name, value)], b"hello").await;
        assert_eq!(right.status, 200, "{}", right.body);
        assert!(name == "content-md5" || right.header(name) == value);
        let wrong = send(&fixture, "PUT /files/b", &[(name, value)], b"other").await;
        assert_eq!((wrong.status, wrong.code()), (400, "BadDigest"), "{name}");
    }
    assert_eq!(send(&fixture, "PUT /files/b", &[("content-md5", "x")], b"other").await.code(), "InvalidDigest");
    let other = hex(&sha2::Sha256::digest(b"other"));
    assert_eq!(
        send(&fixture, "PUT /files/b", &[("x-amz-content-sha256", &other)], b"hello").await.code(),
        "XAmzContentSHA256Mismatch"
    );

    // As the SDKs stream.
    let streamed = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let chunks = |checksum: &str| format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n").into_bytes();
    assert_eq!(send(&fixture, "PUT /files/c", &streamed, &chunks("NhCmhg==")).await.status, 200);
    let get = send(&fixture, "GET /files/c", &[], b"").await;
    assert_eq!((get.body.as_str(), get.header("content-encoding")), ("hello", ""));
    assert_eq!(send(&fixture, "PUT /files/b", &streamed, &chunks("AAAAAA==")).await.code(), "BadDigest");
    assert_eq!(send(&fixture, "PUT /files/b", &streamed, b"5\r\nhel").await.code(), "InvalidRequest");
    assert_eq!(send(&fixture, "PUT /files/b", &streamed, b"3\r\nhel\r\n0\r\n\r\n").await.code(), "IncompleteBody");
    assert_eq!(send(&fixture, "GET /files/b", &[], b"").await.status, 404);
    assert_eq!(std::fs::read_dir(fixture.world.store.uploads()).unwrap().count(), 0, "nothing is left over");
}

#[tokio::test]
async fn lists_and_deletes() {
    let fixture = with_bucket().await;
    for key in ["a", "b/1", "b/2", "c%26d"] {
        assert_eq!(send(&fixture, &format!("PUT /files/{key}"), &[], b"x").await.status, 200);
    }
    let list = send(&fixture, "GET /files?list-type=2&delimiter=%2F&encoding-type=url", &[], b"").await.body;
    assert!(
        list.contains("<KeyCount>3</KeyCount>")
            && list.contains("<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"),
        "{list}"
    );
    assert!(list.contains("<Key>c%26d</Key>") && !list.contains("b/1"), "{list}");
    let first = send(&fixture, "GET /files?list-type=2&max-keys=3", &[], b"").await.body;
    assert!(first.contains("<IsTruncated>true</IsTruncated>"), "{first}");
    let token = first.split_once("<NextContinuationToken>").unwrap().1.split('<').next().unwrap().to_owned();
    let rest = send(&fixture, &format!("GET /files?list-type=2&continuation-token={token}"), &[], b"").await.body;
    assert!(rest.contains("<Key>c&amp;d</Key>") && rest.contains("<KeyCount>1</KeyCount>"), "{rest}");
    let old = send(&fixture, "GET /files?prefix=b%2F&marker=b%2F1", &[], b"").await.body;
    assert!(old.contains("<Key>b/2</Key>") && !old.contains("<Key>b/1</Key>"), "{old}");
    let versions = send(&fixture, "GET /files?versions", &[], b"").await.body;
    assert_eq!(versions.matches("<VersionId>null</VersionId><IsLatest>true</IsLatest>").count(), 4, "{versions}");

    let delete = b"<Delete><Object><Key>a</Key></Object><Object><Key>b/1</Key><VersionId>null</VersionId></Object><Object><Key>c&amp;d</Key></Object><Object><Key>../x</Key></Object></Delete>";
    let deleted = send(&fixture, "POST /files?delete", &[], delete).await.body;
    assert_eq!(deleted.matches("<Deleted>").count(), 3, "{deleted}");
    assert!(deleted.contains("<Key>../x</Key><Code>InvalidArgument</Code>"), "{deleted}");
    let quiet = b"<Delete><Object><Key>b/2</Key></Object><Quiet>true</Quiet></Delete>";
    assert!(!send(&fixture, "POST /files?delete", &[], quiet).await.body.contains("<Deleted>"));
    assert!(send(&fixture, "GET /files?list-type=2", &[], b"").await.body.contains("<KeyCount>0</KeyCount>"));
    assert_eq!(send(&fixture, "POST /files?delete", &[], b"<Delete></Delete>").await.code(), "MalformedXML");
}

#[tokio::test]
async fn uploads_in_parts() {
    let fixture = with_bucket().await;
    let begun = send(&fixture, "POST /files/big?uploads", &[("content-type", "text/plain")], b"").await.body;
    let id = begun.split_once("<UploadId>").unwrap().1.split('<').next().unwrap().to_owned();
    let large = vec![b'x'; 5 * 1024 * 1024];
    let one = send(&fixture, &format!("PUT /files/big?partNumber=1&uploadId={id}"), &[], &large).await;
    let two = send(&fixture, &format!("PUT /files/big?partNumber=2&uploadId={id}"), &[], b"end").await;
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(
        send(&fixture, &format!("PUT /files/big?partNumber=0&uploadId={id}"), &[], b"end").await.code(),
        "InvalidArgument"
    );
    let parts = send(&fixture, &format!("GET /files/big?uploadId={id}"), &[], b"").await.body;
    assert!(parts.contains("<Size>5242880</Size>") && parts.contains("<PartNumber>2</PartNumber>"), "{parts}");
    assert!(send(&fixture, "GET /files?uploads", &[], b"").await.body.contains(&id));
    let part = |number: u8, etag: &str| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    let complete = |parts: String| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>").into_bytes();
    let line = format!("POST /files/big?uploadId={id}");
    let (one, two) = (one.header("etag").to_owned(), two.header("etag").to_owned());
    assert_eq!(send(&fixture, &line, &[], &complete(part(2, &two) + &part(1, &one))).await.code(), "InvalidPartOrder");
    assert_eq!(send(&fixture, &line, &[], &complete(part(1, &two))).await.code(), "InvalidPart");
    assert_eq!(send(&fixture, &line, &[], &complete(String::new())).await.code(), "MalformedXML");
    let done = send(&fixture, &line, &[], &complete(part(1, &one) + &part(2, &two))).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let head = send(&fixture, "HEAD /files/big", &[], b"").await;
    assert_eq!((head.header("content-length"), head.header("content-type")), ("5242883", "text/plain"));
    assert!(head.header("etag").ends_with("-2\""));
    assert_eq!(send(&fixture, &line, &[], b"").await.code(), "NoSuchUpload");
    assert_eq!(send(&fixture, &format!("DELETE /files/big?uploadId={id}"), &[], b"").await.code(), "NoSuchUpload");
    assert_eq!(send(&fixture, "DELETE /files/big?uploadId=../../x", &[], b"").await.code(), "NoSuchUpload");
}

#[tokio::test]
async fn parts_that_are_copied() {
    let fixture = with_bucket().await;
    send(&fixture, "PUT /files/from", &[], b"0123456789").await;
    let begun = send(&fixture, "POST /files/to?uploads", &[], b"").await.body;
    let id = begun.split_once("<UploadId>").unwrap().1.split('<').next().unwrap().to_owned();
    let line = format!("PUT /files/to?partNumber=1&uploadId={id}");
    let copied =
        send(&fixture, &line, &[("x-amz-copy-source", "files/from"), ("x-amz-copy-source-range", "bytes=2-4")], b"")
            .await;
    assert!(copied.body.contains("<CopyPartResult"), "{}", copied.body);
    let etag = hex(&md5::Md5::digest(b"234"));
    assert!(copied.body.contains(&etag), "{}", copied.body);
    let beyond = [("x-amz-copy-source", "files/from"), ("x-amz-copy-source-range", "bytes=20-40")];
    assert_eq!(send(&fixture, &line, &beyond, b"").await.code(), "InvalidRange");
    assert_eq!(send(&fixture, &line, &[("x-amz-copy-source", "files/none")], b"").await.code(), "NoSuchKey");
    assert_eq!(send(&fixture, &line, &[("x-amz-copy-source", "files/../../x")], b"").await.code(), "InvalidArgument");
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    );
    assert_eq!(send(&fixture, &format!("POST /files/to?uploadId={id}"), &[], parts.as_bytes()).await.status, 200);
    assert_eq!(send(&fixture, "GET /files/to", &[], b"").await.body, "234");
    assert_eq!(std::fs::read_dir(fixture.world.store.uploads()).unwrap().count(), 0, "nothing is left over");
}

#[tokio::test]
async fn unsigned_requests_are_refused() {
    let fixture = with_bucket().await;
    let request =
        Request::get("http://127.0.0.1:4566/files").header("host", "127.0.0.1:4566").body(Full::<Bytes>::default());
    assert_eq!(respond(&fixture.world, request.unwrap().map(receive::content)).await.status(), 403);
}

#[tokio::test]
async fn a_bucket_with_versions_keeps_what_was_overwritten_and_deleted() {
    let fixture = with_bucket().await;
    let on = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    assert_eq!(send(&fixture, "PUT /files?versioning", &[], on).await.status, 200);
    for body in ["one", "two", "three"] {
        assert_eq!(send(&fixture, "PUT /files/a", &[], body.as_bytes()).await.status, 200);
    }
    let deleted = send(&fixture, "DELETE /files/a", &[], b"").await;
    assert_eq!((deleted.status, deleted.header("x-amz-delete-marker")), (204, "true"));
    let mark = deleted.header("x-amz-version-id").to_owned();
    assert_eq!(send(&fixture, "GET /files/a", &[], b"").await.status, 404);
    assert_eq!(send(&fixture, "DELETE /files", &[], b"").await.code(), "BucketNotEmpty");

    let versions = |body: &str| {
        let of = |element: &str| body.matches(&format!("<{element}><Key>")).count();
        (of("Version"), of("DeleteMarker"))
    };
    let all = send(&fixture, "GET /files?versions", &[], b"").await.body;
    assert_eq!(versions(&all), (3, 1), "{all}");
    let latest = all.split("<IsLatest>true").next().unwrap();
    assert!(latest.contains(&mark) && latest.contains("<DeleteMarker>"), "{all}");

    // Page by page, every version once.
    let (mut next, mut seen) = (String::new(), Vec::new());
    loop {
        let page = send(&fixture, &format!("GET /files?versions&max-keys=1{next}"), &[], b"").await.body;
        let text = |name: &str| {
            page.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default()
        };
        seen.push(text("VersionId").to_owned());
        if text("IsTruncated") == "false" {
            break;
        }
        next = format!("&key-marker={}&version-id-marker={}", text("NextKeyMarker"), text("NextVersionIdMarker"));
    }
    assert_eq!((seen.len(), seen.first()), (4, Some(&mark)));

    // Each can be read, and copied back; the mark cannot.
    for (id, body) in [(&seen[1], "three"), (&seen[2], "two"), (&seen[3], "one")] {
        let got = send(&fixture, &format!("GET /files/a?versionId={id}"), &[], b"").await;
        assert_eq!((got.status, got.body.as_str(), got.header("x-amz-version-id")), (200, body, id.as_str()));
    }
    assert_eq!(send(&fixture, &format!("GET /files/a?versionId={mark}"), &[], b"").await.status, 405);
    assert_eq!(send(&fixture, "GET /files/a?versionId=unknown", &[], b"").await.code(), "NoSuchVersion");
    let source = format!("/files/a?versionId={}", seen[3]);
    let copied = send(&fixture, "PUT /files/back", &[("x-amz-copy-source", &source)], b"").await;
    assert_eq!(copied.status, 200, "{}", copied.body);
    assert_eq!(send(&fixture, "GET /files/back", &[], b"").await.body, "one");
    let path = format!("DELETE /files/back?versionId={}", copied.header("x-amz-version-id"));
    assert_eq!(send(&fixture, &path, &[], b"").await.status, 204);

    // Without its mark the object is back; without its newest version the one before is.
    assert_eq!(send(&fixture, &format!("DELETE /files/a?versionId={mark}"), &[], b"").await.status, 204);
    assert_eq!(send(&fixture, "GET /files/a", &[], b"").await.body, "three");
    assert_eq!(send(&fixture, &format!("DELETE /files/a?versionId={}", seen[1]), &[], b"").await.status, 204);
    assert_eq!(send(&fixture, "GET /files/a", &[], b"").await.body, "two");
    let left = format!(
        "<Delete><Object><Key>a</Key><VersionId>{}</VersionId></Object><Object><Key>a</Key><VersionId>{}</VersionId></Object></Delete>",
        seen[2], seen[3]
    );
    let gone = send(&fixture, "POST /files?delete", &[], left.as_bytes()).await;
    assert_eq!((gone.status, gone.body.matches("<Deleted>").count()), (200, 2), "{}", gone.body);
    assert_eq!(versions(&send(&fixture, "GET /files?versions", &[], b"").await.body), (0, 0));
    assert_eq!(send(&fixture, "DELETE /files", &[], b"").await.status, 204);
}
