//! Security Token Service.

use std::time::Duration;

use serde_json::{Value, json};

use super::wire::query::Parameters;
use super::wire::{Call, Refusal};
use crate::ACCOUNT;
use crate::clock::iso;
use crate::policy::Document;
use crate::policy::{Request, allows, context};
use crate::signature::{Caller, assume_role, role_by_arn};
use crate::state::World;

/// How long a session lasts where nobody says.
const HOUR: u64 = 3600;

/// Answers a call.
pub(crate) fn answer(world: &World, call: &Call, caller: &Caller, form: &Parameters) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "GetCallerIdentity" => {
            let arn = caller.arn.replacen("arn:aws:", &format!("arn:{}:", call.partition()), 1);
            Ok(json!({"Account": ACCOUNT, "Arn": arn, "UserId": caller.user_id}))
        }
        "AssumeRole" => session(world, caller, form),
        action => Err(Refusal::invalid_action(action, form.text("Version").unwrap_or("2011-06-15"))),
    }
}

/// A temporary key, where the role trusts the caller. A role that is not there and one that does not trust are told alike.
fn session(world: &World, caller: &Caller, form: &Parameters) -> Result<Value, Refusal> {
    let arn = form.text("RoleArn").unwrap_or_default();
    let name = form.text("RoleSessionName").unwrap_or_default();
    if name.len() < 2 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_=,.@-".contains(c)) {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let principals: Vec<String> = [caller.arn.clone(), root, ACCOUNT.to_owned()].into();
    let role_id = world.read(|state| {
        let role = role_by_arn(&state.resources, arn)?;
        let trust = Document::from_json(role.property(&["AssumeRolePolicyDocument"])?)?;
        let context = context([("aws:PrincipalArn", caller.arn.as_str()), ("aws:PrincipalAccount", ACCOUNT)]);
        let request = Request { action: "sts:AssumeRole", resource: arn, principals: &principals, context: &context };
        allows(&[trust], &request).then(|| role.attribute("RoleId").unwrap_or_default().to_owned())
    });
    let denied = || {
        let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn);
        Refusal::new("AccessDenied", message).status(403)
    };
    let role_id = role_id.ok_or_else(denied)?;
    let seconds = form.text("DurationSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(HOUR);
    let key = assume_role(arn, name, Duration::from_secs(seconds.clamp(900, 12 * HOUR)));
    let role = arn.split_once(":role/").map_or("", |(_, role)| role.rsplit('/').next().unwrap_or(role));
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key.access_key,
            "SecretAccessKey": key.secret,
            "SessionToken": key.token,
            "Expiration": iso(u64::try_from(key.expires).unwrap_or(0) * 1000),
        },
        "AssumedRoleUser": {
            "Arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
            "AssumedRoleId": format!("{role_id}:{name}"),
        },
    }))
}
