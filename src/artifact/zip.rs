//! The zip of the function: the same binary and the same settings always give the same bytes.

use std::io::{Cursor, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use zip::{ZipArchive, ZipWriter};

use crate::error::{Error, ErrorCode, Result};
use crate::settings::Settings;

use super::bootstrap::{self, Bootstrap};
use super::digest::sha256;
use super::entry;

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

/// The zip of a deployment, from its settings.
///
/// # Errors
/// As [`bootstrap::load`], and when the zip would be larger than Lambda takes.
pub fn artifact(settings: &Settings, named: Option<&Path>) -> Result<Artifact> {
    let bootstrap = bootstrap::load(named, settings.lambda.architecture)?;
    pack(&bootstrap, &settings.function_settings().to_json())
}

/// Packs `bootstrap` and `settings.json`, in this order, with fixed times and modes.
///
/// # Errors
/// When the files are larger than Lambda takes.
pub fn pack(bootstrap: &Bootstrap, settings_json: &str) -> Result<Artifact> {
    let bootstrap_size = bootstrap.program.size;
    if bootstrap_size + settings_json.len() > MOST_BYTES {
        let cause = format!("bootstrap has {bootstrap_size} bytes, and Lambda takes {MOST_BYTES}");
        return Err(failed(cause).hint("build bootstrap with `--profile lambda`, which strips it"));
    }
    let bytes = write(&bootstrap.packed, settings_json).map_err(|error| failed(error.to_string()))?;
    let bootstrap_sha256 = bootstrap.program.sha256.clone();
    Ok(Artifact { sha256: sha256(&bytes), bytes, bootstrap_sha256, bootstrap_size })
}

/// The packed bootstrap is copied as it is; only the settings are compressed.
fn write(packed: &[u8], settings_json: &str) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(packed.len() + settings_json.len())));
    zip.raw_copy_file(ZipArchive::new(Cursor::new(packed))?.by_index_raw(0)?)?;
    zip.start_file("settings.json", entry::options(0o644))?;
    zip.write_all(settings_json.as_bytes())?;
    Ok(zip.finish()?.into_inner())
}

fn failed(cause: String) -> Error {
    Error::new(ErrorCode::ArtifactFailed, "the function's zip could not be made").cause(cause)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn pack(program: &[u8], settings_json: &str) -> Result<Artifact> {
        super::pack(&Bootstrap::of(program)?, settings_json)
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let artifact = pack(b"binary", "{}").unwrap();
        assert_eq!(pack(b"binary", "{}").unwrap(), artifact);
        assert_ne!(pack(b"binary", "{ }").unwrap().sha256, artifact.sha256);
        // Changes only with the compressor, and then every deployment updates its function once.
        assert_eq!(artifact.sha256, "ab57bf046e0d4a7baf592b0cdc13604cdfe5a411f47d63379c20db025e5afad3");
        assert_eq!(artifact.key("demo"), format!("demo/{}.zip", artifact.sha256));
    }

    #[test]
    fn order_times_and_modes_are_fixed() {
        let artifact = pack(b"binary", "{}").unwrap();
        let mut zip = ZipArchive::new(Cursor::new(artifact.bytes)).unwrap();
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
