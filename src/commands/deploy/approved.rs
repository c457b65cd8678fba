//! Who approves the changes, and what exactly was approved.

use std::path::Path;

use super::{Deploy, Planned};
use crate::commands::{Run, approval, plan_file};
use crate::error::{Error, ErrorCode, Result};
use crate::plan::saved::SavedPlan;
use crate::plan::{Change, are_approved, bindings};
use crate::stack::ResourceChange;

/// How the changes are approved.
pub(super) enum Approval {
    /// In a file: exactly that plan.
    Plan(Box<SavedPlan>),
    /// By `--yes`: whatever they are.
    Beforehand,
    /// By somebody who is shown them.
    Asked,
}

impl Approval {
    /// What the command line says. `plan` is the plan's file.
    ///
    /// # Errors
    /// `Usage` where approval will be needed and nobody can give it; `Configuration` for a file that is no plan.
    pub(super) fn of(plan: Option<&Path>, run: &Run<'_>) -> Result<Self> {
        if let Some(plan) = plan {
            return plan_file::read(plan).map(|plan| Self::Plan(Box::new(plan)));
        }
        approval::must_be_possible(run, "deploy")?;
        Ok(if run.options.yes { Self::Beforehand } else { Self::Asked })
    }

    fn plan(&self) -> Option<&SavedPlan> {
        match self {
            Self::Plan(plan) => Some(plan.as_ref()),
            Self::Beforehand | Self::Asked => None,
        }
    }

    /// Refuses the plan of another place, before anything is looked at.
    pub(super) fn refuse_elsewhere(&self, deploy: &Deploy<'_>) -> Result<()> {
        self.plan().map_or(Ok(()), |plan| plan.refuse_elsewhere(&deploy.place()))
    }

    /// Refuses settings that are not those of the plan.
    pub(super) fn refuse_other_settings(&self, deploy: &Deploy<'_>, planned: &Planned) -> Result<()> {
        self.plan().map_or(Ok(()), |plan| plan.refuse_other_settings(&deploy.to_save(planned)))
    }

    /// Refuses where the deployment is no longer what it was when the plan was made.
    pub(super) fn refuse_moved(&self, deploy: &Deploy<'_>, planned: &Planned) -> Result<()> {
        self.plan().map_or(Ok(()), |plan| plan.refuse_moved(&deploy.to_save(planned)))
    }
}

/// What was approved.
pub(super) struct Approved {
    pub(super) approval: Approval,
    pub(super) changes: Vec<Change>,
    /// What an update of the stack does to each resource; `None` where nobody was asked about that.
    pub(super) resources: Option<Vec<ResourceChange>>,
    /// Whether the stack takes over the users' bucket.
    pub(super) adopt: bool,
}

impl Approved {
    /// Refuses what is to be done now where it is something else than was approved.
    ///
    /// # Errors
    /// `Busy`.
    pub(super) fn refuse_other(&self, deploy: &Deploy<'_>, planned: &Planned) -> Result<()> {
        let is_approved = match &self.approval {
            Approval::Plan(_) => return self.approval.refuse_moved(deploy, planned),
            Approval::Beforehand => true,
            Approval::Asked => are_approved(&bindings(&planned.changes), &bindings(&self.changes)),
        };
        if is_approved {
            return Ok(());
        }
        Err(Error::new(ErrorCode::Busy, "another run changed the deployment since these changes were approved")
            .hint("run the same command again and look at the changes anew"))
    }
}
