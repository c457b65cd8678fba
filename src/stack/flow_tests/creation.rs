//! The first deploy, and what a failed one leaves.

use std::slice::from_ref;

use super::scene::*;
use crate::error::ErrorCode;
use crate::stack::StackStatus;

#[tokio::test]
async fn a_first_deploy_over_overlapping_pages() {
    let begun = own(2, TOKEN, "CREATE_IN_PROGRESS");
    let role = resource(3, "Role", "CREATE_COMPLETE", "");
    let review = own(1, TOKEN, "REVIEW_IN_PROGRESS");
    let (applied, asked) = apply(
        &desired(),
        vec![
            no_stack(),
            change_set(),
            judged("CREATE_PENDING", "UNAVAILABLE", "", 0, None),
            judged("CREATE_IN_PROGRESS", "UNAVAILABLE", "", 0, None),
            executable(),
            executed(),
            events(from_ref(&review), None),
            events(from_ref(&role), Some("older")),
            events(&[role.clone(), begun.clone(), review], None),
            events(&[role.clone(), begun.clone()], None),
            stack("REVIEW_IN_PROGRESS"),
            events(&[own(4, TOKEN, "CREATE_COMPLETE"), role], Some("never asked for")),
            stack("CREATE_COMPLETE"),
        ],
    )
    .await;
    let applied = applied.unwrap();
    assert!(applied.changed);
    assert_eq!(applied.stack.status, StackStatus::CreateComplete);
    assert_eq!(applied.stack.outputs.get("Url").map(String::as_str), Some("https://x"));

    let create = &asked[1];
    for (field, value) in [
        ("StackName", "sftp-okta-demo"),
        ("ChangeSetName", TOKEN),
        ("ClientToken", TOKEN),
        ("ChangeSetType", "CREATE"),
        ("TemplateBody", "Resources: {}"),
        ("Parameters.member.1.ParameterKey", "BucketName"),
        ("Parameters.member.1.ParameterValue", "acme-files"),
        ("Tags.member.1.Key", "sftp-okta:deployment"),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
    ] {
        assert_eq!(create.field(field).as_deref(), Some(value), "{field}");
    }
    assert_eq!(create.field("ImportExistingResources"), None);
    let execute = &asked[5];
    for (field, value) in [
        ("ChangeSetName", CHANGE_SET),
        ("ClientRequestToken", TOKEN),
        ("DisableRollback", "false"),
        ("RetainExceptOnCreate", "true"),
    ] {
        assert_eq!(execute.field(field).as_deref(), Some(value), "{field}");
    }
    assert!(asked[2..5].iter().all(|asked| asked.field("ChangeSetName").as_deref() == Some(CHANGE_SET)));
    assert!(asked[6..].iter().all(|asked| asked.field("StackName").as_deref() == Some(ARN)), "by ARN once it is known");
}

#[tokio::test]
async fn a_left_over_review_is_created_into() {
    let end = [own(3, TOKEN, "CREATE_COMPLETE"), own(2, TOKEN, "CREATE_IN_PROGRESS")];
    let calls = vec![
        stack("REVIEW_IN_PROGRESS"),
        change_set(),
        executable(),
        executed(),
        events(&end, None),
        stack("CREATE_COMPLETE"),
    ];
    let (applied, asked) = apply(&desired(), calls).await;
    assert!(applied.unwrap().changed);
    assert_eq!(asked[1].field("ChangeSetType").as_deref(), Some("CREATE"));
}

#[tokio::test]
async fn what_was_rolled_back_is_deleted_and_made_anew() {
    let gone = [own(2, "run-1-clear", "DELETE_COMPLETE"), own(1, "run-1-clear", "DELETE_IN_PROGRESS")];
    let end = [own(4, TOKEN, "CREATE_COMPLETE"), own(3, TOKEN, "CREATE_IN_PROGRESS")];
    let calls = vec![
        stack("ROLLBACK_COMPLETE"),
        deletion(),
        events(&gone, None),
        stack("DELETE_COMPLETE"),
        change_set(),
        executable(),
        executed(),
        events(&end, None),
        stack("CREATE_COMPLETE"),
    ];
    let (applied, asked) = apply(&desired(), calls).await;
    assert!(applied.unwrap().changed);
    assert_eq!(asked[1].field("ClientRequestToken").as_deref(), Some("run-1-clear"));
    assert_eq!(asked[1].field("StackName").as_deref(), Some(ARN));
    assert_eq!(asked[4].field("ChangeSetType").as_deref(), Some("CREATE"));
}

#[tokio::test]
async fn a_failed_creation_names_its_cause() {
    let end = [
        own(4, TOKEN, "ROLLBACK_COMPLETE"),
        own(3, TOKEN, "ROLLBACK_IN_PROGRESS"),
        resource(2, "Role", "CREATE_FAILED", "limit reached"),
        own(1, TOKEN, "CREATE_IN_PROGRESS"),
    ];
    let calls = vec![
        no_stack(),
        change_set(),
        executable(),
        executed(),
        events(&end, None),
        stack("ROLLBACK_COMPLETE"),
        events(&end, None),
    ];
    let error = apply(&desired(), calls).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::StackFailed);
    assert_eq!(error.message, "stack sftp-okta-demo could not be created and is now in ROLLBACK_COMPLETE");
    assert_eq!(error.cause.as_deref(), Some("Role (AWS::IAM::Role, Role-1) CREATE_FAILED: limit reached"));
}

