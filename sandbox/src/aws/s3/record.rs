//! What S3 knows of an object beside its bytes.
//!
//! It stands in a file of its own next to the buckets, not in them. A person or an SFTP session may change the object's file
//! at any time; then size or time differ, and everything that was noted is forgotten and the ETag computed anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// What is known of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// In bytes.
    pub(crate) size: u64,
    /// When the file was last changed, in nanoseconds since 1970.
    pub(crate) modified: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Headers that S3 gives back as they came, such as `content-type`, and `x-amz-meta-*`.
    pub(crate) headers: BTreeMap<String, String>,
    /// Checksums that came with the object, such as `sha256`, in base64.
    pub(crate) checksums: BTreeMap<String, String>,
    /// `COMPOSITE` for those of an object that came in parts.
    pub(crate) checksum_type: Option<String>,
    /// Number of the parts, for an object that came in parts.
    pub(crate) parts: Option<usize>,
}

impl Record {
    /// The time of the last change.
    pub(crate) fn modified(&self) -> SystemTime {
        UNIX_EPOCH + std::time::Duration::from_nanos(self.modified)
    }

    /// Takes size and time from the file.
    pub(crate) fn stamp(&mut self, file: &fs::Metadata) {
        self.size = if file.is_dir() { 0 } else { file.len() };
        self.modified = nanos(file);
    }

    /// Whether this still speaks of that file.
    pub(crate) fn is_of(&self, file: &fs::Metadata) -> bool {
        // A folder changes with what is in it; the object does not.
        file.is_dir() || (self.size == file.len() && self.modified == nanos(file))
    }

    /// What can be told of a file that did not come through S3.
    pub(crate) fn of_file(path: &Path, file: &fs::Metadata) -> io::Result<Self> {
        let etag =
            if file.is_dir() { hex(&Md5::digest(b"")) } else { digest_of::<Md5>(fs::File::open(path)?, |_| Ok(()))? };
        let mut record = Self { etag, ..Self::default() };
        record.stamp(file);
        Ok(record)
    }
}

/// Nanoseconds since 1970 fit until the year 2554.
fn nanos(file: &fs::Metadata) -> u64 {
    let since = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// The digest of all that is read, in hexadecimal. `each` gets every piece of it.
pub(crate) fn digest_of<D: Digest>(
    mut source: impl Read,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<String> {
    let mut digest = D::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer)?;
        match buffer.get(..read) {
            Some([]) | None => return Ok(hex(&digest.finalize())),
            Some(bytes) => {
                digest.update(bytes);
                each(bytes)?;
            }
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
