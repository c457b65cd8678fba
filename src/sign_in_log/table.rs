//! Decisions as a person reads them: one line each, in columns. Pure.

use serde_json::Value;

use super::line::Entry;
use crate::progress::{Style, clean};

/// Fields that have a column, or that say the same for every line.
const SHOWN: [&str; 10] =
    ["level", "event", "decision", "reason", "login", "source_ip", "protocol", "server_id", "ms", "okta_status"];

/// The columns. They only ever grow, so a log that is followed stays aligned as far as it can.
#[derive(Debug, Clone)]
pub struct Table {
    style: Style,
    reason: usize,
    login: usize,
    source: usize,
}

impl Table {
    /// Columns for the usual: an IPv4 address, a login of two dozen characters.
    #[must_use]
    pub const fn new(style: Style) -> Self {
        Self { style, reason: 15, login: 24, source: 15 }
    }

    /// Widens the columns to what is to come.
    pub fn fit<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) {
        let width = |text: &str| text.chars().count();
        for entry in entries {
            self.reason = self.reason.max(width(entry.reason()));
            self.login = self.login.max(width(&cell(entry, "login")));
            self.source = self.source.max(width(&cell(entry, "source_ip")));
        }
    }

    /// One line, without its end.
    #[must_use]
    pub fn line(&self, entry: &Entry) -> String {
        let Self { style, reason, login, source } = self;
        let decision = format!("{:<8}", cell(entry, "decision"));
        let decision = if entry.is_accepted() { style.good(&decision) } else { style.bad(&decision) };
        let spent = entry.fields.get("ms").and_then(Value::as_u64).map(|ms| format!("{ms} ms")).unwrap_or_default();
        let told = format!(
            "{}  {decision}  {:<reason$}  {:<login$}  {:<source$}  {spent:>8}  {}",
            style.dim(&clean(&entry.time)),
            cell(entry, "reason"),
            cell(entry, "login"),
            cell(entry, "source_ip"),
            style.dim(&more(entry)),
        );
        told.trim_end().to_owned()
    }
}

fn cell(entry: &Entry, name: &str) -> String {
    clean(entry.text(name).unwrap_or("-"))
}

/// What else the line says, known here or not: `okta_request_id=…`.
fn more(entry: &Entry) -> String {
    let rest = entry.fields.iter().filter(|(name, value)| !SHOWN.contains(&name.as_str()) && !value.is_null());
    let told = rest.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    clean(&told.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::{ACCEPTED, entry};
    use super::*;

    const REFUSED: &str = r#"{"level":"WARN","event":"sign-in","decision":"refused","reason":"okta-unavailable","detail":"timeout","login":"somebody.with.a.long.name@acme.com","source_ip":"2001:db8:1:2:3:4:5:6","server_id":"s-0","okta_request_id":null,"rule":3,"ms":10001}"#;
    const HOSTILE: &str =
        r#"{"event":"sign-in","decision":"refused","reason":"::error::\u001b[2J","login":"a\nb","detail":"x\ry"}"#;

    fn lines(style: Style) -> String {
        let entries = [ACCEPTED, REFUSED, HOSTILE].map(|line| entry(1_763_935_773_042, line));
        let mut table = Table::new(style);
        table.fit(&entries);
        entries.iter().map(|entry| table.line(entry) + "\n").collect()
    }

    #[test]
    fn decisions_stand_in_columns() {
        insta::assert_snapshot!(lines(Style::new(false)), @r"
        2025-11-23T22:09:33.042Z  accepted  ok                alice@acme.com                      203.0.113.9              41 ms  okta_request_id=Zk1xRequest
        2025-11-23T22:09:33.042Z  refused   okta-unavailable  somebody.with.a.long.name@acme.com  2001:db8:1:2:3:4:5:6  10001 ms  detail=timeout rule=3
        2025-11-23T22:09:33.042Z  refused   : :error:: [2J    a b                                 -                               detail=x y
        ");
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let coloured = lines(Style::new(true));
        assert_ne!(coloured, lines(Style::new(false)));
        assert_eq!(console::strip_ansi_codes(&coloured), lines(Style::new(false)));
    }
}
