//! Answers and errors, in each service's own shape.

use std::io;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value};

use super::xml;

/// Any answer; large objects are streamed.
pub(crate) type Answer = Response<BoxBody<Bytes, io::Error>>;

/// A service's error.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The code, such as `ValidationError`.
    pub(crate) code: String,
    /// The message, in the service's own words.
    pub(crate) message: String,
    /// Further members of a JSON error, such as `Resource` and `ResourceType`.
    pub(crate) members: Map<String, Value>,
}

impl Refusal {
    /// An error that is the caller's (400).
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into(), members: Map::new() }
    }

    /// CloudFormation's word for what is wrong with a request.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// An action that an awsQuery service does not have here.
    pub(crate) fn invalid_action(action: &str, version: &str) -> Self {
        Self::new("InvalidAction", format!("Could not find operation {action} for version {version} in this sandbox"))
    }

    /// An action that an awsJson service does not have here.
    pub(crate) fn unknown_operation(service: &str, action: &str) -> Self {
        let service = if service.is_empty() { "service" } else { service };
        Self::new("UnknownOperationException", format!("the sandbox's {service} does not know {action}"))
    }

    /// With another HTTP status.
    #[must_use]
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// With a further member.
    #[must_use]
    pub(crate) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }
}

/// An answer with this body.
pub(crate) fn whole(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// A JSON error (awsJson1.1): `__type` and `message`.
pub(crate) fn json_refusal(refusal: &Refusal) -> Answer {
    let mut body = refusal.members.clone();
    body.insert("__type".into(), refusal.code.clone().into());
    // Services differ in the letter's case, clients read both; Transfer writes `Message`, Logs `message`.
    body.insert("message".into(), refusal.message.clone().into());
    let mut answer = whole(refusal.status, "application/x-amz-json-1.1", Value::Object(body).to_string());
    if let Ok(code) = HeaderValue::from_str(&refusal.code) {
        answer.headers_mut().insert("x-amzn-errortype", code);
    }
    answer
}

/// An XML error (awsQuery).
pub(crate) fn xml_refusal(service: &str, refusal: &Refusal, request_id: &str) -> Answer {
    whole(refusal.status, "text/xml", xml::error(service, refusal, request_id))
}
