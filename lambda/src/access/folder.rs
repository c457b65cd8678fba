//! Folders that a user sees in place of one home.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checked_text::checked_text;
use crate::home::{FolderTarget, is_legal};
use crate::permissions::Permissions;

/// The longest `Entry` of a logical directory (Transfer API reference, `HomeDirectoryMapEntry`).
const LONGEST: usize = 1024;

/// One folder that a user sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// The path that the user sees, such as `/inbox`.
    pub path: FolderPath,
    /// Where it lies, such as `/{bucket}/partners/{login}/in`.
    pub target: FolderTarget,
    /// What the user may do there; absent: what the rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
}

/// The path at which a user sees a folder: `/inbox`, `/reports/2030`, or `/` if it is the only one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FolderPath(String);

/// Why a text is not the path of a folder, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FolderPathError {
    /// It does not begin at the top.
    #[error("the folder path {0:?} does not start with '/': write one such as /inbox")]
    Start(String),
    /// An empty segment: a doubled or a final slash.
    #[error("the folder path {0:?} holds an empty folder name: write single slashes and none at the end")]
    EmptySegment(String),
    /// A segment that is a step in a path.
    #[error("the folder path {0:?} holds '.' or '..' as a folder name: write it without")]
    Dots(String),
    /// A character that not every client can show or type.
    #[error("the folder path {0:?} holds a character other than letters, digits, / . _ - + = @ , and spaces inside")]
    Character(String),
    /// Longer than Transfer takes.
    #[error("a folder path has at most {LONGEST} characters: shorten it")]
    Length,
}

impl FolderPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, FolderPathError> {
        let wrong = text.to_owned();
        let Some(below) = text.strip_prefix('/') else { return Err(FolderPathError::Start(wrong)) };
        if text.len() > LONGEST {
            return Err(FolderPathError::Length);
        }
        for segment in below.split('/').filter(|_| !below.is_empty()) {
            if segment.is_empty() {
                return Err(FolderPathError::EmptySegment(wrong));
            }
            if matches!(segment, "." | "..") {
                return Err(FolderPathError::Dots(wrong));
            }
            if !segment.chars().all(|c| is_legal(c) || c == ' ') || segment.trim() != segment {
                return Err(FolderPathError::Character(wrong));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The top, where a home lies.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether one of the two lies inside the other, or both are the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let within = |path: &Self, outer: &Self| {
            let outer = outer.0.trim_end_matches('/');
            path.0.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        within(self, other) || within(other, self)
    }
}

checked_text!(FolderPath, FolderPathError);

#[cfg(test)]
mod tests {
    use super::FolderPath;

    fn path(text: &str) -> FolderPath {
        FolderPath::parse(text).unwrap()
    }

    #[test]
    fn paths() {
        for good in ["/", "/inbox", "/In Box", "/a/b.c/d"] {
            assert_eq!(path(good).as_str(), good);
        }
        let long = format!("/{}", "x".repeat(1024));
        let bad = ["", "inbox", "//", "/inbox/", "/a//b", "/.", "/a/../b", "/a\\b", "/*", "/${x}", "/a\n", "/ a", "/ä"];
        for bad in bad.into_iter().chain([long.as_str()]) {
            assert!(FolderPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn overlaps() {
        for (one, other, expected) in [
            ("/in", "/in", true),
            ("/in", "/in/sub", true),
            ("/", "/in", true),
            ("/in", "/inbox", false),
            ("/in", "/out", false),
            ("/a/b", "/a/c", false),
        ] {
            assert_eq!(path(one).overlaps(&path(other)), expected, "{one} {other}");
            assert_eq!(path(other).overlaps(&path(one)), expected, "{other} {one}");
        }
    }
}
