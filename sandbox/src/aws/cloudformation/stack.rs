//! A stack, as it is kept: what was asked for, what was made of it, and every event.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change_set::ChangeSet;
use super::drift::Detection;
use super::intrinsics::{Made, Pseudo};
use super::operation::Operation;
use super::parameters::{Shown, Values};
use crate::clock::{Millis, now, uuid};

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// All stacks, deleted ones too: they answer by ARN.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stacks {
    list: Vec<Stack>,
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// The template, as it was submitted.
    pub(super) body: String,
    /// Values of its parameters.
    pub(super) values: Values,
    /// Tags of the stack.
    pub(super) tags: Tags,
    /// Capabilities that were given.
    pub(super) capabilities: Vec<String>,
}

/// A stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stack {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) region: String,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) created: Millis,
    pub(super) updated: Option<Millis>,
    pub(super) deleted: Option<Millis>,
    pub(super) wanted: Wanted,
    pub(super) description: Option<String>,
    pub(super) parameters: Vec<Shown>,
    pub(super) outputs: Vec<Output>,
    pub(super) resources: BTreeMap<String, StackResource>,
    /// Resources that left the stack, for ListStackResources of a deleted one.
    #[serde(default)]
    pub(super) removed: Vec<StackResource>,
    pub(super) events: Vec<Event>,
    pub(super) change_sets: Vec<ChangeSet>,
    pub(super) change_set: Option<String>,
    pub(super) protected: bool,
    pub(super) disable_rollback: bool,
    pub(super) operation: Option<Operation>,
    /// Client tokens of requests that began something.
    pub(super) tokens: BTreeSet<String>,
    /// The last detection of drift.
    #[serde(default)]
    pub(super) detection: Option<Detection>,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) description: Option<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StackResource {
    pub(super) logical_id: String,
    pub(super) kind: String,
    /// None while it could not be made.
    pub(super) physical_id: Option<String>,
    pub(super) properties: Value,
    pub(super) attributes: BTreeMap<String, Value>,
    pub(super) tags: Tags,
    pub(super) waits_for: BTreeSet<String>,
    pub(super) deletion_policy: Option<String>,
    pub(super) update_replace_policy: Option<String>,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) at: Millis,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: Millis,
    pub(super) logical_id: String,
    pub(super) physical_id: String,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) token: Option<String>,
    pub(super) properties: Option<String>,
}

/// The status of a stack, as far as the sandbox's stacks have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    ReviewInProgress,
    CreateInProgress,
    CreateComplete,
    CreateFailed,
    RollbackInProgress,
    RollbackComplete,
    RollbackFailed,
    UpdateInProgress,
    UpdateCompleteCleanupInProgress,
    UpdateComplete,
    UpdateFailed,
    UpdateRollbackInProgress,
    UpdateRollbackCompleteCleanupInProgress,
    UpdateRollbackComplete,
    DeleteInProgress,
    DeleteFailed,
    DeleteComplete,
}

impl Status {
    /// Whether an update may begin.
    pub(super) fn can_update(self) -> bool {
        match self {
            Self::CreateComplete | Self::UpdateComplete | Self::UpdateRollbackComplete => true,
            // Rollback was off: an update goes on from there.
            Self::CreateFailed | Self::UpdateFailed => true,
            Self::ReviewInProgress
            | Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::RollbackComplete
            | Self::RollbackFailed
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::DeleteInProgress
            | Self::DeleteFailed
            | Self::DeleteComplete => false,
        }
    }

    /// Whether something is going on.
    pub(super) fn is_busy(self) -> bool {
        self != Self::ReviewInProgress && self.to_string().ends_with("_IN_PROGRESS")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::ReviewInProgress => "REVIEW_IN_PROGRESS",
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::CreateFailed => "CREATE_FAILED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackComplete => "ROLLBACK_COMPLETE",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::UpdateInProgress => "UPDATE_IN_PROGRESS",
            Self::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateComplete => "UPDATE_COMPLETE",
            Self::UpdateFailed => "UPDATE_FAILED",
            Self::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            Self::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::DeleteComplete => "DELETE_COMPLETE",
        })
    }
}

