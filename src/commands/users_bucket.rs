//! The users' bucket, looked at before a stack relies on it.

use crate::error::{Error, ErrorCode, Result};
use crate::server::Claim;
use crate::settings::Settings;
use crate::stack::Stack;
use crate::storage::{self, Presence};

use super::Run;
use super::session::Session;

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
    let exists_as_part_of_the_stack = makes_it && stack.is_some_and(|stack| stack.status.is_healthy());
    if exists_as_part_of_the_stack {
        return Ok(false);
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
