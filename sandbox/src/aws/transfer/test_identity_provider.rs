//! TestIdentityProvider: the sign-in that a server makes for its user, made for real.

use std::sync::Arc;

use serde_json::{Value, json};

use super::constraint::{at_most, invalid, one_of, pattern};
use super::operations;
use crate::aws::wire::Refusal;
use crate::identity_provider::{self, SignInRequest};
use crate::state::World;

/// Asks, and answers: a refusal is a success of the call, with an answer that holds no role.
pub(super) async fn answer(world: &Arc<World>, input: &Value) -> Result<Value, Refusal> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let server = world.read(|state| operations::by_id(state, input).cloned())?;
    if !matches!(server.identity_provider_type(), "API_GATEWAY" | "AWS_LAMBDA") {
        return Err(invalid(format!("ServerId {} not configured for external auth", server.id)));
    }
    let user = text("UserName").unwrap_or_default();
    if !identity_provider::is_legal_user_name(user) {
        return Err(pattern("/UserName", "[\\w][\\w@.-]{2,99}"));
    }
    let source_ip = text("SourceIp").unwrap_or_default();
    if source_ip.len() > 32 || !source_ip.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':')) {
        return Err(pattern("/SourceIp", "[0-9a-fA-F\\.\\:]{0,32}"));
    }
    let password = text("UserPassword").filter(|password| !password.is_empty());
    at_most(input, "/UserPassword", 1024)?;
    let protocol = text("ServerProtocol").unwrap_or("SFTP");
    one_of(input, "/ServerProtocol", &["SFTP", "FTP", "AS2", "FTPS"])?;
    let request = SignInRequest {
        user: user.to_owned(),
        password: password.map(str::to_owned),
        protocol: protocol.to_owned(),
        source_ip: source_ip.to_owned(),
    };
    let answered = identity_provider::ask(world, &server, request).await;
    let mut answer = json!({"StatusCode": answered.status, "Response": answered.body, "Message": answered.message});
    if let (Some(members), false) = (answer.as_object_mut(), answered.url.is_empty()) {
        members.insert("Url".to_owned(), json!(answered.url));
    }
    Ok(answer)
}
