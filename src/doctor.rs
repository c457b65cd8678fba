//! What `doctor` finds: one finding a question, each with what to do. The rules are pure; only `permission` and `quota` call.

mod api;
mod bucket;
mod function;
mod permission;
mod quota;
mod server;

use serde::Serialize;

use crate::error::Error;

pub use api::{method, stage};
pub use bucket::bucket;
pub use function::{egress, function_permission, identity_provider};
pub use permission::{Principal, Wanted, permission, principal};
pub use quota::{Quota, quotas, roles, servers, stacks};
pub use server::audit;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Info,
    /// Works, and should be looked at.
    Warning,
    /// Does not work, or is not safe. The exit code is 7 then.
    Error,
}

/// One finding. Part of the JSON contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was asked, in one word that stays.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(check: &'static str, level: Level, message: impl Into<String>) -> Self {
        Self { check, level, message: message.into(), remedy: None }
    }

    /// With what to do.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// A question that could not be answered.
    #[must_use]
    pub fn of_error(check: &'static str, level: Level, error: &Error) -> Self {
        Self { check, level, message: error.to_string(), remedy: error.hint.clone() }
    }
}

#[cfg(test)]
mod tests;
