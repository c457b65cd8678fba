//! What a client must present.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a client must present. Transfer asks the function once for a key and once for a password, and joins the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// A password, which Okta checks.
    #[default]
    Password,
    /// A key of the user's.
    PublicKey,
    /// Either of them.
    PublicKeyOrPassword,
    /// The key, and then the password.
    PublicKeyAndPassword,
}

impl Authentication {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 4] = [Self::Password, Self::PublicKey, Self::PublicKeyOrPassword, Self::PublicKeyAndPassword];

    /// The word used in configuration files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::PublicKey => "public-key",
            Self::PublicKeyOrPassword => "public-key-or-password",
            Self::PublicKeyAndPassword => "public-key-and-password",
        }
    }

    /// Whether passwords are looked at.
    #[must_use]
    pub fn takes_passwords(self) -> bool {
        match self {
            Self::Password | Self::PublicKeyOrPassword | Self::PublicKeyAndPassword => true,
            Self::PublicKey => false,
        }
    }

    /// Whether keys are looked at.
    #[must_use]
    pub fn takes_keys(self) -> bool {
        match self {
            Self::PublicKey | Self::PublicKeyOrPassword | Self::PublicKeyAndPassword => true,
            Self::Password => false,
        }
    }
}

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Authentication;

    #[test]
    fn modes_are_words() {
        for mode in Authentication::ALL {
            assert_eq!(serde_json::to_string(&mode).ok(), Some(format!("\"{mode}\"")));
            assert!(mode.takes_keys() || mode.takes_passwords());
        }
    }
}
