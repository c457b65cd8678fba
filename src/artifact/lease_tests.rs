//! Another run's lease against a scripted S3: it is respected while it lives, and taken over only once it has expired.

use std::time::Duration;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use serde_json::json;

use super::bucket::ArtifactBucket;
use super::lease::{Holder, LeaseSlot};
use crate::error::{ErrorCode, Result};
use crate::progress::{Mode, Progress, Style};
use crate::scripted::{Answer, Asked, S3};

/// When the other run wrote its lease, in seconds of the service's clock.
const WRITTEN: i64 = 1_800_000_000;
/// Who this run is.
const CALLER: &str = "arn:aws:iam::111122223333:user/dave";

fn date(seconds: i64) -> String {
    DateTime::from_secs(seconds).fmt(DateTimeFormat::HttpDate).unwrap()
}

/// S3's refusal to write where another run's lease is, so many seconds after that was written.
fn taken(age: i64) -> Answer {
    (412, vec![("date", date(WRITTEN + age))], "<Error><Code>PreconditionFailed</Code></Error>".to_owned())
}

/// The other run's lease.
fn lease(etag: &str, lives: Duration) -> Answer {
    let lives_ms = u64::try_from(lives.as_millis()).unwrap();
    let note = json!({"run": "other", "command": "teardown", "caller": "arn:aws:iam::111122223333:user/carol",
        "lives_ms": lives_ms, "renewal": 4});
    (200, vec![("etag", etag.to_owned()), ("last-modified", date(WRITTEN))], note.to_string())
}

fn done(etag: &str) -> Answer {
    (200, vec![("etag", etag.to_owned())], String::new())
}

/// This run's own lease, as it was written for the renewal of this number.
fn own(etag: &str, lives: Duration, renewal: u64) -> Answer {
    let note = json!({"run": "own", "command": "deploy", "caller": CALLER,
        "lives_ms": u64::try_from(lives.as_millis()).unwrap(), "renewal": renewal});
    (200, vec![("etag", etag.to_owned()), ("last-modified", date(WRITTEN))], note.to_string())
}

/// A request that arrives and is never answered.
fn lost() -> Answer {
    (0, Vec::new(), String::new())
}

/// Takes the lease of `demo` for this run.
async fn take_from(s3: &S3, slot: &LeaseSlot, interval: Duration) -> Result<()> {
    let bucket = ArtifactBucket::new(None, "111122223333", "eu-west-1", "aws");
    let holder = Holder { deployment: "demo", run: "own", command: "deploy", caller: CALLER };
    let progress = Progress::new(Mode::Quiet, Style::new(false));
    slot.take(&s3.client, &bucket, &holder, interval, Duration::ZERO, &progress).await
}

/// A request with its condition.
fn told(asked: &Asked) -> String {
    let condition = |name: &str| asked.header(name).map(|value| format!(" {name} {value}")).unwrap_or_default();
    format!("{}{}{}", asked.method, condition("if-none-match"), condition("if-match"))
}

/// Takes the lease, gives it back, and tells what was asked with which condition.
async fn take(answers: Vec<Answer>, interval: Duration) -> (Result<()>, Vec<String>) {
    let s3 = S3::start("eu-west-1", answers).await;
    let slot = LeaseSlot::default();
    let result = take_from(&s3, &slot, interval).await;
    if result.is_ok() {
        slot.hold(async { Ok(()) }).await.unwrap();
    }
    (result, s3.finish().iter().map(told).collect())
}

