//! What was noted of an object: a file of its own for each, beside the buckets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Store;
use crate::aws::s3::record::{Record, hex};

/// A name for what is kept of a key: keys are longer than file names may be, and hold `/`.
pub(super) fn name_of(key: &str) -> String {
    hex(&Sha256::digest(key))
}

/// Reads a note.
pub(super) fn read(file: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

impl Store {
    /// Where the note of an object stands.
    pub(super) fn note_file(&self, bucket: &str, key: &str) -> PathBuf {
        self.index.join(bucket).join(format!("{}.json", name_of(key)))
    }

    /// What was noted of an object, be it still true or not.
    pub(super) fn note_of(&self, bucket: &str, key: &str) -> Option<Record> {
        read(&self.note_file(bucket, key))
    }

    /// Notes what is known of an object; nothing known is nothing noted.
    pub(super) fn note(&self, bucket: &str, key: &str, record: Option<&Record>) -> io::Result<()> {
        let file = self.note_file(bucket, key);
        match record {
            Some(record) => self.write_whole(&file, &serde_json::to_vec(record)?),
            None => remove_if_there(&file),
        }
    }

    /// Writes a file so that it is there whole or not at all.
    pub(super) fn write_whole(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = self.spool()?;
        fs::write(&new, bytes).and_then(|()| fs::rename(&new, file)).inspect_err(|_| drop(fs::remove_file(&new)))
    }
}

/// Removes a file, if there is one.
pub(super) fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