#[tokio::test]
async fn a_rejected_first_change_set_leaves_nothing() {
    let gone = [own(2, "run-1-empty", "DELETE_COMPLETE"), own(1, "run-1-empty", "DELETE_IN_PROGRESS")];
    let calls = vec![
        no_stack(),
        change_set(),
        failed("Template error: no such thing"),
        discarded(),
        stack("REVIEW_IN_PROGRESS"),
        change_sets(&[CHANGE_SET]),
        deletion(),
        events(&gone, None),
        stack("DELETE_COMPLETE"),
    ];
    let (result, asked) = apply(&desired(), calls).await;
    let error = result.unwrap_err();
    assert_eq!(error.code, ErrorCode::StackFailed);
    assert_eq!(
        error.to_string(),
        "CloudFormation rejected the change set for stack sftp-okta-demo: Template error: no such thing"
    );
    assert_eq!(asked[3].field("ChangeSetName").as_deref(), Some(CHANGE_SET));
    assert_eq!(asked[6].field("ClientRequestToken").as_deref(), Some("run-1-empty"));
}

#[tokio::test]
async fn a_stack_with_plans_of_others_is_left() {
    let others = [CHANGE_SET, "arn:aws:cloudformation:eu-west-1:111122223333:changeSet/theirs/2"];
    let calls =
        vec![no_stack(), change_set(), failed("bad"), discarded(), stack("REVIEW_IN_PROGRESS"), change_sets(&others)];
    assert_eq!(apply(&desired(), calls).await.0.unwrap_err().cause.as_deref(), Some("bad"));
}

#[tokio::test]
async fn a_review_that_was_there_before_and_shows_no_tag_of_ours_is_left() {
    let review = || untagged("REVIEW_IN_PROGRESS", "");
    let calls = vec![review(), change_set(), failed("bad"), discarded(), review()];
    assert_eq!(apply(&desired(), calls).await.0.unwrap_err().cause.as_deref(), Some("bad"));
}

#[tokio::test]
async fn tidying_up_never_hides_why_the_change_set_was_rejected() {
    let calls = vec![
        no_stack(),
        change_set(),
        failed("bad"),
        ("DeleteChangeSet", error(403, "AccessDenied", "no")),
        stack("REVIEW_IN_PROGRESS"),
        change_sets(&[CHANGE_SET]),
        ("DeleteStack", error(403, "AccessDenied", "no")),
    ];
    let error = apply(&desired(), calls).await.0.unwrap_err();
    assert_eq!((error.code, error.cause.as_deref()), (ErrorCode::StackFailed, Some("bad")));
}

#[tokio::test]
async fn an_early_validation_tells_its_findings() {
    let reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].";
    let found = [
        ("Old", "deprecated", "WARN"),
        ("UserBucket", "Resource of type 'AWS::S3::Bucket' with identifier 'acme-files' already exists.", "FAIL"),
    ];
    let calls = vec![stack("CREATE_COMPLETE"), change_set(), failed(reason), findings(&found), discarded()];
    let (result, asked) = apply(&desired(), calls).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&result.unwrap_err()).unwrap());
    assert_eq!(asked[3].field("ChangeSetName").as_deref(), Some(CHANGE_SET));
    assert_eq!(asked[3].field("Filters.FailedEvents").as_deref(), Some("true"));
}

#[tokio::test]
async fn an_early_validation_that_may_not_be_asked_keeps_its_own_words() {
    let reason = "The following validation failed: [AWS::EarlyValidation::PropertyValidation].";
    let calls = vec![
        stack("CREATE_COMPLETE"),
        change_set(),
        failed(reason),
        ("DescribeEvents", error(403, "AccessDenied", "not authorized to perform: cloudformation:DescribeEvents")),
        discarded(),
    ];
    let error = apply(&desired(), calls).await.0.unwrap_err();
    assert_eq!((error.cause.as_deref(), error.hint), (Some(reason), None));
}

#[tokio::test]
async fn what_a_stack_left_behind_is_taken_over_where_that_was_asked_for() {
    let reason = "CloudFormation is attempting to import some resources because they already exist in your account. \
                  The resources must have the DeletionPolicy attribute set";
    let calls = vec![stack("CREATE_COMPLETE"), change_set(), failed(reason), discarded()];
    let desired = crate::stack::Desired { adopt: true, ..desired() };
    let (result, asked) = apply(&desired, calls).await;
    assert_eq!(asked[1].field("ImportExistingResources").as_deref(), Some("true"));
    let error = result.unwrap_err();
    assert_eq!(error.cause.as_deref(), Some(reason));
    assert!(error.hint.is_some_and(|hint| hint.starts_with("resources of these names are left from elsewhere")));
}

#[tokio::test]
async fn a_validation_that_fails_the_operation_tells_its_findings_too() {
    let told = "Validation failed with 1 error(s). Call DescribeEvents to retrieve the full list of issues";
    let end = [
        own(4, TOKEN, "ROLLBACK_COMPLETE"),
        own(3, TOKEN, "ROLLBACK_IN_PROGRESS"),
        own_because(2, "CREATE_FAILED", told),
        own(1, TOKEN, "CREATE_IN_PROGRESS"),
    ];
    let bucket = "Resource of type 'AWS::S3::Bucket' with identifier 'acme-files' already exists.";
    for (found, cause) in [
        (
            findings(&[("UserBucket", bucket, "FAIL")]),
            format!("/Resources/UserBucket: {bucket} (NAME_CONFLICT_VALIDATION)"),
        ),
        (("DescribeEvents", error(403, "AccessDenied", "no")), told.to_owned()),
    ] {
        let calls = vec![
            no_stack(),
            change_set(),
            executable(),
            executed(),
            events(&end, None),
            stack("ROLLBACK_COMPLETE"),
            events(&end, None),
            found,
        ];
        let (result, asked) = apply(&desired(), calls).await;
        assert_eq!(result.unwrap_err().cause, Some(cause));
        assert_eq!(asked[7].field("StackName").as_deref(), Some(ARN));
    }
}
