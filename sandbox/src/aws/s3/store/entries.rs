//! What is below a prefix: the objects of a bucket, as its folder shows them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::Store;
use crate::aws::s3::key;

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

impl Store {
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
}
