//! The users' bucket, looked at before a stack relies on it.

use crate::error::{Error, ErrorCode, Result};
use crate::server::Claim;
use crate::settings::Settings;
use crate::stack::{DeployStep, Stack, StackStatus};
use crate::storage::{self, Presence};

use super::Run;
use super::session::Session;

/// What the stack has to do with the bucket, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The stack made it.
    OfTheStack,
    /// The stack has nothing to do with it yet.
    None,
    /// The stack is just changing, and may be making it.
    NotSettled,
}

/// What the stack has to do with `bucket`, by its parameters and status. A stack that is being deleted leaves the bucket
/// behind.
fn part(stack: Option<&Stack>, bucket: &str) -> Part {
    let Some(stack) = stack else { return Part::None };
    let has = |parameter: &str, value: &str| stack.parameters.get(parameter).is_some_and(|has| has == value);
    match stack.status.for_deploy() {
        DeployStep::Wait if stack.status != StackStatus::DeleteInProgress => Part::NotSettled,
        DeployStep::Update if has("CreateBucket", "true") && has("BucketName", bucket) => Part::OfTheStack,
        DeployStep::Update
        | DeployStep::Create
        | DeployStep::DeleteThenCreate
        | DeployStep::Wait
        | DeployStep::Stop(_) => Part::None,
    }
}

/// Looks at the users' bucket before the stack relies on it. Returns whether the stack takes it over: a bucket that
/// an earlier stack of this deployment made outlives that stack.
pub(super) async fn check(
    settings: &Settings,
    session: &Session,
    stack: Option<&Stack>,
    run: &Run<'_>,
) -> Result<bool> {
    let Session { clients, caller, owner, .. } = session;
    let bucket = &settings.storage.bucket;
    let makes_it = settings.storage.create_bucket;
    match part(stack, bucket) {
        Part::OfTheStack if makes_it => return Ok(false),
        Part::NotSettled => return Ok(false),
        Part::OfTheStack | Part::None => {}
    }
    match (storage::look(&clients.s3, bucket, &caller.account).await, makes_it) {
        (Presence::Absent, true) | (Presence::Present(_) | Presence::Unknown, false) => Ok(false),
        (Presence::Present(tags), true) if owner.claim(&tags) == Claim::Ours => {
            run.progress.note(&format!("Bucket {bucket} was made by this deployment before: the stack takes it over"));
            Ok(true)
        }
        (Presence::Present(_), true) => Err(Error::new(
            ErrorCode::Configuration,
            format!("bucket {bucket} exists already, and this deployment did not make it"),
        )
        .resource(bucket.clone())
        .hint("use it as it is with create_bucket = false, or name another bucket")),
        (Presence::Refused, _) => {
            run.progress.warn(&format!(
                "bucket {bucket} belongs to another account, or these credentials may not see it (s3:ListBucket)"
            ));
            Ok(false)
        }
        (Presence::Absent, false) => {
            run.progress.warn(&format!(
                "bucket {bucket} does not exist: users will sign in and find nothing until it is made \
                 (create_bucket = true lets the stack make it)"
            ));
            Ok(false)
        }
        (Presence::Unknown, true) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fixtures::stack_in;

    fn stack(status: StackStatus, creates: &str) -> Stack {
        let parameters = [("BucketName", "acme-files"), ("CreateBucket", creates)];
        let parameters = parameters.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Stack { parameters: parameters.into(), ..stack_in(status) }
    }

    #[test]
    fn the_parameters_tell_whether_the_stack_made_it() {
        let part = |status, creates, bucket| part(Some(&stack(status, creates)), bucket);
        for status in [StackStatus::CreateComplete, StackStatus::UpdateRollbackComplete] {
            assert_eq!(part(status.clone(), "true", "acme-files"), Part::OfTheStack);
            // It is to be made from now on, or is to be another one.
            assert_eq!(part(status.clone(), "false", "acme-files"), Part::None);
            assert_eq!(part(status, "true", "other-files"), Part::None);
        }
        assert_eq!(part(StackStatus::CreateInProgress, "true", "acme-files"), Part::NotSettled);
        // What these leave behind is taken over.
        for status in [StackStatus::DeleteInProgress, StackStatus::RollbackComplete, StackStatus::ReviewInProgress] {
            assert_eq!(part(status, "true", "acme-files"), Part::None);
        }
        assert_eq!(super::part(None, "acme-files"), Part::None);
    }
}
