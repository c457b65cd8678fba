//! What goes back: the function's own answer, or API Gateway's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Headers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub(crate) body: Bytes,
    /// API Gateway's name for what went wrong.
    pub(super) error: Option<&'static str>,
}

impl Reply {
    /// An error of API Gateway itself.
    pub(super) fn message(status: u16, message: &str, error: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: json!({"message": message}).to_string().into(), error: Some(error) }
            .header("x-amzn-errortype", error_type(status))
    }

    /// A refusal of an authorisation, whose member is written with a capital.
    pub(super) fn denied(message: &str) -> Self {
        let body = json!({"Message": message}).to_string().into();
        Self { status: 403, headers: Vec::new(), body, error: Some("ACCESS_DENIED") }
            .header("x-amzn-errortype", "AccessDeniedException")
    }

    /// With a header; one that cannot be a header is left out.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            self.headers.push((name, value));
        }
        self
    }

    /// The status and the body as text.
    pub(crate) fn status_and_text(&self) -> (u16, String) {
        (self.status, String::from_utf8_lossy(&self.body).into_owned())
    }
}

fn error_type(status: u16) -> &'static str {
    match status {
        403 => "ForbiddenException",
        413 => "RequestEntityTooLargeException",
        504 => "GatewayTimeoutException",
        _ => "InternalServerErrorException",
    }
}

/// Reads what a function answers to a proxy event. Anything that is not such an answer is 502.
pub(super) fn read(answer: &[u8]) -> Result<Reply, Reply> {
    parse(answer).ok_or_else(|| Reply::message(502, "Internal server error", "INTEGRATION_FAILURE"))
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let answer = answer.as_object()?;
    let known = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    if !answer.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    let status = match answer.get("statusCode") {
        None => 200,
        Some(status) => status.as_u64().or_else(|| status.as_str()?.parse().ok())?,
    };
    let status = u16::try_from(status).ok().filter(|status| (100..=599).contains(status))?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => "",
        Some(body) => body.as_str()?,
    };
    let body = if answer.get("isBase64Encoded") == Some(&json!(true)) {
        Bytes::from(STANDARD.decode(body).ok()?)
    } else {
        Bytes::from(body.to_owned())
    };
    let mut reply = Reply { status, headers: Vec::new(), body, error: None };
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        reply = reply.header(name, &text(value)?);
    }
    for (name, values) in answer.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten() {
        for value in values.as_array()? {
            reply = reply.header(name, &text(value)?);
        }
    }
    Some(reply)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_functions() {
        let good =
            read(br#"{"statusCode":201,"headers":{"X-A":"b","X-N":1},"body":"eA==","isBase64Encoded":true}"#).unwrap();
        assert_eq!((good.status, &good.body[..], good.headers.len()), (201, &b"x"[..], 2));
        assert_eq!(read(b"{}").unwrap().status, 200);
        for bad in [
            "",
            "null",
            "\"text\"",
            "[]",
            r#"{"Role":"x"}"#,
            r#"{"statusCode":9}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"errorType":"Error","errorMessage":"x"}"#,
            r#"{"body":"*","isBase64Encoded":true}"#,
        ] {
            assert_eq!(read(bad.as_bytes()).unwrap_err().status, 502, "{bad}");
        }
        assert!(read(br#"{"headers":{"a\r\nb":"c","d":"e\r\nf"}}"#).unwrap().headers.is_empty());
    }
}
