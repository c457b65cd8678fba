//! The artifact bucket against a scripted S3.

use super::bucket::*;
use crate::error::ErrorCode;
use crate::scripted::{Asked, S3, answer, refused};

const ACCOUNT: &str = "111122223333";

fn own(region: &str) -> ArtifactBucket {
    ArtifactBucket::new(None, ACCOUNT, region, "aws")
}

fn named() -> ArtifactBucket {
    ArtifactBucket::new(Some("acme-artifacts"), ACCOUNT, "eu-west-1", "aws")
}

fn lines(asked: &[Asked]) -> Vec<String> {
    asked.iter().map(|asked| format!("{} {}", asked.method, asked.target.replace("x-id=", ""))).collect()
}

#[test]
fn the_own_bucket_is_named_after_account_and_region() {
    assert_eq!(own("eu-west-1").name, "sftp-okta-artifacts-111122223333-eu-west-1");
    assert!(own("eu-west-1").is_own);
    assert_eq!(named().name, "acme-artifacts");
}

#[tokio::test]
async fn find_only_looks() {
    let s3 = S3::start("eu-west-1", vec![answer(200, ""), answer(404, "")]).await;
    assert!(find(&s3.client, &own("eu-west-1")).await.unwrap());
    assert!(!find(&s3.client, &own("eu-west-1")).await.unwrap());
    let asked = s3.finish();
    assert!(asked.iter().all(|asked| asked.method == "HEAD"));
    assert!(asked.iter().all(|asked| asked.header("x-amz-expected-bucket-owner") == Some(ACCOUNT)));
}

