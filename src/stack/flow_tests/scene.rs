//! The deployment of all these tests, and CloudFormation's answers about it (awsQuery, as on the wire).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::Result;
use crate::progress::{Mode, Progress, Style};
use crate::scripted::{Answer, Asked, CloudFormation, answer};
use crate::stack::fixtures::stack_in;
use crate::stack::{self, Applied, Deleted, Desired, Preview, PreviewSlot, ResourceChange, Stack};
use crate::wait::Patience;

pub(super) const ARN: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-demo/1";
pub(super) const CHANGE_SET: &str = "arn:aws:cloudformation:eu-west-1:111122223333:changeSet/run-1/1";
pub(super) const TOKEN: &str = "run-1";
/// The token of somebody else's operation.
pub(super) const OTHER: &str = "other";

pub(super) fn desired() -> Desired {
    Desired {
        name: "sftp-okta-demo".into(),
        template: "Resources: {}".into(),
        parameters: BTreeMap::from([("BucketName".into(), "acme-files".into())]),
        tags: BTreeMap::from([("sftp-okta:deployment".into(), "demo".into())]),
        adopt: false,
    }
}

pub(super) fn progress() -> Progress {
    Progress::new(Mode::Quiet, Style::new(false))
}

pub(super) fn patience() -> Patience {
    Patience::new(Duration::from_secs(20), Duration::from_millis(1))
}

/// DescribeChangeSet: one function whose code changes from `before` to `after`.
pub(super) fn changed_code(reason: &str, before: &str, after: &str) -> Call {
    let xml = format!(
        "<ChangeSetId>{CHANGE_SET}</ChangeSetId><StackId>{ARN}</StackId><Status>CREATE_COMPLETE</Status>\
         <ExecutionStatus>AVAILABLE</ExecutionStatus><StatusReason>{reason}</StatusReason><Changes><member><Type>Resource</Type>\
         <ResourceChange><Action>Modify</Action><LogicalResourceId>Function</LogicalResourceId><ResourceType>\
         AWS::Lambda::Function</ResourceType><Replacement>False</Replacement><Details><member><Target><Attribute>Properties\
         </Attribute><Name>Code</Name><Path>/Properties/Code</Path><RequiresRecreation>Never</RequiresRecreation><BeforeValue>\
         {before}</BeforeValue><AfterValue>{after}</AfterValue></Target></member></Details></ResourceChange></member></Changes>"
    );
    ("DescribeChangeSet", result("DescribeChangeSet", &xml))
}

