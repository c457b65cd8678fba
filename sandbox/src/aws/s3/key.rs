//! Object keys as paths of files.
//!
//! S3 takes any text as a key; a folder does not. What cannot be a file below the bucket's folder is refused here, in one
//! place, for S3 and for SFTP alike. A key that ends in `/` is a folder.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest key (S3 User Guide, "Naming Amazon S3 objects"), in bytes.
const LONGEST_KEY: usize = 1024;
/// The longest file name that Linux and macOS take.
const LONGEST_PART: usize = 255;

/// Why a key cannot be a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// Longer than S3 allows, or a part of it longer than a file name can be.
    #[error("Your key is too long")]
    TooLong,
    /// No text at all.
    #[error("A key cannot be empty")]
    Empty,
    /// `/` at the start, or two of them together.
    #[error("The sandbox keeps objects as files: a key cannot begin with / or hold //")]
    EmptyPart,
    /// `.` or `..`.
    #[error("The sandbox keeps objects as files: a key cannot hold . or .. as a part")]
    Dots,
    /// NUL.
    #[error("The sandbox keeps objects as files: a key cannot hold NUL")]
    Nul,
    /// A symbolic link is on the way.
    #[error("The sandbox does not follow symbolic links")]
    Link,
}

/// The file or folder of a key below `root`. Symbolic links on the way, or at the end, are refused.
pub(crate) fn path_below(root: &Path, key: &str) -> Result<PathBuf, KeyError> {
    check(key)?;
    let mut path = root.to_path_buf();
    for part in key.trim_end_matches('/').split('/') {
        path.push(part);
        if fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_symlink()) {
            return Err(KeyError::Link);
        }
    }
    Ok(path)
}

fn check(key: &str) -> Result<(), KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    if key.len() > LONGEST_KEY {
        return Err(KeyError::TooLong);
    }
    if key.contains('\0') {
        return Err(KeyError::Nul);
    }
    for part in key.strip_suffix('/').unwrap_or(key).split('/') {
        match part {
            "" => return Err(KeyError::EmptyPart),
            "." | ".." => return Err(KeyError::Dots),
            part if part.len() > LONGEST_PART => return Err(KeyError::TooLong),
            _ => {}
        }
    }
    Ok(())
}

/// Whether this can be the name of a bucket (S3 User Guide, "Bucket naming rules"). It is the name of a folder too.
pub(crate) fn is_bucket_name(name: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let middle = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    (3..=63).contains(&name.len())
        && edge(name.bytes().next())
        && edge(name.bytes().last())
        && name.bytes().all(middle)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_below_the_bucket() {
        let root = Path::new("/nowhere/bucket");
        let long_part = "a".repeat(256);
        let long_key = "a/".repeat(513);
        let cases = [
            ("a.txt", Ok("/nowhere/bucket/a.txt")),
            ("home/alice/", Ok("/nowhere/bucket/home/alice")),
            ("..a/b..c/...", Ok("/nowhere/bucket/..a/b..c/...")),
            ("", Err(KeyError::Empty)),
            ("/", Err(KeyError::EmptyPart)),
            ("/etc/passwd", Err(KeyError::EmptyPart)),
            ("a//b", Err(KeyError::EmptyPart)),
            ("a//", Err(KeyError::EmptyPart)),
            ("..", Err(KeyError::Dots)),
            ("a/../../b", Err(KeyError::Dots)),
            ("a/./b", Err(KeyError::Dots)),
            ("a/..", Err(KeyError::Dots)),
            ("a\0b", Err(KeyError::Nul)),
            (&long_part, Err(KeyError::TooLong)),
            (&long_key, Err(KeyError::TooLong)),
        ];
        for (key, expected) in cases {
            assert_eq!(path_below(root, key), expected.map(PathBuf::from), "{key:?}");
        }
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bucket")).unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("bucket/etc")).unwrap();
        let root = folder.path().join("bucket");
        assert_eq!(path_below(&root, "etc/passwd"), Err(KeyError::Link));
        assert_eq!(path_below(&root, "etc"), Err(KeyError::Link));
    }

    #[test]
    fn bucket_names() {
        for name in ["abc", "sftp-okta-artifacts-000000000000-eu-west-1", "a.b.c", &"a".repeat(63)] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in ["", "ab", "..", "...", "a..b", "Abc", "a_b", "-abc", "abc-", "10.0.0.1", "a/b", &"a".repeat(64)] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}
