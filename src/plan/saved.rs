//! A plan in a file: what was approved, and what it was approved for. A deploy does exactly that, or refuses. Pure.
//!
//! It holds no secret: a template, parameters and tags can be read by anyone who may describe the stack.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Binding, Change, Kind, Seen, Wanted, are_approved, bindings};
use crate::digest::sha256;
use crate::error::{Error, ErrorCode, Result};
use crate::server::{Server, ServerState};
use crate::stack::ResourceChange;

/// The version of the file's form.
const SCHEMA: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    schema: u32,
    /// The version that made it. Another one may mean another template by the same settings.
    version: String,
    place: Place,
    wanted: SavedWanted,
    seen: SavedSeen,
    changes: Vec<Binding>,
    /// What the update of the stack does to each resource; none where the stack is made, or not touched.
    resources: Option<Vec<ResourceChange>>,
}

/// Which deployment a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The deployment's name.
    pub deployment: String,
    /// The name of its stack.
    pub stack_name: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// What should be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedWanted {
    artifact_bucket: String,
    /// It holds the zip's SHA-256.
    artifact_key: String,
    template_sha256: String,
    parameters: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    termination_protection: bool,
    server_sha256: String,
}

/// What was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSeen {
    stack: Option<SavedStack>,
    /// Each server's id, and the digest of all that Transfer tells of it but for the state, which passes by itself.
    servers: BTreeMap<String, String>,
}

/// The stack as it was read. `last_updated` is set anew by every update (API reference, Stack).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedStack {
    arn: String,
    status: String,
    last_updated: Option<i64>,
    template_sha256: Option<String>,
    termination_protection: bool,
}

