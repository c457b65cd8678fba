//! What Okta's directory says of a user, read through the service app.

use std::fmt;

use serde_json::{Map, Value};

/// A user of the Okta org. Only what was read in full is here: a list of groups that broke off is no list.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Okta's id of the user; it never changes.
    pub id: String,
    /// The login, in Okta's own spelling.
    pub login: String,
    /// The user's status, such as `ACTIVE` or `SUSPENDED` (Okta management API, user life cycle).
    pub status: String,
    /// All profile attributes, the custom ones included.
    pub profile: Map<String, Value>,
    /// All groups, if they were asked for.
    pub groups: Option<Vec<Group>>,
}

impl Person {
    /// The one status with which a user may sign in.
    pub const ACTIVE: &str = "ACTIVE";
}

/// The profile holds more than a log should: phone numbers, addresses, whatever an org keeps there.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .field("login", &self.login)
            .field("status", &self.status)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// A group of the Okta org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Okta's id of the group; it never changes.
    pub id: String,
    /// The group's name; not unique, and it can be changed.
    pub name: String,
}
