//! What may go wrong while a stack is waited for.

use super::scene::*;
use crate::error::ErrorCode;

fn begun() -> Vec<Call> {
    vec![stack("CREATE_COMPLETE"), change_set(), executable(), executed()]
}

fn ended() -> Vec<Call> {
    let end = [own(3, TOKEN, "UPDATE_COMPLETE"), own(2, TOKEN, "UPDATE_IN_PROGRESS")];
    vec![events(&end, None), updated("UPDATE_COMPLETE", 2)]
}

#[tokio::test]
async fn throttled_looks_do_not_end_the_wait() {
    let mut calls = vec![stack("CREATE_COMPLETE"), change_set()];
    calls.extend(throttled("DescribeChangeSet"));
    calls.extend([executable(), executed()]);
    calls.extend(throttled("DescribeStackEvents"));
    calls.extend([events(&[], None), events(&[], None)]);
    calls.extend(throttled("DescribeStacks"));
    calls.extend(ended());
    assert!(apply(&desired(), calls).await.0.unwrap().changed);
}

#[tokio::test]
async fn an_expired_token_ends_the_wait_and_says_what_goes_on() {
    let mut calls = begun();
    calls.push(("DescribeStackEvents", error(403, "ExpiredToken", "The security token included is expired")));
    let progress = progress();
    let error = apply_with(&desired(), calls, &progress, &patience()).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::Credentials);
    assert_eq!(
        error.hint.as_deref(),
        Some("the credentials have expired: renew them, then run the same command again")
    );
    assert_eq!(progress.what_goes_on().as_deref(), Some("CloudFormation goes on with stack sftp-okta-demo"));
}

#[tokio::test]
async fn a_stack_deleted_meanwhile_is_no_success() {
    for gone in [stack("DELETE_COMPLETE"), no_stack()] {
        let theirs = [own(5, OTHER, "DELETE_IN_PROGRESS"), own(2, TOKEN, "UPDATE_IN_PROGRESS")];
        let mut calls = begun();
        calls.push(events(&theirs[1..], None));
        calls.push(events(&theirs, None));
        calls.push(("DescribeStackEvents", error(400, "ValidationError", "Stack [x] does not exist")));
        calls.push(gone);
        calls.push(events(&theirs, None));
        let error = apply(&desired(), calls).await.0.unwrap_err();
        assert_eq!(error.code, ErrorCode::StackFailed);
        assert!(error.message.ends_with("was deleted by somebody else meanwhile"), "{error}");
    }
}

#[tokio::test]
async fn a_caller_who_may_not_read_events_is_told_so() {
    let mut calls = begun();
    let denied = "User: arn:x is not authorized to perform: cloudformation:DescribeStackEvents on resource: arn:y";
    calls.push(("DescribeStackEvents", error(403, "AccessDenied", denied)));
    let error = apply(&desired(), calls).await.0.unwrap_err();
    assert_eq!(error.code, ErrorCode::Permission);
    assert_eq!(error.hint.as_deref(), Some("grant cloudformation:DescribeStackEvents on arn:y to the caller"));
}

#[tokio::test]
async fn a_stack_that_may_not_be_described_is_not_absent() {
    let calls = vec![("DescribeStacks", error(403, "AccessDenied", "no"))];
    assert_eq!(apply(&desired(), calls).await.0.unwrap_err().code, ErrorCode::Permission);
}
