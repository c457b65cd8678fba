//! The objects, as plain files: `{folder}/{bucket}/{key}`, so that `ls` shows them and SFTP serves them from disk.
//!
//! A key that ends in `/` is a folder; a folder is listed as an object when it was made as one or when it is empty. One name
//! cannot be a file and a folder at once: the later of `a` and `a/b` is refused, which S3 would take.

mod entries;
mod notes;
mod place;
mod versions;

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use md5::Digest;

use super::key::{self, KeyError};
use super::record::{Record, hex};
use versions::Next;

pub(super) use entries::Entry;
pub(crate) use versions::Version;
pub(super) use versions::{Stored, Versioning};

/// How the names of files that are still coming in end.
const INCOMING: &str = "incoming";

/// All objects of all buckets.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    index: PathBuf,
    uploads: PathBuf,
    /// Earlier versions.
    kept: PathBuf,
    /// Held while a condition is checked and the object put in its place.
    writing: Mutex<()>,
}

/// A condition on the object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// None is there (`If-None-Match: *`).
    Absent,
    /// It has this ETag (`If-Match`); `*` is any.
    Is(String),
}

/// Why an object could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The key cannot be a file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The condition does not hold.
    #[error("At least one of the pre-conditions you specified did not hold")]
    Condition,
    /// There is no such object.
    #[error("The specified key does not exist.")]
    Absent,
    /// The name is taken by a folder, or a part of the key by a file.
    #[error("The sandbox keeps objects as files: this name, or a part of it, is a file and a folder at once")]
    FileAndFolder,
    /// What the system says.
    #[error("the disk refuses: {0}")]
    Disk(#[from] io::Error),
}

/// An object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// What is known of it; nothing of a file that nobody has read yet.
    pub(crate) record: Option<Record>,
    /// Its version, where the bucket keeps them.
    pub(crate) version: Option<String>,
}

/// An object that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// Whether there was one.
    pub(crate) was_there: bool,
    /// The id of the mark that stands in its place, where the bucket keeps versions.
    pub(crate) marker: Option<String>,
}

impl Store {
    /// Objects below `folder`. What is noted of them, earlier versions, and parts of unfinished uploads are kept beside it.
    pub(crate) fn new(folder: PathBuf) -> Self {
        let beside = |name| folder.with_file_name(name);
        let (index, uploads, kept) = (beside("bucket-index"), beside("uploads"), beside("bucket-versions"));
        Self { folder, index, uploads, kept, writing: Mutex::new(()) }
    }

    /// The folder of a bucket.
    pub(crate) fn bucket(&self, bucket: &str) -> PathBuf {
        self.folder.join(bucket)
    }

    /// Where unfinished uploads are kept: on the same disk as the buckets.
    pub(crate) fn uploads(&self) -> &Path {
        &self.uploads
    }

    /// Removes files that were still coming in when a sandbox was killed. Nobody may be writing yet.
    pub(crate) fn remove_spooled(&self) {
        for row in fs::read_dir(&self.uploads).into_iter().flatten().flatten() {
            if row.path().extension().is_some_and(|kind| kind == INCOMING) {
                let _ = fs::remove_file(row.path());
            }
        }
    }

