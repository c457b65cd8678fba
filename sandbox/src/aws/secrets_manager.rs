//! Secrets Manager (awsJson1.1, target `secretsmanager`): one secret, ready to use, which holds the private key of the small
//! Okta's service app. Regions are not told apart.

use serde_json::{Value, json};

use super::wire::{Call, Refusal};
use crate::ACCOUNT;
use crate::policy::{Request, context, is_allowed_to_role};
use crate::signature::Caller;
use crate::state::World;

/// The secret's name; the six characters that follow it in the ARN are of the service's making.
const NAME: &str = "okta-service-app";
const SUFFIX: &str = "AbCdEf";
/// When it was made: before everything else.
const CREATED: f64 = 1_767_225_600.0;
const VERSION: &str = "00000000-0000-4000-8000-000000000000";

/// The secret's ARN in a region.
pub(crate) fn arn(region: &str) -> String {
    let partition = super::wire::call::partition(region);
    format!("arn:{partition}:secretsmanager:{region}:{ACCOUNT}:secret:{NAME}-{SUFFIX}")
}

/// Answers a call.
pub(crate) fn answer(world: &World, call: &Call, caller: &Caller, input: &Value) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "GetSecretValue" => {
            let arn = find(world, call, caller, input, "secretsmanager:GetSecretValue")?;
            check_version(input)?;
            let key = crate::okta::service_app_key(world.folder()).ok_or_else(not_found)?;
            Ok(json!({
                "ARN": arn,
                "CreatedDate": CREATED,
                "Name": NAME,
                "SecretString": key,
                "VersionId": VERSION,
                "VersionStages": ["AWSCURRENT"],
            }))
        }
        "DescribeSecret" => {
            let arn = find(world, call, caller, input, "secretsmanager:DescribeSecret")?;
            Ok(described(&arn, "VersionIdsToStages", json!({VERSION: ["AWSCURRENT"]})))
        }
        "ListSecrets" => {
            let arn = arn(&call.region);
            check(world, caller, "secretsmanager:ListSecrets", "*")?;
            let is_there = crate::okta::service_app_key(world.folder()).is_some();
            let secret = described(&arn, "SecretVersionsToStages", json!({VERSION: ["AWSCURRENT"]}));
            Ok(json!({"SecretList": is_there.then_some(secret).into_iter().collect::<Vec<_>>()}))
        }
        action => Err(Refusal::unknown_operation("secretsmanager", action)),
    }
}

fn described(arn: &str, versions: &str, stages: Value) -> Value {
    json!({
        "ARN": arn,
        "Name": NAME,
        "Description": "Private key of the small Okta's service app",
        "CreatedDate": CREATED,
        "LastChangedDate": CREATED,
        versions: stages,
    })
}

/// The ARN of the secret that is asked for, by its ARN, by its ARN without the suffix, or by its name.
fn find(world: &World, call: &Call, caller: &Caller, input: &Value, action: &str) -> Result<String, Refusal> {
    let asked = input.get("SecretId").and_then(Value::as_str).unwrap_or_default();
    if asked.is_empty() || asked.len() > 2048 {
        let message = "1 validation error detected: Value at 'secretId' failed to satisfy constraint: Member must have \
                       length between 1 and 2048, inclusive";
        return Err(Refusal::new("ValidationException", message));
    }
    let arn = arn(&call.region);
    let partial = arn.strip_suffix(&format!("-{SUFFIX}")).unwrap_or_default();
    let is_ours = [NAME, arn.as_str(), partial].contains(&asked);
    // Whoever may not read it does not learn whether it is there.
    check(world, caller, action, if is_ours { &arn } else { asked })?;
    if is_ours && crate::okta::service_app_key(world.folder()).is_some() { Ok(arn) } else { Err(not_found()) }
}

/// Roles need a policy; the root does not.
fn check(world: &World, caller: &Caller, action: &str, resource: &str) -> Result<(), Refusal> {
    let Some(role) = &caller.role else { return Ok(()) };
    let context = context([("aws:PrincipalArn", role.as_str()), ("aws:PrincipalAccount", ACCOUNT)]);
    let request = Request { action, resource, principals: &[], context: &context };
    if world.read(|state| is_allowed_to_role(&state.resources, role, &request)) {
        return Ok(());
    }
    let caller = &caller.arn;
    Err(Refusal::new(
        "AccessDeniedException",
        format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource} because no identity-based \
             policy allows the {action} action"
        ),
    ))
}

/// There has only ever been one version.
fn check_version(input: &Value) -> Result<(), Refusal> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let (id, stage) = (text("VersionId"), text("VersionStage"));
    if id.is_none_or(|id| id == VERSION) && stage.is_none_or(|stage| stage == "AWSCURRENT") {
        return Ok(());
    }
    let asked = stage
        .map_or_else(|| format!("VersionId: {}", id.unwrap_or_default()), |stage| format!("staging label: {stage}"));
    Err(Refusal::new(
        "ResourceNotFoundException",
        format!("Secrets Manager can't find the specified secret value for {asked}"),
    ))
}

fn not_found() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

#[cfg(test)]
mod tests;
