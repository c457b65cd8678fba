//! The bucket that keeps the function's zip: one that is named, or the tool's own of account and region.
//!
//! Bucket names are global and can be guessed, so every call names the account that must own the bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
};
use serde_json::json;

use crate::aws::failure;
use crate::error::{Error, ErrorCode, Result};

/// The tag of everything that belongs to this tool.
const TAG: (&str, &str) = ("managed-by", "sftp-okta");

/// A bucket for artifacts, whether it exists or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactBucket {
    /// Its name.
    pub name: String,
    /// The account that must own it.
    pub account: String,
    /// The region it must be in, which is the function's.
    pub region: String,
    /// The partition of account and region: `aws`, `aws-us-gov`, `aws-cn`.
    pub partition: String,
    /// Whether it is the tool's own, which the tool makes when it is absent.
    pub is_own: bool,
}

/// What [`ensure`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// The bucket was there.
    Existing,
    /// The bucket was made, or finished where an earlier run was cut off.
    Made,
}

impl ArtifactBucket {
    /// The bucket that is named, or else the tool's own of account and region.
    #[must_use]
    pub fn new(named: Option<&str>, account: &str, region: &str, partition: &str) -> Self {
        Self {
            name: named.map_or_else(|| format!("sftp-okta-artifacts-{account}-{region}"), str::to_owned),
            account: account.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            is_own: named.is_none(),
        }
    }

    fn arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.name)
    }

    fn error(&self, code: ErrorCode, what: &str) -> Error {
        Error::new(code, format!("the artifact bucket {} {what}", self.name)).resource(self.arn())
    }

    /// What a status means that S3 gives without words, as it does to every HEAD; `None` for all others.
    pub(super) fn refusal<E>(&self, error: &SdkError<E, HttpResponse>) -> Option<Error> {
        let response = error.raw_response()?;
        let request_id = response.headers().get("x-amz-request-id");
        let found = match response.status().as_u16() {
            403 => self
                .error(ErrorCode::Permission, "is not yours to use")
                .cause(format!("S3 refuses the request: account {} does not own the bucket, or you lack permissions on it", self.account))
                .hint(if self.is_own {
                    "ask for s3:ListBucket and s3:GetObject on the bucket; if another account has taken its name, name a bucket of your own with --artifact-bucket"
                } else {
                    "name a bucket of this account with --artifact-bucket, and ask for s3:ListBucket and s3:GetObject on it"
                }),
            301 | 307 | 400 if response.headers().get("x-amz-bucket-region").is_some_and(|region| region != self.region) => {
                self.wrong_region(response.headers().get("x-amz-bucket-region").unwrap_or_default())
            }
            301 => self.wrong_region("another region"),
            _ => return None,
        };
        Some(found.request_id(request_id))
    }

    fn wrong_region(&self, found: &str) -> Error {
        self.error(ErrorCode::ArtifactFailed, &format!("is in {found}, and the deployment is in {}", self.region))
            .cause("Lambda takes its code from a bucket of its own region")
            .hint("name a bucket of that region with --artifact-bucket, or none: the tool has one of its own")
    }
}

/// Whether the bucket exists. Changes nothing.
///
/// # Errors
/// When it belongs to another account, is in another region, or was named and is missing.
pub async fn find(client: &Client, bucket: &ArtifactBucket) -> Result<bool> {
    let asked = client.head_bucket().bucket(&bucket.name).expected_bucket_owner(&bucket.account).send().await;
    match asked {
        Ok(found) => match found.bucket_region() {
            Some(region) if region != bucket.region => Err(bucket.wrong_region(region)),
            _ => Ok(true),
        },
        Err(error) if status(&error) == Some(404) && bucket.is_own => Ok(false),
        Err(error) if status(&error) == Some(404) => Err(bucket
            .error(ErrorCode::ArtifactFailed, "does not exist")
            .hint("make it first, or leave out --artifact-bucket (artifact_bucket in the file): the tool makes one of its own")),
        Err(error) => Err(bucket.refusal(&error).unwrap_or_else(|| failed("the artifact bucket could not be looked up", bucket, error))),
    }
}

/// Makes the tool's own bucket if it is absent, and finishes it if an earlier run was cut off. A named bucket is only
/// looked up. The tag is set last: a bucket that has it is complete.
///
/// # Errors
/// As [`find`], and when a call is refused.
pub async fn ensure(client: &Client, bucket: &ArtifactBucket) -> Result<Ensured> {
    let exists = find(client, bucket).await?;
    if !bucket.is_own || (exists && is_complete(client, bucket).await?) {
        return Ok(Ensured::Existing);
    }
    if !exists {
        create(client, bucket).await?;
    }
    protect(client, bucket).await?;
    Ok(Ensured::Made)
}

