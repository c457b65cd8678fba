//! The stack as it should be, and whether it is.

use std::collections::BTreeMap;

use super::describe::Stack;
use super::status::DeployStep;
use super::template::{Parameters, same_template};

/// The stack as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// The stack's name.
    pub name: String,
    /// The template's text.
    pub template: String,
    /// Every parameter's value.
    pub parameters: Parameters,
    /// Every tag, those that tell ownership included.
    pub tags: BTreeMap<String, String>,
    /// Whether resources that exist already under a name that the template writes out are taken over: the users' bucket
    /// that an earlier stack of this deployment left behind. The caller has made sure that it is this deployment's.
    pub adopt: bool,
}

impl Desired {
    /// Whether `stack` is as desired already, by what can be read without a change set. `template` is its deployed one.
    #[must_use]
    pub fn is_met_by(&self, stack: &Stack, template: Option<&str>) -> bool {
        stack.status.for_deploy() == DeployStep::Update
            && stack.parameters == self.parameters
            && stack.tags == self.tags
            && template.is_some_and(|template| same_template(template, &self.template))
    }
}
