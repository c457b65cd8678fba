//! What a sign-in check found, as reported.

use serde::Serialize;

use crate::progress::clean;
use crate::server::{Folder, Right, SignIn, in_words};
use crate::sign_in_log::Entry;

/// What a sign-in check found. What was not tried is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Who was to be let in.
    pub user: String,
    /// Whether that user was let in.
    pub accepted: bool,
    /// The role.
    pub role: Option<String>,
    /// Where a session starts.
    pub home: Option<String>,
    /// What the user sees, and where it lies.
    pub folders: Vec<Folder>,
    /// What the user may do in at least one folder; null without a session policy.
    pub rights: Option<Vec<Right>>,
    /// How many public keys the identity provider named.
    pub public_keys: usize,
    /// Whether a made-up user was refused.
    pub refused_unknown_user: Option<bool>,
    /// Whether a wrong password was refused.
    pub refused_wrong_password: Option<bool>,
    /// The function's log line of the user's sign-in.
    pub log: Option<Entry>,
}

impl VerifyReport {
    /// A check of `user`, of which nothing is known yet.
    #[must_use]
    pub fn of(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            accepted: false,
            role: None,
            home: None,
            folders: Vec::new(),
            rights: None,
            public_keys: 0,
            refused_unknown_user: None,
            refused_wrong_password: None,
            log: None,
        }
    }

    /// Notes what the user gets.
    pub fn accept(&mut self, sign_in: &SignIn) {
        self.accepted = true;
        self.role = Some(sign_in.role.clone());
        self.home = Some(sign_in.home.clone());
        self.folders.clone_from(&sign_in.folders);
        self.rights.clone_from(&sign_in.rights);
        self.public_keys = sign_in.public_keys;
    }

    /// The same as a person reads it: label and value.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("user", clean(&self.user))];
        facts.extend(self.role.iter().map(|role| ("role", clean(role))));
        facts.extend(self.home.iter().map(|home| ("home", clean(home))));
        facts.extend(self.folders.iter().map(|folder| ("folder", told(folder))));
        if self.public_keys > 0 {
            facts.push(("keys", self.public_keys.to_string()));
        }
        let refused: Vec<&str> =
            [(self.refused_unknown_user, "a made-up user"), (self.refused_wrong_password, "a wrong password")]
                .into_iter()
                .filter_map(|(refused, who)| (refused == Some(true)).then_some(who))
                .collect();
        if !refused.is_empty() {
            facts.push(("refused", refused.join(", ")));
        }
        if let Some(line) = &self.log {
            let request = line.text("okta_request_id").map(|id| format!("  Okta request {id}")).unwrap_or_default();
            facts.push(("decided", clean(&format!("{}  {}{request}", line.time, line.reason()))));
        }
        facts
    }
}

fn told(folder: &Folder) -> String {
    clean(&format!("{}  s3:/{}  {}", folder.path, folder.target, in_words(folder.rights.as_deref())))
}