async fn is_complete(client: &Client, bucket: &ArtifactBucket) -> Result<bool> {
    let asked = client.get_bucket_tagging().bucket(&bucket.name).expected_bucket_owner(&bucket.account).send().await;
    match asked {
        Ok(found) => Ok(found.tag_set().iter().any(|tag| (tag.key(), tag.value()) == TAG)),
        Err(error) if error.code() == Some("NoSuchTagSet") => Ok(false),
        Err(error) => Err(failed("the tags of the artifact bucket could not be read", bucket, error)),
    }
}

async fn create(client: &Client, bucket: &ArtifactBucket) -> Result<()> {
    // us-east-1 is the one region that must not be named.
    let location = (bucket.region != "us-east-1").then(|| {
        let region = BucketLocationConstraint::from(bucket.region.as_str());
        CreateBucketConfiguration::builder().location_constraint(region).build()
    });
    let made = client
        .create_bucket()
        .bucket(&bucket.name)
        .object_ownership(ObjectOwnership::BucketOwnerEnforced)
        .set_create_bucket_configuration(location)
        .send()
        .await;
    match made {
        Ok(_) => Ok(()),
        Err(error) => match error.code() {
            // Another run was faster.
            Some("BucketAlreadyOwnedByYou") => Ok(()),
            Some("BucketAlreadyExists") => Err(bucket
                .error(ErrorCode::ArtifactFailed, "belongs to another account")
                .cause("bucket names are global, and this one is taken")
                .hint("name a bucket of your own with --artifact-bucket")
                .request_id(error.request_id())),
            Some("OperationAborted") if find(client, bucket).await? => Ok(()),
            _ => Err(failed("the artifact bucket could not be made", bucket, error)),
        },
    }
}

/// Private, encrypted, owned by the account alone, TLS only, and tagged.
async fn protect(client: &Client, bucket: &ArtifactBucket) -> Result<()> {
    let (name, owner) = (bucket.name.as_str(), bucket.account.as_str());
    let private = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    let call = client.put_public_access_block().bucket(name).expected_bucket_owner(owner);
    let made = call.public_access_block_configuration(private).send().await;
    made.map_err(|error| failed("the artifact bucket could not be made private", bucket, error))?;

    let encryption = built(
        ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().and_then(|sse| {
            let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(sse).build();
            ServerSideEncryptionConfiguration::builder().rules(rule).build()
        }),
    )?;
    let call = client.put_bucket_encryption().bucket(name).expected_bucket_owner(owner);
    let made = call.server_side_encryption_configuration(encryption).send().await;
    made.map_err(|error| failed("the artifact bucket could not be encrypted", bucket, error))?;

    let ownership = built(
        OwnershipControlsRule::builder()
            .object_ownership(ObjectOwnership::BucketOwnerEnforced)
            .build()
            .and_then(|rule| OwnershipControls::builder().rules(rule).build()),
    )?;
    let call = client.put_bucket_ownership_controls().bucket(name).expected_bucket_owner(owner);
    let made = call.ownership_controls(ownership).send().await;
    made.map_err(|error| failed("the ownership of the artifact bucket could not be set", bucket, error))?;

    let call = client.put_bucket_policy().bucket(name).expected_bucket_owner(owner);
    let made = call.policy(tls_only(bucket)).send().await;
    made.map_err(|error| failed("the policy of the artifact bucket could not be set", bucket, error))?;

    let (key, value) = TAG;
    let tagging =
        built(Tag::builder().key(key).value(value).build().and_then(|tag| Tagging::builder().tag_set(tag).build()))?;
    let call = client.put_bucket_tagging().bucket(name).expected_bucket_owner(owner);
    let made = call.tagging(tagging).send().await;
    made.map_err(|error| failed("the artifact bucket could not be tagged", bucket, error))?;
    Ok(())
}

fn tls_only(bucket: &ArtifactBucket) -> String {
    let arn = bucket.arn();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }],
    })
    .to_string()
}

/// A request whose parts are all set here cannot lack one.
pub(super) fn built<T, E: std::error::Error>(part: std::result::Result<T, E>) -> Result<T> {
    part.map_err(|error| {
        Error::new(ErrorCode::Unexpected, "a request to S3 could not be put together").cause(error.to_string())
    })
}

/// The HTTP status of the answer, if there was one.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Any other failure of a call on the bucket.
pub(super) fn failed<E>(action: &str, bucket: &ArtifactBucket, error: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let told = failure(action, &error).resource(bucket.arn());
    // An answer without words, as S3 gives to HEAD, has its status only.
    match (error.code(), status(&error)) {
        (None, Some(401)) => Error { code: ErrorCode::Credentials, ..told },
        (None, Some(403)) => Error { code: ErrorCode::Permission, ..told },
        (_, _) => told,
    }
}
