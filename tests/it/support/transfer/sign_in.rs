//! TestIdentityProvider: the sign-in that a server makes for its user, made for real where there is an emulator.

use aws_smithy_types::base64;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use super::operations::{Failure, Server};
use crate::support::loopback::{self, Reply};
use crate::support::sigv4;

/// A call that a server is about to make to its identity provider.
pub(super) struct Question {
    url: String,
    request: Request<Full<Bytes>>,
}

/// What a server with these settings asks for this request, at the emulator that stands in for AWS.
///
/// The path, the query and the headers are those of `transfer-custom-idp`; both password headers arrive together.
pub(super) fn question(server: &Server, region: &str, emulator: &str, body: &Value) -> Result<Question, Failure> {
    let text = |member: &str| body[member].as_str().unwrap_or_default();
    let (user, password) = (text("UserName"), text("UserPassword"));
    let protocol = body["ServerProtocol"].as_str().unwrap_or("SFTP");
    let legal = user.len() >= 3
        && user.len() <= 100
        && !user.starts_with(['-', '.', '@'])
        && user.chars().all(|char| char.is_ascii_alphanumeric() || "_@.-".contains(char));
    if !legal {
        return Err(Failure::invalid("UserName must match [\\w][\\w@.-]{2,99}"));
    }
    let details = &server.description.get("IdentityProviderDetails").cloned().unwrap_or_default();
    match server.description["IdentityProviderType"].as_str() {
        Some("API_GATEWAY") => {
            let given = details["Url"].as_str().unwrap_or_default();
            let stage = sigv4::emulated(emulator, given)
                .ok_or_else(|| Failure::invalid(&format!("{given} is not the URL of a stage")))?;
            let path = format!("/servers/{}/users/{}/config", server.id, user.replace('@', "%40"));
            let query = format!("?protocol={protocol}&sourceIp={}", text("SourceIp"));
            let encoded = base64::encode(password);
            // A header cannot hold every password; Transfer's own plain header cannot either.
            let plain = if password.is_ascii() { password } else { "" };
            let headers = [("Password", plain), ("PasswordBase64", encoded.as_str())];
            let headers = if password.is_empty() { &[][..] } else { &headers[..] };
            let request = sigv4::get_request(&format!("{stage}{path}{query}"), region, headers);
            Ok(Question { url: format!("{given}{path}{query}"), request })
        }
        Some("AWS_LAMBDA") => {
            let event = json!({"username": user, "password": password, "protocol": protocol,
                               "serverId": server.id, "sourceIp": text("SourceIp")})
            .to_string();
            let function = details["Function"].as_str().unwrap_or_default();
            let url = format!("{emulator}/2015-03-31/functions/{function}/invocations");
            let request = Request::post(url).body(Full::from(event.clone())).expect("a request");
            let request = sigv4::signed(request, event.as_bytes(), "lambda", region);
            Ok(Question { url: String::new(), request })
        }
        Some(_) | None => Err(Failure::invalid(&format!("ServerId {} not configured for external auth", server.id))),
    }
}

/// Asks, and answers as TestIdentityProvider does: a refusal is a success of the call, with an answer that holds no role.
pub(super) async fn ask(question: Question) -> Value {
    match loopback::call(question.request).await {
        Ok(Reply { status: 200, body, .. }) => {
            json!({"StatusCode": 200, "Response": String::from_utf8_lossy(&body), "Message": "", "Url": question.url})
        }
        Ok(Reply { status, .. }) => {
            json!({"StatusCode": status, "Response": "", "Message": "Unable to call identity provider", "Url": question.url})
        }
        Err(error) => {
            json!({"StatusCode": 500, "Response": "", "Message": error.to_string(), "Url": question.url})
        }
    }
}
