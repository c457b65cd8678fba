//! How often a start is looked at, and how soon its end is told.

use std::time::Duration;

use serde_json::json;

use super::fixtures::{server_as_wanted, spec};
use super::{Change, Found, Owner, ServerState, ensure};
use crate::progress::{Mode, Progress, Style};
use crate::timed::Timed;
use crate::wait::Patience;

/// The pause of a deploy that was not told another one.
const USUAL: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(2);

/// A server that is STARTING for so long; `way` is how long a call takes to arrive, and its answer.
async fn started(lasts: Duration, way: Duration) -> Timed {
    let service = Timed::new(way, move |action, now| {
        assert_eq!(action, "DescribeServer");
        let state = if now < lasts { "STARTING" } else { "ONLINE" };
        json!({"Server": {"Arn": server_as_wanted().arn, "ServerId": server_as_wanted().id, "State": state}})
            .to_string()
    });
    let mut found = Found::default();
    found.owned.push(super::Server { state: ServerState::Starting, ..server_as_wanted() });
    let owner = Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() };
    let patience = Patience::new(Duration::from_secs(3600), USUAL);
    let progress = Progress::new(Mode::Quiet, Style::new(false));
    let ensured = ensure(&service.transfer(), &spec(), &owner, found, "run", &patience, &progress).await;
    let ensured = ensured.unwrap();
    assert_eq!((ensured.server.state, ensured.change), (ServerState::Online, Change::Unchanged));
    service
}

/// Whatever the moment at which it comes, ONLINE is told within two seconds, and each two seconds cost one call at most.
#[tokio::test(start_paused = true)]
async fn online_is_told_within_two_seconds_at_one_call_in_two() {
    for lasts in [1, 1_999, 2_000, 2_001, 61_300, 337_300, 599_999, 1_800_000] {
        let lasts = Duration::from_millis(lasts);
        let service = started(lasts, Duration::ZERO).await;
        let behind = service.now() - lasts;
        assert!(behind <= MOST, "{behind:?} behind a start of {lasts:?}");
        let pauses = service.pauses(service.now());
        assert!(pauses.iter().all(|pause| *pause == MOST), "{pauses:?}");
        assert_eq!(service.asked().len() as u128, lasts.as_millis().div_ceil(MOST.as_millis()));
    }
}

/// What the way to AWS and back takes comes on top, and makes calls rarer.
#[tokio::test(start_paused = true)]
async fn a_long_way_costs_no_more_calls() {
    let (lasts, way) = (Duration::from_secs(301), Duration::from_millis(150));
    let service = started(lasts, way).await;
    assert!(service.now() - lasts <= MOST + way * 3, "{:?}", service.now());
    let pauses = service.pauses(service.now());
    assert!(pauses.iter().all(|pause| (MOST..=MOST + way * 2).contains(pause)), "{pauses:?}");
}
