//! Whose a stack or a server is. Tags written by the create call decide; never a name, never a likeness.

use std::collections::BTreeMap;

/// The tag that holds the deployment's name.
const DEPLOYMENT: &str = "sftp-okta:deployment";
/// The tag that holds the name of the deployment's stack.
const STACK: &str = "sftp-okta:stack";
/// The tag that tells which create call made a server: how a call whose answer was lost is found again.
const RUN: &str = "sftp-okta:run";
/// How the name of every create call begins, as that of the run that makes it does.
const RUN_BEGINS: &str = "sftp-okta-";
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

/// What tags say about the ownership of a server. Anybody can copy two tags to a server of their own; those of a create call
/// stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerClaim {
    /// It was made for this deployment.
    Ours,
    /// It carries this deployment's tags, but not those of a create call.
    NotMadeByUs,
    /// As [`Claim::Namesake`].
    Namesake {
        /// That stack.
        stack: String,
    },
    /// As [`Claim::Foreign`].
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

    /// Whose a server with these tags is: the deployment that its create call was for.
    #[must_use]
    pub fn of_server(tags: &BTreeMap<String, String>) -> Option<Self> {
        Self::of(tags).filter(|_| is_of_a_call(tags))
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

    /// Whose a server with these tags is.
    #[must_use]
    pub(super) fn claim_of_server(&self, tags: &BTreeMap<String, String>) -> ServerClaim {
        match self.claim(tags) {
            Claim::Ours if is_of_a_call(tags) => ServerClaim::Ours,
            Claim::Ours => ServerClaim::NotMadeByUs,
            Claim::Namesake { stack } => ServerClaim::Namesake { stack },
            Claim::Foreign => ServerClaim::Foreign,
        }
    }
}

/// Whether some create call of this tool wrote these tags.
fn is_of_a_call(tags: &BTreeMap<String, String>) -> bool {
    tags.get(RUN).is_some_and(|run| run.starts_with(RUN_BEGINS)) && tags.contains_key(VERSION)
}

/// The create call that these tags name. No two servers are of one call: where two name the same, the tags of one are a copy.
pub(super) fn call_of(tags: &BTreeMap<String, String>) -> Option<&str> {
    tags.get(RUN).map(String::as_str)
}

/// Whether these tags were written by a create call of this run.
pub(super) fn is_of_run(tags: &BTreeMap<String, String>, run: &str) -> bool {
    tags.get(RUN).and_then(|call| call.strip_prefix(run)).is_some_and(|rest| rest.starts_with('-'))
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

    #[test]
    fn a_server_is_ours_only_with_all_that_its_create_call_wrote() {
        let owner = Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() };
        let call = "sftp-okta-1-0";
        let whole = owner.tags_of_call(call);
        assert_eq!(owner.claim_of_server(&whole), ServerClaim::Ours);
        assert_eq!(Owner::of_server(&whole), Some(owner.clone()));
        assert_eq!(owner.claim_of_server(&owner.tags()), ServerClaim::NotMadeByUs);
        assert_eq!(owner.claim_of_server(&owner.tags_of_call("other-1")), ServerClaim::NotMadeByUs);
        for (missing, left) in [
            (RUN, ServerClaim::NotMadeByUs),
            (VERSION, ServerClaim::NotMadeByUs),
            (STACK, ServerClaim::Foreign),
            (DEPLOYMENT, ServerClaim::Foreign),
        ] {
            let mut tags = whole.clone();
            tags.remove(missing);
            assert_eq!((owner.claim_of_server(&tags), Owner::of_server(&tags)), (left, None), "{missing}");
        }
    }

    #[test]
    fn the_calls_of_a_run_are_known_by_its_name() {
        let owner = Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() };
        assert!(is_of_run(&owner.tags_of_call("sftp-okta-1-0"), "sftp-okta-1"));
        assert!(!is_of_run(&owner.tags_of_call("sftp-okta-12-0"), "sftp-okta-1"));
        assert!(!is_of_run(&owner.tags(), "sftp-okta-1"));
    }
}
