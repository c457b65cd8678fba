//! Stacks and events as CloudFormation writes them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use tokio::time::Instant;

use super::{Event, Pairs, Stack};

/// The template as it stands in an answer.
pub(super) static TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    let text = sftp_okta::stack::sealed(sftp_okta::stack::TEMPLATE);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
});

/// A row of DescribeStacks.
pub(super) fn stack_row(stack: &Stack) -> String {
    let mut xml = format!(
        "<member><StackId>{}</StackId><StackName>{}</StackName><CreationTime>2027-01-01T00:00:00Z</CreationTime><StackStatus>{}</StackStatus>",
        stack.arn, stack.name, stack.status
    );
    if stack.updated.is_some() {
        // Only that it differs matters; a clock of its own tells that.
        let _ = write!(
            xml,
            "<LastUpdatedTime>2027-01-02T00:{:02}:{:02}Z</LastUpdatedTime>",
            stack.events.len() / 60 % 60,
            stack.events.len() % 60
        );
    }
    let list = |name: &str, key: &str, value: &str, pairs: &Pairs| {
        let rows: String =
            pairs.iter().map(|(k, v)| format!("<member><{key}>{k}</{key}><{value}>{v}</{value}></member>")).collect();
        format!("<{name}>{rows}</{name}>")
    };
    xml += &list("Parameters", "ParameterKey", "ParameterValue", &stack.parameters);
    xml += &list("Tags", "Key", "Value", &stack.tags);
    let complete =
        stack.status.ends_with("_COMPLETE") && !["ROLLBACK_COMPLETE", "DELETE_COMPLETE"].contains(&stack.status);
    if complete || stack.updated.is_some() {
        let names = [
            "TransferIdentityProviderUrl",
            "TransferIdentityProviderRole",
            "TransferSFTPCloudWatchLogsWriteLogs",
            "UserAccessRole",
            "IdentityProviderFunction",
            "IdentityProviderLogGroup",
            "TransferLogGroupArn",
        ];
        let outputs = names.map(|name| (name.to_owned(), stack.output(name))).into_iter().collect();
        xml += &list("Outputs", "OutputKey", "OutputValue", &outputs);
    }
    xml + "</member>"
}

/// A row of DescribeStackEvents.
pub(super) fn event_row(stack: &Stack, event: &Event, began: Instant) -> String {
    let own = event.logical_id == stack.name;
    let (physical, kind) = match own {
        true => (stack.arn.as_str(), "AWS::CloudFormation::Stack"),
        false => ("", "AWS::IAM::Role"),
    };
    let since = event.at.saturating_duration_since(began).as_secs();
    format!(
        "<member><StackId>{}</StackId><EventId>{}</EventId><StackName>{}</StackName><LogicalResourceId>{}</LogicalResourceId>\
         <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}</ResourceType>\
         <Timestamp>2027-01-01T{:02}:{:02}:{:02}Z</Timestamp><ResourceStatus>{}</ResourceStatus>\
         <ResourceStatusReason>{}</ResourceStatusReason><ClientRequestToken>{}</ClientRequestToken></member>",
        stack.arn,
        event.id,
        stack.name,
        event.logical_id,
        since / 3600 % 24,
        since / 60 % 60,
        since % 60,
        event.status,
        event.reason,
        event.token
    )
}
