//! How a client speaks to the server.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a client speaks to the server. This tool makes servers that speak SFTP and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// SFTP, the file transfer of SSH.
    Sftp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Sftp];

    /// The word used in configuration files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sftp => "sftp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
