//! The zip of the function: the same binary and the same settings always give the same bytes.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::entry;
use crate::error::{Error, ErrorCode, Result};

/// Lambda's limit for a function's files, unpacked.
const MOST_BYTES: usize = 250 * 1024 * 1024;

/// What `deploy` uploads and `package` writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The zip.
    pub bytes: Vec<u8>,
    /// The SHA-256 of the zip, in lower-case hexadecimal.
    pub sha256: String,
    /// The SHA-256 of `bootstrap` inside it.
    pub bootstrap_sha256: String,
    /// The size of `bootstrap`, unpacked.
    pub bootstrap_size: usize,
}

impl Artifact {
    /// The SHA-256 of the zip as bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// The key under which a bucket holds it: `{deployment}/{sha256}.zip`.
    #[must_use]
    pub fn key(&self, deployment: &str) -> String {
        format!("{deployment}/{}.zip", self.sha256)
    }
}

/// A zip that was begun when this program was built: compressing `bootstrap` is most of the work.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// The zip with `bootstrap` alone.
    pub zip: &'static [u8],
    /// The SHA-256 of `bootstrap`, in lower-case hexadecimal.
    pub bootstrap_sha256: &'static str,
}

/// Packs `bootstrap` and `settings.json`, in this order, with fixed times and modes. `begun` holds the same `bootstrap`.
///
/// # Errors
/// When the files are larger than Lambda takes.
pub fn pack(bootstrap: &[u8], begun: Option<Begun>, settings_json: &str) -> Result<Artifact> {
    if bootstrap.len() + settings_json.len() > MOST_BYTES {
        let cause = format!("bootstrap has {} bytes, and Lambda takes {MOST_BYTES}", bootstrap.len());
        return Err(failed(cause).hint("build bootstrap with `--profile lambda`, which strips it"));
    }
    let zip = begun.map_or_else(|| entry::begin(bootstrap), |begun| Ok(begun.zip.to_vec()));
    let bytes = zip.and_then(|zip| entry::end(zip, settings_json)).map_err(|error| failed(error.to_string()))?;
    let bootstrap_sha256 = begun.map_or_else(|| sha256(bootstrap), |begun| begun.bootstrap_sha256.to_owned());
    Ok(Artifact { sha256: sha256(&bytes), bytes, bootstrap_sha256, bootstrap_size: bootstrap.len() })
}

/// The SHA-256 of `bytes`, in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn failed(cause: String) -> Error {
    Error::new(ErrorCode::ArtifactFailed, "the function's zip could not be made").cause(cause)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let artifact = pack(b"binary", None, "{}").unwrap();
        assert_eq!(pack(b"binary", None, "{}").unwrap(), artifact);
        assert_ne!(pack(b"binary", None, "{ }").unwrap().sha256, artifact.sha256);
        // Changes only with the compressor, and then every deployment updates its function once.
        assert_eq!(artifact.sha256, "ab57bf046e0d4a7baf592b0cdc13604cdfe5a411f47d63379c20db025e5afad3");
        assert_eq!(artifact.key("demo"), format!("demo/{}.zip", artifact.sha256));
    }

    #[test]
    fn order_times_and_modes_are_fixed() {
        let artifact = pack(b"binary", None, "{}").unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(artifact.bytes)).unwrap();
        let mut seen = Vec::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let mut content = String::new();
            file.read_to_string(&mut content).unwrap();
            let time = file.last_modified().unwrap().to_string();
            seen.push((file.name().unwrap().to_string(), file.unix_mode().unwrap() & 0o777, time, content));
        }
        let time = "1980-01-01 00:00:00".to_owned();
        assert_eq!(
            seen,
            [
                ("bootstrap".to_owned(), 0o755, time.clone(), "binary".to_owned()),
                ("settings.json".to_owned(), 0o644, time, "{}".to_owned()),
            ]
        );
    }

    #[test]
    fn sha256_of_nothing() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
