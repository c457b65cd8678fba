//! Deleting, and what stays.

use super::scene::*;
use crate::error::ErrorCode;
use crate::stack::{Deleted, Stack};

/// The token of the second attempt.
const AGAIN: &str = "run-1-again";

#[tokio::test]
async fn what_is_kept_on_purpose_is_listed() {
    let rows = [
        own(5, TOKEN, "DELETE_COMPLETE"),
        resource(4, "Role", "DELETE_COMPLETE", ""),
        resource(3, "UserBucket", "DELETE_SKIPPED", ""),
        own(2, TOKEN, "DELETE_IN_PROGRESS"),
    ];
    let calls = vec![deletion(), events(&rows, None), stack("DELETE_COMPLETE")];
    let (deleted, asked) = delete("CREATE_COMPLETE", calls).await;
    assert_eq!(deleted.unwrap().kept, [("AWS::IAM::Role".to_owned(), "UserBucket-1".to_owned())]);
    assert_eq!(asked[0].field("StackName").as_deref(), Some(ARN));
    assert_eq!(asked[0].field("ClientRequestToken").as_deref(), Some(TOKEN));
}

#[tokio::test]
async fn what_cannot_go_is_told_with_its_reason() {
    let rows = [
        own(4, TOKEN, "DELETE_FAILED"),
        resource(3, "Role", "DELETE_FAILED", "Cannot delete entity, must detach all policies first."),
        own(2, TOKEN, "DELETE_IN_PROGRESS"),
    ];
    let again = [
        own(7, AGAIN, "DELETE_FAILED"),
        resource(6, "Role", "DELETE_FAILED", "Cannot delete entity, must detach all policies first."),
        own(5, AGAIN, "DELETE_IN_PROGRESS"),
    ];
    let calls = [(rows, "DELETE_FAILED"), (again, "DELETE_FAILED")]
        .into_iter()
        .flat_map(|(rows, status)| [deletion(), events(&rows, None), stack(status), events(&rows, None)]);
    let error = delete("CREATE_COMPLETE", calls.collect()).await.0.unwrap_err();
    insta::assert_snapshot!(serde_json::to_string_pretty(&error).unwrap());
}

/// What waited for something else goes on the second attempt, which is a request of its own.
#[tokio::test]
async fn what_could_not_go_is_tried_once_more() {
    let first = [
        own(5, TOKEN, "DELETE_FAILED"),
        resource(4, "UserBucket", "DELETE_SKIPPED", ""),
        resource(3, "Role", "DELETE_FAILED", "Rate exceeded"),
        own(2, TOKEN, "DELETE_IN_PROGRESS"),
    ];
    let second = [
        own(8, AGAIN, "DELETE_COMPLETE"),
        resource(7, "Role", "DELETE_COMPLETE", ""),
        own(6, AGAIN, "DELETE_IN_PROGRESS"),
    ];
    let calls = vec![
        deletion(),
        events(&first, None),
        stack("DELETE_FAILED"),
        events(&first, None),
        deletion(),
        events(&second, None),
        stack("DELETE_COMPLETE"),
    ];
    let (deleted, asked) = delete("CREATE_COMPLETE", calls).await;
    assert_eq!(deleted.unwrap().kept, [("AWS::IAM::Role".to_owned(), "UserBucket-1".to_owned())]);
    assert_eq!(asked[4].field("ClientRequestToken").as_deref(), Some(AGAIN));
    assert_eq!(asked[4].field("RetainResources.member.1"), None);
}

/// A stack that was half deleted before has its second attempt with this one.
#[tokio::test]
async fn a_second_failure_is_told_too() {
    let rows = [own(4, TOKEN, "DELETE_FAILED"), own(3, TOKEN, "DELETE_IN_PROGRESS")];
    let calls = vec![deletion(), events(&rows, None), stack("DELETE_FAILED"), events(&rows, None)];
    assert_eq!(delete("DELETE_FAILED", calls).await.0.unwrap_err().code, ErrorCode::StackFailed);
}

#[tokio::test]
async fn a_protected_stack_is_left_alone() {
    let protected = Stack { termination_protection: true, ..read("CREATE_COMPLETE") };
    let error = delete_stack(&protected, Vec::new()).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::StackFailed);
    assert!(error.hint.is_some_and(|hint| hint.contains("--no-enable-termination-protection")));
}

#[tokio::test]
async fn a_stack_that_is_gone_needs_no_call() {
    assert!(delete("DELETE_COMPLETE", Vec::new()).await.0.is_ok());
}

