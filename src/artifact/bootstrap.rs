//! The function's binary: the one this program carries, or one that is named.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};
use std::path::Path;

use zip::ZipArchive;
use zip::result::{ZipError, ZipResult};

use crate::error::{Error, ErrorCode, Result};
use crate::settings::Architecture;

use super::digest::sha256;
use super::{elf, entry};

/// The function as it was built with this program, packed by [`entry::packed`]. Empty where that was not possible.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bootstrap.zip"));
static EMBEDDED_SHA256: &str = include_str!(concat!(env!("OUT_DIR"), "/bootstrap.sha256"));

/// A function's binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// What Lambda runs.
    pub program: Vec<u8>,
    /// The same, as the one file of a zip.
    pub packed: Cow<'static, [u8]>,
    /// The SHA-256 of the program, in lower-case hexadecimal.
    pub sha256: Cow<'static, str>,
}

impl Bootstrap {
    /// Packs a program.
    ///
    /// # Errors
    /// When it is larger than a zip can hold.
    pub fn of(program: Vec<u8>) -> Result<Self> {
        let packed = entry::packed(&program).map_err(|error| unusable("the bootstrap cannot be packed", &error))?;
        let sha256 = Cow::Owned(sha256(&program));
        Ok(Self { program, packed: Cow::Owned(packed), sha256 })
    }

    fn inside() -> Result<Self> {
        let program =
            unpacked(EMBEDDED).map_err(|error| unusable("the function inside sftp-okta cannot be unpacked", &error))?;
        Ok(Self { program, packed: Cow::Borrowed(EMBEDDED), sha256: Cow::Borrowed(EMBEDDED_SHA256) })
    }
}

/// The binary to deploy: `--bootstrap FILE`, or the one inside this program. It is checked to run on Lambda.
///
/// # Errors
/// When the file cannot be read, there is none inside, or it would not run with that architecture.
pub fn load(named: Option<&Path>, architecture: Architecture) -> Result<Bootstrap> {
    match named {
        Some(path) => {
            let program = read(path)?;
            elf::check(&program, architecture, &path.display().to_string())?;
            Bootstrap::of(program)
        }
        None if EMBEDDED.is_empty() => Err(none_inside()),
        None => {
            let bootstrap = Bootstrap::inside()?;
            elf::check(&bootstrap.program, architecture, "the bootstrap inside sftp-okta")?;
            Ok(bootstrap)
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let shown = path.display().to_string();
        Error::new(ErrorCode::ArtifactFailed, format!("the bootstrap {shown} cannot be read"))
            .cause(error.to_string())
            .hint("name a file with --bootstrap, or leave the flag out to use the one inside sftp-okta")
            .resource(shown)
    })
}

fn unpacked(zip: &[u8]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(zip))?;
    let mut program = Vec::new();
    archive.by_index(0)?.read_to_end(&mut program)?;
    Ok(program)
}

fn unusable(what: &str, error: &ZipError) -> Error {
    Error::new(ErrorCode::ArtifactFailed, what).cause(error.to_string()).hint("name a bootstrap with --bootstrap FILE")
}

fn none_inside() -> Error {
    Error::new(ErrorCode::ArtifactFailed, "this sftp-okta carries no function")
        .cause("it was built on a system other than Linux")
        .hint("name one with --bootstrap FILE, built with `cargo lambda build --release -p sftp-okta-lambda`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn the_one_inside_runs_on_lambda_and_is_packed_as_a_named_one_would_be() {
        let inside = load(None, Architecture::X86_64).unwrap();
        assert!(inside.program.starts_with(b"\x7fELF"));
        assert!(Bootstrap::of(inside.program.clone()).unwrap() == inside);
    }

    #[test]
    fn a_named_one_must_be_there_and_be_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bootstrap");
        assert!(load(Some(&path), Architecture::X86_64).unwrap_err().message.ends_with("cannot be read"));
        std::fs::write(&path, "#!/bin/sh").unwrap();
        let error = load(Some(&path), Architecture::X86_64).unwrap_err();
        assert_eq!(error.message, "the function's bootstrap cannot run on Lambda");
    }
}
