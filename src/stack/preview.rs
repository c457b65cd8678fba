//! What an update of the stack would do, in CloudFormation's own words: a change set that is made, read and deleted again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ChangeSetSummary, ChangeSetType};
use tokio::time::{sleep, timeout};

use super::change_set::{self, ChangeSet, Judged, Verdict};
use super::describe::Stack;
use super::desired::Desired;
use super::rejection;
use super::resource_change::ResourceChange;
use super::status::DeployStep;
use crate::aws::refusal;
use crate::error::Result;
use crate::progress::Progress;
use crate::wait::Patience;

/// The end of the name of every change set that is only read.
const NAME_ENDS: &str = "-plan";
/// How its name begins, as that of every run does.
const NAME_BEGINS: &str = "sftp-okta-";
/// A change set of a preview that is this much older than another one is nobody's any more: twice what a preview may take.
const ABANDONED: i64 = 600;
/// How long deleting it may take when the run was interrupted.
const HURRY: Duration = Duration::from_secs(1);
/// The pause before it is tried again: a change set that is still being made cannot be deleted.
const AGAIN: Duration = Duration::from_millis(200);

/// What CloudFormation says an operation would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// What happens to each resource.
    pub resources: Vec<ResourceChange>,
    /// What CloudFormation warns of: its word on the change set, and findings of its validation that stop nothing.
    pub warnings: Vec<String>,
}

/// The change set that a preview has begun and not deleted yet. Shared, so that whoever hears a signal can delete it.
#[derive(Debug, Clone, Default)]
pub struct PreviewSlot(Arc<Mutex<Option<Begun>>>);

#[derive(Debug)]
struct Begun {
    client: Client,
    stack_arn: String,
    name: String,
}

impl PreviewSlot {
    fn lock(&self) -> MutexGuard<'_, Option<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes the change set in a hurry, where there is one. What is left all the same, the next preview deletes.
    pub async fn discard_at_once(&self) {
        let Some(Begun { client, stack_arn, name }) = self.lock().take() else { return };
        let deleted = async {
            loop {
                let sent = client.delete_change_set().stack_name(&stack_arn).change_set_name(&name).send().await;
                let Err(error) = sent else { return };
                if !refusal(&error).is_some_and(|refusal| refusal.code.starts_with("InvalidChangeSetStatus")) {
                    return;
                }
                sleep(AGAIN).await;
            }
        };
        let _ = timeout(HURRY, deleted).await;
    }
}

/// Asks CloudFormation what an update of `stack` would do. Nothing of it stays: the change set is deleted whatever it said,
/// by `slot` where the run is interrupted meanwhile, and those of earlier runs that could not do that go too. A stack that
/// is busy has no preview, nor has one that is yet to be made: its first change set would make it, under review, and
/// another run might see that.
///
/// # Errors
/// What would stop the deploy: a change set that CloudFormation rejects, or what it says.
pub async fn preview(
    client: &Client,
    desired: &Desired,
    stack: &Stack,
    token: &str,
    slot: &PreviewSlot,
    patience: &Patience,
    progress: &Progress,
) -> Result<Option<Preview>> {
    match stack.status.for_deploy() {
        DeployStep::Update => {}
        DeployStep::Create | DeployStep::DeleteThenCreate | DeployStep::Wait | DeployStep::Stop(_) => return Ok(None),
    }
    let name = format!("{token}{NAME_ENDS}");
    let begun = Begun { client: client.clone(), stack_arn: stack.arn.clone(), name: name.clone() };
    slot.lock().replace(begun);
    let asked = change_set::create(client, desired, ChangeSetType::Update, &name).await;
    let Ok(Some(change_set)) = asked else {
        slot.lock().take();
        return asked.map(|_| None);
    };
    let read = read(client, &change_set, desired, patience, progress).await;
    discard_abandoned(client, &change_set, progress).await;
    if let Err(error) = change_set::discard(client, &change_set).await {
        progress.warn(&format!("the change set of this plan is left: {error}"));
    }
    slot.lock().take();
    read.map(Some)
}

/// Deletes change sets of previews that ended without doing so: of runs that were killed, or whose network went away.
async fn discard_abandoned(client: &Client, ours: &ChangeSet, progress: &Progress) {
    // Untidy, and no reason to fail for, nor to search long: the newest come first, and executing one deletes all others.
    let Ok(listed) = client.list_change_sets().stack_name(&ours.stack_arn).send().await else { return };
    for arn in abandoned(listed.summaries(), &ours.arn) {
        let change_set = ChangeSet { arn: arn.to_owned(), stack_arn: ours.stack_arn.clone() };
        match change_set::discard(client, &change_set).await {
            Ok(()) => progress.note("A change set that an earlier plan had left is deleted"),
            Err(error) => progress.note(&error.to_string()),
        }
    }
}

/// The change sets that are older than any preview that still goes on, by CloudFormation's own clock.
fn abandoned<'a>(listed: &'a [ChangeSetSummary], ours: &str) -> Vec<&'a str> {
    let made =
        |summary: &ChangeSetSummary| summary.creation_time().map(aws_sdk_cloudformation::primitives::DateTime::secs);
    let Some(now) = listed.iter().find(|summary| summary.change_set_id() == Some(ours)).and_then(made) else {
        return Vec::new();
    };
    let is_abandoned = |summary: &&ChangeSetSummary| {
        let name = summary.change_set_name().unwrap_or_default();
        let of_a_preview = name.starts_with(NAME_BEGINS) && name.ends_with(NAME_ENDS);
        of_a_preview && made(summary).is_some_and(|made| now.saturating_sub(made) > ABANDONED)
    };
    listed.iter().filter(is_abandoned).filter_map(|summary| summary.change_set_id()).collect()
}

async fn read(
    client: &Client,
    change_set: &ChangeSet,
    desired: &Desired,
    patience: &Patience,
    progress: &Progress,
) -> Result<Preview> {
    let Judged { verdict, resources } = change_set::judge(client, change_set, patience, progress).await?;
    match verdict {
        Verdict::Executable { warning, .. } => {
            let mut warnings: Vec<String> = warning.into_iter().collect();
            warnings.extend(rejection::warnings(client, change_set).await);
            Ok(Preview { resources, warnings })
        }
        Verdict::NoChange => Ok(Preview::default()),
        Verdict::Rejected(reason) => Err(rejection::error(client, change_set, &desired.name, &reason).await),
        Verdict::Overtaken => Err(change_set::overtaken(&desired.name)),
    }
}
