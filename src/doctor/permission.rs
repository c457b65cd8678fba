//! Whether the caller may do what the commands do: IAM is asked, action by action.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::{Finding, Level};
use crate::aws::{failure, refusal};
use crate::error::Result;
use crate::permissions::{Policy, Statement};

/// How many questions at a time: IAM is one endpoint for the whole world, and slow.
const AT_A_TIME: usize = 4;

/// Whom IAM can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's own user, who may do everything unless the organisation forbids it.
    Root,
    /// A user or role, by ARN.
    Arn(String),
    /// A role, by name: the session's ARN does not tell the role's path.
    Role(String),
    /// Somebody IAM cannot be asked about.
    Other,
}

/// Whom a caller's ARN means.
#[must_use]
pub fn principal(caller_arn: &str) -> Principal {
    let rest = caller_arn.splitn(6, ':').nth(5).unwrap_or_default();
    match rest.split_once('/') {
        None if rest == "root" => Principal::Root,
        Some(("user" | "role", _)) => Principal::Arn(caller_arn.to_owned()),
        Some(("assumed-role", rest)) => match rest.split('/').next() {
            Some(role) if !role.is_empty() => Principal::Role(role.to_owned()),
            Some(_) | None => Principal::Other,
        },
        Some(_) | None => Principal::Other,
    }
}

/// Asks IAM about every action of a policy (SimulatePrincipalPolicy). `purpose` is the word of `--print-policy`.
pub async fn permission(client: &Client, caller_arn: &str, policy: &Policy, purpose: &str) -> Finding {
    let finding = |level, message: String| Finding::new("permission", level, message);
    let unasked = |why: String| {
        finding(Level::Info, format!("IAM could not be asked what these credentials may do: {why}")).remedy(
            "grant iam:SimulatePrincipalPolicy on the caller itself; without it, a command that lacks a right names it",
        )
    };
    let arn = match principal(caller_arn) {
        Principal::Root => {
            return finding(Level::Warning, "these are the root user's credentials".to_owned())
                .remedy(format!("use a role: sftp-okta doctor --print-policy {purpose}"));
        }
        Principal::Other => return unasked(format!("{caller_arn} is neither a user nor a role")),
        Principal::Arn(arn) => arn,
        Principal::Role(name) => match client.get_role().role_name(&name).send().await {
            Ok(answer) => answer.role.map(|role| role.arn).unwrap_or_default(),
            Err(error) => return unasked(refusal(&error).map(|refusal| refusal.code).unwrap_or_default()),
        },
    };
    let arn = arn.as_str();
    let answers: Vec<Result<Vec<String>>> = stream::iter(&policy.statements)
        .map(|statement| denied(client, arn, statement))
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let mut missing = Vec::new();
    for answer in answers {
        match answer {
            Ok(denied) => missing.extend(denied),
            Err(error) => return unasked(error.cause.unwrap_or(error.message)),
        }
    }
    missing.sort();
    missing.dedup();
    if missing.is_empty() {
        return finding(Level::Ok, format!("these credentials may do all that {purpose} does"));
    }
    finding(Level::Error, format!("these credentials may not do all that {purpose} does: {}", missing.join(", ")))
        .remedy(format!("grant them; sftp-okta doctor --print-policy {purpose} prints the whole policy"))
}

/// The actions of a statement that the principal may not do.
async fn denied(client: &Client, arn: &str, statement: &Statement) -> Result<Vec<String>> {
    let mut denied = Vec::new();
    for (resource, actions) in by_resource(statement) {
        let mut call = client.simulate_principal_policy().policy_source_arn(arn).resource_arns(resource);
        for (_, key, values) in &statement.conditions {
            let entry = ContextEntry::builder()
                .context_key_name(key)
                .set_context_key_values(Some(values.iter().take(1).cloned().collect()))
                .context_key_type(ContextKeyTypeEnum::String)
                .build();
            call = call.context_entries(entry);
        }
        let answer = call
            .set_action_names(Some(actions.into_iter().map(ToOwned::to_owned).collect()))
            .send()
            .await
            .map_err(|error| failure("could not ask IAM", &error))?;
        let results = answer.evaluation_results.unwrap_or_default().into_iter();
        let refused = results.filter(|result| result.eval_decision != PolicyEvaluationDecisionType::Allowed);
        denied.extend(refused.map(|result| result.eval_action_name));
    }
    Ok(denied)
}

/// Each action with a resource of its own service: IAM would deny `iam:GetRole` on a function.
fn by_resource(statement: &Statement) -> Vec<(String, Vec<&'static str>)> {
    let mut groups: Vec<(String, Vec<&'static str>)> = Vec::new();
    for action in &statement.actions {
        let service = action.split(':').next().unwrap_or_default();
        let of_service = |arn: &&String| arn.as_str() == "*" || arn.split(':').nth(2) == Some(service);
        let Some(resource) = statement.resources.iter().find(of_service) else { continue };
        // A name in the place of a wildcard: what is asked about is one resource.
        let resource = if resource == "*" { resource.clone() } else { resource.replace('*', "x") };
        match groups.iter_mut().find(|(known, _)| *known == resource) {
            Some((_, actions)) => actions.push(action),
            None => groups.push((resource, vec![action])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_arn_tells_whom_to_ask_about() {
        for (arn, expected) in [
            ("arn:aws:iam::111122223333:root", Principal::Root),
            ("arn:aws:iam::111122223333:user/team/ci", Principal::Arn("arn:aws:iam::111122223333:user/team/ci".into())),
            ("arn:aws:sts::111122223333:assumed-role/deploy/GitHub", Principal::Role("deploy".into())),
            ("arn:aws:sts::111122223333:federated-user/x", Principal::Other),
            ("nonsense", Principal::Other),
        ] {
            assert_eq!(principal(arn), expected, "{arn}");
        }
    }
}
