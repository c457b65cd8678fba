//! Errors in S3's own shape (S3 API Reference, "Error responses").

use std::fmt::Display;

use super::store::StoreError;
use super::xml::Xml;
use super::{Condition, KeyError};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;

/// An error of S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Error {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Further elements, such as `BucketName`.
    pub(super) more: Vec<(&'static str, String)>,
    /// Headers.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl S3Error {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), more: Vec::new(), headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.more.push((name, value.to_owned()));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied")
    }

    pub(super) fn not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    }

    pub(super) fn not_implemented(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("The sandbox does not have {what}"))
    }

    pub(super) fn no_such_bucket(bucket: &str) -> Self {
        Self::new(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", bucket)
    }

    pub(super) fn no_such_key(key: &str) -> Self {
        Self::new(404, "NoSuchKey", "The specified key does not exist.").with("Key", key)
    }

    pub(super) fn no_such_version(key: &str) -> Self {
        Self::new(404, "NoSuchVersion", "The specified version does not exist.").with("Key", key)
    }

    pub(super) fn malformed_xml() -> Self {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        Self::new(400, "MalformedXML", message)
    }

    pub(super) fn disk(error: impl Display) -> Self {
        Self::new(500, "InternalError", format!("The sandbox's disk refuses: {error}"))
    }

    pub(super) fn of_key(error: KeyError) -> Self {
        match error {
            KeyError::TooLong => Self::new(400, "KeyTooLongError", error.to_string()),
            KeyError::Empty | KeyError::EmptyPart | KeyError::Dots | KeyError::Nul => {
                Self::new(400, "InvalidArgument", error.to_string())
            }
            KeyError::Link => Self::new(403, "AccessDenied", error.to_string()),
        }
    }

    /// What an error of the store is for whoever asked for `key` under `condition`.
    pub(super) fn of_store(error: StoreError, key: &str, condition: Option<&Condition>) -> Self {
        match error {
            StoreError::Key(error) => Self::of_key(error),
            StoreError::Absent => Self::no_such_key(key),
            StoreError::FileAndFolder => Self::new(409, "InvalidRequest", error.to_string()),
            StoreError::Disk(error) => Self::disk(error),
            StoreError::Condition => Self::new(412, "PreconditionFailed", error.to_string()).with(
                "Condition",
                match condition {
                    Some(Condition::Absent) => "If-None-Match",
                    Some(Condition::Is(_)) | None => "If-Match",
                },
            ),
        }
    }

    /// The answer; one to HEAD has no body.
    pub(super) fn answer(self, path: &str, request_id: &str, is_head: bool) -> Answer {
        let mut xml = Xml::document("Error", "");
        xml.text("Code", self.code).text("Message", &self.message);
        for (name, value) in &self.more {
            xml.text(name, value);
        }
        xml.text("Resource", path).text("RequestId", request_id).text("HostId", "sandbox");
        let body = if is_head || self.status == 304 { String::new() } else { xml.end() };
        let mut answer = whole(self.status, "application/xml", body);
        for (name, value) in self.headers {
            if let Ok(value) = value.parse() {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}
