//! Zips in the artifact bucket: stored once under their digest, and deleted with their deployment.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, Delete, ObjectIdentifier};
use aws_smithy_types::base64;

use crate::error::{Error, ErrorCode, Result};

use super::bucket::{ArtifactBucket, built, failed, status};
use super::zip::Artifact;

/// S3's limit for one request.
const BATCH: usize = 1000;

/// What [`store`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The zip was there already.
    AlreadyThere,
    /// The zip was uploaded.
    Uploaded,
}

/// Whether the bucket holds the artifact. Changes nothing; an absent bucket holds none.
///
/// # Errors
/// When the bucket belongs to another account or region, the caller may not look, or the key holds something else.
pub async fn is_stored(
    client: &Client,
    bucket: &ArtifactBucket,
    deployment: &str,
    artifact: &Artifact,
) -> Result<bool> {
    let key = artifact.key(deployment);
    let asked = client
        .head_object()
        .bucket(&bucket.name)
        .expected_bucket_owner(&bucket.account)
        .key(&key)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await;
    match asked {
        Ok(found) => {
            let same_size = found.content_length().is_none_or(|size| usize::try_from(size) == Ok(artifact.size()));
            let same_digest = found.checksum_sha256().is_none_or(|digest| digest == checksum(artifact));
            if same_size && same_digest { Ok(true) } else { Err(other_content(bucket, &key)) }
        }
        Err(error) if status(&error) == Some(404) => Ok(false),
        // Without s3:ListBucket an absent key is answered with 403 too: that is not the same as "absent".
        Err(error) => {
            Err(bucket.refusal(&error).unwrap_or_else(|| failed("the artifact could not be looked up", bucket, error)))
        }
    }
}

/// Uploads the artifact unless the bucket, which must exist, holds it.
///
/// # Errors
/// As [`is_stored`], and when the upload is refused.
pub async fn store(client: &Client, bucket: &ArtifactBucket, deployment: &str, artifact: &Artifact) -> Result<Stored> {
    if is_stored(client, bucket, deployment, artifact).await? {
        return Ok(Stored::AlreadyThere);
    }
    let put = client
        .put_object()
        .bucket(&bucket.name)
        .expected_bucket_owner(&bucket.account)
        .key(artifact.key(deployment))
        .content_type("application/zip")
        .checksum_sha256(checksum(artifact))
        // Two runs may upload the same zip at once; the second one must not replace what the first one deploys from.
        .if_none_match("*")
        .body(ByteStream::from(artifact.bytes()))
        .send()
        .await;
    match put {
        Ok(_) => Ok(Stored::Uploaded),
        Err(error)
            if matches!(status(&error), Some(409 | 412)) && is_stored(client, bucket, deployment, artifact).await? =>
        {
            Ok(Stored::AlreadyThere)
        }
        Err(error) => Err(failed("the artifact could not be uploaded", bucket, error)),
    }
}

/// The keys of all artifacts of a deployment. Changes nothing; an absent bucket holds none.
///
/// A named bucket may hold other things below the same prefix: only keys of the form `{deployment}/{sha256}.zip` count.
///
/// # Errors
/// When a call is refused.
pub async fn stored_keys(client: &Client, bucket: &ArtifactBucket, deployment: &str) -> Result<Vec<String>> {
    let mut pages = client
        .list_objects_v2()
        .bucket(&bucket.name)
        .expected_bucket_owner(&bucket.account)
        .prefix(format!("{deployment}/"))
        .into_paginator()
        .send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let found = page.contents().iter().filter_map(|object| object.key());
                keys.extend(found.filter(|key| is_artifact(key, deployment)).map(str::to_owned));
            }
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(Vec::new()),
            Err(error) => {
                let other = bucket.refusal(&error);
                return Err(other.unwrap_or_else(|| failed("the artifacts could not be listed", bucket, error)));
            }
        }
    }
    Ok(keys)
}

/// Deletes all artifacts of a deployment and says how many there were.
///
/// # Errors
/// When a call is refused, or S3 keeps an object.
pub async fn delete_deployment_artifacts(client: &Client, bucket: &ArtifactBucket, deployment: &str) -> Result<usize> {
    let keys = stored_keys(client, bucket, deployment).await?;
    for batch in keys.chunks(BATCH) {
        let mut delete = Delete::builder().quiet(true);
        for key in batch {
            delete = delete.objects(built(ObjectIdentifier::builder().key(key).build())?);
        }
        let call = client.delete_objects().bucket(&bucket.name).expected_bucket_owner(&bucket.account);
        let deleted = call.delete(built(delete.build())?).send().await;
        let deleted = deleted.map_err(|error| failed("the artifacts could not be deleted", bucket, error))?;
        if let Some(kept) = deleted.errors().first() {
            let code = if kept.code() == Some("AccessDenied") { ErrorCode::Permission } else { ErrorCode::Service };
            let cause = format!("{}: {}", kept.code().unwrap_or("no code"), kept.message().unwrap_or("no message"));
            return Err(Error::new(
                code,
                format!("{} of {} artifacts could not be deleted", deleted.errors().len(), keys.len()),
            )
            .cause(cause)
            .hint("ask for s3:DeleteObject on the bucket, and run this again")
            .resource(format!("s3://{}/{}", bucket.name, kept.key().unwrap_or_default())));
        }
    }
    Ok(keys.len())
}

fn is_artifact(key: &str, deployment: &str) -> bool {
    let digest =
        key.strip_prefix(deployment).and_then(|rest| rest.strip_prefix('/')).and_then(|name| name.strip_suffix(".zip"));
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digest.is_some_and(|digest| digest.len() == 64 && digest.bytes().all(is_hex))
}

/// The digest as S3 writes it.
fn checksum(artifact: &Artifact) -> String {
    base64::encode(artifact.digest())
}

fn other_content(bucket: &ArtifactBucket, key: &str) -> Error {
    Error::new(ErrorCode::ArtifactFailed, "the artifact in the bucket is not the one that was built")
        .cause("size or checksum differ from what its key says")
        .hint("delete the object and run this again; find out who may write to the bucket")
        .resource(format!("s3://{}/{key}", bucket.name))
}
