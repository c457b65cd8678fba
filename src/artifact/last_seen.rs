//! Where a deployment's server was last seen: a hint in the artifact bucket, so that finding it again takes one call
//! however many servers the account has. It is only ever a hint; the server's tags decide.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

use super::bucket::ArtifactBucket;
use crate::aws::failure;
use crate::error::Result;

/// Server ids have 19 characters; anything much longer is not one.
const LONGEST: usize = 64;

fn key(deployment: &str) -> String {
    format!("{deployment}/last-seen-server")
}

/// The id of the server that was last seen. `None` where there is no hint, or none that can be read.
pub async fn read(client: &Client, bucket: &ArtifactBucket, deployment: &str) -> Option<String> {
    let asked = client.get_object().bucket(&bucket.name).key(key(deployment)).expected_bucket_owner(&bucket.account);
    let object = asked.send().await.ok()?;
    if object.content_length.is_none_or(|length| usize::try_from(length).map_or(true, |length| length > LONGEST)) {
        return None;
    }
    let bytes = object.body.collect().await.ok()?.into_bytes();
    let id = std::str::from_utf8(&bytes).ok()?.trim();
    let looks_right =
        id.strip_prefix("s-").is_some_and(|hex| hex.len() == 17 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    looks_right.then(|| id.to_owned())
}

/// Notes where the server is.
///
/// # Errors
/// What S3 says. Without the note the next run searches.
pub async fn write(client: &Client, bucket: &ArtifactBucket, deployment: &str, id: &str) -> Result<()> {
    client
        .put_object()
        .bucket(&bucket.name)
        .key(key(deployment))
        .expected_bucket_owner(&bucket.account)
        .body(ByteStream::from(id.as_bytes().to_vec()))
        .send()
        .await
        .map(|_| ())
        .map_err(|error| failure("could not note where the server is", &error))
}

/// Forgets where the server was. It is only a hint, so a failure is no matter.
pub async fn forget(client: &Client, bucket: &ArtifactBucket, deployment: &str) {
    let call = client.delete_object().bucket(&bucket.name).key(key(deployment)).expected_bucket_owner(&bucket.account);
    let _ = call.send().await;
}
