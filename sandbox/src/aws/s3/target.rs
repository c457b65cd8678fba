//! The object that a request names, with all that is said about it: what reading, writing and uploading begin with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::S3Error;
use super::request::Asked;
use super::store::{Condition, StoreError, Stored, Written};
use super::{Record, change};
use crate::state::World;

/// An object, there or not, of a bucket that is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) asked: &'a Asked,
}

impl Target<'_> {
    /// Whether there can be such an object at all.
    pub(super) fn check_key(&self) -> Result<(), S3Error> {
        self.world.store.path_of(self.bucket, self.key).map(drop).map_err(S3Error::of_key)
    }

    /// What must be there, or must not, for a write to take place.
    pub(super) fn condition(&self) -> Result<Option<Condition>, S3Error> {
        match (self.asked.header("if-none-match"), self.asked.header("if-match")) {
            (None, None) => Ok(None),
            (Some("*"), None) => Ok(Some(Condition::Absent)),
            (None, Some(etag)) => Ok(Some(Condition::Is(etag.to_owned()))),
            (Some(_), None) => Err(S3Error::not_implemented("If-None-Match with anything but *")),
            (Some(_), Some(_)) => Err(S3Error::not_implemented("If-Match together with If-None-Match")),
        }
    }

    /// A file for what is to become the object, or a part of it.
    pub(super) fn spool(&self) -> Result<PathBuf, S3Error> {
        self.world.store.spool().map_err(S3Error::disk)
    }

    /// Puts a file that came in whole in the object's place. The file is gone afterwards in any case.
    pub(super) fn put(&self, file: &Path, record: Record, condition: Option<&Condition>) -> Result<Written, S3Error> {
        let put = change::put(self.world, self.bucket, self.key, file, Some(record), condition);
        put.map_err(|error| self.refused(error, condition))
    }

    /// The version that the request names, or else the newest one.
    pub(super) async fn stored(&self) -> Result<(PathBuf, Record, Option<String>), S3Error> {
        stored(self.world, self.bucket, self.key, self.asked.query("versionId")).await
    }

    /// What an error of the store is for whoever sent the request.
    pub(super) fn refused(&self, error: StoreError, condition: Option<&Condition>) -> S3Error {
        S3Error::of_store(error, self.key, condition)
    }
}

/// A version of an object: its file, what is known of it, and its id if it has one.
pub(super) async fn stored(
    world: &Arc<World>,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<(PathBuf, Record, Option<String>), S3Error> {
    let found = {
        // The ETag of a file that came over SFTP, or was changed by hand, is computed from all of it.
        let (world, bucket, key) = (Arc::clone(world), bucket.to_owned(), key.to_owned());
        let version = version.map(str::to_owned);
        tokio::task::spawn_blocking(move || world.store.version(&bucket, &key, version.as_deref())).await
    };
    let found = found.map_err(S3Error::disk)?.map_err(|error| S3Error::of_store(error, key, None))?;
    match (found, version) {
        (Some(Stored::Object(path, record, id)), _) => Ok((path, record, id)),
        (Some(Stored::Marker), _) => Err(S3Error::not_allowed().header("x-amz-delete-marker", "true")),
        (None, None) => Err(S3Error::no_such_key(key)),
        (None, Some(_)) => Err(S3Error::no_such_version(key)),
    }
}
