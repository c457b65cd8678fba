//! Earlier versions of objects, in buckets whose versioning is on: what was overwritten or deleted through S3.
//!
//! The newest version is the file that SFTP serves too. Its id is `null` until another one takes its place; earlier ones have
//! ids of their own. What is changed over SFTP or by hand keeps no version.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Record, Store, StoreError};
use crate::state::World;

/// The id of a version that has none of its own.
pub(super) const NULL: &str = "null";

/// A version that is not the newest one, or the mark of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) key: String,
    pub(super) id: String,
    /// Whether it only says that the object was deleted.
    pub(super) is_marker: bool,
    /// When, in nanoseconds since 1970.
    modified: u64,
    pub(super) size: u64,
    pub(super) etag: String,
}

impl Version {
    /// When it was made.
    pub(super) fn modified(&self) -> SystemTime {
        UNIX_EPOCH + std::time::Duration::from_nanos(self.modified)
    }
}

/// All that is kept of a bucket.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Oldest first.
    versions: Vec<Version>,
    /// Ids of newest versions that have one.
    newest: BTreeMap<String, String>,
}

/// Whether a bucket keeps versions.
pub(super) fn is_on(world: &World, bucket: &str) -> bool {
    world.read(|state| {
        let set = state.buckets.buckets.get(bucket).and_then(|bucket| bucket.configuration.get("versioning"));
        set.is_some_and(|document| document.contains("<Status>Enabled</Status>"))
    })
}

impl Store {
    fn kept_in(&self, bucket: &str) -> PathBuf {
        self.versions().join(bucket)
    }

    fn kept(&self, bucket: &str) -> Kept {
        let read = fs::read(self.kept_in(bucket).join("versions.json")).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn save_kept(&self, bucket: &str, kept: &Kept) -> io::Result<()> {
        let folder = self.kept_in(bucket);
        fs::create_dir_all(&folder)?;
        let new = self.spool()?;
        fs::write(&new, serde_json::to_vec(kept)?)?;
        fs::rename(new, folder.join("versions.json"))
    }

    /// Earlier versions whose keys begin with `prefix`, newest first, and the ids of newest ones that have one.
    pub(super) fn earlier(&self, bucket: &str, prefix: &str) -> (Vec<Version>, BTreeMap<String, String>) {
        let mut kept = self.kept(bucket);
        kept.versions.retain(|version| version.key.starts_with(prefix));
        kept.versions.reverse();
        (kept.versions, kept.newest)
    }

    /// Keeps the object as it is now, before another one takes its place.
    pub(super) fn keep(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        let Some(record) = self.record(bucket, key)? else { return Ok(()) };
        let mut kept = self.kept(bucket);
        let id = kept.newest.remove(key).unwrap_or_else(new_id);
        let folder = self.kept_in(bucket);
        fs::create_dir_all(&folder)?;
        if !key.ends_with('/') {
            fs::copy(self.path_of(bucket, key)?, folder.join(&id))?;
        }
        let Record { size, modified, etag, .. } = record;
        kept.versions.push(Version { key: key.to_owned(), id, is_marker: false, modified, size, etag });
        Ok(self.save_kept(bucket, &kept)?)
    }

    /// Deletes an object of a bucket with versions: it is kept, and marked as deleted. The id of the mark.
    pub(super) fn mark_deleted(&self, bucket: &str, key: &str) -> Result<String, StoreError> {
        self.keep(bucket, key)?;
        self.delete(bucket, key, None)?;
        let mut kept = self.kept(bucket);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let marker = Version {
            key: key.to_owned(),
            id: new_id(),
            is_marker: true,
            modified: u64::try_from(since.as_nanos()).unwrap_or(0),
            size: 0,
            etag: String::new(),
        };
        let id = marker.id.clone();
        kept.versions.push(marker);
        self.save_kept(bucket, &kept)?;
        Ok(id)
    }

    /// Deletes one version for good. Where that was the newest one, the one before it takes its place.
    pub(super) fn delete_version(&self, bucket: &str, key: &str, id: &str) -> Result<(), StoreError> {
        let mut kept = self.kept(bucket);
        if kept.newest.get(key).map_or(NULL, String::as_str) == id {
            kept.newest.remove(key);
            self.delete(bucket, key, None)?;
        }
        kept.versions.retain(|version| version.key != key || version.id != id);
        let _ = fs::remove_file(self.kept_in(bucket).join(id_file(id)));
        let last = kept.versions.iter().rposition(|version| version.key == key);
        let is_back = last.and_then(|place| kept.versions.get(place)).is_some_and(|version| !version.is_marker);
        if is_back
            && self.record(bucket, key)?.is_none()
            && let Some(place) = last
        {
            let version = kept.versions.remove(place);
            let record = Record { etag: version.etag, ..Record::default() };
            let file = self.kept_in(bucket).join(id_file(&version.id));
            if key.ends_with('/') {
                fs::write(&file, b"")?;
            }
            self.commit(bucket, key, &file, record, None)?;
            kept.newest.insert(key.to_owned(), version.id);
        }
        Ok(self.save_kept(bucket, &kept)?)
    }

    /// Forgets what is kept of a bucket that is gone.
    pub(super) fn forget_versions(&self, bucket: &str) {
        let _ = fs::remove_dir_all(self.kept_in(bucket));
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// An id as it came from a client names a file only where it is one of ours.
fn id_file(id: &str) -> &str {
    if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) { id } else { "none" }
}
