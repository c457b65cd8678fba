//! The audit of what is deployed: server, stack, and what is in it as it is now.

use serde_json::Value;

use crate::commands::session::Session;
use crate::doctor::{self, Finding, Level};
use crate::error::{Error, Result};
use crate::server::{Found, Server};
use crate::settings::IdentityProvider;
use crate::stack::{self, Stack};

/// Logical ids in the template.
const METHOD: &str = "GetUserConfigMethod";
const STAGE: &str = "ApiStage";
const FUNCTION: &str = "IdentityProviderFunction";
const CALLED_BY_API: &str = "IdentityProviderFunctionPermission";
const CALLED_BY_TRANSFER: &str = "TransferFunctionPermission";

/// The servers of the deployment, and those that may be.
pub(super) fn servers(found: &Found) -> Vec<Finding> {
    let mut findings = vec![doctor::servers(found.count, !found.owned.is_empty())];
    if let Err(Error { message, hint, .. }) = found.refuse_what_is_unclear() {
        findings.push(Finding { remedy: hint, ..Finding::new("server", Level::Error, message) });
    }
    findings.extend(found.owned.iter().flat_map(doctor::audit));
    if !found.unreadable.is_empty() {
        let message = format!("servers that may not be described: {}", found.unreadable.join(", "));
        findings
            .push(Finding::new("server", Level::Warning, message).remedy("grant transfer:DescribeServer on server/*"));
    }
    findings
}

/// The stack, and what is in it as it is now.
pub(super) async fn stack(session: &Session, stack: &Stack, servers: &[Server]) -> Vec<Finding> {
    let status = match (session.guard_stack(Some(stack)), stack.status.is_healthy()) {
        (Err(error), _) => return vec![Finding::of_error("stack", Level::Error, &error)],
        (Ok(()), true) => Finding::new("stack", Level::Ok, format!("stack {} is {}", stack.name, stack.status)),
        (Ok(()), false) => Finding::new("stack", Level::Error, format!("stack {} is {}", stack.name, stack.status))
            .remedy("sftp-okta deploy, which says what is to be done first"),
    };
    let mut findings = vec![status];
    findings.extend(servers.iter().map(|server| doctor::identity_provider(server, &stack.outputs)));
    let provider = match stack.parameters.get("IdentityProviderType").map(String::as_str) {
        Some("lambda") => IdentityProvider::Lambda,
        Some(_) | None => IdentityProvider::ApiGateway,
    };
    if provider == IdentityProvider::ApiGateway {
        findings.extend(api(session, stack).await);
    }
    findings.extend(function(session, stack, provider).await);
    findings
}

/// The API: signed calls, no cache, no trace.
async fn api(session: &Session, stack: &Stack) -> Vec<Finding> {
    let (method, stage) = tokio::join!(actual(session, stack, METHOD), actual(session, stack, STAGE));
    let mut findings = Vec::new();
    match method {
        Ok(Some(method)) => findings.push(doctor::method(&method)),
        Ok(None) => {}
        Err(error) => findings.push(unread("api-authorization", "API", "apigateway:GET on the API", &error)),
    }
    match stage {
        Ok(Some(stage)) => findings.extend(doctor::stage(&stage)),
        Ok(None) => {}
        Err(error) => findings.push(unread("api-cache", "API", "apigateway:GET on the API", &error)),
    }
    findings
}

/// The function: who may call it, and where it reaches out.
async fn function(session: &Session, stack: &Stack, provider: IdentityProvider) -> Vec<Finding> {
    let (id, service) = match provider {
        IdentityProvider::ApiGateway => (CALLED_BY_API, "execute-api"),
        IdentityProvider::Lambda => (CALLED_BY_TRANSFER, "transfer"),
    };
    let (permission, function) = tokio::join!(actual(session, stack, id), actual(session, stack, FUNCTION));
    let caller = &session.caller;
    let scope = format!("arn:{}:{service}:{}:{}:", caller.partition, session.clients.region, caller.account);
    let right = "lambda:GetPolicy and GetFunction on the function";
    let mut findings = Vec::new();
    match permission {
        Ok(Some(found)) => findings.push(doctor::function_permission(&found, provider, &caller.account, &scope)),
        Ok(None) => {}
        Err(error) => findings.push(unread("function-permission", "function's permission", right, &error)),
    }
    match function {
        Ok(Some(found)) => findings.push(doctor::egress(&found)),
        Ok(None) => {}
        Err(error) => findings.push(unread("egress", "function", right, &error)),
    }
    findings
}

async fn actual(session: &Session, stack: &Stack, logical_id: &str) -> Result<Option<Value>> {
    stack::actual_properties(&session.clients.cloudformation, stack, logical_id).await
}

fn unread(check: &'static str, what: &str, right: &str, error: &Error) -> Finding {
    Finding::new(check, Level::Info, format!("the {what} could not be looked at: {error}"))
        .remedy(format!("grant cloudformation:DetectStackResourceDrift on the stack, and {right}"))
}
