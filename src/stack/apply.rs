//! Bringing the stack to where it should be, from whatever state it is in.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ChangeSetType;

use super::change_set::{self, ChangeSet, Judged, Verdict};
use super::delete::delete;
use super::describe::{Stack, describe};
use super::desired::Desired;
use super::failure::{left_behind, root_cause};
use super::rejection;
use super::resource_change::ResourceChange;
use super::settle::{Operation, settle, wait_for_others};
use super::status::{DeployStep, Outcome, StackStatus};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::wait::Patience;

/// The stack's own row is an event too.
const ROWS_OF_THE_STACK: usize = 1;

/// What applying it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The stack afterwards.
    pub stack: Stack,
    /// Whether anything was changed.
    pub changed: bool,
    /// What an update did to each resource.
    pub resources: Vec<ResourceChange>,
}

/// Creates or updates the stack and waits for the end. The caller has made sure that the stack is ours to change.
/// `approved` is what somebody has approved that an update does to the resources: it does exactly that, or nothing. Without
/// it the rows are shown before they come true.
///
/// # Errors
/// `StackFailed` with the first failure's reason, `Deadline` while the operation goes on, `Busy` when somebody else was
/// faster, or what CloudFormation says.
pub async fn apply(
    client: &Client,
    desired: &Desired,
    approved: Option<&[ResourceChange]>,
    token: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Applied> {
    let mut current = describe(client, &desired.name).await?;
    loop {
        let step = current.as_ref().map_or(DeployStep::Create, |stack| stack.status.for_deploy());
        // After a wait or a deletion the name is not looked up again: whoever used it for a new stack meanwhile is not us.
        current = match (step, current) {
            (DeployStep::Create, current) => {
                let before = current.as_ref();
                let change = Change { client, desired, approved, token, patience, progress, before };
                match change.make(ChangeSetType::Create).await? {
                    Some(applied) => return Ok(applied),
                    None => look_again(client, desired, patience, progress).await?,
                }
            }
            (DeployStep::Update, current) => {
                let before = current.as_ref();
                let change = Change { client, desired, approved, token, patience, progress, before };
                match change.make(ChangeSetType::Update).await? {
                    Some(applied) => return Ok(applied),
                    None => look_again(client, desired, patience, progress).await?,
                }
            }
            (DeployStep::DeleteThenCreate, Some(stack)) => {
                progress.note(&format!(
                    "Stack {} is in {}: its creation failed before, so it is deleted and made anew",
                    stack.name, stack.status
                ));
                delete(client, &stack, &format!("{token}-clear"), patience, progress).await?;
                None
            }
            (DeployStep::Wait, Some(stack)) => wait_for_others(client, &stack, patience, progress).await?.0,
            (DeployStep::Stop(blocked), Some(stack)) => return Err(stack.stopped(&blocked)),
            (DeployStep::DeleteThenCreate | DeployStep::Wait | DeployStep::Stop(_), None) => {
                return Err(vanished(desired));
            }
        };
    }
}

/// The stack after a moment: an operation that has just begun is not seen by every look.
async fn look_again(
    client: &Client,
    desired: &Desired,
    patience: &Patience,
    progress: &Progress,
) -> Result<Option<Stack>> {
    if patience.is_over() {
        return Err(patience.ran_out(&format!("another operation on stack {} goes on", desired.name)));
    }
    progress.tick();
    patience.pause().await;
    let found = describe(client, &desired.name).await?;
    match &found {
        // Somebody else was faster with the name.
        Some(stack) if !is_of_same_deployment(stack, desired) => Err(change_set::overtaken(&desired.name)),
        Some(_) | None => Ok(found),
    }
}

/// Whether the stack carries the tags of the tool that `desired` has. One under review shows none yet, and holds nothing.
fn is_of_same_deployment(stack: &Stack, desired: &Desired) -> bool {
    let own = desired.tags.iter().filter(|(key, _)| key.starts_with("sftp-okta:"));
    stack.status == StackStatus::ReviewInProgress
        || own.into_iter().all(|(key, value)| stack.tags.get(key) == Some(value))
}

/// One change of the stack: change set, execution, end.
struct Change<'a> {
    client: &'a Client,
    desired: &'a Desired,
    approved: Option<&'a [ResourceChange]>,
    token: &'a str,
    patience: &'a Patience,
    progress: &'a Progress,
    /// The stack as it was read last; one under review counts.
    before: Option<&'a Stack>,
}