/// The age is surely reached one second later than the times say, since S3 tells them to the second.
#[tokio::test]
async fn a_lease_that_lives_is_respected() {
    for (lives, age) in [(30, 0), (30, 10), (30, 30), (600, 600), (u64::from(u32::MAX), 600)] {
        let lives = Duration::from_secs(lives);
        // It is seen again after a pause, and was renewed meanwhile: its run is at work.
        let answers = vec![taken(age), lease("first", lives), taken(age), lease("second", lives)];
        let (result, asked) = take(answers, Duration::from_millis(1)).await;
        assert_eq!(asked, ["PUT if-none-match *", "GET", "PUT if-none-match *", "GET"], "{lives:?} {age}");
        let error = result.unwrap_err();
        assert_eq!(error.code, ErrorCode::Busy);
        assert_eq!(error.message, "`teardown` by arn:aws:iam::111122223333:user/carol is working on deployment demo");
    }
}

#[tokio::test]
async fn a_lease_that_has_expired_is_taken_over_where_it_still_is_the_same() {
    // However long its text says that it lives, ten minutes are the most that is believed.
    for (lives, age) in [(30, 31), (30, 3600), (600, 601), (u64::from(u32::MAX), 601)] {
        let answers = vec![taken(age), lease("first", Duration::from_secs(lives)), done("ours"), done("")];
        let (result, asked) = take(answers, Duration::from_secs(2)).await;
        result.unwrap();
        let expected = ["PUT if-none-match *", "GET", "PUT if-match first", "DELETE if-match ours"];
        assert_eq!(asked, expected, "{lives} {age}");
    }
}

#[tokio::test]
async fn who_comes_too_late_to_take_it_over_looks_again() {
    let lives = Duration::from_secs(30);
    let answers = vec![taken(31), lease("first", lives), taken(31), taken(5), lease("second", lives)];
    let (result, asked) = take(answers, Duration::from_millis(1)).await;
    assert_eq!(result.unwrap_err().code, ErrorCode::Busy);
    assert_eq!(asked, ["PUT if-none-match *", "GET", "PUT if-match first", "PUT if-none-match *", "GET"]);
}

/// The renewal took effect, but its answer was lost, and the next request too: what this run finds then is its own, and is
/// renewed once more from there.
#[tokio::test]
async fn a_renewal_whose_every_answer_was_lost_is_no_other_runs() {
    let interval = Duration::from_millis(40);
    let renewed = own("second", interval * 15, 1);
    let answers = vec![done("first"), lost(), lost(), taken(1), renewed, done("third"), done("")];
    let s3 = S3::start("eu-west-1", answers).await;
    let slot = LeaseSlot::default();
    take_from(&s3, &slot, interval).await.unwrap();
    let held = slot.hold(async {
        while s3.asked().len() < 6 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    });
    held.await.unwrap();
    let asked: Vec<String> = s3.finish().iter().map(told).collect();
    let again = "PUT if-match first";
    let expected = ["PUT if-none-match *", again, again, again, "GET", "PUT if-match second", "DELETE if-match third"];
    assert_eq!(asked, expected);
}

/// The work ends while a renewal is at the service: its answer is awaited, and what is deleted is what it wrote.
#[tokio::test]
async fn it_is_given_back_as_the_renewal_under_way_leaves_it() {
    let s3 = S3::start("eu-west-1", vec![done("first"), done("second"), done("")]).await;
    let slot = LeaseSlot::default();
    take_from(&s3, &slot, Duration::from_millis(10)).await.unwrap();
    let held = slot.hold(async {
        while s3.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
        Ok(())
    });
    held.await.unwrap();
    let asked: Vec<String> = s3.finish().iter().map(told).collect();
    assert_eq!(asked, ["PUT if-none-match *", "PUT if-match first", "DELETE if-match second"]);
}

#[tokio::test]
async fn a_lease_that_another_run_has_is_lost() {
    let interval = Duration::from_millis(40);
    let s3 = S3::start("eu-west-1", vec![done("first"), taken(1), lease("theirs", interval), taken(1)]).await;
    let slot = LeaseSlot::default();
    take_from(&s3, &slot, interval).await.unwrap();
    let error = slot.hold(std::future::pending::<Result<()>>()).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Busy, "another run took this deployment over"));
}