#[tokio::test]
async fn refusals_have_their_own_words() {
    let elsewhere = |status| (status, vec![("x-amz-bucket-region", "us-west-2".to_owned())], String::new());
    let answers =
        vec![answer(404, ""), answer(403, ""), answer(403, ""), elsewhere(301), elsewhere(200), answer(500, "")];
    let s3 = S3::start("eu-west-1", answers).await;
    let mut told = String::new();
    for bucket in [named(), named(), own("eu-west-1"), named(), own("eu-west-1"), named()] {
        let error = find(&s3.client, &bucket).await.unwrap_err();
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        let cause = text(&error.cause).chars().take(160).collect::<String>();
        let shown = [error.message.clone(), cause, text(&error.hint), text(&error.request_id)];
        told.push_str(&format!("{:?}\n  {}\n", error.code, shown.join("\n  ")));
    }
    s3.finish();
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn an_absent_own_bucket_is_made_and_protected_and_tagged_last() {
    let answers = (0..7).map(|index| answer(if index == 0 { 404 } else { 200 }, "")).collect();
    let s3 = S3::start("eu-west-1", answers).await;
    assert_eq!(ensure(&s3.client, &own("eu-west-1")).await.unwrap(), Ensured::Made);
    let asked = s3.finish();
    let bucket = "/sftp-okta-artifacts-111122223333-eu-west-1";
    assert_eq!(
        lines(&asked),
        [
            format!("HEAD {bucket}/"),
            format!("PUT {bucket}/"),
            format!("PUT {bucket}/?publicAccessBlock"),
            format!("PUT {bucket}/?encryption"),
            format!("PUT {bucket}/?ownershipControls"),
            format!("PUT {bucket}/?policy"),
            format!("PUT {bucket}/?tagging"),
        ]
    );
    for (asked, words) in asked.iter().zip([
        &[][..],
        &["<LocationConstraint>eu-west-1</LocationConstraint>"],
        &[
            "<BlockPublicAcls>true<",
            "<IgnorePublicAcls>true<",
            "<BlockPublicPolicy>true<",
            "<RestrictPublicBuckets>true<",
        ],
        &["<SSEAlgorithm>AES256<"],
        &["<ObjectOwnership>BucketOwnerEnforced<"],
        &["\"aws:SecureTransport\":\"false\"", "\"arn:aws:s3:::sftp-okta-artifacts-111122223333-eu-west-1/*\""],
        &["<Key>managed-by</Key><Value>sftp-okta</Value>"],
    ]) {
        for word in words {
            assert!(asked.body.contains(word), "{word} is not in {}", asked.body);
        }
        let is_create = asked.method == "PUT" && asked.target.ends_with('/');
        assert_eq!(asked.header("x-amz-expected-bucket-owner"), (!is_create).then_some(ACCOUNT), "{}", asked.target);
    }
}

#[tokio::test]
async fn us_east_1_is_not_named_and_the_partition_is_the_callers() {
    let answers = (0..7).map(|index| answer(if index == 0 { 404 } else { 200 }, "")).collect();
    let s3 = S3::start("us-east-1", answers).await;
    let bucket = ArtifactBucket::new(None, ACCOUNT, "us-east-1", "aws-us-gov");
    ensure(&s3.client, &bucket).await.unwrap();
    let asked = s3.finish();
    assert!(!asked[1].body.contains("LocationConstraint"), "{}", asked[1].body);
    assert!(asked[5].body.contains("\"arn:aws-us-gov:s3:::sftp-okta-artifacts-111122223333-us-east-1\""));
}

#[tokio::test]
async fn a_complete_bucket_is_left_alone_and_a_half_made_one_is_finished() {
    let tags = "<Tagging><TagSet><Tag><Key>managed-by</Key><Value>sftp-okta</Value></Tag></TagSet></Tagging>";
    let s3 = S3::start("eu-west-1", vec![answer(200, ""), answer(200, tags)]).await;
    assert_eq!(ensure(&s3.client, &own("eu-west-1")).await.unwrap(), Ensured::Existing);
    s3.finish();

    let mut answers = vec![answer(200, ""), refused(404, "NoSuchTagSet")];
    answers.extend((0..5).map(|_| answer(200, "")));
    let s3 = S3::start("eu-west-1", answers).await;
    assert_eq!(ensure(&s3.client, &own("eu-west-1")).await.unwrap(), Ensured::Made);
    assert_eq!(s3.finish().len(), 7);
}

#[tokio::test]
async fn a_named_bucket_is_never_changed() {
    let s3 = S3::start("eu-west-1", vec![answer(200, "")]).await;
    assert_eq!(ensure(&s3.client, &named()).await.unwrap(), Ensured::Existing);
    assert_eq!(lines(&s3.finish()), ["HEAD /acme-artifacts/"]);
}

#[tokio::test]
async fn two_runs_may_make_it_at_once_but_another_account_may_not_have_it() {
    let mut answers = vec![answer(404, ""), refused(409, "BucketAlreadyOwnedByYou")];
    answers.extend((0..5).map(|_| answer(200, "")));
    let s3 = S3::start("eu-west-1", answers).await;
    assert_eq!(ensure(&s3.client, &own("eu-west-1")).await.unwrap(), Ensured::Made);
    s3.finish();

    let s3 = S3::start("eu-west-1", vec![answer(404, ""), refused(409, "BucketAlreadyExists")]).await;
    let error = ensure(&s3.client, &own("eu-west-1")).await.unwrap_err();
    assert!(error.message.ends_with("belongs to another account"), "{error}");
    s3.finish();
}

#[tokio::test]
async fn a_refused_step_is_named() {
    let s3 = S3::start("eu-west-1", vec![answer(404, ""), answer(200, ""), refused(403, "AccessDenied")]).await;
    let error = ensure(&s3.client, &own("eu-west-1")).await.unwrap_err();
    s3.finish();
    assert_eq!(error.code, ErrorCode::Permission);
    assert_eq!(error.to_string(), "the artifact bucket could not be made private: AccessDenied: words of AccessDenied");
    assert_eq!(error.request_id.as_deref(), Some("REQUEST-1"));
}

#[tokio::test]
async fn no_connection_is_a_network_error() {
    let s3 = S3::start("eu-west-1", Vec::new()).await;
    let config = s3.client.config().to_builder().endpoint_url("http://127.0.0.1:1").build();
    let error = find(&aws_sdk_s3::Client::from_conf(config), &named()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Network);
    assert!(error.cause.is_some_and(|cause| cause.contains("refused")));
}
