//! What an operation would do, asked for and left behind by nobody; and doing exactly what was approved.

use super::scene::*;
use crate::error::ErrorCode;
use crate::progress::Style;
use crate::stack::Preview;

#[tokio::test]
async fn a_preview_reads_the_change_set_and_deletes_it() {
    let found = [("Bucket", "it is not empty", "WARN"), ("Role", "this would have failed it", "FAIL")];
    let calls = vec![change_set(), changed_code("[WARN] mind this", "a", "b"), findings(&found), discarded()];
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
    assert_eq!(asked[3].field("ChangeSetName").as_deref(), Some(CHANGE_SET));
}

#[tokio::test]
async fn a_stack_under_review_is_under_review_afterwards_and_nothing_else_is_touched() {
    let calls = vec![change_set(), executable(), findings(&[]), discarded()];
    let (previewed, asked) = preview("REVIEW_IN_PROGRESS", calls).await;
    assert_eq!(previewed.unwrap().unwrap().resources.len(), 2);
    assert_eq!(asked[0].field("ChangeSetType").as_deref(), Some("CREATE"));
}

#[tokio::test]
async fn what_would_stop_the_deploy_stops_the_plan_and_leaves_nothing_either() {
    let (previewed, _) = preview("CREATE_COMPLETE", vec![change_set(), failed("no such role"), discarded()]).await;
    let error = previewed.unwrap_err();
    assert_eq!((error.code, error.cause.as_deref()), (ErrorCode::StackFailed, Some("no such role")));
    let none = "The submitted information didn't contain changes.";
    let (previewed, _) = preview("UPDATE_COMPLETE", vec![change_set(), failed(none), discarded()]).await;
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
        discarded(),
    ];
    let (previewed, asked) = preview("CREATE_COMPLETE", calls).await;
    let previewed = previewed.unwrap().unwrap();
    assert_eq!((previewed.resources.len(), previewed.warnings), (1, Vec::new()));
    assert_eq!(asked[2].field("IncludePropertyValues"), None);
}

#[tokio::test]
async fn an_update_does_what_was_approved_or_nothing() {
    let calls = vec![change_set(), changed_code("", "a", "b"), findings(&[]), discarded()];
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