impl Stacks {
    /// A stack by ARN, or a living one by name.
    pub(super) fn get(&self, region: &str, name: &str) -> Option<&Stack> {
        self.list.iter().find(|stack| stack.is_called(region, name))
    }

    /// As [`Stacks::get`], to be changed.
    pub(super) fn get_mut(&mut self, region: &str, name: &str) -> Option<&mut Stack> {
        self.list.iter_mut().find(|stack| stack.is_called(region, name))
    }

    /// All of a region, newest first.
    pub(super) fn of_region(&self, region: &str) -> impl Iterator<Item = &Stack> {
        self.list.iter().rev().filter(move |stack| stack.region == region)
    }

    /// Takes a stack out, to be put back.
    pub(super) fn take(&mut self, arn: &str) -> Option<Stack> {
        let place = self.list.iter().position(|stack| stack.arn == arn)?;
        Some(self.list.remove(place))
    }

    /// Puts a stack in.
    pub(super) fn put(&mut self, stack: Stack) {
        let place = self.list.iter().position(|other| other.created > stack.created).unwrap_or(self.list.len());
        self.list.insert(place, stack);
    }

    /// Forgets a stack that never was more than its change sets.
    pub(super) fn forget(&mut self, arn: &str) {
        self.list.retain(|stack| stack.arn != arn);
    }

    /// The stacks whose operation is not over.
    pub(super) fn unfinished(&self) -> Vec<String> {
        self.list.iter().filter(|stack| stack.operation.is_some()).map(|stack| stack.arn.clone()).collect()
    }

    /// The living stack that owns a resource.
    pub(super) fn owner(&self, kind: &str, physical_id: &str) -> Option<&Stack> {
        let owns =
            |resource: &StackResource| resource.kind == kind && resource.physical_id.as_deref() == Some(physical_id);
        self.list.iter().find(|stack| stack.status != Status::DeleteComplete && stack.resources.values().any(owns))
    }

    /// The stack of a change set that is given by ARN.
    pub(super) fn of_change_set(&mut self, arn: &str) -> Option<&mut Stack> {
        self.list.iter_mut().find(|stack| stack.change_sets.iter().any(|set| set.arn == arn))
    }
}

impl Stack {
    fn is_called(&self, region: &str, name: &str) -> bool {
        self.arn == name || (self.name == name && self.region == region && self.status != Status::DeleteComplete)
    }

    /// What the pseudo parameters stand for.
    pub(super) fn pseudo(&self) -> Pseudo {
        Pseudo { region: self.region.clone(), stack_name: self.name.clone(), stack_arn: self.arn.clone() }
    }

    /// Adds an event of a resource.
    pub(super) fn tell(&mut self, resource: &StackResource, status: &str, reason: Option<&str>) {
        let token = self.operation.as_ref().and_then(|operation| operation.token.clone());
        self.events.push(Event {
            id: format!("{}-{status}-{}", resource.logical_id, uuid()),
            at: now(),
            logical_id: resource.logical_id.clone(),
            physical_id: resource.physical_id.clone().unwrap_or_default(),
            kind: resource.kind.clone(),
            status: status.into(),
            reason: reason.map(ToOwned::to_owned),
            token,
            properties: Some(resource.properties.to_string()),
        });
    }

    /// Sets the status of the stack, with its event.
    pub(super) fn enter(&mut self, status: Status, reason: Option<String>) {
        self.status = status;
        self.reason = reason.clone();
        let token = self.operation.as_ref().and_then(|operation| operation.token.clone());
        self.events.push(Event {
            id: uuid(),
            at: now(),
            logical_id: self.name.clone(),
            physical_id: self.arn.clone(),
            kind: "AWS::CloudFormation::Stack".into(),
            status: status.to_string(),
            reason,
            token,
            properties: None,
        });
    }
}

impl StackResource {
    /// What `Ref` and `Fn::GetAtt` give.
    pub(super) fn made(&self) -> Made {
        Made {
            physical_id: self.physical_id.clone().unwrap_or_default(),
            attributes: self.attributes.clone(),
            unknown: false,
        }
    }
}