impl SavedPlan {
    /// The plan of `changes` in `place`.
    #[must_use]
    pub fn new(place: Place, wanted: &Wanted, seen: &Seen, changes: &[Change]) -> Self {
        let Seen { stack, template, servers, .. } = seen;
        let stack = stack.as_ref().map(|stack| SavedStack {
            arn: stack.arn.clone(),
            status: stack.status.to_string(),
            last_updated: stack.last_updated,
            template_sha256: template.as_deref().map(|template| sha256(template.trim_end())),
            termination_protection: stack.termination_protection,
        });
        let updated = changes.iter().find(|change| change.kind == Kind::Stack && stack.is_some());
        let digest = |server: &Server| debug_sha256(&Server { state: ServerState::Online, ..server.clone() });
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            place,
            wanted: SavedWanted {
                artifact_bucket: wanted.artifact_bucket.clone(),
                artifact_key: wanted.artifact_key.clone(),
                template_sha256: sha256(wanted.stack.template.trim_end()),
                parameters: wanted.stack.parameters.clone(),
                tags: wanted.stack.tags.clone(),
                termination_protection: wanted.termination_protection,
                server_sha256: debug_sha256(&wanted.server),
            },
            seen: SavedSeen {
                stack,
                servers: servers.owned.iter().map(|server| (server.id.clone(), digest(server))).collect(),
            },
            changes: bindings(changes),
            resources: updated.map(|change| change.resources.clone()),
        }
    }

    /// Reads the text of the file `name`.
    ///
    /// # Errors
    /// `Configuration`, for a text that is no plan of this version.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        /// What every version's file has.
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
            version: String,
        }
        let not_one = |error: serde_json::Error| {
            Error::new(ErrorCode::Configuration, format!("{name} is not a plan")).cause(error.to_string())
        };
        let hint = "make one with `sftp-okta plan --out FILE`";
        let head: Head = serde_json::from_str(text).map_err(|error| not_one(error).hint(hint).resource(name))?;
        let version = env!("CARGO_PKG_VERSION");
        if head.schema != SCHEMA || head.version != version {
            return Err(Error::new(
                ErrorCode::Configuration,
                format!("the plan {name} was made by sftp-okta {}, and this is {version}", head.version),
            )
            .cause("another version may deploy something else by the same settings")
            .hint("plan and deploy with one version: make the plan anew, and have that approved")
            .resource(name));
        }
        serde_json::from_str(text).map_err(|error| not_one(error).hint(hint).resource(name))
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).map(|json| format!("{json}\n")).unwrap_or_default()
    }

    /// What an approved update of the stack does to each resource.
    #[must_use]
    pub fn resources(&self) -> Option<&[ResourceChange]> {
        self.resources.as_deref()
    }

    /// Refuses the plan of another deployment, account or region, before anything is looked at.
    ///
    /// # Errors
    /// `WrongAccount` or `Configuration`.
    pub fn refuse_elsewhere(&self, here: &Place) -> Result<()> {
        let told = |code, what: &str, planned: &str, here: &str, hint: &str| {
            Err(Error::new(code, format!("the plan is for {what} {planned}, and this is {here}")).hint(hint))
        };
        let Place { deployment, stack_name, account, region } = &self.place;
        let renamed = "deploy with the settings that the plan was made from";
        if *deployment != here.deployment {
            return told(ErrorCode::Configuration, "deployment", deployment, &here.deployment, renamed);
        }
        if *account != here.account {
            let hint = "use the credentials of the account that the plan was made in, or make a plan here";
            return told(ErrorCode::WrongAccount, "account", account, &here.account, hint);
        }
        if *region != here.region {
            return told(
                ErrorCode::Configuration,
                "region",
                region,
                &here.region,
                "give that --region, or make a plan here",
            );
        }
        if *stack_name != here.stack_name {
            return told(ErrorCode::Configuration, "stack", stack_name, &here.stack_name, renamed);
        }
        Ok(())
    }

    /// Refuses settings that are not those of the plan. `now` is the plan as it would be made now.
    ///
    /// # Errors
    /// `Configuration`, naming what differs.
    pub fn refuse_other_settings(&self, now: &Self) -> Result<()> {
        let mut other = Vec::new();
        let (then, wanted) = (&self.wanted, &now.wanted);
        for (what, differs) in [
            ("the function or its settings", then.artifact_key != wanted.artifact_key),
            ("the artifact bucket", then.artifact_bucket != wanted.artifact_bucket),
            ("the template", then.template_sha256 != wanted.template_sha256),
            ("the termination protection", then.termination_protection != wanted.termination_protection),
            ("the server's settings", then.server_sha256 != wanted.server_sha256),
        ] {
            if differs {
                other.push(what.to_owned());
            }
        }
        other.extend(differing(&then.parameters, &wanted.parameters, "parameter"));
        other.extend(differing(&then.tags, &wanted.tags, "tag"));
        if other.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorCode::Configuration, "these settings are not the ones that were approved")
            .cause(format!("other than in the plan: {}", other.join(", ")))
            .hint("deploy with the settings that the plan was made from, or plan again and have that approved"))
    }

    /// Refuses where the deployment is no longer what it was. `now` is the plan as it would be made now, but for the
    /// resources: those are compared with the change set that is executed.
    ///
    /// # Errors
    /// `Busy`, naming what moved.
    pub fn refuse_moved(&self, now: &Self) -> Result<()> {
        let mut moved = Vec::new();
        match (&self.seen.stack, &now.seen.stack) {
            (then, now) if then == now => {}
            (None, Some(_)) => moved.push("the stack was made".to_owned()),
            (Some(_), None) => moved.push("the stack was deleted".to_owned()),
            (Some(then), Some(now)) if then.status != now.status => {
                moved.push(format!("the stack went from {} to {}", then.status, now.status));
            }
            (_, _) => moved.push("the stack was changed".to_owned()),
        }
        if self.seen.servers != now.seen.servers {
            moved.push("the server was made, changed or deleted".to_owned());
        }
        if moved.is_empty() && !are_approved(&now.changes, &self.changes) {
            moved.push("there is more to change".to_owned());
        }
        if moved.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorCode::Busy, "the deployment is not what it was when the plan was made")
            .cause(moved.join("; "))
            .hint("make the plan anew, and have that approved"))
    }
}

/// The keys under which two maps differ.
fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, what: &str) -> Vec<String> {
    let mut keys: Vec<&String> =
        one.keys().chain(other.keys()).filter(|key| one.get(*key) != other.get(*key)).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().map(|key| format!("{what} {key}")).collect()
}

/// The digest of all that is known of a value. Debug output holds for one version of the program, and so does a plan.
fn debug_sha256(value: &impl fmt::Debug) -> String {
    sha256(format!("{value:?}"))
}

#[cfg(test)]
mod tests;
