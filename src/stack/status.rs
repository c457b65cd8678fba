//! Every stack status, and what it means for deploy, for teardown and for a wait.
//!
//! The list and the meanings are CloudFormation's (User Guide, "Stack status codes"). Matches are total, so that a
//! status has a decision or does not compile.

use std::fmt;

/// The status of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are CloudFormation's own status codes")]
pub enum StackStatus {
    CreateInProgress,
    CreateFailed,
    CreateComplete,
    RollbackInProgress,
    RollbackFailed,
    RollbackComplete,
    DeleteInProgress,
    DeleteFailed,
    DeleteComplete,
    UpdateInProgress,
    UpdateCompleteCleanupInProgress,
    UpdateComplete,
    UpdateFailed,
    UpdateRollbackInProgress,
    UpdateRollbackFailed,
    UpdateRollbackCompleteCleanupInProgress,
    UpdateRollbackComplete,
    ReviewInProgress,
    ImportInProgress,
    ImportComplete,
    ImportRollbackInProgress,
    ImportRollbackFailed,
    ImportRollbackComplete,
    /// A status this version does not know.
    Unknown(String),
}

/// What deploy does with a stack in some status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployStep {
    /// There is nothing yet: a change set of type CREATE.
    Create,
    /// A change set of type UPDATE.
    Update,
    /// The stack never worked and cannot be updated: delete it, then create it.
    DeleteThenCreate,
    /// An operation is under way: wait for its end, then decide again.
    Wait,
    /// A person has to act first. Says why, and the next command.
    Stop(Blocked),
}

/// What teardown does with a stack in some status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeardownStep {
    /// It is gone.
    Nothing,
    /// It can be deleted.
    Delete,
    /// An operation is under way: wait for its end, then decide again.
    Wait,
    /// A person has to act first.
    Stop(Blocked),
}

/// Why a status stops us, and what to do about it. `{stack}` in `next` stands for the stack's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Why nothing can be done now.
    pub why: &'static str,
    /// The next command.
    pub next: &'static str,
}

/// How an operation on a stack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is still going on.
    Running,
    /// It ended as it should.
    Succeeded,
    /// It ended otherwise.
    Failed,
    /// The stack is gone.
    Gone,
}

impl StackStatus {
    /// Every status that CloudFormation documents.
    pub const ALL: [Self; 23] = [
        Self::CreateInProgress,
        Self::CreateFailed,
        Self::CreateComplete,
        Self::RollbackInProgress,
        Self::RollbackFailed,
        Self::RollbackComplete,
        Self::DeleteInProgress,
        Self::DeleteFailed,
        Self::DeleteComplete,
        Self::UpdateInProgress,
        Self::UpdateCompleteCleanupInProgress,
        Self::UpdateComplete,
        Self::UpdateFailed,
        Self::UpdateRollbackInProgress,
        Self::UpdateRollbackFailed,
        Self::UpdateRollbackCompleteCleanupInProgress,
        Self::UpdateRollbackComplete,
        Self::ReviewInProgress,
        Self::ImportInProgress,
        Self::ImportComplete,
        Self::ImportRollbackInProgress,
        Self::ImportRollbackFailed,
        Self::ImportRollbackComplete,
    ];

