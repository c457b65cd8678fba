//! One line of a plan: what happens to what, how a person reads it, and what of it an approval binds. Pure.

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::progress::{Style, shortened};
use crate::stack::ResourceChange;

/// What happens to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is started.
    Start,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
}

/// A kind of thing. Its words are part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The bucket of the artifacts.
    ArtifactBucket,
    /// The function's zip; of a teardown, all of them.
    Artifact,
    /// The stack.
    Stack,
    /// The Transfer server.
    Server,
    /// The bucket of the users' files.
    UsersBucket,
}

impl Kind {
    /// Its word in the JSON document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ArtifactBucket => "artifact-bucket",
            Self::Artifact => "artifact",
            Self::Stack => "stack",
            Self::Server => "server",
            Self::UsersBucket => "users-bucket",
        }
    }

    /// The same for a person.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ArtifactBucket => "artifact bucket",
            Self::Artifact => "artifact",
            Self::Stack => "stack",
            Self::Server => "server",
            Self::UsersBucket => "users bucket",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What about a thing changes, on a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Detail {
    /// The line.
    pub text: String,
    /// Whether it is a difference that stays until it is mended. Otherwise it says how things stand at the moment, which
    /// time alone may change, or what only the change will tell.
    #[serde(skip)]
    pub is_difference: bool,
}

impl Detail {
    /// A line that says how things stand at the moment.
    #[must_use]
    pub const fn at_the_moment(text: String) -> Self {
        Self { text, is_difference: false }
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self { text, is_difference: true }
    }
}

impl From<&str> for Detail {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happens.
    pub action: Action,
    /// To what kind of thing.
    pub kind: Kind,
    /// To which one.
    pub name: String,
    /// What about it changes, a line each.
    pub details: Vec<Detail>,
    /// Whether users cannot connect while it is made: the server is stopped and started for it.
    #[serde(skip_serializing_if = "is_false")]
    pub interrupts: bool,
    /// What an update of the stack does to each of its resources, where CloudFormation was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceChange>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Change {
    /// A change of which no resources are known.
    #[must_use]
    pub fn new(action: Action, kind: Kind, name: &str, details: Vec<Detail>) -> Self {
        Self { action, kind, name: name.to_owned(), details, interrupts: false, resources: Vec::new() }
    }

    /// What of it is different until it is mended, in words.
    pub fn differences(&self) -> impl Iterator<Item = &str> {
        self.details.iter().filter(|detail| detail.is_difference).map(|detail| detail.text.as_str())
    }
}

/// What of a change an approval binds: all but what passes by itself, such as the state of a server on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    action: Action,
    kind: Kind,
    name: String,
    details: Vec<String>,
    interrupts: bool,
}

impl Binding {
    fn of(change: &Change) -> Self {
        Self {
            action: change.action,
            kind: change.kind,
            name: change.name.clone(),
            details: change.differences().map(ToOwned::to_owned).collect(),
            interrupts: change.interrupts,
        }
    }

    /// Whether who approved this has approved `now`.
    fn covers(&self, now: &Self) -> bool {
        // Every update of a server ends with one that is ONLINE.
        let starts_too = self.action == Action::Update && now.action == Action::Start;
        (self.action == now.action || starts_too)
            && (self.kind, &self.name) == (now.kind, &now.name)
            && (self.interrupts || !now.interrupts)
            && now.details.iter().all(|detail| self.details.contains(detail))
    }
}

/// What of `changes` an approval binds. An artifact is stored where it is missing by then: it holds what the stack's change
/// says it does.
#[must_use]
pub fn bindings(changes: &[Change]) -> Vec<Binding> {
    let binds = |change: &&Change| match change.kind {
        Kind::Stack | Kind::Server | Kind::UsersBucket => true,
        Kind::ArtifactBucket | Kind::Artifact => false,
    };
    changes.iter().filter(binds).map(Binding::of).collect()
}

/// Whether all that is to be done `now` was approved. Less than that is fine: somebody or time did the rest.
#[must_use]
pub fn are_approved(now: &[Binding], approved: &[Binding]) -> bool {
    now.iter().all(|now| approved.iter().any(|approved| approved.covers(now)))
}

/// What is said of a change that users notice.
const INTERRUPTS: &str =
    "! interrupts the service: the server is stopped for this, and nobody can connect until it is ONLINE again";

/// The plan as a person reads it.
#[must_use]
pub fn render(changes: &[Change], style: Style) -> String {
    let mut text = String::new();
    for change in changes {
        let (mark, verb) = match change.action {
            Action::Create => (style.good("+"), "create"),
            Action::Update => (style.running("~"), "update"),
            Action::Start => (style.running("~"), "start"),
            Action::Replace => (style.bad("±"), "replace"),
            Action::Delete => (style.bad("-"), "delete"),
        };
        let (kind, name) = (change.kind.in_words(), style.bold(&shortened(&change.name)));
        let _ = writeln!(text, "  {mark} {verb:<8}{kind:<16} {name}");
        for detail in &change.details {
            let _ = writeln!(text, "      {}", style.dim(&shortened(&detail.text)));
        }
        if change.interrupts {
            let _ = writeln!(text, "      {}", style.bad(INTERRUPTS));
        }
        for resource in &change.resources {
            text.push_str(&resource.render(style));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(details: Vec<Detail>) -> Change {
        Change::new(Action::Update, Kind::Server, "s-1", details)
    }

    fn is_approved(now: &Change, approved: &Change) -> bool {
        let of = |change: &Change| bindings(std::slice::from_ref(change));
        are_approved(&of(now), &of(approved))
    }

    #[test]
    fn what_passes_by_itself_and_what_is_less_is_approved() {
        let state = |text: &str| Detail::at_the_moment(text.to_owned());
        let approved = update(vec!["a: 1 → 2".into(), "b: 1 → 2".into(), state("state: STARTING → ONLINE")]);
        for now in [
            update(vec!["a: 1 → 2".into(), "b: 1 → 2".into()]),
            update(vec!["b: 1 → 2".into(), state("state: OFFLINE → ONLINE")]),
            Change { action: Action::Start, ..update(vec![state("state: OFFLINE → ONLINE")]) },
            Change::new(Action::Create, Kind::Artifact, "demo/1.zip", Vec::new()),
        ] {
            assert!(is_approved(&now, &approved), "{now:?}");
        }
        for now in [
            update(vec!["a: 1 → 3".into()]),
            update(vec!["c: 1 → 2".into()]),
            Change { name: "s-2".into(), ..approved.clone() },
            Change { kind: Kind::Stack, ..approved.clone() },
            Change { action: Action::Replace, ..approved.clone() },
            Change { interrupts: true, ..approved.clone() },
        ] {
            assert!(!is_approved(&now, &approved), "{now:?}");
        }
        let start = Change { action: Action::Start, ..update(Vec::new()) };
        assert!(!is_approved(&update(Vec::new()), &start));
    }

    #[test]
    fn json_has_the_words_that_people_read() {
        for kind in [Kind::ArtifactBucket, Kind::Artifact, Kind::Stack, Kind::Server, Kind::UsersBucket] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(kind.in_words(), kind.as_str().replace('-', " "));
        }
        let change = serde_json::to_value(update(vec!["a: 1 → 2".into()])).unwrap();
        assert_eq!(change["details"], serde_json::json!(["a: 1 → 2"]));
    }
}
