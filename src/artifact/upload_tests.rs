//! Storing and deleting artifacts against a scripted S3.

use super::bootstrap::Bootstrap;
use super::bucket::ArtifactBucket;
use super::upload::*;
use super::zip::{Artifact, pack};
use crate::error::ErrorCode;
use crate::scripted::{Answer, S3, answer, refused};

const ACCOUNT: &str = "111122223333";

fn bucket() -> ArtifactBucket {
    ArtifactBucket::new(Some("acme-artifacts"), ACCOUNT, "eu-west-1", "aws")
}

fn artifact() -> Artifact {
    pack(Bootstrap::of(b"binary").unwrap(), "{}").unwrap()
}

fn checksum() -> String {
    aws_smithy_types::base64::encode(artifact().digest())
}

fn found(checksum: String) -> Answer {
    let size = artifact().size().to_string();
    (200, vec![("x-amz-checksum-sha256", checksum), ("content-length", size)], String::new())
}

#[tokio::test]
async fn what_is_there_is_not_uploaded_again() {
    let s3 = S3::start("eu-west-1", vec![found(checksum())]).await;
    assert_eq!(store(&s3.client, &bucket(), "demo", &artifact()).await.unwrap(), Stored::AlreadyThere);
    let asked = s3.finish();
    assert_eq!(asked[0].method, "HEAD");
    assert_eq!(asked[0].target, format!("/acme-artifacts/demo/{}.zip", artifact().sha256()));
    assert_eq!(asked[0].header("x-amz-expected-bucket-owner"), Some(ACCOUNT));
}

#[tokio::test]
async fn what_is_absent_is_uploaded_once_with_its_checksum() {
    let s3 = S3::start("eu-west-1", vec![answer(404, ""), answer(200, "")]).await;
    assert_eq!(store(&s3.client, &bucket(), "demo", &artifact()).await.unwrap(), Stored::Uploaded);
    let asked = s3.finish();
    assert_eq!(asked[1].method, "PUT");
    assert_eq!(asked[1].header("x-amz-expected-bucket-owner"), Some(ACCOUNT));
    assert_eq!(asked[1].header("if-none-match"), Some("*"));
    assert_eq!(asked[1].header("x-amz-checksum-sha256"), Some(checksum().as_str()));
    assert_eq!(asked[1].header("content-length"), Some(artifact().size().to_string().as_str()));
}

#[tokio::test]
async fn another_run_may_have_been_faster() {
    for status in [409, 412] {
        let answers = vec![answer(404, ""), refused(status, "PreconditionFailed"), found(checksum())];
        let s3 = S3::start("eu-west-1", answers).await;
        assert_eq!(store(&s3.client, &bucket(), "demo", &artifact()).await.unwrap(), Stored::AlreadyThere);
        s3.finish();
    }
}

#[tokio::test]
async fn forbidden_is_not_absent() {
    let s3 = S3::start("eu-west-1", vec![answer(403, "")]).await;
    let error = store(&s3.client, &bucket(), "demo", &artifact()).await.unwrap_err();
    s3.finish();
    assert_eq!(error.code, ErrorCode::Permission);
}

#[tokio::test]
async fn other_content_under_the_key_is_refused() {
    let s3 = S3::start("eu-west-1", vec![found("bm90IHRoaXM=".to_owned())]).await;
    let error = is_stored(&s3.client, &bucket(), "demo", &artifact()).await.unwrap_err();
    s3.finish();
    assert_eq!(error.message, "the artifact in the bucket is not the one that was built");
}

#[tokio::test]
async fn a_refused_upload_keeps_the_services_words() {
    let s3 = S3::start("eu-west-1", vec![answer(404, ""), refused(400, "BadDigest")]).await;
    let error = store(&s3.client, &bucket(), "demo", &artifact()).await.unwrap_err();
    s3.finish();
    assert_eq!(error.to_string(), "the artifact could not be uploaded: BadDigest: words of BadDigest");
}

fn page(keys: &[String], next: Option<&str>) -> Answer {
    let contents: String = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    let next = next.map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |token| format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"),
    );
    answer(200, &format!("<ListBucketResult>{contents}{next}</ListBucketResult>"))
}

fn keys(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("demo/{number:064x}.zip")).collect()
}

#[tokio::test]
async fn teardown_deletes_in_batches_and_only_artifacts() {
    let mut second = keys(1000, 1001);
    let digest = "0".repeat(64);
    second.extend(["demo/lease".to_owned(), "demo/report.zip".to_owned(), format!("demo/x/{digest}.zip")]);
    let deleted = || answer(200, "<DeleteResult></DeleteResult>");
    let answers = vec![page(&keys(0, 1000), Some("more")), page(&second, None), deleted(), deleted()];
    let s3 = S3::start("eu-west-1", answers).await;
    assert_eq!(delete_deployment_artifacts(&s3.client, &bucket(), "demo").await.unwrap(), 1001);
    let asked = s3.finish();
    assert!(asked[0].target.contains("prefix=demo%2F"), "{}", asked[0].target);
    let deletions: Vec<usize> = asked[2..].iter().map(|asked| asked.body.matches("<Key>").count()).collect();
    assert_eq!(deletions, [1000, 1]);
    assert!(asked.iter().all(|asked| asked.header("x-amz-expected-bucket-owner") == Some(ACCOUNT)));
    assert!(!asked[3].body.contains("lease") && !asked[3].body.contains("report"));
}

#[tokio::test]
async fn nothing_to_delete_deletes_nothing() {
    let s3 = S3::start("eu-west-1", vec![page(&[], None), refused(404, "NoSuchBucket")]).await;
    assert_eq!(delete_deployment_artifacts(&s3.client, &bucket(), "demo").await.unwrap(), 0);
    assert_eq!(delete_deployment_artifacts(&s3.client, &bucket(), "demo").await.unwrap(), 0);
    assert_eq!(s3.finish().len(), 2);
}

#[tokio::test]
async fn a_kept_object_is_an_error() {
    let kept = "<DeleteResult><Error><Key>demo/1.zip</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>";
    let s3 = S3::start("eu-west-1", vec![page(&keys(0, 1), None), answer(200, kept)]).await;
    let error = delete_deployment_artifacts(&s3.client, &bucket(), "demo").await.unwrap_err();
    s3.finish();
    assert_eq!(error.code, ErrorCode::Permission);
    assert_eq!(error.resource.as_deref(), Some("s3://acme-artifacts/demo/1.zip"));
}