    /// The status that CloudFormation calls `text`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.as_str() == text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
    }

    /// CloudFormation's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::CreateFailed => "CREATE_FAILED",
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::RollbackComplete => "ROLLBACK_COMPLETE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::DeleteComplete => "DELETE_COMPLETE",
            Self::UpdateInProgress => "UPDATE_IN_PROGRESS",
            Self::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateComplete => "UPDATE_COMPLETE",
            Self::UpdateFailed => "UPDATE_FAILED",
            Self::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            Self::UpdateRollbackFailed => "UPDATE_ROLLBACK_FAILED",
            Self::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            Self::ReviewInProgress => "REVIEW_IN_PROGRESS",
            Self::ImportInProgress => "IMPORT_IN_PROGRESS",
            Self::ImportComplete => "IMPORT_COMPLETE",
            Self::ImportRollbackInProgress => "IMPORT_ROLLBACK_IN_PROGRESS",
            Self::ImportRollbackFailed => "IMPORT_ROLLBACK_FAILED",
            Self::ImportRollbackComplete => "IMPORT_ROLLBACK_COMPLETE",
            Self::Unknown(text) => text,
        }
    }

    /// What deploy does with a stack in this status.
    #[must_use]
    pub fn for_deploy(&self) -> DeployStep {
        match self {
            // A stack under review was never deployed: only its first change set exists. UPDATE is refused there.
            Self::ReviewInProgress | Self::DeleteComplete => DeployStep::Create,
            Self::CreateComplete
            | Self::UpdateComplete
            | Self::UpdateRollbackComplete
            | Self::ImportComplete
            | Self::ImportRollbackComplete => DeployStep::Update,
            // Nothing in it ever served anyone: its creation was undone as a whole.
            Self::RollbackComplete => DeployStep::DeleteThenCreate,
            Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::DeleteInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => DeployStep::Wait,
            Self::CreateFailed => DeployStep::Stop(Blocked {
                why: "its creation failed with rollback switched off, so resources of it exist",
                next: "look at them, then remove them with `sftp-okta teardown` and deploy again",
            }),
            Self::RollbackFailed => DeployStep::Stop(Blocked {
                why: "its creation failed and could not be undone, so resources of it may be left",
                next: "remove what is left with `sftp-okta teardown`, then deploy again",
            }),
            Self::DeleteFailed => DeployStep::Stop(Blocked {
                why: "it is half deleted",
                next: "finish with `sftp-okta teardown`, then deploy again",
            }),
            Self::UpdateFailed => DeployStep::Stop(Blocked {
                why: "an update failed with rollback switched off",
                next: "bring it back with `aws cloudformation rollback-stack --stack-name {stack}`, then deploy again",
            }),
            Self::UpdateRollbackFailed => DeployStep::Stop(Blocked {
                why: "an update failed and could not be undone",
                next: "remove the cause, run `aws cloudformation continue-update-rollback --stack-name {stack}`, then deploy again",
            }),
            Self::ImportRollbackFailed => DeployStep::Stop(Blocked {
                why: "an import failed and could not be undone",
                next: "finish the import's rollback in the CloudFormation console, then deploy again",
            }),
            Self::Unknown(_) => DeployStep::Stop(Blocked {
                why: "this version does not know that status",
                next: "look at the stack in the CloudFormation console, and update sftp-okta",
            }),
        }
    }

    /// What teardown does with a stack in this status.
    #[must_use]
    pub fn for_teardown(&self) -> TeardownStep {
        match self {
            Self::DeleteComplete => TeardownStep::Nothing,
            Self::ReviewInProgress
            | Self::CreateFailed
            | Self::CreateComplete
            | Self::RollbackFailed
            | Self::RollbackComplete
            | Self::DeleteFailed
            | Self::UpdateComplete
            | Self::UpdateFailed
            | Self::UpdateRollbackFailed
            | Self::UpdateRollbackComplete
            | Self::ImportComplete
            | Self::ImportRollbackFailed
            | Self::ImportRollbackComplete => TeardownStep::Delete,
            Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::DeleteInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => TeardownStep::Wait,
            Self::Unknown(_) => TeardownStep::Stop(Blocked {
                why: "this version does not know that status",
                next: "look at the stack in the CloudFormation console, and update sftp-okta",
            }),
        }
    }

    /// How a create or update stands. A stack whose new version is live but still cleans up is running: another
    /// update would be refused.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::CreateComplete | Self::UpdateComplete | Self::ImportComplete => Outcome::Succeeded,
            Self::DeleteComplete => Outcome::Gone,
            // Right after a CREATE change set was executed the stack may still read as under review.
            Self::ReviewInProgress => Outcome::Running,
            Self::CreateFailed
            | Self::RollbackFailed
            | Self::RollbackComplete
            | Self::DeleteFailed
            | Self::UpdateFailed
            | Self::UpdateRollbackFailed
            | Self::UpdateRollbackComplete
            | Self::ImportRollbackFailed
            | Self::ImportRollbackComplete
            | Self::Unknown(_) => Outcome::Failed,
            Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::DeleteInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => Outcome::Running,
        }
    }

    /// What the status says about the deployment, as it goes on after "stack X is STATUS: ".
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::ReviewInProgress => "its first change set was never executed, and it holds nothing",
            Self::CreateInProgress => "it is being created",
            Self::CreateFailed => "its creation failed with rollback switched off, and what was made of it exists",
            Self::CreateComplete | Self::UpdateComplete | Self::ImportComplete => "it is as it was last deployed",
            Self::RollbackInProgress => "its creation failed and is being undone",
            Self::RollbackFailed => "its creation failed and could not be undone, so resources of it may be left",
            Self::RollbackComplete => "its creation failed and was undone, and it holds nothing",
            Self::DeleteInProgress => "it is being deleted",
            Self::DeleteFailed => "it is half deleted",
            Self::DeleteComplete => "it is gone",
            Self::UpdateInProgress => "it is being updated",
            Self::UpdateCompleteCleanupInProgress => "its new version serves, and what that replaced is being removed",
            Self::UpdateFailed => "an update failed with rollback switched off",
            Self::UpdateRollbackInProgress => "an update failed and is being undone",
            Self::UpdateRollbackFailed => "an update failed and could not be undone",
            Self::UpdateRollbackCompleteCleanupInProgress => {
                "an update failed and was undone, and what it had made is being removed"
            }
            Self::UpdateRollbackComplete => "the last update failed and was undone: it serves as before that",
            Self::ImportInProgress => "resources are being imported into it",
            Self::ImportRollbackInProgress => "an import failed and is being undone",
            Self::ImportRollbackFailed => "an import failed and could not be undone",
            Self::ImportRollbackComplete => "the last import failed and was undone: it serves as before that",
            Self::Unknown(_) => "this version does not know that status",
        }
    }

    /// What a person who sees a stack in this status does next; `{stack}` stands for its name. Nothing where all is well.
    #[must_use]
    pub fn next_step(&self) -> Option<&'static str> {
        match self.for_deploy() {
            DeployStep::Stop(blocked) => Some(blocked.next),
            DeployStep::Wait => Some("`sftp-okta deploy` waits for the end of it and goes on from there"),
            DeployStep::DeleteThenCreate => Some("`sftp-okta deploy` deletes it and makes it anew"),
            DeployStep::Create => Some("`sftp-okta deploy` makes it"),
            DeployStep::Update if self.outcome() == Outcome::Succeeded => None,
            DeployStep::Update => Some("`sftp-okta deploy` tries again, and says why if it fails again"),
        }
    }

    /// What there is to say about the stack called `name` in this status, and what to do next. Nothing where all is well;
    /// of a stack that is healthy all the same, that its last change came to nothing.
    #[must_use]
    pub fn remark(&self, name: &str) -> Option<String> {
        let next = self.next_step()?.replace("{stack}", name);
        Some(format!("stack {name} is {self}: {}; {next}", self.meaning()))
    }

    /// Whether a stack in this status does its work as last deployed.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.outcome() == Outcome::Succeeded
            || matches!(self, Self::UpdateRollbackComplete | Self::ImportRollbackComplete)
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests;
