//! One rule of the access list.

use serde::{Deserialize, Serialize};

use super::{Folder, FolderPath, Network, Protocol, UserPattern};
use crate::home::{FolderTarget, HomeTemplate};
use crate::permissions::Permissions;
use crate::person::Group;
use crate::ssh_key::PublicKey;

/// One rule of the access list: whom it means, from where they may come, and what they get.
///
/// `groups` and `users` choose: a rule that names groups means their members, one that names users means those, one that
/// names both means members who are also such users, one that names neither means everyone. The first rule that means a
/// user decides; `allow_from` and `protocols` are then conditions of entry, and no later rule is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRule {
    /// Names or ids of Okta groups; a member of any of them is meant. Names are compared letter by letter. What looks like
    /// an id of Okta's (`00g` and 17 letters or digits) is one: a group of that name is not meant.
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

/// Whether a rule means a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It does.
    Means,
    /// It does if the user, whose groups are not known, is in one of its groups.
    IfInGroup,
    /// None of its users.
    OtherUsers,
    /// One of its users, but in none of its groups.
    OtherGroups,
}

impl AccessRule {
    /// Whether this rule means the user with this login in lower case.
    pub(super) fn meaning(&self, login: &str, groups: Option<&[Group]>) -> Meaning {
        if !(self.users.is_empty() || self.users.iter().any(|pattern| pattern.matches(login))) {
            return Meaning::OtherUsers;
        }
        match groups {
            _ if self.groups.is_empty() => Meaning::Means,
            None => Meaning::IfInGroup,
            Some(groups) if groups.iter().any(|group| self.names(group)) => Meaning::Means,
            Some(_) => Meaning::OtherGroups,
        }
    }

    fn names(&self, group: &Group) -> bool {
        self.groups.iter().any(|named| *named == group.id || (!is_group_id(named) && *named == group.name))
    }

    /// The folders, a home being one at `/`: path, target and permissions of each.
    pub(crate) fn directories(&self) -> Vec<(FolderPath, FolderTarget, Permissions)> {
        let home = self.home.iter().map(|home| (FolderPath::root(), home.target(), self.permissions));
        let folders = self
            .folders
            .iter()
            .map(|folder| (folder.path.clone(), folder.target.clone(), folder.permissions.unwrap_or(self.permissions)));
        home.chain(folders).collect()
    }

    /// The key prefixes below which everything lies that the users of this rule can reach, each empty or ending in `/`:
    /// those of the home and of all folders, without repeats.
    #[must_use]
    pub fn literal_prefixes(&self) -> Vec<String> {
        let mut prefixes: Vec<_> = self.directories().iter().map(|(_, target, _)| target.literal_prefix()).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    }
}

/// The form of a group's id (Okta API reference, groups).
fn is_group_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with("00g") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
