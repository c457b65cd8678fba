//! What a person is told at the end of operations that failed, as whole errors.

use std::fmt::Write as _;

use super::super::events::FailedHook;
use super::super::events::tests::{ARN, event};
use super::*;

const DENIED: &str = "User: arn:aws:sts::111122223333:assumed-role/ci/run is not authorized to perform: iam:CreateRole on resource: \
                      arn:aws:iam::111122223333:role/sftp-okta-demo-UserAccessRole-1 because no identity-based policy allows the \
                      iam:CreateRole action (Service: Iam, Status Code: 403, Request ID: 0c1d2e3f-1111-2222-3333-444455556666) \
                      (SDK Attempt Count: 1)\" (RequestToken: 9f8e7d6c-0000, HandlerErrorCode: AccessDenied)";

fn of(kind: &str, event: StackEvent) -> StackEvent {
    StackEvent { resource_type: kind.into(), ..event }
}

fn unmade(event: StackEvent) -> StackEvent {
    StackEvent { physical_id: String::new(), ..event }
}

fn own(id: &str, status: &str, reason: Option<&str>) -> StackEvent {
    event(id, "t", "sftp-okta-demo", status, reason)
}

/// The row of a hook that failed.
fn hook(hook_type: &str, reason: &str, event: StackEvent) -> StackEvent {
    StackEvent { failed_hook: Some(FailedHook { hook_type: hook_type.into(), reason: reason.into() }), ..event }
}

/// One failed resource of a type, and the rollback that follows.
fn single(kind: &str, status: &str, reason: &str) -> Vec<StackEvent> {
    vec![
        own("1", "UPDATE_IN_PROGRESS", None),
        of(kind, event("2", "t", "Thing", status, Some(reason))),
        own("3", "UPDATE_ROLLBACK_IN_PROGRESS", Some("The following resource(s) failed to update: [Thing]. ")),
        own("4", "UPDATE_ROLLBACK_COMPLETE", None),
    ]
}

fn told(events: &[StackEvent]) -> String {
    let error = root_cause(events, ARN)
        .into_error("stack sftp-okta-demo could not be updated".into(), Some("the stack's reason"));
    error.details().fold(String::new(), |mut text, (label, value)| {
        let _ = writeln!(text, "  {label}: {value}");
        text
    })
}

