//! CloudFormation is eventually consistent: what is read right after a request may be from before it.

use std::slice::from_ref;
use std::time::Duration;

use super::scene::*;
use crate::error::ErrorCode;
use crate::stack::StackStatus;
use crate::wait::Patience;

fn ours(id: u32, status: &str) -> String {
    own(id, TOKEN, status)
}

#[tokio::test]
async fn the_status_from_before_an_update_is_not_its_success() {
    let old = [own(2, OTHER, "UPDATE_COMPLETE"), own(1, OTHER, "UPDATE_IN_PROGRESS")];
    let late = [ours(4, "UPDATE_COMPLETE"), ours(3, "UPDATE_IN_PROGRESS"), old[0].clone()];
    let calls = vec![
        updated("UPDATE_COMPLETE", 1),
        change_set(),
        executable(),
        executed(),
        events(&old, None),
        events(&old, None),
        events(&old, None),
        updated("UPDATE_COMPLETE", 1),
        // Our own events tell the end, and the stack is still read as it was: with the old outputs.
        events(&late, None),
        updated("UPDATE_COMPLETE", 1),
        updated("UPDATE_COMPLETE", 1),
        events(&late, None),
        updated("UPDATE_COMPLETE", 9),
    ];
    let applied = apply(&desired(), calls).await.0.unwrap();
    assert!(applied.changed);
    assert_eq!(applied.stack.last_updated.map(|at| at % 60_000), Some(9_000), "the stack as it is now");
}

#[tokio::test]
async fn without_events_the_time_of_the_update_tells() {
    let calls = vec![
        updated("UPDATE_COMPLETE", 1),
        change_set(),
        executable(),
        executed(),
        events(&[], None),
        events(&[], None),
        events(&[], None),
        updated("UPDATE_COMPLETE", 1),
        events(&[], None),
        events(&[], None),
        events(&[], None),
        updated("UPDATE_COMPLETE", 9),
        events(&[], None),
    ];
    assert!(apply(&desired(), calls).await.0.unwrap().changed);
}

#[tokio::test]
async fn an_end_that_the_stack_does_not_confirm_yet_is_asked_for_every_other_time() {
    let end = [ours(4, "UPDATE_ROLLBACK_COMPLETE"), ours(3, "UPDATE_IN_PROGRESS")];
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        executable(),
        executed(),
        events(&end, None),
        stack("CREATE_COMPLETE"),
        stack("CREATE_COMPLETE"),
        events(&end, None),
        updated("UPDATE_ROLLBACK_COMPLETE", 3),
        events(&end, None),
    ];
    let error = apply(&desired(), calls).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::StackFailed);
}

#[tokio::test]
async fn a_status_that_never_moves_ends_at_the_deadline_and_not_in_success() {
    let patience = Patience::new(Duration::ZERO, Duration::from_millis(1));
    let calls = vec![stack("CREATE_COMPLETE"), change_set(), executable(), executed(), events(&[], None)];
    let progress = progress();
    let error = apply_with(&desired(), calls, &progress, &patience).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::Deadline);
    assert!(progress.what_goes_on().is_some_and(|told| told.starts_with("CloudFormation goes on with stack")));
}

#[tokio::test]
async fn right_after_the_request_a_stack_to_be_deleted_still_reads_complete() {
    let old = [own(2, OTHER, "CREATE_COMPLETE"), own(1, OTHER, "CREATE_IN_PROGRESS")];
    let begun = ours(3, "DELETE_IN_PROGRESS");
    let calls = vec![
        deletion(),
        events(&old, None),
        events(&old, None),
        events(&old, None),
        stack("CREATE_COMPLETE"),
        events(&[begun.clone(), old[0].clone()], None),
        events(from_ref(&begun), None),
        events(from_ref(&begun), None),
        stack("CREATE_COMPLETE"),
        events(&[ours(4, "DELETE_COMPLETE"), begun], None),
        stack("DELETE_COMPLETE"),
    ];
    assert!(delete("CREATE_COMPLETE", calls).await.0.is_ok());
}

#[tokio::test]
async fn a_second_attempt_is_not_told_the_failure_of_the_first() {
    let begun = ours(5, "DELETE_IN_PROGRESS");
    let calls = vec![
        deletion(),
        events(&[own(2, OTHER, "DELETE_FAILED"), own(1, OTHER, "DELETE_IN_PROGRESS")], None),
        events(from_ref(&begun), None),
        events(from_ref(&begun), None),
        stack("DELETE_FAILED"),
        events(&[ours(6, "DELETE_COMPLETE"), begun], None),
        stack("DELETE_COMPLETE"),
    ];
    assert!(delete("DELETE_FAILED", calls).await.0.is_ok());
}

#[tokio::test]
async fn the_end_of_the_operation_before_is_not_the_end_of_the_one_attached_to() {
    let old = [own(2, OTHER, "UPDATE_COMPLETE"), own(1, OTHER, "UPDATE_IN_PROGRESS")];
    let calls = vec![
        updated("UPDATE_IN_PROGRESS", 3),
        events(&old, None),
        updated("UPDATE_IN_PROGRESS", 3),
        updated("UPDATE_IN_PROGRESS", 3),
        events(&[own(4, "third", "UPDATE_COMPLETE"), own(3, "third", "UPDATE_IN_PROGRESS")], None),
        updated("UPDATE_COMPLETE", 3),
        change_set(),
        failed("No updates are to be performed."),
        discarded(),
        updated("UPDATE_COMPLETE", 3),
    ];
    let applied = apply(&desired(), calls).await.0.unwrap();
    assert_eq!(applied.stack.status, StackStatus::UpdateComplete);
}
