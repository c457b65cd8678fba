//! The objects, as plain files: `{folder}/{bucket}/{key}`, so that `ls` shows them and SFTP serves them from disk.
//!
//! A key that ends in `/` is a folder; a folder is listed as an object when it was made as one or when it is empty. One name
//! cannot be a file and a folder at once: the later of `a` and `a/b` is refused, which S3 would take.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use md5::Digest;
use sha2::Sha256;

use super::key::{self, KeyError};
use super::record::{Record, hex};

/// All objects of all buckets.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    index: PathBuf,
    uploads: PathBuf,
    /// Held while a condition is checked and the object put in its place.
    writing: Mutex<()>,
}

/// An object as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its key; that of a folder ends in `/`.
    pub(crate) key: String,
    /// In bytes.
    pub(crate) size: u64,
    /// When it was last changed.
    pub(crate) modified: SystemTime,
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

impl Store {
    /// Objects below `folder`. What is noted of them, and parts of unfinished uploads, are kept beside it.
    pub(crate) fn new(folder: PathBuf) -> Self {
        let (index, uploads) = (folder.with_file_name("bucket-index"), folder.with_file_name("uploads"));
        Self { folder, index, uploads, writing: Mutex::new(()) }
    }

    /// The folder of a bucket.
    pub(crate) fn bucket(&self, bucket: &str) -> PathBuf {
        self.folder.join(bucket)
    }

    /// Where unfinished uploads are kept: on the same disk as the buckets.
    pub(crate) fn uploads(&self) -> &Path {
        &self.uploads
    }

    /// Where earlier versions are kept.
    pub(super) fn versions(&self) -> PathBuf {
        self.folder.with_file_name("bucket-versions")
    }

