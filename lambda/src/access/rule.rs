//! One rule of the access list.

use serde::{Deserialize, Serialize};

use super::{Network, Protocol, UserPattern};
use crate::home::HomeTemplate;
use crate::permissions::Permissions;
use crate::ssh_key::PublicKey;

/// One rule of the access list: whom it means, from where they may come, and what they get.
///
/// `groups` and `users` choose: a rule that names groups means their members, one that names users means those, one that
/// names both means members who are also such users, one that names neither means everyone. The first rule that means a
/// user decides; `allow_from` and `protocols` are then conditions of entry, and no later rule is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRule {
    /// Names or ids of Okta groups; a member of any of them is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Logins or patterns of them; whoever fits any of them is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserPattern>,
    /// Networks from which the client may come. Empty: any. A client whose address is not known comes from none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_from: Vec<Network>,
    /// Protocols that the client may speak. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<Protocol>,
    /// Where each user's home lies. Absent if and only if there are folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<HomeTemplate>,
    /// What the user may do there, and in folders that do not say otherwise.
    pub permissions: Permissions,
    /// Several folders in place of one home.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<Folder>,
    /// Keys with which the users of this rule sign in. Only in a rule whose `users` are whole logins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ssh_keys: Vec<PublicKey>,
}

/// One folder that a user sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// The path that the user sees, such as `/inbox`.
    pub path: String,
    /// Where it lies, such as `/{bucket}/partners/{login}/in`.
    pub target: String,
    /// What the user may do there; absent: what the rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
}
