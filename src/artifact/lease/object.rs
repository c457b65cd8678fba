//! The object: what it says, and its conditional writes.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use serde::{Deserialize, Serialize};

use super::super::bucket::ArtifactBucket;
use crate::aws::{failure, refusal};
use crate::error::Result;

/// What the object says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) run: String,
    pub(super) command: String,
    pub(super) caller: String,
    pub(super) lives_ms: u64,
    /// Counts the writes: S3 gives equal bytes an equal ETag, and a renewal has to be seen.
    pub(super) renewal: u64,
}

/// The lease's object, as this run writes it.
#[derive(Debug, Clone)]
pub(super) struct LeaseObject {
    pub(super) client: Client,
    pub(super) bucket: ArtifactBucket,
    pub(super) key: String,
    pub(super) note: Note,
    pub(super) lives: Duration,
}

/// What an attempt to write came to.
pub(super) enum Write {
    Done(String),
    /// Somebody else's object is there. The service's time, where it told.
    Taken(Option<DateTime>),
}

impl LeaseObject {
    /// Writes the object: where none is, or where it still is the one with `etag`.
    pub(super) async fn write(&self, etag: Option<String>) -> Result<Write> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .expected_bucket_owner(&self.bucket.account)
            .body(ByteStream::from(serde_json::to_vec(&self.note).unwrap_or_default()));
        let call = match etag {
            Some(etag) => call.if_match(etag),
            None => call.if_none_match("*"),
        };
        match call.send().await {
            Ok(written) => Ok(Write::Done(written.e_tag.unwrap_or_default())),
            Err(error) => {
                let time = error
                    .raw_response()
                    .and_then(|response| response.headers().get("date"))
                    .and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
                match refusal(&error) {
                    // 412: there is one. 409: another write was under way. 404: the one to replace is gone.
                    Some(refusal) if matches!(refusal.status, 404 | 409 | 412) && refusal.code != "NoSuchBucket" => {
                        Ok(Write::Taken(time))
                    }
                    Some(_) | None => {
                        Err(failure("could not take this deployment's lease", &error).resource(&self.key))
                    }
                }
            }
        }
    }

    /// Deletes the object where it still is the one with `etag`.
    pub(super) async fn remove(&self, etag: String) -> Result<()> {
        let call = self.client.delete_object().bucket(&self.bucket.name).key(&self.key).if_match(etag);
        match call.expected_bucket_owner(&self.bucket.account).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failure("could not give this deployment's lease back", &error).resource(&self.key)),
        }
    }

    /// Who holds it: the object's version, its text where that can be read, and when it was written.
    pub(super) async fn read(&self) -> Result<Option<(String, Option<Note>, Option<DateTime>)>> {
        let call = self.client.get_object().bucket(&self.bucket.name).key(&self.key);
        match call.expected_bucket_owner(&self.bucket.account).send().await {
            Ok(object) => {
                let (etag, written) = (object.e_tag.unwrap_or_default(), object.last_modified);
                let note =
                    object.body.collect().await.ok().and_then(|bytes| serde_json::from_slice(&bytes.into_bytes()).ok());
                Ok(Some((etag, note, written)))
            }
            Err(error) if refusal(&error).is_some_and(|refusal| refusal.status == 404) => Ok(None),
            Err(error) => Err(failure("could not read this deployment's lease", &error).resource(&self.key)),
        }
    }
}
