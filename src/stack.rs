//! The CloudFormation stack: its template, its states, and how it is brought to where it should be.

mod apply;
mod change_set;
mod delete;
mod describe;
mod desired;
mod drift;
mod events;
mod failure;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod flow_tests;
mod outputs;
#[cfg(test)]
mod pace_tests;
mod preview;
mod refused;
mod rejection;
mod resource_change;
mod settle;
mod status;
mod template;
mod termination_protection;

pub use apply::{Applied, apply};
pub use delete::{Deleted, delete, delete_retaining, refuse_protected};
pub use describe::{Stack, deployed_template, describe, describe_all};
pub use desired::Desired;
pub use drift::{Drifted, PropertyDifference, actual_properties, drift};
pub use events::{FailedHook, StackEvent};
pub use failure::{FailedResource, StackFailure, root_cause};
pub use outputs::{Outputs, Provider};
pub use preview::{Preview, PreviewSlot, preview};
pub use resource_change::{PropertyChange, Replacement, ResourceAction, ResourceChange};
pub use settle::{Operation, settle, wait_for_others};
pub use status::{Blocked, DeployStep, Outcome, StackStatus, TeardownStep};
pub use template::{CodeLocation, Parameters, TEMPLATE, made_by_us, parameters, same_template, sealed, template};
pub use termination_protection::protect;
