//! Whether the caller may do what the commands do: IAM is asked, action by action.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::{Finding, Level};
use crate::aws::failure;
use crate::error::Result;
use crate::permissions::{self, Names, Purpose, Statement};

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

/// Why an action is not allowed, as far as IAM tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// No policy of the caller's allows it.
    NotAllowed,
    /// The caller's permissions boundary leaves it out.
    Boundary,
    /// The organisation's policies leave it out, or deny it.
    Organisation,
    /// A policy of the caller's denies it.
    Denied,
    /// It hangs on what a simulation does not know, such as the caller's address.
    Unclear(String),
}

/// What IAM is asked about.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The command, as `--for` and `--print-policy` call it.
    pub command: &'static str,
    /// What it needs.
    pub rights: Vec<Statement>,
    /// The condition keys of all printed policies, in lower case.
    pub known_keys: BTreeSet<String>,
}

impl Wanted {
    /// What a command needs.
    #[must_use]
    pub fn of(purpose: Purpose, names: &Names) -> Self {
        let keys = Purpose::ALL.into_iter().flat_map(|purpose| permissions::rights(purpose, names));
        let keys = keys.flat_map(|statement| statement.conditions).map(|(_, key, _)| key.to_ascii_lowercase());
        Self { command: purpose.command(), rights: permissions::rights(purpose, names), known_keys: keys.collect() }
    }
}

/// Asks IAM about every action that is wanted (SimulatePrincipalPolicy). One finding for each reason that something is not
/// allowed.
pub async fn permission(client: &Client, caller_arn: &str, wanted: &Wanted) -> Vec<Finding> {
    let purpose = wanted.command;
    let finding = |level, message: String| Finding::new("permission", level, message);
    let unasked = |why: String| {
        let message = format!("IAM could not be asked what these credentials may do: {why}");
        vec![finding(Level::Info, message).remedy(
            "grant iam:SimulatePrincipalPolicy and iam:GetRole on the caller itself; without them, a command that lacks a \
             right names it",
        )]
    };
    let arn = match principal(caller_arn) {
        Principal::Root => {
            return vec![
                finding(Level::Warning, "these are the root user's credentials".to_owned())
                    .remedy(format!("use a role: sftp-okta doctor --print-policy {purpose}")),
            ];
        }
        Principal::Other => return unasked(format!("{caller_arn} is neither a user nor a role")),
        Principal::Arn(arn) => arn,
        Principal::Role(name) => match client.get_role().role_name(&name).send().await {
            Ok(answer) => answer.role.map(|role| role.arn).unwrap_or_default(),
            // Most roles have no path; one that has is not found under this ARN, and IAM says so.
            Err(_) => role_without_path(caller_arn, &name),
        },
    };
    let answers: Vec<Result<Vec<(Why, String)>>> = stream::iter(&wanted.rights)
        .map(|statement| refused(client, &arn, statement, &wanted.known_keys))
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let mut missing: BTreeMap<Why, BTreeSet<String>> = BTreeMap::new();
    for answer in answers {
        match answer {
            Ok(refused) => refused.into_iter().for_each(|(why, action)| {
                missing.entry(why).or_default().insert(action);
            }),
            Err(error) => return unasked(error.cause.unwrap_or(error.message)),
        }
    }
    if missing.is_empty() {
        return vec![finding(Level::Ok, format!("these credentials may do all that {purpose} does"))];
    }
    missing.into_iter().map(|(why, actions)| told(&why, &actions, purpose)).collect()
}

/// The finding about these actions. Pure.
fn told(why: &Why, actions: &BTreeSet<String>, purpose: &str) -> Finding {
    let actions = actions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let finding = |level, message: String, remedy: String| Finding::new("permission", level, message).remedy(remedy);
    match why {
        Why::NotAllowed => finding(
            Level::Error,
            format!("these credentials may not do all that {purpose} does: {actions}"),
            format!("grant them; sftp-okta doctor --print-policy {purpose} prints the whole policy"),
        ),
        Why::Boundary => finding(
            Level::Error,
            format!("the caller's permissions boundary leaves out what {purpose} does: {actions}"),
            "have whoever manages the boundary add them; a policy of the caller's cannot".to_owned(),
        ),
        Why::Organisation => finding(
            Level::Error,
            format!("the organisation's policies do not allow what {purpose} does: {actions}"),
            "ask whoever manages the organisation's service control policies; nothing in this account helps".to_owned(),
        ),
        Why::Denied => finding(
            Level::Error,
            format!("a policy of the caller's denies what {purpose} does: {actions}"),
            "find the statement with \"Effect\": \"Deny\" and narrow it: no other statement outweighs it".to_owned(),
        ),
        Why::Unclear(keys) => finding(
            Level::Warning,
            format!("whether these credentials may do this hangs on {keys}, which IAM was not told: {actions}"),
            format!("nothing, if {purpose} works; otherwise look at the conditions on {keys}"),
        ),
    }
}

