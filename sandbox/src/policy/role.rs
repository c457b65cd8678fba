//! The policies of a role, as CloudFormation made them.

use serde_json::Value;

use super::{Document, Request, allows};
use crate::resources::{Resource, Resources};
use crate::signature::role_by_arn;

/// The inline, attached and customer-managed policies of a role. AWS's own managed policies are not known here, and give
/// nothing.
pub(crate) fn identity_policies(resources: &Resources, role_arn: &str) -> Vec<Document> {
    let Some(role) = role_by_arn(resources, role_arn) else { return Vec::new() };
    let inline = list(role, "Policies").filter_map(|policy| Document::from_json(policy.get("PolicyDocument")?));
    let of_role = |resource: &&Resource| list(resource, "Roles").any(|name| *name == role.physical_id.as_str());
    let named: Vec<&str> = list(role, "ManagedPolicyArns").filter_map(Value::as_str).collect();
    let attached = resources
        .of_kind("AWS::IAM::Policy")
        .chain(resources.of_kind("AWS::IAM::RolePolicy"))
        .filter(|policy| of_role(policy) || policy.text(&["RoleName"]) == Some(&role.physical_id));
    let managed = resources
        .of_kind("AWS::IAM::ManagedPolicy")
        .filter(|policy| of_role(policy) || named.contains(&policy.physical_id.as_str()));
    inline.chain(attached.chain(managed).filter_map(document)).collect()
}

/// Whether a role's own policies, and its boundary where it is known, allow something.
pub(crate) fn is_allowed_to_role(resources: &Resources, role_arn: &str, request: &Request<'_>) -> bool {
    let boundary = role_by_arn(resources, role_arn)
        .and_then(|role| role.text(&["PermissionsBoundary"]))
        .and_then(|arn| resources.find("AWS::IAM::ManagedPolicy", arn))
        .and_then(document);
    allows(&identity_policies(resources, role_arn), request)
        && boundary.is_none_or(|boundary| allows(&[boundary], request))
}

fn document(policy: &Resource) -> Option<Document> {
    Document::from_json(policy.property(&["PolicyDocument"])?)
}

fn list<'a>(resource: &'a Resource, name: &str) -> impl Iterator<Item = &'a Value> {
    resource.property(&[name]).and_then(Value::as_array).into_iter().flatten()
}
