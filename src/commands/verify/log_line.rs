//! The log line of a sign-in that was just tried.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::commands::Run;
use crate::sign_in_log::{self, Entry, LogGroup};
use crate::wait::Patience;

/// How many poll intervals it is looked for: 20 seconds at the default of two. CloudWatch Logs usually shows it within
/// seconds.
const INTERVALS: u32 = 10;
/// How far this machine's clock may differ from AWS's, when the log is read.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// The line that is looked for.
pub(super) struct Line<'a> {
    pub(super) server: &'a str,
    pub(super) user: &'a str,
    pub(super) accepted: bool,
}

impl Line<'_> {
    fn is(&self, entry: &Entry) -> bool {
        entry.is_accepted() == self.accepted
            && entry.text("server_id") == Some(self.server)
            && entry.is_of(self.user.split('@').next().unwrap_or(self.user))
    }
}

/// The ids of the lines that are there before the sign-in: an older one of the same user is not taken for this one's.
pub(super) async fn known(log: Option<LogGroup<'_>>) -> HashSet<String> {
    let Some(log) = log else { return HashSet::new() };
    let read = sign_in_log::read(log, recently()).await.unwrap_or_default();
    read.into_iter().map(|entry| entry.id).collect()
}

/// The line of the sign-in, where it shows up in time. What keeps it from being found is told, and no failure.
pub(super) async fn find(
    log: Option<LogGroup<'_>>,
    before: &HashSet<String>,
    expected: &Line<'_>,
    run: &Run<'_>,
) -> Option<Entry> {
    let log = log?;
    run.progress.step("Looking for its line in the log");
    let limit = run.options.poll_interval.saturating_mul(INTERVALS);
    let patience = Patience::new(limit, run.options.poll_interval);
    let since = recently();
    loop {
        match sign_in_log::read(log, since).await {
            Ok(read) => {
                let line = read.into_iter().rev().find(|entry| !before.contains(&entry.id) && expected.is(entry));
                if line.is_some() {
                    return line;
                }
            }
            Err(error) => {
                run.progress.note(&format!("The log is not looked at: {error}"));
                return None;
            }
        }
        if patience.is_over() {
            run.progress.note(&format!(
                "No line of this sign-in was found within {}: look later with `sftp-okta logs`",
                humantime::format_duration(limit)
            ));
            return None;
        }
        patience.pause().await;
    }
}

/// A little while ago, in milliseconds since 1970.
fn recently() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_sub(CLOCK_SKEW).as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_sign_in() {
        let line = |login: &str, decision: &str, server: &str| {
            let fields =
                format!(r#"{{"event":"sign-in","decision":"{decision}","login":"{login}","server_id":"{server}"}}"#);
            Entry::parse("1", 0, &fields).unwrap()
        };
        let expected = Line { server: "s-1", user: "Alice", accepted: true };
        assert!(expected.is(&line("alice@acme.com", "accepted", "s-1")));
        assert!(Line { user: "alice@ACME.com", ..expected }.is(&line("alice@acme.com", "accepted", "s-1")));
        for (login, decision, server) in [
            ("bob@acme.com", "accepted", "s-1"),
            ("alice@acme.com", "refused", "s-1"),
            ("alice@acme.com", "accepted", "s-2"),
        ] {
            assert!(!expected.is(&line(login, decision, server)), "{login} {decision} {server}");
        }
    }
}
