//! Updates, and the forms of "nothing changes".

use std::slice::from_ref;

use super::scene::*;
use crate::error::ErrorCode;
use crate::progress::Progress;
use crate::stack::StackStatus;

const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

#[tokio::test]
async fn an_update_counts_the_changes_of_all_pages() {
    let role = resource(6, "Role", "UPDATE_COMPLETE", "");
    let begun = own(5, TOKEN, "UPDATE_IN_PROGRESS");
    let old = own(4, OTHER, "UPDATE_COMPLETE");
    let calls = vec![
        updated("UPDATE_COMPLETE", 1),
        change_set(),
        judged("CREATE_COMPLETE", "AVAILABLE", "", 100, Some("more")),
        judged("CREATE_COMPLETE", "AVAILABLE", "[WARN] something to know", 20, None),
        executed(),
        events(&[begun.clone(), old], None),
        events(&[own(7, TOKEN, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), role, begun], None),
        events(&[own(7, TOKEN, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")], None),
        updated("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 5),
        events(&[own(8, TOKEN, "UPDATE_COMPLETE"), own(7, TOKEN, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")], None),
        updated("UPDATE_COMPLETE", 5),
    ];
    let progress = progress();
    let (applied, asked) = apply_with(&desired(), calls, &progress, &patience()).await;
    assert!(applied.unwrap().changed);
    assert_eq!(asked[1].field("ChangeSetType").as_deref(), Some("UPDATE"));
    assert_eq!(asked[3].field("NextToken").as_deref(), Some("more"));
    assert_eq!(asked[4].field("RetainExceptOnCreate"), None);
    assert_eq!(progress.warnings(), ["CloudFormation on the change set: [WARN] something to know"]);
    assert_eq!(expected_resources(&progress), 121);
    assert_eq!(progress.what_goes_on(), None);
}

fn expected_resources(progress: &Progress) -> usize {
    let told = format!("{progress:?}");
    let number = told.split("expected: ").nth(1).unwrap().split(|each: char| !each.is_ascii_digit()).next();
    number.unwrap().parse().unwrap()
}

#[tokio::test]
async fn nothing_to_change_is_success_and_nothing_is_executed() {
    for reason in [NO_CHANGES, "No updates are to be performed."] {
        let calls = vec![stack("CREATE_COMPLETE"), change_set(), failed(reason), discarded(), stack("CREATE_COMPLETE")];
        let (applied, asked) = apply(&desired(), calls).await;
        let applied = applied.unwrap();
        assert!(!applied.changed);
        assert!(applied.stack.outputs.contains_key("Url"));
        assert_eq!(asked[3].field("ChangeSetName").as_deref(), Some(CHANGE_SET));
    }
}

#[tokio::test]
async fn a_change_set_that_cannot_be_discarded_does_not_make_nothing_a_failure() {
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        failed(NO_CHANGES),
        ("DeleteChangeSet", error(403, "AccessDenied", "no")),
        stack("CREATE_COMPLETE"),
    ];
    assert!(!apply(&desired(), calls).await.0.unwrap().changed);
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        failed(NO_CHANGES),
        ("DeleteChangeSet", error(404, "ChangeSetNotFound", "gone")),
        stack("CREATE_COMPLETE"),
    ];
    assert!(!apply(&desired(), calls).await.0.unwrap().changed);
}

#[tokio::test]
async fn an_empty_list_of_changes_may_still_be_executable() {
    let end = [own(3, TOKEN, "UPDATE_COMPLETE"), own(2, TOKEN, "UPDATE_IN_PROGRESS")];
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        judged("CREATE_COMPLETE", "AVAILABLE", "", 0, None),
        executed(),
        events(&end, None),
        updated("UPDATE_COMPLETE", 2),
    ];
    assert!(apply(&desired(), calls).await.0.unwrap().changed);
}

#[tokio::test]
async fn a_failed_update_names_its_cause_though_its_event_comes_late() {
    let begun = own(1, TOKEN, "UPDATE_IN_PROGRESS");
    let back = own(3, TOKEN, "UPDATE_ROLLBACK_IN_PROGRESS");
    let cause = resource(2, "Role", "UPDATE_FAILED", "not authorized to perform: iam:UpdateRole on x");
    let cleanup = own(4, TOKEN, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
    let end = own(5, TOKEN, "UPDATE_ROLLBACK_COMPLETE");
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        executable(),
        executed(),
        events(&[back.clone(), begun.clone()], None),
        events(&[back.clone(), begun.clone()], None),
        events(&[back.clone(), begun.clone()], None),
        updated("UPDATE_ROLLBACK_COMPLETE", 1),
        events(&[cleanup.clone(), back.clone(), begun.clone()], None),
        events(&[end, cleanup], Some("older")),
        events(&[back, cause, begun], None),
    ];
    let error = apply(&desired(), calls).await.0.unwrap_err();
    insta::assert_snapshot!(serde_json::to_string_pretty(&error).unwrap());
}

#[tokio::test]
async fn after_a_failed_update_the_next_one_may_succeed() {
    let old = own(2, OTHER, "UPDATE_ROLLBACK_COMPLETE");
    let end = [own(4, TOKEN, "UPDATE_COMPLETE"), own(3, TOKEN, "UPDATE_IN_PROGRESS"), old];
    let calls = vec![
        updated("UPDATE_ROLLBACK_COMPLETE", 1),
        change_set(),
        executable(),
        executed(),
        events(&end, None),
        updated("UPDATE_COMPLETE", 3),
    ];
    assert_eq!(apply(&desired(), calls).await.0.unwrap().stack.status, StackStatus::UpdateComplete);
}

#[tokio::test]
async fn a_lost_answer_to_the_execution_is_no_failure() {
    let end = [own(3, TOKEN, "UPDATE_COMPLETE"), own(2, TOKEN, "UPDATE_IN_PROGRESS")];
    let already = "ChangeSet [x] cannot be executed in its current execution status of [EXECUTE_IN_PROGRESS]";
    let calls = vec![
        stack("CREATE_COMPLETE"),
        ("CreateChangeSet", (0, Vec::new(), String::new())),
        change_set(),
        executable(),
        ("ExecuteChangeSet", (0, Vec::new(), String::new())),
        ("ExecuteChangeSet", error(500, "InternalFailure", "try again")),
        ("ExecuteChangeSet", error(400, "InvalidChangeSetStatus", already)),
        events(&end, None),
        updated("UPDATE_COMPLETE", 2),
    ];
    let (applied, asked) = apply(&desired(), calls).await;
    assert!(applied.unwrap().changed);
    assert_eq!(asked[1].body, asked[2].body, "the same token, the same request");
    assert!(asked[5..7].iter().all(|again| again.body == asked[4].body));
    assert_eq!(asked[4].field("ClientRequestToken").as_deref(), Some(TOKEN));
}

#[tokio::test]
async fn who_is_overtaken_plans_anew() {
    let obsolete = "ChangeSet [x] cannot be executed in its current execution status of [OBSOLETE]";
    let endings = [
        vec![judged("CREATE_COMPLETE", "OBSOLETE", "", 0, None), discarded()],
        vec![("DescribeChangeSet", error(404, "ChangeSetNotFound", "gone")), discarded()],
        vec![executable(), ("ExecuteChangeSet", error(400, "InvalidChangeSetStatus", obsolete))],
        vec![executable(), ("ExecuteChangeSet", error(404, "ChangeSetNotFound", "gone"))],
    ];
    for ending in endings {
        let mut calls = vec![stack("CREATE_COMPLETE"), change_set()];
        calls.extend(ending);
        let error = apply(&desired(), calls).await.0.unwrap_err();
        assert_eq!(error.code, ErrorCode::Busy, "{error}");
        assert!(error.hint.is_some());
    }
}

#[tokio::test]
async fn somebody_elses_operation_is_waited_for_and_then_decided_anew() {
    let theirs = own(2, OTHER, "UPDATE_IN_PROGRESS");
    let calls = vec![
        updated("UPDATE_IN_PROGRESS", 2),
        events(from_ref(&theirs), None),
        events(&[own(3, OTHER, "UPDATE_COMPLETE"), theirs], None),
        updated("UPDATE_COMPLETE", 2),
        change_set(),
        failed(NO_CHANGES),
        discarded(),
        updated("UPDATE_COMPLETE", 2),
    ];
    assert!(!apply(&desired(), calls).await.0.unwrap().changed);

    let theirs = own(2, OTHER, "DELETE_IN_PROGRESS");
    let end = [own(4, TOKEN, "CREATE_COMPLETE"), own(3, TOKEN, "CREATE_IN_PROGRESS")];
    let calls = vec![
        stack("DELETE_IN_PROGRESS"),
        events(&[own(2, OTHER, "DELETE_COMPLETE"), theirs], None),
        stack("DELETE_COMPLETE"),
        change_set(),
        executable(),
        executed(),
        events(&end, None),
        stack("CREATE_COMPLETE"),
    ];
    let (applied, asked) = apply(&desired(), calls).await;
    assert!(applied.unwrap().changed);
    assert_eq!(asked[3].field("ChangeSetType").as_deref(), Some("CREATE"));
}

const BUSY: &str = "Stack:arn:x is in UPDATE_IN_PROGRESS state and can not be updated.";

/// DescribeStacks may be behind: only the refusal tells of the operation that has just begun.
#[tokio::test]
async fn who_comes_second_looks_again() {
    let theirs = own(2, OTHER, "UPDATE_IN_PROGRESS");
    let end = own(3, OTHER, "UPDATE_COMPLETE");
    let calls = vec![
        stack("CREATE_COMPLETE"),
        ("CreateChangeSet", error(400, "ValidationError", BUSY)),
        stack("UPDATE_IN_PROGRESS"),
        events(&[end, theirs], None),
        stack("UPDATE_COMPLETE"),
        change_set(),
        failed("No updates are to be performed."),
        discarded(),
        stack("UPDATE_COMPLETE"),
    ];
    assert!(!apply(&desired(), calls).await.0.unwrap().changed);
}

#[tokio::test]
async fn a_name_that_somebody_else_took_meanwhile_is_left_alone() {
    let calls =
        vec![no_stack(), ("CreateChangeSet", error(400, "ValidationError", BUSY)), untagged("CREATE_IN_PROGRESS", "")];
    assert_eq!(apply(&desired(), calls).await.0.unwrap_err().code, ErrorCode::Busy);
}

#[tokio::test]
async fn a_state_that_needs_a_person_stops_before_any_change() {
    for status in ["CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "NEW_STATUS"] {
        let error = apply(&desired(), vec![stack(status)]).await.0.unwrap_err();
        assert_eq!(error.code, ErrorCode::StackFailed);
        assert!(error.hint.is_some_and(|hint| !hint.contains('{')), "{status}");
    }
}

#[tokio::test]
async fn the_stacks_own_word_on_its_state_is_told() {
    let failed =
        [("UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: [Role]."), ("DELETE_FAILED", "x")];
    for (status, reason) in failed {
        let told = format!("<StackStatusReason> {reason} </StackStatusReason>");
        let error = apply(&desired(), vec![stack_with(status, &told)]).await.0.unwrap_err();
        assert!(error.cause.as_ref().unwrap().ends_with(&format!(": {reason}")), "{error}");
    }
}

#[tokio::test]
async fn a_request_that_is_refused_is_the_stacks_failure() {
    let words = "Parameters: [X] do not exist in the template";
    for (code, kind) in [
        ("ValidationError", ErrorCode::StackFailed),
        ("InsufficientCapabilitiesException", ErrorCode::StackFailed),
        ("AccessDenied", ErrorCode::Permission),
        ("ExpiredToken", ErrorCode::Credentials),
    ] {
        let calls = vec![stack("CREATE_COMPLETE"), ("CreateChangeSet", error(400, code, words))];
        assert_eq!(apply(&desired(), calls).await.0.unwrap_err().code, kind, "{code}");
        let calls =
            vec![stack("CREATE_COMPLETE"), change_set(), executable(), ("ExecuteChangeSet", error(400, code, words))];
        assert_eq!(apply(&desired(), calls).await.0.unwrap_err().code, kind, "{code}");
    }
    let mut calls = vec![stack("CREATE_COMPLETE")];
    calls.extend(throttled("CreateChangeSet"));
    assert_eq!(apply(&desired(), calls).await.0.unwrap_err().code, ErrorCode::Service);

    let mut calls = vec![stack("CREATE_COMPLETE"), change_set(), executable()];
    calls.extend([(); 3].map(|()| ("ExecuteChangeSet", (0, Vec::new(), String::new()))));
    let lost = apply(&desired(), calls).await.0.unwrap_err();
    assert_eq!(lost.code, ErrorCode::Network);
    assert!(lost.cause.unwrap().ends_with("; CloudFormation may have begun the operation all the same"));
}
