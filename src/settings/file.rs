//! The configuration file as text. What it says is read by `resolve`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Result};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "sftp-okta.toml";

/// A configuration file's name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// The path as it was given, for error messages.
    pub path: PathBuf,
    /// The TOML text.
    pub text: String,
}

/// Reads the file that `--config` names, or else `sftp-okta.toml` in the current folder, which may be absent.
///
/// # Errors
/// When a named file is missing, or a file cannot be read as text.
pub fn read(named: Option<&Path>) -> Result<Option<ConfigFile>> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(ConfigFile { path: path.to_owned(), text })),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let shown = path.display();
    let (message, hint) = if error.kind() == ErrorKind::NotFound {
        (
            format!("the configuration file {shown} does not exist"),
            "correct the path after --config, or leave it out to read sftp-okta.toml if there is one".to_owned(),
        )
    } else {
        (
            format!("the configuration file {shown} cannot be read"),
            "make it a UTF-8 text file that you may read, or name another one with --config".to_owned(),
        )
    };
    Error::new(ErrorCode::Configuration, message).cause(error.to_string()).hint(hint).resource(shown.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("partners.toml");
        let error = read(Some(&path)).unwrap_err();
        assert_eq!(error.code, ErrorCode::Configuration);
        assert!(error.message.ends_with("partners.toml does not exist"), "{error}");
        std::fs::write(&path, "name = 'a'").unwrap();
        assert_eq!(read(Some(&path)).unwrap(), Some(ConfigFile { path, text: "name = 'a'".to_owned() }));
    }

    #[test]
    fn a_file_that_is_not_text_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, [0xff, 0xfe, 0]).unwrap();
        assert!(read(Some(&path)).unwrap_err().message.ends_with("cannot be read"));
    }
}
