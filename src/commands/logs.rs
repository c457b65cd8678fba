//! `logs`: sign-in decisions, newest last, once or for as long as somebody looks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::sleep;

use crate::error::{Error, ErrorCode, Result};
use crate::report::Outcome;
use crate::settings::Target;
use crate::sign_in_log::{self, Entry, Filter, Follow, LogGroup};
use crate::stack;
use crate::wait::Backoff;

use super::Run;
use super::session::Session;

/// Which decisions, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which.
    pub filter: Filter,
    /// How far back.
    pub since: Duration,
    /// How many at most, the newest.
    pub limit: usize,
    /// Whether to go on with those to come.
    pub follow: bool,
}

/// Takes decisions as they become known, a batch at a time; says whether anybody still reads them.
pub type Show<'a> = dyn FnMut(&[Entry]) -> bool + 'a;

/// Reads the log of a deployment. What was asked for once goes into the report; what is followed goes to `show`, until a
/// signal ends the run or nobody reads it any more.
///
/// # Errors
/// `Configuration` when there is no deployment, or what CloudWatch Logs says.
pub async fn run(target: &Target, wish: &Wish, show: &mut Show<'_>, run: &mut Run<'_>) -> Result<()> {
    let session = Session::open(target, None, run).await?;
    let stack = stack::describe(&session.clients.cloudformation, &target.stack_name).await?;
    session.guard_stack(stack.as_ref())?;
    let group = stack.as_ref().and_then(|stack| stack.outputs.get("IdentityProviderLogGroup"));
    let Some(group) = group else {
        return Err(Error::new(ErrorCode::Configuration, format!("{} has no sign-in log", target.name))
            .cause(format!("there is no stack {} with an output IdentityProviderLogGroup", target.stack_name))
            .hint("make it with `sftp-okta deploy`, or name another deployment with --name"));
    };
    run.progress.step(&format!("Reading {group}"));
    let group = LogGroup { client: &session.clients.logs, name: group };
    let since = millis_ago(wish.since);
    let read = sign_in_log::read(group, since).await?;
    let mut follow = Follow::from(since);
    let newest = newest(follow.news(read), wish);
    run.report.result = Outcome::Shown;
    if !wish.follow {
        run.report.sign_ins = Some(newest);
        return Ok(());
    }
    run.progress.done("Waiting for sign-ins; Ctrl-C ends it");
    run.progress.hush();
    let mut shown = show(&newest);
    let interval = run.options.poll_interval;
    let mut backoff = Backoff::from(interval);
    while shown {
        sleep(interval).await;
        match sign_in_log::read(group, follow.since()).await {
            Ok(read) => {
                let news: Vec<Entry> = follow.news(read).into_iter().filter(|entry| wish.filter.takes(entry)).collect();
                shown = show(&news);
                backoff = Backoff::from(interval);
            }
            Err(error) if error.code.may_pass() => {
                run.progress.note(&format!("{error}; looking again"));
                sleep(backoff.next_pause()).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Those asked for, and of these the newest.
fn newest(read: Vec<Entry>, wish: &Wish) -> Vec<Entry> {
    let mut wanted: Vec<Entry> = read.into_iter().filter(|entry| wish.filter.takes(entry)).collect();
    let surplus = wanted.len().saturating_sub(wish.limit);
    wanted.split_off(surplus)
}

/// A time ago, in milliseconds since 1970.
fn millis_ago(time: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_sub(time).as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_those_asked_for() {
        let entry = |millis: i64, reason: &str| {
            let line = format!(r#"{{"event":"sign-in","reason":"{reason}"}}"#);
            Entry::parse(&millis.to_string(), millis, &line).unwrap()
        };
        let read = || vec![entry(1, "ok"), entry(2, "config"), entry(3, "ok"), entry(4, "ok")];
        let told = |filter: Filter, limit: usize| {
            let wish = Wish { filter, since: Duration::ZERO, limit, follow: false };
            newest(read(), &wish).iter().map(|entry| entry.millis).collect::<Vec<_>>()
        };
        let ok = Filter { reason: Some("ok".into()), user: None };
        assert_eq!(told(Filter::default(), 9), [1, 2, 3, 4]);
        assert_eq!(told(ok.clone(), 2), [3, 4]);
        assert_eq!(told(ok, 0), [0_i64; 0]);
    }
}
