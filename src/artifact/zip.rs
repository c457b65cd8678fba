//! The zip of the function: the same binary and the same settings always give the same bytes.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::Path;

use sha2::Digest as _;
use zip::ZipWriter;
use zip::result::ZipResult;

use crate::digest::hex;
use crate::error::{Error, ErrorCode, Result};
use crate::settings::Settings;

use super::behind::Behind;
use super::bootstrap::{self, Bootstrap};
use super::entry;

/// Lambda's limit for a function's files, unpacked.
const MOST_BYTES: usize = 250 * 1024 * 1024;

/// What `deploy` uploads and `package` writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The zip's head: the bootstrap.
    head: Cow<'static, [u8]>,
    /// The settings, and the list of both files.
    rest: Vec<u8>,
    /// The SHA-256 of the zip.
    digest: [u8; 32],
    /// The SHA-256 of `bootstrap` inside it.
    pub bootstrap_sha256: String,
    /// The size of `bootstrap`, unpacked.
    pub bootstrap_size: usize,
}

impl Artifact {
    /// The zip.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&*self.head, &self.rest].concat()
    }

    /// How many bytes the zip has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.head.len() + self.rest.len()
    }

    /// The SHA-256 of the zip, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(&self.digest)
    }

    /// The SHA-256 of the zip as bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The key under which a bucket holds it: `{deployment}/{sha256}.zip`.
    #[must_use]
    pub fn key(&self, deployment: &str) -> String {
        format!("{deployment}/{}.zip", self.sha256())
    }
}

/// The zip of a deployment, from its settings.
///
/// # Errors
/// As [`bootstrap::load`], and when the zip would be larger than Lambda takes.
pub fn artifact(settings: &Settings, named: Option<&Path>) -> Result<Artifact> {
    let bootstrap = bootstrap::load(named, settings.lambda.architecture)?;
    pack(bootstrap, &settings.function_settings().to_json())
}

/// Packs `bootstrap` and `settings.json`, in this order, with fixed times and modes.
///
/// # Errors
/// When the files are larger than Lambda takes.
pub fn pack(bootstrap: Bootstrap, settings_json: &str) -> Result<Artifact> {
    let Bootstrap { program, head, list, hashed } = bootstrap;
    if program.size + settings_json.len() > MOST_BYTES {
        let cause = format!("bootstrap has {} bytes, and Lambda takes {MOST_BYTES}", program.size);
        return Err(failed(cause).hint("build bootstrap with `--profile lambda`, which strips it"));
    }
    let rest = rest(&head, list.into_owned(), settings_json).map_err(|error| failed(error.to_string()))?;
    let digest: [u8; 32] = hashed
        .after_head()
        .ok_or_else(|| failed("the digest of its head is damaged".to_owned()))?
        .chain_update(&rest)
        .finalize()
        .into();
    Ok(Artifact { head, rest, digest, bootstrap_sha256: program.sha256, bootstrap_size: program.size })
}

/// What comes behind the bootstrap, which is packed already: only the settings are compressed.
fn rest(head: &[u8], list: Vec<u8>, settings_json: &str) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new_append(Behind::new(head, list))?;
    zip.start_file("settings.json", entry::options(0o644))?;
    zip.write_all(settings_json.as_bytes())?;
    Ok(zip.finish()?.into_rest())
}

fn failed(cause: String) -> Error {
    Error::new(ErrorCode::ArtifactFailed, "the function's zip could not be made").cause(cause)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use zip::ZipArchive;

    use super::*;
    use crate::digest::sha256;

    fn pack(program: &[u8], settings_json: &str) -> Result<Artifact> {
        super::pack(Bootstrap::of(program)?, settings_json)
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let artifact = pack(b"binary", "{}").unwrap();
        assert_eq!(pack(b"binary", "{}").unwrap(), artifact);
        assert_ne!(pack(b"binary", "{ }").unwrap().sha256(), artifact.sha256());
        // Changes only with the compressor, and then every deployment updates its function once.
        assert_eq!(artifact.sha256(), "ab57bf046e0d4a7baf592b0cdc13604cdfe5a411f47d63379c20db025e5afad3");
        assert_eq!(artifact.key("demo"), format!("demo/{}.zip", artifact.sha256()));
        assert_eq!((sha256(artifact.bytes()), artifact.bytes().len()), (artifact.sha256(), artifact.size()));
    }

    #[test]
    fn order_times_and_modes_are_fixed() {
        let artifact = pack(b"binary", "{}").unwrap();
        let mut zip = ZipArchive::new(Cursor::new(artifact.bytes())).unwrap();
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
}
