//! Transfer Family.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Call, Refusal};
use crate::state::World;

/// All servers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Servers {}

/// Answers a call (awsJson1.1, target `TransferService`).
pub(crate) async fn answer(world: &Arc<World>, call: &Call, input: &Value) -> Result<Value, Refusal> {
    let _ = (world, input);
    Err(Refusal::new("UnknownOperationException", format!("Unknown operation {}", call.action)))
}

/// Goes on with the servers that were starting or stopping when the sandbox ended.
pub(crate) fn resume(world: &Arc<World>) {
    let _ = world;
}
