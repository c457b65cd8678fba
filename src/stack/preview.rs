//! What an operation on the stack would do, in CloudFormation's own words: a change set that is made, read and deleted again.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ChangeSetType;

use super::change_set::{self, ChangeSet, Judged, Verdict};
use super::describe::Stack;
use super::desired::Desired;
use super::rejection;
use super::resource_change::ResourceChange;
use super::status::DeployStep;
use crate::error::Result;
use crate::progress::Progress;
use crate::wait::Patience;

/// What CloudFormation says an operation would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// What happens to each resource.
    pub resources: Vec<ResourceChange>,
    /// What CloudFormation warns of: its word on the change set, and findings of its validation that stop nothing.
    pub warnings: Vec<String>,
}

/// Asks CloudFormation what an operation on `stack` would do. Nothing of it stays: the change set is deleted whatever it
/// said, and a stack that was under review before is so afterwards. A stack that is not there, or busy, has no preview.
///
/// # Errors
/// What would stop the deploy: a change set that CloudFormation rejects, or what it says.
pub async fn preview(
    client: &Client,
    desired: &Desired,
    stack: &Stack,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Option<Preview>> {
    let kind = match stack.status.for_deploy() {
        DeployStep::Create => ChangeSetType::Create,
        DeployStep::Update => ChangeSetType::Update,
        DeployStep::DeleteThenCreate | DeployStep::Wait | DeployStep::Stop(_) => return Ok(None),
    };
    let asked = change_set::create(client, desired, kind, &format!("{token}-plan")).await?;
    let Some(change_set) = asked else { return Ok(None) };
    let read = read(client, &change_set, desired, patience, progress).await;
    if let Err(error) = change_set::discard(client, &change_set).await {
        progress.warn(&format!("the change set of this plan is left: {error}"));
    }
    read.map(Some)
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
