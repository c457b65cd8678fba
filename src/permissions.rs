//! The rights that a command needs of its caller, as IAM policies. Pure. What a pipeline's role gets is printed from here
//! (`doctor --print-policy`), the example policy is this text, and `doctor` asks IAM about these same actions.

mod names;
#[cfg(test)]
mod resource_types;
mod stack_resources;
mod statement;
mod statements;

use serde::Serialize;

pub use names::Names;
pub use statement::Statement;

/// What the role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `deploy`; it also covers `plan`, `teardown`, and `status` without `--drift`.
    Deploy,
    /// `plan`: reads, and makes the change set that it deletes again.
    Plan,
    /// `status`, with `--drift` and `--all`: reads only.
    Status,
    /// `teardown`.
    Teardown,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Deploy, Self::Plan, Self::Status, Self::Teardown];

    /// The command's name.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Plan => "plan",
            Self::Status => "status",
            Self::Teardown => "teardown",
        }
    }
}

/// A policy document. Serialises to IAM's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    #[serde(rename = "Version")]
    version: &'static str,
    /// What is allowed; nothing is denied.
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

/// What a role for this purpose may do, topic by topic.
#[must_use]
pub fn rights(purpose: Purpose, names: &Names) -> Vec<Statement> {
    match purpose {
        Purpose::Deploy => statements::deploy(names),
        Purpose::Plan => statements::plan(names),
        Purpose::Status => statements::status(names),
        Purpose::Teardown => statements::teardown(names),
    }
}

/// The policy of a role for this purpose: its rights in as few statements as that takes.
#[must_use]
pub fn policy(purpose: Purpose, names: &Names) -> Policy {
    Policy { version: "2012-10-17", statements: statement::together(rights(purpose, names)) }
}

/// IAM's limit for a managed policy, in characters without white space. A role's inline policies may have 10,240 together
/// (IAM User Guide, "IAM and AWS STS quotas").
pub const LONGEST_MANAGED: usize = 6144;

impl Policy {
    /// Its length as IAM counts it.
    #[must_use]
    pub fn length(&self) -> usize {
        serde_json::to_string(self)
            .map(|json| json.chars().filter(|letter| !letter.is_whitespace()).count())
            .unwrap_or(0)
    }

    /// The document, indented, with a line break at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialising these types cannot fail: every key is a text.
        serde_json::to_string_pretty(self).map(|json| format!("{json}\n")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
