//! The function's binary: the one this program carries, or one that is named.

use std::borrow::Cow;
use std::path::Path;

use crate::error::{Error, ErrorCode, Result};
use crate::settings::{Architecture, Settings};

use super::elf;
use super::zip::{Artifact, Begun, pack};

/// The function as it was built with this program. Empty where that was not possible.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bootstrap"));
/// What of the zip with that function was done when this program was built.
static BEGUN: Begun = Begun {
    zip: include_bytes!(concat!(env!("OUT_DIR"), "/bootstrap.zip")),
    bootstrap_sha256: include_str!(concat!(env!("OUT_DIR"), "/bootstrap.sha256")),
};

/// The binary to deploy: `--bootstrap FILE`, or the one inside this program. It is checked to run on Lambda.
///
/// # Errors
/// When the file cannot be read, there is none inside, or it would not run with that architecture.
pub fn load(named: Option<&Path>, architecture: Architecture) -> Result<Cow<'static, [u8]>> {
    let (bytes, origin) = match named {
        Some(path) => (Cow::Owned(read(path)?), path.display().to_string()),
        None if EMBEDDED.is_empty() => return Err(none_inside()),
        None => (Cow::Borrowed(EMBEDDED), "the bootstrap inside sftp-okta".to_owned()),
    };
    elf::check(&bytes, architecture, &origin)?;
    Ok(bytes)
}

/// The zip of a deployment, from its settings.
///
/// # Errors
/// As [`load`], and when the zip would be larger than Lambda takes.
pub fn artifact(settings: &Settings, named: Option<&Path>) -> Result<Artifact> {
    let bootstrap = load(named, settings.lambda.architecture)?;
    pack(&bootstrap, named.is_none().then_some(BEGUN), &settings.function_settings().to_json())
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
    fn the_one_inside_runs_on_lambda() {
        assert_eq!(load(None, Architecture::X86_64).unwrap(), EMBEDDED);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_zip_that_was_begun_when_this_was_built_is_the_one_that_is_made_now() {
        assert_eq!(pack(EMBEDDED, Some(BEGUN), "{}").unwrap(), pack(EMBEDDED, None, "{}").unwrap());
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
