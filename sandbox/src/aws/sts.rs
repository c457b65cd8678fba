//! Security Token Service.

use serde_json::{Value, json};

use super::wire::query::Parameters;
use super::wire::{Call, Refusal};
use crate::ACCOUNT;
use crate::state::World;

/// Answers a call.
pub(crate) fn answer(world: &World, call: &Call, parameters: &Parameters) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "GetCallerIdentity" => {
            let arn = caller_arn(world, call);
            Ok(json!({"Account": ACCOUNT, "Arn": arn, "UserId": ACCOUNT}))
        }
        action => Err(Refusal::invalid_action(action, parameters.text("Version").unwrap_or("2011-06-15"))),
    }
}

/// Who calls: the root of the account.
pub(crate) fn caller_arn(world: &World, call: &Call) -> String {
    let _ = world;
    format!("arn:{}:iam::{ACCOUNT}:root", call.partition())
}
