//! How often an operation on a stack is looked at, and how soon its end is told.

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};

use super::StackStatus;
use super::settle::{Operation, settle};
use crate::progress::{Mode, Progress, Style};
use crate::timed::Timed;
use crate::wait::Patience;

const ARN: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-demo/1";
const TOKEN: &str = "run-1";
/// The pause of a deploy that was not told another one.
const USUAL: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(2);

/// One event.
fn row(out: &mut String, at: Duration, id: &str, kind: &str, status: &str) {
    let physical = if kind == "AWS::CloudFormation::Stack" { ARN } else { id };
    let (minutes, seconds) = (at.as_secs() / 60, at.as_secs() % 60);
    write!(
        out,
        "<member><EventId>{id}-{status}</EventId><StackId>{ARN}</StackId><StackName>sftp-okta-demo</StackName>\
         <LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>\
         <ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus>\
         <ClientRequestToken>{TOKEN}</ClientRequestToken>\
         <Timestamp>2026-01-01T00:{minutes:02}:{seconds:02}.{:03}Z</Timestamp></member>",
        at.subsec_millis()
    )
    .unwrap();
}

/// What is told of a stack whose making lasts so long, with a resource every few seconds.
fn told(action: &str, now: Duration, lasts: Duration) -> String {
    let own = "AWS::CloudFormation::Stack";
    let status = if now < lasts { "CREATE_IN_PROGRESS" } else { "CREATE_COMPLETE" };
    let mut rows = String::new();
    match action {
        "DescribeStacks" => write!(
            rows,
            "<Stacks><member><StackId>{ARN}</StackId><StackName>sftp-okta-demo</StackName>\
             <CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus></member></Stacks>"
        )
        .unwrap(),
        "DescribeStackEvents" => {
            rows.push_str("<StackEvents>");
            if now >= lasts {
                row(&mut rows, lasts, "sftp-okta-demo", own, status);
            }
            for number in (0..now.min(lasts).as_secs() / 7).rev() {
                row(
                    &mut rows,
                    Duration::from_secs(number * 7),
                    &format!("Role{number}"),
                    "AWS::IAM::Role",
                    "CREATE_COMPLETE",
                );
            }
            row(&mut rows, Duration::ZERO, "sftp-okta-demo", own, "CREATE_IN_PROGRESS");
            rows.push_str("</StackEvents>");
        }
        other => panic!("{other}"),
    }
    format!("<{action}Response><{action}Result>{rows}</{action}Result></{action}Response>")
}

/// Each two seconds cost one call at most while it lasts; its end is asked for a second time, at once.
#[tokio::test(start_paused = true)]
async fn the_end_is_told_within_two_seconds_at_one_call_in_two() {
    for lasts in [1, 2_000, 2_001, 61_300, 247_900, 600_000] {
        let lasts = Duration::from_millis(lasts);
        let service = Timed::new(Duration::ZERO, move |action, now| told(action, now, lasts));
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(service.http())
            .build();
        let patience = Patience::new(Duration::from_secs(3600), USUAL);
        let progress = Progress::new(Mode::Quiet, Style::new(false));
        let mut operation = Operation::creation(ARN, TOKEN);
        let stack = settle(&Client::from_conf(config), &mut operation, &patience, &progress).await.unwrap().unwrap();
        assert_eq!(stack.status, StackStatus::CreateComplete);
        assert_eq!(operation.events().len() as u64, lasts.as_secs() / 7 + 2, "every event was told");

        let behind = service.now() - lasts;
        assert!(behind <= MOST, "{behind:?} behind an end after {lasts:?}");
        let pauses = service.pauses(lasts.saturating_sub(Duration::from_millis(1)));
        assert!(pauses.iter().all(|pause| *pause == MOST), "{pauses:?}");
        let looks = lasts.as_millis().div_ceil(MOST.as_millis()) + 1;
        assert!(service.asked().len() as u128 <= looks + 2, "{:?}", service.asked());
    }
}
