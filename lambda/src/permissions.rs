//! What a user may do below the home: the words of the configuration.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a user may do below the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permissions {
    /// List and download.
    ReadOnly,
    /// A drop box: upload and see the names, neither download nor delete. Without seeing names clients cannot even change
    /// folder (Transfer user guide, "Grant ability to only write and list files").
    WriteOnly,
    /// List, download, upload, rename and delete.
    ReadWrite,
}

impl Permissions {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::WriteOnly, Self::ReadWrite];

    /// The word used in configuration files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::WriteOnly => "write-only",
            Self::ReadWrite => "read-write",
        }
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is none of the permissions.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown permissions {0:?}: write read-only, write-only or read-write")]
pub struct PermissionsError(String);

impl FromStr for Permissions {
    type Err = PermissionsError;

    fn from_str(text: &str) -> Result<Self, PermissionsError> {
        Self::ALL
            .into_iter()
            .find(|permissions| permissions.as_str() == text)
            .ok_or_else(|| PermissionsError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Permissions;

    #[test]
    fn permissions_are_words() {
        for permissions in Permissions::ALL {
            assert_eq!(permissions.to_string().parse(), Ok(permissions));
            assert_eq!(serde_json::to_string(&permissions).ok(), Some(format!("\"{permissions}\"")));
        }
        assert!("readonly".parse::<Permissions>().is_err());
    }
}
