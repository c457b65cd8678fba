//! The bucket with the users' files: whether it is there, and how it goes where somebody asked for that by its name. The
//! stack makes it, or its owner does.

mod empty;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;

pub use empty::delete_with_contents;

use crate::aws::refusal;

/// How the bucket was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// There is none of that name.
    Absent,
    /// It is there and belongs to this account. Its tags tell who made it; none where they cannot be read.
    Present(BTreeMap<String, String>),
    /// Another account has it, or these credentials may not see it: S3 does not tell which.
    Refused,
    /// S3 could not be asked.
    Unknown,
}

/// Looks for the bucket.
pub async fn look(client: &Client, bucket: &str, account: &str) -> Presence {
    match client.head_bucket().bucket(bucket).expected_bucket_owner(account).send().await {
        Ok(_) => Presence::Present(tags(client, bucket, account).await),
        Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Presence::Absent,
            Some(403) => Presence::Refused,
            // A bucket in another region answers with a redirect.
            Some(301) => Presence::Present(BTreeMap::new()),
            Some(_) | None => Presence::Unknown,
        },
    }
}

/// How a bucket encrypts what is put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// With keys of S3.
    S3,
    /// With a KMS key; S3's own where none is named.
    Kms(Option<String>),
    /// It could not be read, and why.
    Unreadable(String),
}

/// A bucket, looked at closely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How it was found.
    pub presence: Presence,
    /// Its region, where S3 tells.
    pub region: Option<String>,
    /// How it encrypts.
    pub encryption: Encryption,
}

/// Looks at the bucket closely.
pub async fn inspect(client: &Client, bucket: &str, account: &str) -> Inspection {
    let (presence, head) = tokio::join!(
        look(client, bucket, account),
        client.head_bucket().bucket(bucket).expected_bucket_owner(account).send()
    );
    let region = match head {
        Ok(answer) => answer.bucket_region,
        Err(error) => error
            .raw_response()
            .and_then(|response| response.headers().get("x-amz-bucket-region").map(ToOwned::to_owned)),
    };
    let encryption = match &presence {
        Presence::Present(_) => encryption(client, bucket, account).await,
        Presence::Absent | Presence::Refused | Presence::Unknown => Encryption::Unreadable(String::new()),
    };
    Inspection { presence, region, encryption }
}

async fn encryption(client: &Client, bucket: &str, account: &str) -> Encryption {
    match client.get_bucket_encryption().bucket(bucket).expected_bucket_owner(account).send().await {
        Ok(answer) => {
            let rules = answer.server_side_encryption_configuration.map(|found| found.rules).unwrap_or_default();
            let rule = rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default);
            match rule {
                Some(rule) if rule.sse_algorithm.as_str().starts_with("aws:kms") => {
                    Encryption::Kms(rule.kms_master_key_id)
                }
                Some(_) | None => Encryption::S3,
            }
        }
        Err(error) => match refusal(&error) {
            // Every bucket is encrypted with keys of S3 unless it says otherwise (since January 2023).
            Some(refusal) if refusal.code == "ServerSideEncryptionConfigurationNotFoundError" => Encryption::S3,
            Some(refusal) => Encryption::Unreadable(refusal.code),
            None => Encryption::Unreadable("no answer".to_owned()),
        },
    }
}

async fn tags(client: &Client, bucket: &str, account: &str) -> BTreeMap<String, String> {
    match client.get_bucket_tagging().bucket(bucket).expected_bucket_owner(account).send().await {
        Ok(answer) => answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        // Having no tags is an error in S3, and lacking the permission to read them comes to the same here.
        Err(_) => BTreeMap::new(),
    }
}