/// One expected call, and its answer.
pub(super) type Call = (&'static str, Answer);

/// Applies `desired` on a CloudFormation that expects exactly these calls.
pub(super) async fn apply(desired: &Desired, calls: Vec<Call>) -> (Result<Applied>, Vec<Asked>) {
    apply_with(desired, calls, &progress(), &patience()).await
}

pub(super) async fn apply_with(
    desired: &Desired,
    calls: Vec<Call>,
    progress: &Progress,
    patience: &Patience,
) -> (Result<Applied>, Vec<Asked>) {
    let (expected, answers) = calls.into_iter().unzip();
    let service = CloudFormation::start(answers).await;
    let result = stack::apply(&service.client, desired, None, TOKEN, patience, progress).await;
    (result, checked(expected, service))
}

/// Applies `desired` where `approved` is all that an update may do.
pub(super) async fn apply_approved(
    desired: &Desired,
    approved: &[ResourceChange],
    calls: Vec<Call>,
) -> (Result<Applied>, Vec<Asked>) {
    let (expected, answers) = calls.into_iter().unzip();
    let service = CloudFormation::start(answers).await;
    let applied = stack::apply(&service.client, desired, Some(approved), TOKEN, &patience(), &progress()).await;
    (applied, checked(expected, service))
}

/// Previews `desired` on the stack in `status`.
pub(super) async fn preview(status: &str, calls: Vec<Call>) -> (Result<Option<Preview>>, Vec<Asked>) {
    let (expected, answers) = calls.into_iter().unzip();
    let service = CloudFormation::start(answers).await;
    let stack = read(status);
    let (slot, desired) = (PreviewSlot::default(), desired());
    let previewed = stack::preview(&service.client, &desired, &stack, TOKEN, &slot, &patience(), &progress()).await;
    // Nothing is left for an interruption to delete.
    slot.discard_at_once().await;
    (previewed, checked(expected, service))
}

/// A preview that is interrupted while its change set is being made: what is asked after that.
pub(super) async fn interrupted_preview(calls: Vec<Call>) -> Vec<Asked> {
    let (mut expected, mut answers): (Vec<&str>, Vec<Answer>) = calls.into_iter().unzip();
    expected.splice(0..0, ["CreateChangeSet", "DescribeChangeSet"]);
    answers.splice(0..0, [change_set().1, judged("CREATE_IN_PROGRESS", "UNAVAILABLE", "", 0, None).1]);
    let service = CloudFormation::start(answers).await;
    let (slot, desired, stack) = (PreviewSlot::default(), desired(), read("CREATE_COMPLETE"));
    {
        let (progress, slow) = (progress(), Patience::new(Duration::from_secs(60), Duration::from_secs(60)));
        let previewed = stack::preview(&service.client, &desired, &stack, TOKEN, &slot, &slow, &progress);
        let asked_twice = async {
            while service.asked().len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = previewed => panic!("it was not interrupted"),
            () = asked_twice => {}
        }
    }
    slot.discard_at_once().await;
    checked(expected, service).split_off(2)
}

/// Deletes the stack in `status`, of which `retain` may be left behind.
pub(super) async fn delete_retaining(status: &str, retain: &[&str], calls: Vec<Call>) -> (Result<Deleted>, Vec<Asked>) {
    let (expected, answers) = calls.into_iter().unzip();
    let service = CloudFormation::start(answers).await;
    let retain: Vec<String> = retain.iter().map(|name| (*name).to_owned()).collect();
    let stack = read(status);
    let deleted = stack::delete_retaining(&service.client, &stack, &retain, TOKEN, &patience(), &progress()).await;
    (deleted, checked(expected, service))
}

/// Deletes the stack in `status` on a CloudFormation that expects exactly these calls.
pub(super) async fn delete(status: &str, calls: Vec<Call>) -> (Result<Deleted>, Vec<Asked>) {
    delete_stack(&read(status), calls).await
}

pub(super) async fn delete_stack(stack: &Stack, calls: Vec<Call>) -> (Result<Deleted>, Vec<Asked>) {
    let (expected, answers) = calls.into_iter().unzip();
    let service = CloudFormation::start(answers).await;
    let result = stack::delete(&service.client, stack, TOKEN, &patience(), &progress()).await;
    (result, checked(expected, service))
}

fn checked(expected: Vec<&str>, service: CloudFormation) -> Vec<Asked> {
    let asked = service.asked();
    let actions: Vec<String> = asked.iter().map(|asked| asked.field("Action").unwrap_or_default()).collect();
    assert_eq!(actions, expected);
    service.finish()
}

/// The stack in `status`, as read before.
pub(super) fn read(status: &str) -> Stack {
    stack_in(stack::StackStatus::parse(status))
}

fn result(action: &str, inside: &str) -> Answer {
    answer(
        200,
        &format!(
            "<{action}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><{action}Result>{inside}\
             </{action}Result><ResponseMetadata><RequestId>R</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

/// An error on the wire.
pub(super) fn error(status: u16, code: &str, message: &str) -> Answer {
    answer(
        status,
        &format!(
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>R</RequestId></ErrorResponse>"
        ),
    )
}

/// Throttled so often that the SDK gives up.
pub(super) fn throttled(action: &'static str) -> [Call; 3] {
    [(); 3].map(|()| (action, error(400, "Throttling", "Rate exceeded")))
}

/// DescribeStacks: never updated yet.
pub(super) fn stack(status: &str) -> Call {
    stack_with(status, "")
}

/// DescribeStacks: an update began in this second of a minute.
pub(super) fn updated(status: &str, second: u32) -> Call {
    stack_with(status, &format!("<LastUpdatedTime>2026-11-23T10:00:{second:02}.000Z</LastUpdatedTime>"))
}

pub(super) fn stack_with(status: &str, more: &str) -> Call {
    let tags = "<Tags><member><Key>sftp-okta:deployment</Key><Value>demo</Value></member></Tags>";
    untagged(status, &format!("{tags}{more}"))
}

/// DescribeStacks: nobody knows whose.
pub(super) fn untagged(status: &str, more: &str) -> Call {
    let xml = format!(
        "<Stacks><member><StackName>sftp-okta-demo</StackName><StackId>{ARN}</StackId><StackStatus>{status}</StackStatus>\
         <CreationTime>2026-11-23T09:00:00.000Z</CreationTime>{more}<Outputs><member><OutputKey>Url</OutputKey>\
         <OutputValue>https://x</OutputValue></member></Outputs></member></Stacks>"
    );
    ("DescribeStacks", result("DescribeStacks", &xml))
}

pub(super) fn no_stack() -> Call {
    ("DescribeStacks", error(400, "ValidationError", "Stack with id sftp-okta-demo does not exist"))
}

pub(super) fn change_set() -> Call {
    ("CreateChangeSet", result("CreateChangeSet", &format!("<Id>{CHANGE_SET}</Id><StackId>{ARN}</StackId>")))
}

/// DescribeChangeSet: `changes` resources on this page, and whether there is another one.
pub(super) fn judged(status: &str, execution: &str, reason: &str, changes: usize, next: Option<&str>) -> Call {
    let change = "<member><Type>Resource</Type><ResourceChange><Action>Add</Action></ResourceChange></member>";
    let next = next.map(|next| format!("<NextToken>{next}</NextToken>")).unwrap_or_default();
    let xml = format!(
        "<ChangeSetId>{CHANGE_SET}</ChangeSetId><StackId>{ARN}</StackId><Status>{status}</Status><ExecutionStatus>\
         {execution}</ExecutionStatus><StatusReason>{reason}</StatusReason><Changes>{}</Changes>{next}",
        change.repeat(changes)
    );
    ("DescribeChangeSet", result("DescribeChangeSet", &xml))
}

pub(super) fn executable() -> Call {
    judged("CREATE_COMPLETE", "AVAILABLE", "", 2, None)
}

pub(super) fn failed(reason: &str) -> Call {
    judged("FAILED", "UNAVAILABLE", reason, 0, None)
}

pub(super) fn executed() -> Call {
    ("ExecuteChangeSet", result("ExecuteChangeSet", ""))
}

pub(super) fn discarded() -> Call {
    ("DeleteChangeSet", result("DeleteChangeSet", ""))
}

pub(super) fn deletion() -> Call {
    ("DeleteStack", result("DeleteStack", ""))
}

/// ListChangeSets.
pub(super) fn change_sets(arns: &[&str]) -> Call {
    let rows: String = arns.iter().map(|arn| format!("<member><ChangeSetId>{arn}</ChangeSetId></member>")).collect();
    ("ListChangeSets", result("ListChangeSets", &format!("<Summaries>{rows}</Summaries>")))
}

/// ListChangeSets: name, id and the minute in which each was made.
pub(super) fn change_sets_of(rows: &[(&str, &str, u32)]) -> Call {
    let rows: String = rows
        .iter()
        .map(|(name, arn, minute)| {
            format!(
                "<member><ChangeSetId>{arn}</ChangeSetId><ChangeSetName>{name}</ChangeSetName>\
                 <CreationTime>2026-11-23T10:{minute:02}:00.000Z</CreationTime></member>"
            )
        })
        .collect();
    ("ListChangeSets", result("ListChangeSets", &format!("<Summaries>{rows}</Summaries>")))
}

/// A row of the stack itself. The id is also its second.
pub(super) fn own(id: u32, token: &str, status: &str) -> String {
    row(id, token, "sftp-okta-demo", "AWS::CloudFormation::Stack", ARN, status, "")
}

/// A row of the stack itself in our operation, with a reason.
pub(super) fn own_because(id: u32, status: &str, reason: &str) -> String {
    row(id, TOKEN, "sftp-okta-demo", "AWS::CloudFormation::Stack", ARN, status, reason)
}

/// A row of a resource.
pub(super) fn resource(id: u32, name: &str, status: &str, reason: &str) -> String {
    row(id, TOKEN, name, "AWS::IAM::Role", &format!("{name}-1"), status, reason)
}

fn row(id: u32, token: &str, name: &str, kind: &str, physical: &str, status: &str, reason: &str) -> String {
    format!(
        "<member><EventId>{id}</EventId><StackId>{ARN}</StackId><StackName>sftp-okta-demo</StackName>\
         <LogicalResourceId>{name}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>\
         <ResourceType>{kind}</ResourceType><Timestamp>2026-11-23T10:00:{id:02}.000Z</Timestamp>\
         <ResourceStatus>{status}</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason>\
         <ClientRequestToken>{token}</ClientRequestToken></member>"
    )
}

/// DescribeStackEvents: a page of rows, newest first.
pub(super) fn events(rows: &[String], next: Option<&str>) -> Call {
    let next = next.map(|next| format!("<NextToken>{next}</NextToken>")).unwrap_or_default();
    let xml = format!("<StackEvents>{}</StackEvents>{next}", rows.concat());
    ("DescribeStackEvents", result("DescribeStackEvents", &xml))
}

/// DescribeEvents: failed validations as (name of the resource, reason).
pub(super) fn findings(found: &[(&str, &str, &str)]) -> Call {
    let rows: String = found
        .iter()
        .map(|(name, reason, mode)| {
            format!(
                "<member><EventId>v</EventId><EventType>VALIDATION_ERROR</EventType><ValidationFailureMode>{mode}\
                 </ValidationFailureMode><ValidationName>NAME_CONFLICT_VALIDATION</ValidationName><ValidationStatus>FAILED\
                 </ValidationStatus><ValidationStatusReason>{reason}</ValidationStatusReason><ValidationPath>\
                 /Resources/{name}</ValidationPath></member>"
            )
        })
        .collect();
    ("DescribeEvents", result("DescribeEvents", &format!("<OperationEvents>{rows}</OperationEvents>")))
}
