//! The access rules: who gets which home, and what is allowed in it.

use serde::{Deserialize, Serialize};

use crate::home::HomeTemplate;
use crate::permissions::Permissions;
use crate::session_policy;

/// The longest `Target` of a logical directory (Transfer API reference, `HomeDirectoryMapEntry`).
const LONGEST_TARGET: usize = 1024;

/// One rule of the access list: where the home is, and what may be done in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRule {
    /// Where each user's home lies.
    pub home: HomeTemplate,
    /// What the user may do there.
    pub permissions: Permissions,
}

impl AccessRule {
    /// Length of the session policy for the longest legal user name, to be held against [`session_policy::LONGEST`].
    #[must_use]
    pub fn longest_policy(&self, bucket: &str, partition: &str) -> usize {
        session_policy::render(&self.home.longest(bucket), self.permissions, partition)
            .map_or(usize::MAX, |policy| policy.len())
    }

    /// Whether the home's `Target` for the longest legal user name is short enough for Transfer.
    pub(crate) fn longest_target_fits(&self, bucket: &str) -> bool {
        self.home.longest(bucket).target().len() <= LONGEST_TARGET
    }
}
