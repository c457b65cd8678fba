//! The access rules: who gets which home, and what is allowed in it.

mod around;
mod decide;
mod explain;
mod folder;
mod keys;
mod network;
mod protocol;
mod rule;
mod user_pattern;

use std::net::IpAddr;

use thiserror::Error;

pub use around::{Around, around};
pub use decide::{decide, needs};
pub use explain::{RuleVerdict, Verdict, explain, shadowed};
pub use folder::{Folder, FolderPath, FolderPathError};
pub use keys::{MOST_KEYS, SkippedKeys, skipped_keys};
pub use network::{Network, NetworkError};
pub use protocol::Protocol;
pub use rule::AccessRule;
pub use user_pattern::{UserPattern, UserPatternError};

use crate::home::Home;
use crate::permissions::Permissions;
use crate::person::Person;
use crate::ssh_key::PublicKey;
use crate::user_name::UserName;

/// A sign-in, as far as the rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The canonical user name.
    pub user: &'a UserName,
    /// The client's address, if Transfer told one that can be read.
    pub source_ip: Option<IpAddr>,
    /// How the client speaks to the server.
    pub protocol: Protocol,
    /// What Transfer asks about.
    pub credential: Credential,
    /// Okta's id of the user, as the answer to the password told it.
    pub okta_id: Option<&'a str>,
    /// What the directory says of the user, if it was asked.
    pub person: Option<&'a Person>,
}

/// What Transfer asks about: it asks once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Whether a password is right. Okta has accepted it before [`decide`] is asked.
    Password,
    /// Which keys the user has. Transfer checks that the client holds one of them.
    PublicKey,
}

impl Credential {
    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::PublicKey => "public-key",
        }
    }
}

/// What must be read from Okta's directory before [`decide`] can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The user's status and profile.
    pub person: bool,
    /// The user's groups. Without the person only if Okta's id of the user is known.
    pub groups: bool,
}

impl Needs {
    /// Whether the directory must be asked at all.
    #[must_use]
    pub fn directory(self) -> bool {
        self.person || self.groups
    }
}

/// What a user gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which rule gave it, counted from 0.
    pub rule: usize,
    /// The folders: one at `/`, or several.
    pub folders: Vec<GrantedFolder>,
    /// The key that encrypts the bucket, if there is one.
    pub kms_key_arn: Option<String>,
    /// The user's keys when Transfer asks about keys, at least one; otherwise none, which leaves `PublicKeys` out.
    pub public_keys: Vec<PublicKey>,
}

/// One folder of a [`Grant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedFolder {
    /// The path that the user sees.
    pub path: String,
    /// Where it lies.
    pub home: Home,
    /// What the user may do there.
    pub permissions: Permissions,
}

/// Why the rules give a user nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Transfer asks about a credential that the configuration does not take.
    #[error("this deployment does not take this kind of credential")]
    CredentialNotTaken,
    /// No rule means this user.
    #[error("no access rule means this user")]
    NoRule,
    /// The rule that means this user does not allow the client's address, or the address is not known.
    #[error("the access rule of this user does not allow this source address")]
    SourceAddress,
    /// The rule that means this user does not allow the protocol.
    #[error("the access rule of this user does not allow this protocol")]
    Protocol,
    /// Something that the rules need was not read. [`needs`] says what that is.
    #[error("the directory was not read")]
    NotRead,
    /// The directory's user has another login, or another id, than the user who signs in.
    #[error("the directory's user is not the user who signs in")]
    OtherPerson,
    /// The user is not active.
    #[error("the user is not active in Okta")]
    NotActive,
    /// A profile attribute that the home or a folder needs is missing, or cannot be part of a path.
    #[error("a profile attribute of the user cannot be used in a path")]
    Attribute,
    /// Transfer asks about keys, and the user has none.
    #[error("the user has no public key")]
    NoKeys,
}

#[cfg(test)]
mod tests;
