//! Who may call a method: the signature, the caller's own policies, and the API's policy.

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

use super::Reply;
use super::route::{Method, Place};
use crate::ACCOUNT;
use crate::policy::{self, Decision, Document, Request};
use crate::resources::Resources;
use crate::signature::{self, Caller, SignatureError};

/// Who calls, if the method asks for that; or the refusal.
pub(super) fn check(
    resources: &Resources,
    place: &Place,
    method: &Method,
    parts: &Parts,
    body: &Bytes,
) -> Result<Option<Caller>, Reply> {
    let caller = if method.is_signed { Some(verify(resources, place, parts, body)?) } else { None };
    let arn = place.method_arn(&method.http_method, &place.path);
    let mut context = policy::context([("aws:SecureTransport", "true"), ("aws:SourceIp", "127.0.0.1")]);
    let mut principals = Vec::new();
    if let Some(caller) = &caller {
        let principal = caller.role.as_ref().unwrap_or(&caller.arn);
        context = context.with("aws:PrincipalArn", principal).with("aws:PrincipalAccount", ACCOUNT);
        principals =
            vec![principal.clone(), caller.arn.clone(), format!("arn:aws:iam::{ACCOUNT}:root"), ACCOUNT.into()];
    }
    let request = Request { action: "execute-api:Invoke", resource: &arn, principals: &principals, context: &context };

    let api = place.policy.as_ref().map(|policy| own(policy, place));
    let api = match &api {
        None => Decision::Silence,
        Some(None) => Decision::Deny,
        Some(Some(policy)) => policy::decide(std::slice::from_ref(policy), &request),
    };
    let identity = match &caller {
        // The root may do everything in its account.
        None | Some(Caller { role: None, .. }) => Decision::Allow,
        Some(Caller { role: Some(role), .. }) => {
            match policy::decide(&policy::identity_policies(resources, role), &request) {
                Decision::Allow if !policy::is_allowed_to_role(resources, role, &request) => Decision::Silence,
                decision => decision,
            }
        }
    };
    match (identity, api) {
        (Decision::Deny, _) | (_, Decision::Deny) => Err(denied(caller.as_ref(), &arn, " with an explicit deny")),
        (Decision::Allow, _) | (_, Decision::Allow) => Ok(caller),
        (Decision::Silence, Decision::Silence) => Err(denied(caller.as_ref(), &arn, "")),
    }
}

fn verify(resources: &Resources, place: &Place, parts: &Parts, body: &Bytes) -> Result<Caller, Reply> {
    let refused = |error: SignatureError| match error {
        SignatureError::Missing => Reply::message(403, "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN"),
        SignatureError::Incomplete => Reply::message(403, &error.to_string(), "INVALID_SIGNATURE"),
        SignatureError::UnknownKey => Reply::message(403, &format!("{error}."), "INVALID_SIGNATURE"),
        SignatureError::ExpiredKey => Reply::message(403, &error.to_string(), "EXPIRED_TOKEN"),
        SignatureError::Skewed | SignatureError::Mismatch => {
            Reply::message(403, &error.to_string(), "INVALID_SIGNATURE")
        }
    };
    let claim = signature::claim(&parts.headers).map_err(refused)?;
    if claim.service != "execute-api" {
        let message = "Credential should be scoped to correct service: 'execute-api'.";
        return Err(Reply::message(403, message, "INVALID_SIGNATURE"));
    }
    if claim.region != place.region {
        let message = format!("Credential should be scoped to a valid region, not '{}'.", claim.region);
        return Err(Reply::message(403, &message, "INVALID_SIGNATURE"));
    }
    signature::verify(resources, parts, Some(body)).map(|signed| signed.caller).map_err(refused)
}

/// As API Gateway writes it, with most of the account number hidden.
fn denied(caller: Option<&Caller>, arn: &str, why: &str) -> Reply {
    let user = caller.map_or("anonymous", |caller| &caller.arn);
    let hidden = format!("********{}", ACCOUNT.chars().skip(8).collect::<String>());
    let arn = arn.replacen(ACCOUNT, &hidden, 1);
    Reply::denied(&format!("User: {user} is not authorized to perform: execute-api:Invoke on resource: {arn}{why}"))
}

/// The API's policy, in which `execute-api:/…` stands for this API. `None` for a policy that cannot be read.
fn own(policy: &Value, place: &Place) -> Option<Document> {
    let policy = match policy {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    Document::from_json(&spelled_out(policy, &place.method_arn_prefix()))
}

fn spelled_out(value: Value, api: &str) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("execute-api:/") {
            Some(rest) => Value::String(format!("{api}{rest}")),
            None => Value::String(text),
        },
        Value::Array(list) => list.into_iter().map(|value| spelled_out(value, api)).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, spelled_out(value, api))).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}
