//! The function's binary: the one this program carries, or one that is named.

use std::borrow::Cow;
use std::path::Path;

use crate::error::{Error, ErrorCode, Result};
use crate::settings::Architecture;

use super::head::HashedHead;
use super::program::{Executable, Program};
use super::{elf, entry};

/// The function as it was built with this program, packed by [`entry::packed`]. Empty where that was not possible.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bootstrap.zip"));
/// What is known of it: a [`Program`].
static EMBEDDED_PROGRAM: &str = include_str!(concat!(env!("OUT_DIR"), "/bootstrap.json"));
/// The digest of that zip's head: a [`HashedHead`].
static EMBEDDED_HEAD: &str = include_str!(concat!(env!("OUT_DIR"), "/bootstrap-head.json"));

/// A function's binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// What is known of it.
    pub program: Program,
    /// It, as the one file of a zip.
    pub head: Cow<'static, [u8]>,
    /// The list of files of that zip, which ends it.
    pub list: Cow<'static, [u8]>,
    /// The digest of the head.
    pub hashed: HashedHead,
}

impl Bootstrap {
    /// Packs a program.
    ///
    /// # Errors
    /// When it is larger than a zip can hold.
    pub fn of(program: &[u8]) -> Result<Self> {
        let cannot = |cause: &str| unusable("the bootstrap cannot be packed", cause);
        let packed = entry::packed(program).map_err(|error| cannot(&error.to_string()))?;
        let hashed = HashedHead::of(&packed).map_err(|error| cannot(&error.to_string()))?;
        let (head, list) = hashed.cut(&packed).map_err(|error| cannot(&error.to_string()))?;
        let (head, list) = (Cow::Owned(head.to_vec()), Cow::Owned(list.to_vec()));
        Ok(Self { program: Program::of(program), head, list, hashed })
    }

    fn inside() -> Result<Self> {
        let cannot = |cause: &str| unusable("what is known of the function inside sftp-okta cannot be read", cause);
        let program = serde_json::from_str(EMBEDDED_PROGRAM).map_err(|error| cannot(&error.to_string()))?;
        let hashed: HashedHead = serde_json::from_str(EMBEDDED_HEAD).map_err(|error| cannot(&error.to_string()))?;
        let (head, list) = hashed.cut(EMBEDDED).map_err(|error| cannot(&error.to_string()))?;
        Ok(Self { program, head: Cow::Borrowed(head), list: Cow::Borrowed(list), hashed })
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
            elf::check(Executable::read(&program).ok().as_ref(), architecture, &path.display().to_string())?;
            Bootstrap::of(&program)
        }
        None if EMBEDDED.is_empty() => Err(none_inside()),
        None => {
            let bootstrap = Bootstrap::inside()?;
            elf::check(bootstrap.program.executable.as_ref(), architecture, "the bootstrap inside sftp-okta")?;
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

fn unusable(what: &str, cause: &str) -> Error {
    Error::new(ErrorCode::ArtifactFailed, what).cause(cause).hint("name a bootstrap with --bootstrap FILE")
}

fn none_inside() -> Error {
    Error::new(ErrorCode::ArtifactFailed, "this sftp-okta carries no function")
        .cause("it was built on a system other than Linux")
        .hint("name one with --bootstrap FILE, built with `cargo lambda build --release -p sftp-okta-lambda`")
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use zip::ZipArchive;

    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn the_one_inside_runs_on_lambda_and_is_packed_as_a_named_one_would_be() {
        let inside = load(None, Architecture::X86_64).unwrap();
        let mut zip = ZipArchive::new(Cursor::new([&*inside.head, &*inside.list].concat())).unwrap();
        let mut program = Vec::new();
        zip.by_index(0).unwrap().read_to_end(&mut program).unwrap();
        assert!(program.starts_with(b"\x7fELF"));
        assert!(Bootstrap::of(&program).unwrap() == inside);
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
