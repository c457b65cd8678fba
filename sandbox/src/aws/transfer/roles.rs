//! Roles that a server names: each must be there, and let Transfer in.
//!
//! On AWS the caller needs `iam:PassRole` and Transfer tries to assume the role. The words are those seen from AWS; whether
//! each case has exactly these is not documented.

use serde_json::Value;

use crate::aws::wire::Refusal;
use crate::policy::{self, Document};
use crate::resources::Resources;
use crate::signature::role_by_arn;

/// Checks the invocation role and the logging role of a server that is about to be `description`.
pub(super) fn check(
    resources: &Resources,
    description: &serde_json::Map<String, Value>,
    arn: &str,
) -> Result<(), Refusal> {
    let details = description.get("IdentityProviderDetails");
    let invocation = details.and_then(|details| details.get("InvocationRole"));
    for role in [invocation, description.get("LoggingRole")].into_iter().flatten().filter_map(Value::as_str) {
        let refused = |why: &str| Refusal::new("InvalidRequestException", format!("{why}: {role}"));
        let Some(found) = role_by_arn(resources, role) else {
            return Err(refused("Role does not exist or cannot be assumed"));
        };
        let trust = found.property(&["AssumeRolePolicyDocument"]).and_then(Document::from_json);
        let (region, account) = scope(arn);
        let request = policy::Request {
            action: "sts:AssumeRole",
            resource: role,
            principals: &["transfer.amazonaws.com".to_owned()],
            context: &policy::context([
                ("aws:SourceAccount", account),
                ("aws:SourceArn", arn),
                ("aws:RequestedRegion", region),
            ]),
        };
        if !trust.is_some_and(|trust| policy::allows(&[trust], &request)) {
            return Err(refused("Transfer is unable to assume the role provided"));
        }
    }
    Ok(())
}

/// Region and account of an ARN.
fn scope(arn: &str) -> (&str, &str) {
    let mut parts = arn.split(':').skip(3);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::resources::Resource;

    fn role(name: &str, trust: Value) -> Resource {
        Resource {
            kind: "AWS::IAM::Role".into(),
            logical_id: name.into(),
            stack_arn: String::new(),
            physical_id: name.into(),
            properties: json!({"AssumeRolePolicyDocument": trust}),
            attributes: BTreeMap::from([("Arn".into(), json!(format!("arn:aws:iam::000000000000:role/{name}")))]),
        }
    }

    #[test]
    fn a_role_must_be_there_and_let_transfer_in() {
        let trust = |service: &str, source: &str| {
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
                "Action": "sts:AssumeRole", "Condition": {
                    "StringEquals": {"aws:SourceAccount": "000000000000"}, "ArnLike": {"aws:SourceArn": source}}}]})
        };
        let mut resources = Resources::default();
        let servers = "arn:aws:transfer:us-east-1:000000000000:server/*";
        resources.put(role("good", trust("transfer.amazonaws.com", servers)));
        resources.put(role("lambda", trust("lambda.amazonaws.com", servers)));
        resources.put(role("users", trust("transfer.amazonaws.com", "arn:aws:transfer:us-east-1:000000000000:user/*")));
        let arn = "arn:aws:transfer:us-east-1:000000000000:server/s-0123456789abcdef0";
        let checked =
            |member: Value| check(&resources, member.as_object().unwrap(), arn).map_err(|error| error.message);

        let at = |name: &str| format!("arn:aws:iam::000000000000:role/{name}");
        assert_eq!(checked(json!({})), Ok(()));
        assert_eq!(
            checked(json!({"LoggingRole": at("good"), "IdentityProviderDetails": {"InvocationRole": at("good")}})),
            Ok(())
        );
        for (name, expected) in [
            ("none", "Role does not exist or cannot be assumed: arn:aws:iam::000000000000:role/none"),
            ("lambda", "Transfer is unable to assume the role provided: arn:aws:iam::000000000000:role/lambda"),
            ("users", "Transfer is unable to assume the role provided: arn:aws:iam::000000000000:role/users"),
        ] {
            assert_eq!(checked(json!({"LoggingRole": at(name)})), Err(expected.to_owned()));
            assert_eq!(
                checked(json!({"IdentityProviderDetails": {"InvocationRole": at(name)}})),
                Err(expected.to_owned())
            );
        }
    }
}