    /// A file for bytes that are still coming in.
    pub(crate) fn spool(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.uploads)?;
        Ok(self.uploads.join(format!("{}.{INCOMING}", uuid::Uuid::new_v4())))
    }

    /// The file or folder of a key: always below the bucket's folder, and never through a symbolic link.
    pub(crate) fn path_of(&self, bucket: &str, key: &str) -> Result<PathBuf, KeyError> {
        if !key::is_bucket_name(bucket) {
            return Err(KeyError::Dots);
        }
        key::path_below(&self.bucket(bucket), key)
    }

    /// The file or folder of an object; nothing where there is none.
    pub(super) fn found(&self, bucket: &str, key: &str) -> Result<Option<(PathBuf, Metadata)>, StoreError> {
        let path = self.path_of(bucket, key)?;
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if found.is_dir() != key.ends_with('/') || !(found.is_dir() || found.is_file()) {
            return Ok(None);
        }
        let is_object = found.is_file() || self.note_of(bucket, key).is_some() || fs::read_dir(&path)?.next().is_none();
        Ok(is_object.then_some((path, found)))
    }

    /// What is known of an object; `None` when there is none.
    pub(crate) fn record(&self, bucket: &str, key: &str) -> Result<Option<Record>, StoreError> {
        let Some((path, found)) = self.found(bucket, key)? else { return Ok(None) };
        if let Some(note) = self.note_of(bucket, key).filter(|note| note.is_of(&found)) {
            return Ok(Some(note));
        }
        let record = Record::of_file(&path, &found)?;
        if found.is_file() {
            self.note(bucket, key, Some(&record))?;
        }
        Ok(Some(record))
    }

    /// An object's bytes.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>, StoreError> {
        if self.record(bucket, key)?.is_none() {
            return Err(StoreError::Absent);
        }
        if key.ends_with('/') { Ok(Vec::new()) } else { Ok(fs::read(self.path_of(bucket, key)?)?) }
    }

    /// Writes an object; one whose key ends in `/` makes a folder.
    pub(super) fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: &[u8],
        versioning: Versioning,
    ) -> Result<Written, StoreError> {
        let spooled = self.spool()?;
        fs::write(&spooled, bytes)?;
        let record = Record { etag: hex(&md5::Md5::digest(bytes)), ..Record::default() };
        self.commit(bucket, key, &spooled, Some(record), None, versioning)
    }

    /// Puts a file that came in whole in its place, if the condition holds. The file is gone afterwards in any case.
    pub(super) fn commit(
        &self,
        bucket: &str,
        key: &str,
        spooled: &Path,
        record: Option<Record>,
        condition: Option<&Condition>,
        versioning: Versioning,
    ) -> Result<Written, StoreError> {
        let commit = || {
            let _writing = self.lock();
            self.check(bucket, key, condition)?;
            self.make_room(bucket, key)?;
            if key.ends_with('/') && fs::metadata(spooled)?.len() > 0 {
                return Err(StoreError::FileAndFolder);
            }
            let version = self.set_aside(bucket, key, versioning, Next::Object)?;
            let record = self.put_in_place(bucket, key, spooled, record.as_ref())?;
            Ok(Written { record, version })
        };
        let committed = commit();
        let _ = fs::remove_file(spooled);
        committed
    }

    /// Deletes an object, if the condition holds, and folders that nobody made and that are empty now.
    pub(super) fn delete(
        &self,
        bucket: &str,
        key: &str,
        condition: Option<&Condition>,
        versioning: Versioning,
    ) -> Result<Deleted, StoreError> {
        let _writing = self.lock();
        let found = self.found(bucket, key)?;
        self.check(bucket, key, condition)?;
        let marker = self.set_aside(bucket, key, versioning, Next::Marker)?;
        if let Some((path, _)) = &found {
            self.remove(bucket, key, path)?;
        }
        Ok(Deleted { was_there: found.is_some(), marker })
    }

    /// Moves an object, with what is known of it: for S3 that is a copy and then a deletion, and so it makes a version there
    /// and a mark here. Both are given as bucket and key, and with what the bucket does with versions.
    pub(super) fn rename(
        &self,
        (from_bucket, from_key, from_versioning): (&str, &str, Versioning),
        (to_bucket, to_key, to_versioning): (&str, &str, Versioning),
    ) -> Result<(), StoreError> {
        let _writing = self.lock();
        let (path, _) = self.found(from_bucket, from_key)?.ok_or(StoreError::Absent)?;
        if (from_bucket, from_key) == (to_bucket, to_key) {
            return Ok(());
        }
        self.make_room(to_bucket, to_key)?;
        let record = self.note_of(from_bucket, from_key);
        self.set_aside(to_bucket, to_key, to_versioning, Next::Object)?;
        self.set_aside(from_bucket, from_key, from_versioning, Next::Marker)?;
        self.put_in_place(to_bucket, to_key, &path, record.as_ref())?;
        self.note(from_bucket, from_key, None)?;
        self.remove_empty_above(from_bucket, from_key)
    }

    /// Copies a file to a key.
    pub(super) fn copy(
        &self,
        from: &Path,
        (bucket, key): (&str, &str),
        record: Record,
        condition: Option<&Condition>,
        versioning: Versioning,
    ) -> Result<Written, StoreError> {
        let spooled = self.spool()?;
        if from.is_dir() {
            fs::write(&spooled, b"")?;
        } else {
            fs::copy(from, &spooled)?;
        }
        self.commit(bucket, key, &spooled, Some(record), condition, versioning)
    }

    /// Removes what is left of a bucket.
    pub(super) fn remove_bucket(&self, bucket: &str) -> io::Result<()> {
        let _ = fs::remove_dir_all(self.index.join(bucket));
        let _ = fs::remove_dir_all(self.kept.join(bucket));
        match fs::remove_dir(self.bucket(bucket)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn check(&self, bucket: &str, key: &str, condition: Option<&Condition>) -> Result<(), StoreError> {
        let Some(condition) = condition else { return Ok(()) };
        match (condition, self.record(bucket, key)?) {
            (Condition::Absent, None) => Ok(()),
            (Condition::Is(etag), Some(found)) if etag == "*" || etag.trim_matches('"') == found.etag => Ok(()),
            (Condition::Is(_), None) => Err(StoreError::Absent),
            (Condition::Absent | Condition::Is(_), Some(_)) => Err(StoreError::Condition),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