/// The ARN of the role of an assumed role, where the role has no path.
fn role_without_path(caller_arn: &str, name: &str) -> String {
    let part = |index| caller_arn.split(':').nth(index).unwrap_or_default();
    format!("arn:{}:iam::{}:role/{name}", part(1), part(4))
}

/// The actions of a statement that the principal may not do, page after page.
async fn refused(
    client: &Client,
    arn: &str,
    statement: &Statement,
    known_keys: &BTreeSet<String>,
) -> Result<Vec<(Why, String)>> {
    let mut refused = Vec::new();
    for (resource, actions) in by_resource(statement) {
        let actions: Vec<String> = actions.into_iter().map(ToOwned::to_owned).collect();
        let mut marker = None;
        loop {
            let answer = client
                .simulate_principal_policy()
                .policy_source_arn(arn)
                .resource_arns(&resource)
                .set_action_names(Some(actions.clone()))
                .set_context_entries(Some(context(statement)))
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| failure("could not ask IAM", &error))?;
            let results = answer.evaluation_results.unwrap_or_default();
            let refusals =
                results.into_iter().filter_map(|result| Some((why(&result, known_keys)?, result.eval_action_name)));
            refused.extend(refusals);
            marker = answer.marker.filter(|_| answer.is_truncated);
            if marker.is_none() {
                break;
            }
        }
    }
    Ok(refused)
}

/// Whether a decision about an action can hang on a key that IAM missed. It names the keys of all the caller's statements,
/// whatever these are about. Those of the printed policies were told where they matter; a service's own key is for its own
/// actions (Service Authorization Reference), but for those that tell where a session comes from (IAM User Guide, "AWS
/// global condition context keys").
fn can_matter(key: &str, action: &str, known_keys: &BTreeSet<String>) -> bool {
    let key = key.to_ascii_lowercase();
    let (prefix, name) = key.split_once(':').unwrap_or((&key, ""));
    let service = action.split(':').next().unwrap_or_default();
    let of_session = prefix.contains('.')
        || matches!(prefix, "aws" | "saml" | "sts")
        || matches!((prefix, name), ("ec2", "sourceinstancearn" | "roledelivery") | ("lambda", "sourcefunctionarn"));
    !known_keys.contains(&key) && (of_session || prefix == service)
}

/// Why it is refused; nothing where it is allowed. Pure.
fn why(result: &EvaluationResult, known_keys: &BTreeSet<String>) -> Option<Why> {
    if result.eval_decision == PolicyEvaluationDecisionType::Allowed {
        return None;
    }
    let of_resources = result
        .resource_specific_results()
        .iter()
        .flat_map(aws_sdk_iam::types::ResourceSpecificResult::missing_context_values);
    let missing = result.missing_context_values().iter().chain(of_resources).map(String::as_str);
    let unknown: BTreeSet<&str> = missing.filter(|key| can_matter(key, &result.eval_action_name, known_keys)).collect();
    let organisation = result.organizations_decision_detail().is_some_and(|told| !told.allowed_by_organizations);
    let boundary =
        result.permissions_boundary_decision_detail().is_some_and(|told| !told.allowed_by_permissions_boundary);
    Some(match (organisation, boundary) {
        (true, _) => Why::Organisation,
        (false, _) if !unknown.is_empty() => Why::Unclear(unknown.into_iter().collect::<Vec<_>>().join(", ")),
        (false, _) if result.eval_decision == PolicyEvaluationDecisionType::ExplicitDeny => Why::Denied,
        (false, true) => Why::Boundary,
        (false, false) => Why::NotAllowed,
    })
}

/// What a call would carry: the conditions' keys with the first value that meets each.
fn context(statement: &Statement) -> Vec<ContextEntry> {
    let entry = |(operator, key, values): &(&'static str, String, Vec<String>)| {
        let kind = match operator.starts_with("ForAnyValue:") {
            true => ContextKeyTypeEnum::StringList,
            false => ContextKeyTypeEnum::String,
        };
        ContextEntry::builder()
            .context_key_name(key)
            .set_context_key_values(Some(values.iter().take(1).cloned().collect()))
            .context_key_type(kind)
            .build()
    };
    statement.conditions.iter().map(entry).collect()
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
#[path = "permission_tests.rs"]
mod tests;