#[tokio::test]
async fn an_operation_under_way_is_waited_for_first() {
    let theirs = [own(3, OTHER, "UPDATE_COMPLETE"), own(2, OTHER, "UPDATE_IN_PROGRESS")];
    let ours = [own(5, TOKEN, "DELETE_COMPLETE"), own(4, TOKEN, "DELETE_IN_PROGRESS")];
    let calls = vec![
        events(&theirs, None),
        stack("UPDATE_COMPLETE"),
        deletion(),
        events(&ours, None),
        stack("DELETE_COMPLETE"),
    ];
    assert!(delete("UPDATE_IN_PROGRESS", calls).await.0.is_ok());

    let theirs = [own(3, OTHER, "DELETE_COMPLETE"), own(2, OTHER, "DELETE_IN_PROGRESS")];
    let calls = vec![events(&theirs, None), no_stack()];
    assert!(delete("DELETE_IN_PROGRESS", calls).await.0.is_ok(), "somebody else deleted it");
}

#[tokio::test]
async fn what_cannot_go_is_left_behind_only_where_it_was_named() {
    let refused = [
        own(5, TOKEN, "DELETE_FAILED"),
        resource(4, "Key", "DELETE_FAILED", "in use"),
        resource(3, "Role", "DELETE_FAILED", "attached"),
        own(2, TOKEN, "DELETE_IN_PROGRESS"),
    ];
    let failing = || vec![deletion(), events(&refused, None), stack("DELETE_FAILED"), events(&refused, None)];
    let (result, _) = delete_retaining("CREATE_COMPLETE", &["Api"], failing()).await;
    let hint = result.unwrap_err().hint.unwrap();
    assert!(hint.ends_with("`sftp-okta teardown --retain Role --retain Key`"), "{hint}");

    let second = "run-1-retain";
    let skipped = |id, name| resource(id, name, "DELETE_SKIPPED", "");
    let gone = [
        own(11, second, "DELETE_COMPLETE"),
        skipped(10, "Role"),
        skipped(9, "Key"),
        skipped(8, "UserBucket"),
        own(7, second, "DELETE_IN_PROGRESS"),
    ];
    let mut calls = failing();
    calls.extend([deletion(), events(&gone, None), stack("DELETE_COMPLETE")]);
    let (result, asked) = delete_retaining("CREATE_COMPLETE", &["Role", "Key"], calls).await;
    let Deleted { kept, retained } = result.unwrap();
    assert_eq!(kept, [("AWS::IAM::Role".to_owned(), "UserBucket-1".to_owned())]);
    let left = |name: &str, why: &str| ("AWS::IAM::Role".to_owned(), format!("{name}-1"), why.to_owned());
    assert_eq!(retained, [left("Role", "attached"), left("Key", "in use")]);
    assert_eq!(asked[0].field("RetainResources.member.1"), None, "AWS takes it only after a failure");
    assert_eq!(asked[4].field("RetainResources.member.1").as_deref(), Some("Role"));
    assert_eq!(asked[4].field("RetainResources.member.2").as_deref(), Some("Key"));
    assert_eq!(asked[4].field("ClientRequestToken").as_deref(), Some(second));
}

#[tokio::test]
async fn what_is_left_of_somebody_elses_deletion_is_not_touched() {
    let theirs = [own(3, OTHER, "DELETE_FAILED"), own(2, OTHER, "DELETE_IN_PROGRESS")];
    let again = || events(&theirs, None);
    let calls = vec![again(), untagged("DELETE_FAILED", ""), again()];
    let error = delete("DELETE_IN_PROGRESS", calls).await.0.unwrap_err();
    assert!(error.cause.is_some_and(|cause| cause.contains("tags")));
}

#[tokio::test]
async fn a_deletion_that_is_refused_is_the_stacks_failure_and_a_lost_one_may_have_begun() {
    let used = "Export acme cannot be deleted as it is in use by other";
    let calls = vec![("DeleteStack", error(400, "ValidationError", used))];
    let refused = delete("CREATE_COMPLETE", calls).await.0.unwrap_err();
    assert_eq!(
        (refused.code, refused.cause.as_deref()),
        (ErrorCode::StackFailed, Some(&*format!("ValidationError: {used}")))
    );

    let lost = [(); 3].map(|()| ("DeleteStack", (0, Vec::new(), String::new())));
    let error = delete("CREATE_COMPLETE", lost.into()).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::Network);
    assert!(error.cause.unwrap().ends_with("; CloudFormation may have begun the operation all the same"));
}
