//! Identity and Access Management, read only: the roles are those that CloudFormation made.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::wire::query::Parameters;
use super::wire::{Call, Refusal};
use crate::resources::{Resource, Resources};
use crate::state::World;

const ROLE: &str = "AWS::IAM::Role";
const POLICY: &str = "AWS::IAM::Policy";

/// Answers a call.
pub(crate) fn answer(world: &World, call: &Call, parameters: &Parameters) -> Result<Value, Refusal> {
    if call.action == "UpdateAssumeRolePolicy" {
        return update_trust(world, parameters);
    }
    world.read(|state| {
        let name = parameters.text("RoleName").unwrap_or_default();
        let role = || {
            let missing = || no_such_entity(format!("The role with name {name} cannot be found."));
            state.resources.find(ROLE, name).ok_or_else(missing)
        };
        match call.action.as_str() {
            "GetRole" => Ok(json!({"Role": shown(role()?)})),
            "ListRoles" => {
                let roles: Vec<_> = state.resources.of_kind(ROLE).map(shown).collect();
                Ok(json!({"Roles": roles, "IsTruncated": false}))
            }
            "ListRolePolicies" => {
                let names: Vec<_> = policies(&state.resources, role()?).into_iter().map(|(name, _)| name).collect();
                Ok(json!({"PolicyNames": names, "IsTruncated": false}))
            }
            "GetRolePolicy" => {
                let role = role()?;
                let wanted = parameters.text("PolicyName").unwrap_or_default();
                let missing = || no_such_entity(format!("The role policy with name {wanted} cannot be found."));
                let found = policies(&state.resources, role).into_iter().find(|(name, _)| name == wanted);
                let (_, document) = found.ok_or_else(missing)?;
                Ok(json!({"RoleName": name, "PolicyName": wanted, "PolicyDocument": encoded(document)}))
            }
            "ListAttachedRolePolicies" => {
                let arns = role()?.property(&["ManagedPolicyArns"]).and_then(Value::as_array).into_iter().flatten();
                let attached: Vec<_> = arns
                    .filter_map(Value::as_str)
                    .map(|arn| json!({"PolicyArn": arn, "PolicyName": arn.rsplit('/').next().unwrap_or(arn)}))
                    .collect();
                Ok(json!({"AttachedPolicies": attached, "IsTruncated": false}))
            }
            "GetAccountSummary" => Ok(json!({"SummaryMap": {"entry": summary(&state.resources)}})),
            action => Err(Refusal::invalid_action(action, parameters.text("Version").unwrap_or("2010-05-08"))),
        }
    })
}

/// What there is of what the sandbox knows, beside the quota of an account that asked for no other (IAM User Guide, "IAM and
/// AWS STS quotas").
fn summary(resources: &Resources) -> Vec<Value> {
    let roles = resources.of_kind(ROLE).count();
    let entries = [("Roles", roles), ("RolesQuota", 1000), ("RolePolicySizeQuota", 10_240)];
    entries.map(|(key, value)| json!({"key": key, "value": value})).into()
}

/// UpdateAssumeRolePolicy, past the stack that made the role: what drift is.
fn update_trust(world: &World, parameters: &Parameters) -> Result<Value, Refusal> {
    let name = parameters.text("RoleName").unwrap_or_default();
    let document = parameters.text("PolicyDocument").unwrap_or_default();
    let malformed = |_| Refusal::new("MalformedPolicyDocument", "This policy contains invalid Json");
    let document: Value = serde_json::from_str(document).map_err(malformed)?;
    world.change(|state| {
        let missing = || no_such_entity(format!("The role with name {name} cannot be found."));
        let mut role = state.resources.find(ROLE, name).cloned().ok_or_else(missing)?;
        if let Value::Object(members) = &mut role.properties {
            members.insert("AssumeRolePolicyDocument".into(), document);
        }
        state.resources.put(role);
        Ok(Value::Null)
    })
}

/// The inline policies of a role, by name: its own, and those that AWS::IAM::Policy put into it. Also for whoever decides
/// what the role may do.
pub(crate) fn policies<'a>(resources: &'a Resources, role: &'a Resource) -> Vec<(String, &'a Value)> {
    let own = role.property(&["Policies"]).and_then(Value::as_array).into_iter().flatten();
    let named =
        own.filter_map(|policy| Some((policy.get("PolicyName")?.as_str()?.to_owned(), policy.get("PolicyDocument")?)));
    let put = resources.of_kind(POLICY).filter(|policy| {
        let roles = policy.property(&["Roles"]).and_then(Value::as_array).into_iter().flatten();
        roles.filter_map(Value::as_str).any(|name| name == role.physical_id)
    });
    let more = put
        .filter_map(|policy| Some((policy.text(&["PolicyName"])?.to_owned(), policy.property(&["PolicyDocument"])?)));
    named.chain(more).collect()
}

fn shown(role: &Resource) -> Value {
    let tags = role.property(&["Tags"]).cloned().unwrap_or_else(|| json!([]));
    let boundary = role
        .text(&["PermissionsBoundary"])
        .map(|arn| json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}));
    json!({
        "Path": role.text(&["Path"]).unwrap_or("/"),
        "RoleName": role.physical_id,
        "RoleId": role.attribute("RoleId"),
        "Arn": role.attribute("Arn"),
        "CreateDate": role.attribute("CreateDate"),
        "AssumeRolePolicyDocument": role.property(&["AssumeRolePolicyDocument"]).map(encoded),
        "Description": role.text(&["Description"]),
        "MaxSessionDuration": role.number(&["MaxSessionDuration"]).unwrap_or(3600),
        "PermissionsBoundary": boundary,
        "Tags": tags,
    })
}

/// IAM sends documents percent-encoded (RFC 3986).
fn encoded(document: &Value) -> String {
    form_urlencoded::byte_serialize(document.to_string().as_bytes()).collect::<String>().replace('+', "%20")
}

fn no_such_entity(message: String) -> Refusal {
    Refusal::new("NoSuchEntity", message).status(404)
}
