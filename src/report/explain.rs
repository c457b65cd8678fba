//! What the access rules give a user, as reported.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::progress::clean;

/// What the access rules give a user, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExplainReport {
    /// The login at Okta.
    pub login: String,
    /// What each rule says, in their order.
    pub rules: Vec<ExplainedRule>,
    /// The rule that gives, counted from 1.
    pub rule: Option<usize>,
    /// Why the user gets nothing.
    pub refusal: Option<String>,
    /// What the user sees, and where it lies.
    pub folders: Vec<ExplainedFolder>,
    /// The keys of which the user has to show one; none with a password.
    pub public_keys: Vec<String>,
    /// The session policy.
    pub policy: Option<Value>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedRule {
    /// Which, counted from 1.
    pub rule: usize,
    /// What it says, in words.
    pub verdict: String,
}

/// A folder of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedFolder {
    /// The path that the user sees.
    pub path: String,
    /// `/bucket/prefix`.
    pub target: String,
    /// What the user may do there.
    pub permissions: String,
}

impl ExplainReport {
    /// The lines below the headline.
    pub(super) fn lines(&self) -> String {
        let mut text = String::new();
        for told in &self.rules {
            let _ = writeln!(text, "  rule {:<4} {}", told.rule, told.verdict);
        }
        if !self.folders.is_empty() {
            text.push('\n');
        }
        for folder in &self.folders {
            let target = clean(folder.target.trim_start_matches('/'));
            let _ = writeln!(text, "  folder    {}  s3://{target}  {}", clean(&folder.path), folder.permissions);
        }
        for key in &self.public_keys {
            let _ = writeln!(text, "  key       {key}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{ExplainReport, ExplainedFolder, ExplainedRule};

    #[test]
    fn rules_then_folders() {
        let folder = |path: &str, permissions: &str| ExplainedFolder {
            path: path.to_owned(),
            target: format!("/acme-files{path}"),
            permissions: permissions.to_owned(),
        };
        let report = ExplainReport {
            rules: vec![ExplainedRule { rule: 1, verdict: "means other users".to_owned() }],
            folders: vec![folder("/in", "write-only"), folder("/out", "read-only")],
            ..ExplainReport::default()
        };
        insta::assert_snapshot!(report.lines(), @"
          rule 1    means other users

          folder    /in  s3://acme-files/in  write-only
          folder    /out  s3://acme-files/out  read-only
        ");
    }
}
