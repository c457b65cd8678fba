//! What an operation would do, asked for and left behind by nobody; and doing exactly what was approved.

use super::scene::*;
use crate::error::ErrorCode;
use crate::progress::Style;
use crate::stack::Preview;

#[tokio::test]
async fn a_preview_reads_the_change_set_and_deletes_it() {
    let found = [("Bucket", "it is not empty", "WARN"), ("Role", "this would have failed it", "FAIL")];
    let calls =
        vec![change_set(), changed_code("[WARN] mind this", "a", "b"), findings(&found), change_sets(&[]), discarded()];
    let (previewed, asked) = preview("CREATE_COMPLETE", calls).await;
    let Preview { resources, warnings } = previewed.unwrap().unwrap();
    let rows: String = resources.iter().map(|row| row.render(Style::new(false))).collect();
    insta::assert_snapshot!(rows, @r#"
          ~ Function  Lambda::Function
              Code: "a" → "b"
    "#);
    assert_eq!(warnings, ["[WARN] mind this", "/Resources/Bucket: it is not empty (NAME_CONFLICT_VALIDATION)"]);
    assert_eq!(asked[0].field("ChangeSetName").as_deref(), Some("run-1-plan"));
    assert_eq!(asked[0].field("ChangeSetType").as_deref(), Some("UPDATE"));
    assert_eq!(asked[1].field("IncludePropertyValues").as_deref(), Some("true"));
    assert_eq!(asked[4].field("ChangeSetName").as_deref(), Some(CHANGE_SET));
}

/// Its first change set makes a stack, under review, which another run may see and build on.
#[tokio::test]
async fn a_stack_that_is_yet_to_be_made_is_not_asked_about() {
    assert_eq!(preview("REVIEW_IN_PROGRESS", Vec::new()).await.0.unwrap(), None);
}

#[tokio::test]
async fn what_earlier_previews_left_is_deleted_and_nothing_else() {
    let listed = change_sets_of(&[
        ("run-1-plan", CHANGE_SET, 30),
        ("sftp-okta-a-plan", "abandoned", 19),
        ("sftp-okta-b-plan", "perhaps-still-read", 20),
        ("sftp-okta-c", "to-be-executed", 1),
        ("my-plan", "of-somebody", 1),
    ]);
    let calls = vec![change_set(), executable(), findings(&[]), listed, discarded(), discarded()];
    let (previewed, asked) = preview("CREATE_COMPLETE", calls).await;
    assert_eq!(previewed.unwrap().unwrap().resources.len(), 2);
    let deleted = |at: usize| asked[at].field("ChangeSetName");
    assert_eq!((deleted(4).as_deref(), deleted(5).as_deref()), (Some("abandoned"), Some(CHANGE_SET)));

    // Where they cannot be listed, the plan is made all the same.
    let refused = ("ListChangeSets", error(403, "AccessDenied", "no"));
    let calls = vec![change_set(), executable(), findings(&[]), refused, discarded()];
    assert!(preview("CREATE_COMPLETE", calls).await.0.unwrap().is_some());
}

#[tokio::test]
async fn an_interrupted_preview_deletes_its_change_set() {
    // It is still being made at first, and cannot be deleted then.
    let early = error(400, "InvalidChangeSetStatus", "it is in CREATE_IN_PROGRESS");
    let calls = vec![("DeleteChangeSet", early), discarded()];
    let asked = interrupted_preview(calls).await;
    let of_run = asked.iter().map(|asked| (asked.field("StackName"), asked.field("ChangeSetName")));
    let ours = (Some(ARN.to_owned()), Some("run-1-plan".to_owned()));
    assert_eq!(of_run.collect::<Vec<_>>(), [ours.clone(), ours]);
}

#[tokio::test]
async fn what_would_stop_the_deploy_stops_the_plan_and_leaves_nothing_either() {
    let (previewed, _) =
        preview("CREATE_COMPLETE", vec![change_set(), failed("no such role"), change_sets(&[]), discarded()]).await;
    let error = previewed.unwrap_err();
    assert_eq!((error.code, error.cause.as_deref()), (ErrorCode::StackFailed, Some("no such role")));
    let none = "The submitted information didn't contain changes.";
    let (previewed, _) =
        preview("UPDATE_COMPLETE", vec![change_set(), failed(none), change_sets(&[]), discarded()]).await;
    assert_eq!(previewed.unwrap(), Some(Preview::default()));
    for status in ["UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"] {
        assert_eq!(preview(status, Vec::new()).await.0.unwrap(), None, "{status}");
    }
}

#[tokio::test]
async fn rows_that_come_only_without_values_are_added() {
    let reason = "[WARN] --include-property-values option can return incomplete ChangeSet data because: x";
    let calls = vec![
        change_set(),
        judged("CREATE_COMPLETE", "AVAILABLE", reason, 0, None),
        changed_code("", "", ""),
        findings(&[]),
        change_sets(&[]),
        discarded(),
    ];
    let (previewed, asked) = preview("CREATE_COMPLETE", calls).await;
    let previewed = previewed.unwrap().unwrap();
    assert_eq!((previewed.resources.len(), previewed.warnings), (1, Vec::new()));
    assert_eq!(asked[2].field("IncludePropertyValues"), None);
}

#[tokio::test]
async fn an_update_does_what_was_approved_or_nothing() {
    let calls = vec![change_set(), changed_code("", "a", "b"), findings(&[]), change_sets(&[]), discarded()];
    let approved = preview("CREATE_COMPLETE", calls).await.0.unwrap().unwrap().resources;

    let calls = vec![stack("CREATE_COMPLETE"), change_set(), changed_code("", "a", "c"), discarded()];
    let (refused, asked) = apply_approved(&desired(), &approved, calls).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Busy);
    assert_eq!(asked.len(), 4, "nothing was executed");

    let rows = [own(3, TOKEN, "UPDATE_COMPLETE"), own(2, TOKEN, "UPDATE_IN_PROGRESS")];
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        changed_code("", "a", "b"),
        executed(),
        events(&rows, None),
        updated("UPDATE_COMPLETE", 2),
    ];
    let (applied, _) = apply_approved(&desired(), &approved, calls).await;
    let applied = applied.unwrap();
    assert!(applied.changed);
    assert_eq!(applied.resources, approved);
}