#[test]
fn what_a_person_is_told() {
    let cancelled = Some("Resource creation cancelled");
    let boundary = "is not authorized to perform: kms:CreateKey on resource: * because no permissions boundary allows the kms:CreateKey action";
    let organisation = "is not authorized to perform: logs:CreateLogGroup on resource: x with an explicit deny in a service control policy";
    let cases: Vec<(&str, Vec<StackEvent>)> = vec![
        (
            "a permission, with cancellations that come first and after",
            vec![
                own("1", "CREATE_IN_PROGRESS", None),
                event("2", "t", "Early", "CREATE_FAILED", cancelled),
                unmade(event("3", "t", "UserAccessRole", "CREATE_FAILED", Some(DENIED))),
                event("4", "t", "Late", "CREATE_FAILED", cancelled),
                event("5", "t", "Later", "CREATE_FAILED", Some("Resource creation cancelled.")),
                own(
                    "6",
                    "ROLLBACK_IN_PROGRESS",
                    Some("The following resource(s) failed to create: [UserAccessRole, Early, Late]."),
                ),
                own("7", "ROLLBACK_COMPLETE", None),
            ],
        ),
        (
            "two causes, one told twice, and a rollback that fails",
            vec![
                own("1", "UPDATE_IN_PROGRESS", None),
                of("AWS::Lambda::Function", event("2", "t", "Function", "UPDATE_FAILED", Some("Rate exceeded"))),
                of("AWS::Lambda::Function", event("3", "t", "Function", "UPDATE_FAILED", Some("Rate exceeded"))),
                event("4", "t", "Role", "UPDATE_FAILED", Some("the trust policy is malformed")),
                own(
                    "5",
                    "UPDATE_ROLLBACK_IN_PROGRESS",
                    Some("The following resource(s) failed to update: [Function, Role]. "),
                ),
                event("6", "t", "Role", "UPDATE_FAILED", Some("Role sftp-okta-demo-Role is gone")),
                event("7", "t", "Role", "UPDATE_FAILED", Some("Role sftp-okta-demo-Role is gone")),
                own("8", "UPDATE_ROLLBACK_FAILED", Some("The following resource(s) failed to update: [Role]. ")),
            ],
        ),
        ("somebody cancelled", vec![own("1", "UPDATE_ROLLBACK_IN_PROGRESS", Some("User Initiated"))]),
        ("nothing is known", Vec::new()),
        (
            "a service's own word on a cancellation is a cause",
            single("AWS::KMS::Key", "UPDATE_FAILED", "The pending deletion of the key was cancelled by its owner"),
        ),
        ("a boundary", single("AWS::KMS::Key", "CREATE_FAILED", boundary)),
        ("an organisation", single("AWS::Logs::LogGroup", "CREATE_FAILED", organisation)),
        (
            "a coded message",
            single(
                "AWS::EC2::EIP",
                "CREATE_FAILED",
                "You are not allowed. Encoded authorization failure message: a1B2. (x)",
            ),
        ),
        ("no words but a code", single("AWS::KMS::Key", "CREATE_FAILED", "AccessDeniedException")),
        ("a bucket that is there", single("AWS::S3::Bucket", "CREATE_FAILED", "acme-files already exists")),
        (
            "a log group that is there",
            single(
                "AWS::Logs::LogGroup",
                "CREATE_FAILED",
                "Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/lambda/x' already exists.",
            ),
        ),
        (
            "a quota",
            single(
                "AWS::IAM::Role",
                "CREATE_FAILED",
                "Cannot exceed quota for RolesPerAccount: 1000 (HandlerErrorCode: ServiceLimitExceeded)",
            ),
        ),
        (
            "no log role",
            single(
                "AWS::ApiGateway::Stage",
                "CREATE_FAILED",
                "CloudWatch Logs role ARN must be set in account settings to enable logging",
            ),
        ),
        (
            "no concurrency",
            single(
                "AWS::Lambda::Function",
                "UPDATE_FAILED",
                "decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
            ),
        ),
        (
            "code that is gone",
            single(
                "AWS::Lambda::Function",
                "UPDATE_FAILED",
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
            ),
        ),
        (
            "a policy somebody attached",
            single("AWS::IAM::Role", "DELETE_FAILED", "Cannot delete entity, must detach all policies first."),
        ),
        (
            "a bucket with files",
            single("AWS::S3::Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty"),
        ),
        (
            "hooks of an organisation",
            vec![
                own("1", "UPDATE_IN_PROGRESS", None),
                hook("Acme::S3::Encryption", "of another one", event("2", "t", "Other", "UPDATE_IN_PROGRESS", None)),
                hook(
                    "Acme::IAM::Boundary",
                    "no permissions boundary",
                    event("3", "t", "Role", "UPDATE_IN_PROGRESS", None),
                ),
                hook("Acme::IAM::Path", "only warns", event("4", "t", "Role", "UPDATE_IN_PROGRESS", None)),
                event("5", "t", "Role", "UPDATE_FAILED", Some("The following hook(s) failed: [Acme::IAM::Boundary]")),
                own("6", "UPDATE_ROLLBACK_IN_PROGRESS", Some("The following resource(s) failed to update: [Role]. ")),
            ],
        ),
        (
            "a hook for the whole stack",
            vec![
                hook("Acme::Stack::Tags", "a tag is missing", own("1", "CREATE_IN_PROGRESS", None)),
                own("2", "CREATE_FAILED", Some("The following hook(s) failed: [Acme::Stack::Tags]")),
            ],
        ),
        ("something nobody foresaw", single("AWS::X::Y", "CREATE_FAILED", "odd")),
    ];
    let mut text = String::new();
    for (name, events) in &cases {
        let _ = writeln!(text, "{name}\n{}", told(events));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_an_update_left_behind_is_told_though_it_succeeded() {
    let events = [
        own("1", "UPDATE_IN_PROGRESS", None),
        event("2", "t", "Role", "DELETE_FAILED", Some("before the cleanup: no orphan")),
        own("3", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None),
        event("4", "t", "Role", "DELETE_FAILED", Some("in use")),
        own("5", "UPDATE_COMPLETE", None),
    ];
    assert_eq!(left_behind(&events, ARN), ["Role (AWS::IAM::Role, Role-1) DELETE_FAILED: in use"]);
    assert_eq!(left_behind(events.get(..2).unwrap(), ARN), [""; 0]);
}

#[test]
fn a_request_id_is_read_out_of_the_reason() {
    assert_eq!(request_id(DENIED).as_deref(), Some("0c1d2e3f-1111-2222-3333-444455556666"));
    assert_eq!(request_id("(RequestToken: 9f8e7d6c-0000, HandlerErrorCode: X)").as_deref(), Some("9f8e7d6c-0000"));
    assert_eq!(request_id("Request ID: null"), None);
    assert_eq!(request_id("none"), None);
}