impl Change<'_> {
    /// `None` where another operation on the stack has begun: it comes first.
    async fn make(&self, kind: ChangeSetType) -> Result<Option<Applied>> {
        let creates = kind == ChangeSetType::Create;
        let asked = change_set::create(self.client, self.desired, kind, self.token).await?;
        let Some(change_set) = asked else { return Ok(None) };
        let Judged { verdict, resources } =
            change_set::judge(self.client, &change_set, self.patience, self.progress).await?;
        match verdict {
            Verdict::Executable { changes, warning } => {
                if let Some(warning) = warning {
                    self.progress.warn(&format!("CloudFormation on the change set: {warning}"));
                }
                if !creates && let Err(error) = self.compare(&resources) {
                    self.discard(&change_set).await;
                    return Err(error);
                }
                self.progress.expect_resources(changes + ROWS_OF_THE_STACK);
            }
            Verdict::NoChange => {
                self.discard(&change_set).await;
                let stack = describe(self.client, &change_set.stack_arn).await?;
                let stack = stack.ok_or_else(|| vanished(self.desired))?;
                return Ok(Some(Applied { stack, changed: false, resources: Vec::new() }));
            }
            Verdict::Rejected(reason) => {
                // Its details go with the change set, so they are read first.
                let error = rejection::error(self.client, &change_set, &self.desired.name, &reason).await;
                self.discard(&change_set).await;
                if creates {
                    self.clear(&change_set).await;
                }
                return Err(error);
            }
            Verdict::Overtaken => {
                self.discard(&change_set).await;
                return Err(change_set::overtaken(&self.desired.name));
            }
        }
        change_set::execute(self.client, &change_set, self.token, creates).await?;
        self.progress.goes_on(&format!("CloudFormation goes on with stack {}", self.desired.name));

        let mut operation = match self.before.filter(|_| !creates) {
            Some(before) => Operation::change(before, self.token),
            None => Operation::creation(&change_set.stack_arn, self.token),
        };
        let stack = settle(self.client, &mut operation, self.patience, self.progress).await?;
        self.progress.nothing_goes_on();
        let stack = stack.ok_or_else(|| vanished(self.desired))?;
        if stack.status.outcome() == Outcome::Succeeded {
            for orphan in left_behind(operation.events(), &stack.arn) {
                self.progress.warn(&format!("left behind, and no longer part of the stack: {orphan}"));
            }
            return Ok(Some(Applied { stack, changed: true, resources }));
        }
        let verb = if creates { "created" } else { "updated" };
        let what = format!("stack {} could not be {verb} and is now in {}", stack.name, stack.status);
        let error = root_cause(operation.events(), &stack.arn).into_error(what, stack.reason.as_deref());
        Err(rejection::with_findings(self.client, &stack.arn, error).await)
    }

    /// Whether the change set does what was approved; where nobody was asked, it is told.
    fn compare(&self, resources: &[ResourceChange]) -> Result<()> {
        match self.approved {
            Some(approved) if approved == resources => Ok(()),
            Some(_) => Err(Error::new(
                ErrorCode::Busy,
                format!("an update of stack {} would do something else now than was approved", self.desired.name),
            )
            .cause("CloudFormation's change set differs from the one that was shown")
            .hint("plan again, and have that approved")),
            None => {
                let style = self.progress.style();
                let rows: String = resources.iter().map(|resource| resource.render(style)).collect();
                if !rows.is_empty() {
                    self.progress.show(&format!("    The update of {} changes:\n{rows}", self.desired.name));
                }
                Ok(())
            }
        }
    }

    /// A change set left behind is untidy, and no reason to fail for, nor to hide what failed.
    async fn discard(&self, change_set: &ChangeSet) {
        if let Err(error) = change_set::discard(self.client, change_set).await {
            self.progress.note(&error.to_string());
        }
    }

    /// A first change set makes an empty stack under review, which would be all that is left of this run. It goes too, if
    /// it is this deployment's and nobody else has plans for it.
    async fn clear(&self, change_set: &ChangeSet) {
        let ours = self.before.is_none_or(|stack| stack.tags == self.desired.tags);
        let cleared = async {
            let Some(stack) = describe(self.client, &change_set.stack_arn).await? else { return Ok(()) };
            let empty = stack.status == StackStatus::ReviewInProgress;
            if ours && empty && !change_set::has_others(self.client, change_set).await? {
                let token = format!("{}-empty", self.token);
                delete(self.client, &stack, &token, self.patience, self.progress).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = cleared.await {
            self.progress.note(&format!("The empty stack {} is left: {error}", self.desired.name));
        }
        self.progress.nothing_goes_on();
    }
}

fn vanished(desired: &Desired) -> Error {
    Error::new(ErrorCode::StackFailed, format!("stack {} was deleted by somebody else meanwhile", desired.name))
        .hint("run the same command again to make it anew")
}
