//! The function of a deployed identity provider: who may call it, how the server asks it, and where it reaches out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::api::REDEPLOY;
use super::{Finding, Level};
use crate::server::Server;
use crate::settings::IdentityProvider;

/// Whether the server asks this stack's own identity provider. `outputs` are the stack's.
#[must_use]
pub fn identity_provider(server: &Server, outputs: &BTreeMap<String, String>) -> Finding {
    let finding = |level, message: String| Finding::new("identity-provider", level, message);
    let output = |name: &str| outputs.get(name).map_or("", |value| value.trim_end_matches('/'));
    let (asked, own, what) = match server.identity_provider_type.as_str() {
        "AWS_LAMBDA" => (server.function.as_str(), output("IdentityProviderFunctionArn"), "function"),
        "API_GATEWAY" => (server.url.trim_end_matches('/'), output("TransferIdentityProviderUrl"), "API"),
        other => {
            return finding(Level::Error, format!("server {} asks {other}, not this deployment", server.id))
                .remedy("somebody changed the server: delete it (`aws transfer delete-server`), and deploy");
        }
    };
    if own.is_empty() {
        return finding(Level::Error, format!("server {} asks {asked}, and the stack has no {what}", server.id))
            .remedy("the way to ask cannot be changed on a server: tear down and deploy");
    }
    if asked != own {
        return finding(Level::Error, format!("server {} asks {asked}, which is not the stack's {what}", server.id))
            .remedy(
                "nobody but that one decides who signs in: find out whose it is, then sftp-okta deploy sets it back",
            );
    }
    finding(Level::Ok, format!("the server asks the stack's own {what}"))
}

/// Who may call the function, by the permission that the stack made; one that somebody added, CloudFormation does not see.
/// `scope` begins the ARNs of what may be the source:
/// `arn:aws:transfer:eu-west-1:111122223333:`.
#[must_use]
pub fn function_permission(properties: &Value, provider: IdentityProvider, account: &str, scope: &str) -> Finding {
    let finding = |level, message: String| Finding::new("function-permission", level, message);
    let text = |key: &str| properties.get(key).and_then(Value::as_str).unwrap_or_default();
    let (service, sources) = match provider {
        IdentityProvider::Lambda => ("transfer.amazonaws.com", "this account's servers"),
        IdentityProvider::ApiGateway => ("apigateway.amazonaws.com", "this deployment's API"),
    };
    let mut wrong = Vec::new();
    if text("Principal") != service {
        wrong.push(format!("it lets in {} in place of {service}", or_nobody(text("Principal"))));
    }
    if text("SourceAccount") != account {
        wrong.push(format!("it is not limited to account {account}"));
    }
    if !text("SourceArn").starts_with(scope) {
        wrong.push(format!("it is not limited to {sources}"));
    }
    match wrong.as_slice() {
        [] => {
            finding(Level::Ok, format!("the stack's permission lets {service} alone call the function, for {sources}"))
        }
        wrong => finding(Level::Error, format!("the function's permission: {}", wrong.join(", "))).remedy(REDEPLOY),
    }
}

fn or_nobody(principal: &str) -> &str {
    if principal.is_empty() { "nobody" } else { principal }
}

/// How the function reaches Okta.
#[must_use]
pub fn egress(properties: &Value) -> Finding {
    let subnets =
        properties.pointer("/VpcConfig/SubnetIds").and_then(Value::as_array).is_some_and(|ids| !ids.is_empty());
    match subnets {
        false => Finding::new(
            "egress",
            Level::Info,
            "the function reaches Okta over the internet, from addresses of AWS's that change",
        )
        .remedy("let no network zone of the Okta organisation refuse them; there is nothing to allow in a firewall"),
        true => Finding::new(
            "egress",
            Level::Warning,
            "the function was put into a VPC: without a NAT gateway in it, it does not reach Okta",
        )
        .remedy(REDEPLOY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fixtures::server_as_wanted;
    use serde_json::json;

    const SCOPE: &str = "arn:aws:transfer:eu-west-1:111122223333:";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:sftp-okta-demo";

    fn direct(function: &str) -> Server {
        Server { identity_provider_type: "AWS_LAMBDA".into(), function: function.into(), ..server_as_wanted() }
    }

    fn outputs(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_server_asks_its_own_stack() {
        let own = outputs("IdentityProviderFunctionArn", FUNCTION);
        let url = server_as_wanted().url;
        let api = outputs("TransferIdentityProviderUrl", &format!("{url}/"));
        let other = Server { identity_provider_type: "SERVICE_MANAGED".into(), ..server_as_wanted() };
        for (server, outputs, expected) in [
            (direct(FUNCTION), &own, Level::Ok),
            (server_as_wanted(), &api, Level::Ok),
            (direct("arn:aws:lambda:eu-west-1:999999999999:function:theirs"), &own, Level::Error),
            (Server { url: "https://evil.example.com".into(), ..server_as_wanted() }, &api, Level::Error),
            (direct(FUNCTION), &api, Level::Error),
            (other, &own, Level::Error),
        ] {
            assert_eq!(identity_provider(&server, outputs).level, expected, "{server:?}");
        }
    }

    #[test]
    fn only_transfer_calls_the_function_and_only_for_this_account() {
        let made = || {
            json!({
                "Principal": "transfer.amazonaws.com",
                "SourceAccount": "111122223333",
                "SourceArn": format!("{SCOPE}server/*"),
            })
        };
        let level =
            |properties: &Value| function_permission(properties, IdentityProvider::Lambda, "111122223333", SCOPE).level;
        assert_eq!(level(&made()), Level::Ok);
        for (key, value) in [
            ("Principal", json!("*")),
            ("Principal", Value::Null),
            ("SourceAccount", json!("999999999999")),
            ("SourceAccount", Value::Null),
            ("SourceArn", json!("arn:aws:transfer:eu-west-1:999999999999:server/*")),
            ("SourceArn", Value::Null),
        ] {
            let mut properties = made();
            properties[key] = value;
            assert_eq!(level(&properties), Level::Error, "{properties}");
        }
    }

    #[test]
    fn a_function_in_a_vpc_is_told() {
        assert_eq!(egress(&json!({})).level, Level::Info);
        assert_eq!(egress(&json!({"VpcConfig": {"SubnetIds": []}})).level, Level::Info);
        assert_eq!(egress(&json!({"VpcConfig": {"SubnetIds": ["subnet-1"]}})).level, Level::Warning);
    }
}
