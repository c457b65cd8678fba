//! The bucket with the users' files: whether it is there, and how it goes where somebody asked for that by its name. The
//! stack makes it, or its owner does.

mod empty;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;

pub use empty::delete_with_contents;

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

async fn tags(client: &Client, bucket: &str, account: &str) -> BTreeMap<String, String> {
    match client.get_bucket_tagging().bucket(bucket).expected_bucket_owner(account).send().await {
        Ok(answer) => answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        // Having no tags is an error in S3, and lacking the permission to read them comes to the same here.
        Err(_) => BTreeMap::new(),
    }
}
