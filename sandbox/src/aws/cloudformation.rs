//! CloudFormation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::World;

/// All stacks.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stacks {}

/// Goes on with the operations that a stop interrupted.
pub(crate) fn resume(world: &Arc<World>) {
    let _ = world;
}

/// Answers a call.
pub(crate) fn answer(
    world: &Arc<World>,
    call: &super::wire::Call,
    parameters: &super::wire::query::Parameters,
) -> Result<serde_json::Value, super::wire::Refusal> {
    let _ = (world, parameters);
    Err(super::wire::Refusal::invalid_action(&call.action, "2010-05-15"))
}
