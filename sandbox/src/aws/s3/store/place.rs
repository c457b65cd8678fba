//! How objects get to their places in a bucket's folder, and leave them. All of it happens under the store's lock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Store, StoreError};
use crate::aws::s3::Record;

impl Store {
    /// Makes the folders on the way to a key, and refuses it where a folder stands in its place or a file on the way.
    pub(super) fn make_room(&self, bucket: &str, key: &str) -> Result<PathBuf, StoreError> {
        let path = self.path_of(bucket, key)?;
        // What stands in the way is told by the kind of the error.
        let taken = |error: io::Error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => StoreError::FileAndFolder,
            _ => StoreError::Disk(error),
        };
        if key.ends_with('/') {
            let stands = fs::symlink_metadata(&path).is_ok_and(|found| !found.is_dir());
            if stands {
                return Err(StoreError::FileAndFolder);
            }
        } else if path.is_dir() {
            return Err(StoreError::FileAndFolder);
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(taken)?;
        }
        Ok(path)
    }

    /// Moves a file to a key, and notes what is known of it. What stood there is gone.
    pub(super) fn put_in_place(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
        record: Option<&Record>,
    ) -> Result<Option<Record>, StoreError> {
        let path = self.make_room(bucket, key)?;
        if key.ends_with('/') {
            fs::create_dir_all(&path)?;
        } else {
            fs::rename(file, &path)?;
        }
        let mut record = record.cloned();
        if let Some(record) = &mut record {
            record.stamp(&fs::metadata(&path)?);
        }
        self.note(bucket, key, record.as_ref())?;
        Ok(record)
    }

    /// Removes an object's file or folder, what was noted of it, and folders that nobody made and that are empty now.
    pub(super) fn remove(&self, bucket: &str, key: &str, path: &Path) -> Result<(), StoreError> {
        self.note(bucket, key, None)?;
        if key.ends_with('/') {
            // What is in the folder stays, and so does the folder; only the object of its name is gone.
            let _ = fs::remove_dir(path);
        } else {
            fs::remove_file(path)?;
        }
        self.remove_empty_above(bucket, key)
    }

    pub(super) fn remove_empty_above(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        let mut parent = key.trim_end_matches('/').rsplit_once('/').map(|(parent, _)| parent);
        while let Some(key) = parent {
            let marked = self.note_of(bucket, &format!("{key}/")).is_some();
            if marked || fs::remove_dir(self.path_of(bucket, key)?).is_err() {
                break;
            }
            parent = key.rsplit_once('/').map(|(parent, _)| parent);
        }
        Ok(())
    }
}