    /// A file for bytes that are still coming in.
    pub(crate) fn spool(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.uploads)?;
        Ok(self.uploads.join(format!("{}.incoming", uuid::Uuid::new_v4())))
    }

    /// The file or folder of a key: always below the bucket's folder, and never through a symbolic link.
    pub(crate) fn path_of(&self, bucket: &str, key: &str) -> Result<PathBuf, KeyError> {
        if !key::is_bucket_name(bucket) {
            return Err(KeyError::Dots);
        }
        key::path_below(&self.bucket(bucket), key)
    }

    /// All objects whose keys begin with `prefix`, in the order of their keys.
    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let root = self.bucket(bucket);
        let below = prefix.rsplit_once('/').map_or("", |(below, _)| below);
        let start = if below.is_empty() {
            root.clone()
        } else {
            match key::path_below(&root, below) {
                Ok(path) => path,
                Err(_) => return Ok(entries),
            }
        };
        let at = if below.is_empty() { String::new() } else { format!("{below}/") };
        self.walk(bucket, &start, &at, prefix, &mut entries)?;
        entries.sort_by(|one, other| one.key.as_bytes().cmp(other.key.as_bytes()));
        Ok(entries)
    }

    fn walk(&self, bucket: &str, folder: &Path, at: &str, prefix: &str, entries: &mut Vec<Entry>) -> io::Result<()> {
        let rows = match fs::read_dir(folder) {
            Ok(rows) => rows,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut is_empty = true;
        for row in rows {
            let row = row?;
            is_empty = false;
            let Ok(name) = row.file_name().into_string() else { continue };
            // A file may vanish while the folder is read.
            let Ok(found) = row.metadata() else { continue };
            let key = format!("{at}{name}");
            if found.is_dir() {
                let key = format!("{key}/");
                if key.starts_with(prefix) || prefix.starts_with(&key) {
                    self.walk(bucket, &row.path(), &key, prefix, entries)?;
                }
            } else if found.is_file() && key.starts_with(prefix) {
                entries.push(Entry { key, size: found.len(), modified: found.modified()? });
            }
        }
        if !at.is_empty() && at.starts_with(prefix) && (is_empty || self.note_of(bucket, at).is_some()) {
            let modified = fs::metadata(folder).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            entries.push(Entry { key: at.to_owned(), size: 0, modified });
        }
        Ok(())
    }

    /// What is known of an object; `None` when there is none.
    pub(crate) fn record(&self, bucket: &str, key: &str) -> Result<Option<Record>, StoreError> {
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
        let note = self.note_of(bucket, key);
        if let Some(note) = note.filter(|note| note.is_of(&found)) {
            return Ok(Some(note));
        }
        if found.is_dir() && fs::read_dir(&path)?.next().is_some() {
            return Ok(None);
        }
        let record = Record::of_file(&path, &found)?;
        if found.is_file() {
            self.note(bucket, key, &record)?;
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
    pub(crate) fn put(&self, bucket: &str, key: &str, bytes: &[u8]) -> Result<Record, StoreError> {
        let spooled = self.spool()?;
        fs::write(&spooled, bytes)?;
        let etag = hex(&md5::Md5::digest(bytes));
        self.commit(bucket, key, &spooled, Record { etag, ..Record::default() }, None)
    }

    /// Puts a file that came in whole in its place, if the condition holds. The file is gone afterwards in any case.
    pub(crate) fn commit(
        &self,
        bucket: &str,
        key: &str,
        spooled: &Path,
        record: Record,
        condition: Option<&Condition>,
    ) -> Result<Record, StoreError> {
        let placed = self.place(bucket, key, spooled, record, condition);
        let _ = fs::remove_file(spooled);
        placed
    }

    fn place(
        &self,
        bucket: &str,
        key: &str,
        spooled: &Path,
        mut record: Record,
        condition: Option<&Condition>,
    ) -> Result<Record, StoreError> {
        let _writing = self.lock();
        let path = self.path_of(bucket, key)?;
        self.check(bucket, key, condition)?;
        // What stands in the way is told by the kind of the error.
        let taken = |error: io::Error| match error.kind() {
            io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty => StoreError::FileAndFolder,
            _ => StoreError::Disk(error),
        };
        if key.ends_with('/') {
            fs::create_dir_all(&path).map_err(taken)?;
            if fs::metadata(spooled)?.len() > 0 {
                return Err(StoreError::FileAndFolder);
            }
        } else {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(taken)?;
            }
            if path.is_dir() {
                return Err(StoreError::FileAndFolder);
            }
            fs::rename(spooled, &path).map_err(taken)?;
        }
        record.stamp(&fs::metadata(&path)?);
        self.note(bucket, key, &record)?;
        Ok(record)
    }

    /// Deletes an object, if the condition holds, and folders that nobody made and that are empty now. Whether there was one.
    pub(crate) fn delete(&self, bucket: &str, key: &str, condition: Option<&Condition>) -> Result<bool, StoreError> {
        let _writing = self.lock();
        let path = self.path_of(bucket, key)?;
        let there = self.record(bucket, key)?.is_some();
        if there || condition.is_some() {
            self.check(bucket, key, condition)?;
        }
        self.forget(bucket, key);
        if !there {
            return Ok(false);
        }
        if key.ends_with('/') {
            // What is in the folder stays, and so does the folder; only the object of its name is gone.
            let _ = fs::remove_dir(&path);
        } else {
            fs::remove_file(&path)?;
        }
        let mut parent = key.trim_end_matches('/').rsplit_once('/').map(|(parent, _)| parent);
        while let Some(key) = parent {
            let marked = self.note_of(bucket, &format!("{key}/")).is_some();
            if marked || fs::remove_dir(self.path_of(bucket, key)?).is_err() {
                break;
            }
            parent = key.rsplit_once('/').map(|(parent, _)| parent);
        }
        Ok(true)
    }

    /// Copies an object; `record` replaces what is known of it, if given.
    pub(crate) fn copy(
        &self,
        from: (&str, &str),
        to: (&str, &str),
        record: Option<Record>,
        condition: Option<&Condition>,
    ) -> Result<Record, StoreError> {
        let known = self.record(from.0, from.1)?.ok_or(StoreError::Absent)?;
        let spooled = self.spool()?;
        if from.1.ends_with('/') {
            fs::write(&spooled, b"")?;
        } else {
            fs::copy(self.path_of(from.0, from.1)?, &spooled)?;
        }
        self.commit(to.0, to.1, &spooled, record.unwrap_or(known), condition)
    }

    /// Removes what is left of a bucket.
    pub(crate) fn remove_bucket(&self, bucket: &str) -> io::Result<()> {
        let _ = fs::remove_dir_all(self.index.join(bucket));
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

    fn note_file(&self, bucket: &str, key: &str) -> PathBuf {
        self.index.join(bucket).join(format!("{}.json", hex(&Sha256::digest(key))))
    }

    fn note_of(&self, bucket: &str, key: &str) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.note_file(bucket, key)).ok()?).ok()
    }

    fn note(&self, bucket: &str, key: &str, record: &Record) -> io::Result<()> {
        let file = self.note_file(bucket, key);
        fs::create_dir_all(self.index.join(bucket))?;
        let new = self.spool()?;
        fs::write(&new, serde_json::to_vec(record)?)?;
        fs::rename(new, file)
    }

    fn forget(&self, bucket: &str, key: &str) {
        let _ = fs::remove_file(self.note_file(bucket, key));
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
