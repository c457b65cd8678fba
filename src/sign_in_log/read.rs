//! Reading the log group: FilterLogEvents, all pages, in the order of time.

use aws_sdk_cloudwatchlogs::Client;

use super::line::Entry;
use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};

/// Only decisions: the group also holds what Lambda itself writes, and metrics.
const PATTERN: &str = r#"{ $.event = "sign-in" }"#;

/// A log group, and who reads it.
#[derive(Debug, Clone, Copy)]
pub struct LogGroup<'a> {
    /// The client.
    pub client: &'a Client,
    /// The group's name.
    pub name: &'a str,
}

/// The decisions from `since` on (milliseconds since 1970), oldest first, each once.
///
/// Events of several streams come interleaved and in no promised order, and a page may be empty though more follow (API
/// reference, FilterLogEvents).
///
/// # Errors
/// `Permission` where `logs:FilterLogEvents` is missing, `Configuration` where there is no such group, or what CloudWatch
/// Logs says.
pub async fn read(group: LogGroup<'_>, since: i64) -> Result<Vec<Entry>> {
    let asked = group.client.filter_log_events().log_group_name(group.name).start_time(since).filter_pattern(PATTERN);
    let mut pages = asked.into_paginator().send();
    let mut entries = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            let missing = refusal(&error).is_some_and(|refusal| refusal.code == "ResourceNotFoundException");
            let told = failure("could not read the sign-in log", &error).resource(group.name);
            if missing {
                return Error { code: ErrorCode::Configuration, ..told }
                    .hint("the log group was deleted: run `sftp-okta deploy` to bring it back");
            }
            told
        })?;
        entries.extend(page.events().iter().filter_map(|event| {
            Entry::parse(event.event_id().unwrap_or_default(), event.timestamp()?, event.message()?)
        }));
    }
    Ok(in_order(entries))
}

/// Oldest first, each once.
fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|one, other| (one.millis, &one.id).cmp(&(other.millis, &other.id)));
    entries.dedup_by(|one, other| one.id == other.id && !one.id.is_empty());
    entries
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::{ACCEPTED, entry};
    use super::*;
    use crate::scripted::{Logs, answer};

    #[test]
    fn interleaved_streams_come_in_order_and_once() {
        let times = [3, 1, 2, 1].map(|millis| entry(millis, ACCEPTED));
        assert_eq!(in_order(times.to_vec()).iter().map(|entry| entry.millis).collect::<Vec<_>>(), [1, 2, 3]);
    }

    fn page(events: &[(i64, &str)], next: Option<&str>) -> String {
        let events: Vec<_> = events
            .iter()
            .map(|(at, message)| serde_json::json!({"eventId": format!("e{at}"), "timestamp": at, "message": message}))
            .collect();
        serde_json::json!({"events": events, "nextToken": next}).to_string()
    }

    #[tokio::test]
    async fn every_page_is_read_an_empty_one_too() {
        let logs = Logs::start(vec![
            answer(200, &page(&[(2, ACCEPTED), (5, "START RequestId: 1")], Some("1"))),
            answer(200, &page(&[], Some("2"))),
            answer(200, &page(&[(1, ACCEPTED), (2, ACCEPTED)], None)),
        ])
        .await;
        let read = read(LogGroup { client: &logs.client, name: "/aws/lambda/demo" }, 7).await.unwrap();
        assert_eq!(read.iter().map(|entry| entry.millis).collect::<Vec<_>>(), [1, 2]);
        let asked = logs.finish();
        assert!(asked.iter().all(|call| call.body.contains(r#""startTime":7"#)), "{asked:?}");
        assert!(asked[2].body.contains(r#""nextToken":"2""#), "{asked:?}");
    }

    #[tokio::test]
    async fn a_group_that_is_gone_is_told_with_its_remedy() {
        let logs = Logs::start(vec![answer(
            400,
            r#"{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}"#,
        )])
        .await;
        let error = read(LogGroup { client: &logs.client, name: "/aws/lambda/demo" }, 0).await.unwrap_err();
        assert_eq!((error.code, error.resource.as_deref()), (ErrorCode::Configuration, Some("/aws/lambda/demo")));
        logs.finish();
    }
}
