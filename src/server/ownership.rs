//! Whose a stack or a server is. Tags written by the create call decide; never a name, never a likeness.

use std::collections::BTreeMap;

/// The tag that holds the deployment's name.
const DEPLOYMENT: &str = "sftp-okta:deployment";
/// The tag that holds the name of the deployment's stack.
const STACK: &str = "sftp-okta:stack";
/// The tag that tells which create call made a server: how a call whose answer was lost is found again.
const RUN: &str = "sftp-okta:run";
/// The tag that tells which version made a server.
const VERSION: &str = "sftp-okta:version";

/// The deployment that owns things in one account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The deployment's name.
    pub deployment: String,
    /// The name of its stack.
    pub stack: String,
}

/// What tags say about ownership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It belongs to this deployment.
    Ours,
    /// It belongs to a deployment of the same name with another stack.
    Namesake {
        /// That stack.
        stack: String,
    },
    /// It belongs to somebody else.
    Foreign,
}

impl Owner {
    /// The tags that tell ownership.
    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(DEPLOYMENT.to_owned(), self.deployment.clone()), (STACK.to_owned(), self.stack.clone())])
    }

    /// Whose something with these tags says it is.
    #[must_use]
    pub fn of(tags: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self { deployment: tags.get(DEPLOYMENT)?.clone(), stack: tags.get(STACK)?.clone() })
    }

    /// The tags of a create call: ownership, and the call itself.
    #[must_use]
    pub(super) fn tags_of_call(&self, run: &str) -> BTreeMap<String, String> {
        let mut tags = self.tags();
        tags.insert(RUN.to_owned(), run.to_owned());
        tags.insert(VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        tags
    }

    /// Whose something with these tags is.
    #[must_use]
    pub fn claim(&self, tags: &BTreeMap<String, String>) -> Claim {
        match (tags.get(DEPLOYMENT), tags.get(STACK)) {
            (Some(deployment), Some(stack)) if *deployment == self.deployment && *stack == self.stack => Claim::Ours,
            (Some(deployment), Some(stack)) if *deployment == self.deployment => {
                Claim::Namesake { stack: stack.clone() }
            }
            (_, _) => Claim::Foreign,
        }
    }
}

/// The create call that these tags name. No two servers are of one call: where two name the same, the tags of one are a copy.
pub(super) fn call_of(tags: &BTreeMap<String, String>) -> Option<&str> {
    tags.get(RUN).map(String::as_str)
}

/// Whether these tags were written by the create call `run`.
pub(super) fn is_of_call(tags: &BTreeMap<String, String>, run: &str) -> bool {
    tags.get(RUN).is_some_and(|value| value == run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_tags_together_make_it_ours() {
        let owner = Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() };
        assert_eq!(owner.claim(&owner.tags()), Claim::Ours);
        assert_eq!(owner.claim(&owner.tags_of_call("r")), Claim::Ours);
        assert!(is_of_call(&owner.tags_of_call("r"), "r") && !is_of_call(&owner.tags(), "r"));

        let other = Owner { deployment: "demo".into(), stack: "else".into() };
        assert_eq!(owner.claim(&other.tags()), Claim::Namesake { stack: "else".into() });
        let only_one = BTreeMap::from([(DEPLOYMENT.to_owned(), "demo".to_owned())]);
        assert_eq!(owner.claim(&only_one), Claim::Foreign);
        assert_eq!(owner.claim(&BTreeMap::new()), Claim::Foreign);
    }
}
