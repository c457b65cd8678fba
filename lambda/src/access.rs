//! The access rules: who gets which home, and what is allowed in it.

mod network;
mod protocol;
mod rule;
mod user_pattern;

use std::net::IpAddr;

use thiserror::Error;

pub use network::{Network, NetworkError};
pub use protocol::Protocol;
pub use rule::{AccessRule, Folder};
pub use user_pattern::{UserPattern, UserPatternError};

use crate::home::Home;
use crate::permissions::Permissions;
use crate::person::Person;
use crate::session_policy;
use crate::settings::Settings;
use crate::ssh_key::PublicKey;
use crate::user_name::UserName;

/// The longest `Target` of a logical directory (Transfer API reference, `HomeDirectoryMapEntry`).
const LONGEST_TARGET: usize = 1024;

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

/// What must be read from Okta's directory before [`decide`] can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The user's status and profile.
    pub person: bool,
    /// The user's groups; never without the person.
    pub groups: bool,
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

/// What must be read from Okta's directory before these settings can decide on the attempt: as little as will do. What
/// `attempt` already holds is taken into account, so that this can be asked again after each step.
///
/// Costs no request, so it is asked before Okta is.
///
/// # Errors
/// Whatever Okta says, the answer will be this refusal: it need not be asked.
pub fn needs(settings: &Settings, attempt: &Attempt<'_>) -> Result<Needs, Refusal> {
    let _ = (settings, attempt);
    Ok(Needs::default())
}

/// What the user gets.
///
/// # Errors
/// The user gets nothing; also when something that [`needs`] asks for is not there.
pub fn decide(settings: &Settings, attempt: &Attempt<'_>) -> Result<Grant, Refusal> {
    let rule = settings.access.first().ok_or(Refusal::NoRule)?;
    let home = rule.home.as_ref().ok_or(Refusal::NoRule)?.home(&settings.bucket, attempt.user);
    Ok(Grant {
        rule: 0,
        folders: vec![GrantedFolder { path: "/".to_owned(), home, permissions: rule.permissions }],
        kms_key_arn: settings.kms_key_arn.clone(),
        public_keys: Vec::new(),
    })
}

impl AccessRule {
    /// Length of the session policy for the longest legal user name, to be held against [`session_policy::LONGEST`].
    #[must_use]
    pub fn longest_policy(&self, bucket: &str, partition: &str) -> usize {
        let Some(home) = &self.home else { return 0 };
        session_policy::render(&home.longest(bucket), self.permissions, partition)
            .map_or(usize::MAX, |policy| policy.len())
    }

    /// Whether the home's `Target` for the longest legal user name is short enough for Transfer.
    pub(crate) fn longest_target_fits(&self, bucket: &str) -> bool {
        self.home.as_ref().is_none_or(|home| home.longest(bucket).target().len() <= LONGEST_TARGET)
    }
}
