//! One line of the log: a decision. Its fields are the function's (`lambda/src/decision.rs`); what is not known here is
//! kept and passed on, so that a deployer reads the log of a newer function too. Pure.

use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;

/// A sign-in decision. Serialises to its line with `time` before the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When, in UTC.
    pub time: String,
    /// The same in milliseconds since 1970.
    #[serde(skip)]
    pub millis: i64,
    /// CloudWatch's own id of the event.
    #[serde(skip)]
    pub id: String,
    /// The fields of the line.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Which decisions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A login, or the part of it before `@`.
    pub user: Option<String>,
    /// A reason, such as `bad-credentials`.
    pub reason: Option<String>,
}

impl Entry {
    /// Reads an event; `None` for what is no decision: lines of Lambda itself, metrics, other events of the function.
    #[must_use]
    pub fn parse(id: &str, millis: i64, message: &str) -> Option<Self> {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(message) else { return None };
        if fields.get("event").and_then(Value::as_str) != Some("sign-in") {
            return None;
        }
        // Metrics are members of the same line: their envelope, and their names, which begin with a capital.
        fields
            .retain(|name, _| name != "_aws" && name != "time" && !name.starts_with(|c: char| c.is_ascii_uppercase()));
        Some(Self { time: told(millis), millis, id: id.to_owned(), fields })
    }

    /// A field as text; `None` where it is absent, null or not a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// Whether the user was let in.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.text("decision") == Some("accepted")
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.text("reason").unwrap_or_default()
    }

    /// Whether it is about this user: by full login, by its part before `@`, or by the name that was typed.
    #[must_use]
    pub fn is_of(&self, user: &str) -> bool {
        let is_user = |login: &str| {
            login.eq_ignore_ascii_case(user)
                || login.split_once('@').is_some_and(|(name, _)| name.eq_ignore_ascii_case(user))
        };
        ["login", "user"].iter().any(|name| self.text(name).is_some_and(is_user))
    }
}

impl Filter {
    /// Whether the decision is asked for.
    #[must_use]
    pub fn takes(&self, entry: &Entry) -> bool {
        self.user.as_deref().is_none_or(|user| entry.is_of(user))
            && self.reason.as_deref().is_none_or(|reason| entry.reason() == reason)
    }
}

fn told(millis: i64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::sign_in_log) fn entry(millis: i64, line: &str) -> Entry {
        Entry::parse(&format!("id-{millis}"), millis, line).unwrap()
    }

    pub(in crate::sign_in_log) const ACCEPTED: &str = r#"{"level":"INFO","event":"sign-in","decision":"accepted","reason":"ok","login":"alice@acme.com","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_status":200,"okta_request_id":"Zk1xRequest","okta_error_code":null,"okta_error_id":null,"ms":41}"#;

    #[test]
    fn only_decisions_are_read() {
        for line in
            ["", "START RequestId: 1", "[]", r#"{"event":"start"}"#, r#"{"decision":"accepted"}"#, r#"{"event":7}"#]
        {
            assert_eq!(Entry::parse("1", 0, line), None, "{line}");
        }
        assert!(Entry::parse("1", 0, ACCEPTED).is_some_and(|entry| entry.is_accepted()));
    }

    #[test]
    fn a_field_nobody_knows_yet_is_passed_on_and_metrics_are_not() {
        let read = entry(
            1_763_935_773_042,
            r#"{"_aws":{},"event":"sign-in","decision":"refused","reason":"new-word","time":"x","rule":3,"SignIns":1,"DeploymentName":"demo"}"#,
        );
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"{"time":"2025-11-23T22:09:33.042Z","decision":"refused","event":"sign-in","reason":"new-word","rule":3}"#
        );
    }

    #[test]
    fn users_and_reasons() {
        let read = entry(1, ACCEPTED);
        let filter = |user: &str, reason: &str| {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            Filter { user: some(user), reason: some(reason) }.takes(&read)
        };
        assert!(filter("", "") && filter("alice", "ok") && filter("Alice@ACME.com", ""));
        assert!(!filter("alic", "") && !filter("bob", "ok") && !filter("alice", "bad-credentials"));
        assert!(!filter("acme.com", ""));
    }
}
