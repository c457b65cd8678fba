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
