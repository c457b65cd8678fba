//! Asks the identity provider as Transfer does: `GET {Url}/servers/{serverId}/users/{username}/config`, signed for
//! `execute-api` as the server's invocation role; or the function itself, with Transfer's own event.
//!
//! Sources: AWS Transfer Family user guide, "Using Amazon API Gateway to integrate your identity provider" and "Using AWS
//! Lambda to integrate your identity provider".

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::json;

use crate::aws::transfer::Server;
use crate::state::World;
use crate::{function, gateway, signature};

/// Who wants to sign in. Not `Debug`: it holds the password.
#[derive(Clone)]
pub(crate) struct SignInRequest {
    /// The name as it was typed.
    pub(crate) user: String,
    /// The password; `None` asks for the user's public keys.
    pub(crate) password: Option<String>,
    /// `SFTP`.
    pub(crate) protocol: String,
    /// The client's address.
    pub(crate) source_ip: String,
}

/// What the identity provider answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInAnswer {
    /// The HTTP status. Anything but 200 is an error on the way, not a refusal.
    pub(crate) status: u16,
    /// The body as it came.
    pub(crate) body: String,
    /// The URL that was called; empty for a function.
    pub(crate) url: String,
    /// Why the provider could not be asked; empty when it was.
    pub(crate) message: String,
}

/// How long a key of the invocation role lives.
const SESSION: std::time::Duration = std::time::Duration::from_secs(900);

/// Whether Transfer would pass this name on at all (Transfer API reference, `UserName`: `[\w][\w@.-]{2,99}`).
pub(crate) fn is_legal_user_name(user: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (3..=100).contains(&user.len())
        && user.bytes().next().is_some_and(word)
        && user.bytes().all(|byte| word(byte) || matches!(byte, b'@' | b'.' | b'-'))
}

/// Asks the identity provider of a server whether a user may sign in.
pub(crate) async fn ask(world: &Arc<World>, server: &Server, request: SignInRequest) -> SignInAnswer {
    match server.identity_provider_type() {
        "API_GATEWAY" => ask_api(world, server, &request).await,
        "AWS_LAMBDA" => ask_function(world, server, &request).await,
        _ => failed(400, String::new(), "The server is not configured for external auth"),
    }
}

async fn ask_api(world: &Arc<World>, server: &Server, sign_in: &SignInRequest) -> SignInAnswer {
    let stage = server.url().unwrap_or_default().trim_end_matches('/');
    let user = sign_in.user.replace('@', "%40");
    let url = format!(
        "{stage}/servers/{}/users/{user}/config?protocol={}&sourceIp={}",
        server.id, sign_in.protocol, sign_in.source_ip
    );
    let Some(host) = stage.strip_prefix("https://").and_then(|rest| rest.split('/').next()) else {
        return failed(500, url, "The URL of the identity provider is not one of API Gateway");
    };
    let Some(role) = server.invocation_role() else {
        return failed(500, url, "The server has no invocation role");
    };
    if !world.read(|state| signature::role_by_arn(&state.resources, role).is_some()) {
        return failed(500, url, "Unable to assume the invocation role");
    }
    let mut request = Request::builder().method(Method::GET).uri(&url).header("host", host);
    request = request.header("accept", "application/json").header("user-agent", "AWS Transfer Family");
    if let Some(password) = &sign_in.password {
        request = request.header("PasswordBase64", STANDARD.encode(password));
        // The plain header cannot hold every password. On AWS it is mangled then; here it is left out.
        if password.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && password.trim() == password {
            request = request.header("Password", password.as_str());
        }
    }
    let Ok(mut request) = request.body(Bytes::new()) else {
        return failed(500, url, "The identity provider cannot be called with this name");
    };
    let key = signature::assume_role(role, &server.id, SESSION);
    if let Err(error) = signature::sign(&mut request, &key, &server.region, "execute-api") {
        return failed(500, url, &error);
    }
    let (parts, body) = request.into_parts();
    let (status, body) = gateway::respond(world, &parts, &body).await.status_and_text();
    match status {
        200 => SignInAnswer { status, body, url, message: String::new() },
        // What the API says is not shown: Transfer's answer then has no response, only a message.
        _ => SignInAnswer {
            status,
            message: format!("Unable to call identity provider: {body}"),
            body: String::new(),
            url,
        },
    }
}

/// With the type AWS_LAMBDA Transfer calls the function itself (user guide, "Using AWS Lambda to integrate your identity
/// provider").
async fn ask_function(world: &Arc<World>, server: &Server, sign_in: &SignInRequest) -> SignInAnswer {
    let event = json!({
        "username": sign_in.user, "password": sign_in.password.as_deref().unwrap_or_default(),
        "protocol": sign_in.protocol, "serverId": server.id, "sourceIp": sign_in.source_ip,
    });
    let caller = function::Invoker { service: "transfer.amazonaws.com", source_arn: &server.arn };
    let arn = server.function().unwrap_or_default();
    match function::invoke(world, arn, &caller, event.to_string().into()).await {
        Ok(body) => SignInAnswer {
            status: 200,
            body: String::from_utf8_lossy(&body).into_owned(),
            url: String::new(),
            message: String::new(),
        },
        Err(error) => failed(500, String::new(), &format!("Unable to call identity provider: {error}")),
    }
}

fn failed(status: u16, url: String, message: &str) -> SignInAnswer {
    SignInAnswer { status, body: String::new(), url, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_passed_on() {
        for name in ["bob", "bob@acme.com", "_x-", "a..b", &"a".repeat(100)] {
            assert!(is_legal_user_name(name), "{name}");
        }
        for name in ["", "ab", ".bob", "@bob", "-bob", "bo b", "bob/x", "bob%40x", "bób", &"a".repeat(101)] {
            assert!(!is_legal_user_name(name), "{name}");
        }
    }
}
