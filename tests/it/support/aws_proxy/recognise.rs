//! What a call is: its action, whether it changes anything, and what an error of its service looks like.

use serde_json::json;

use crate::support::fault::AwsError;
use crate::support::loopback::{Received, Reply};

/// The wire formats of the services a deployer talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A form with an `Action`, answered in XML: CloudFormation, IAM, STS.
    Query,
    /// `X-Amz-Target` and JSON: Transfer, Logs.
    Json,
    /// Method and path, errors in XML.
    S3,
    /// Method and path, errors in a header and JSON: Lambda, API Gateway.
    Rest,
}

impl Protocol {
    /// Told from the request alone, but for S3, which has nothing of its own to tell it by.
    pub(crate) fn of(service: &str, request: &Received) -> Self {
        if service == "s3" {
            Self::S3
        } else if request.header("x-amz-target").is_some() {
            Self::Json
        } else if form_action(request).is_some() {
            Self::Query
        } else {
            Self::Rest
        }
    }

    /// The action as the service names it, or method and path.
    pub(crate) fn action(self, request: &Received) -> String {
        let rest = || format!("{} {}", request.method, request.path());
        match self {
            Self::Query => form_action(request).unwrap_or_else(rest),
            Self::Json => {
                let target = request.header("x-amz-target").unwrap_or_default();
                target.rsplit('.').next().unwrap_or_default().to_owned()
            }
            Self::S3 | Self::Rest => rest(),
        }
    }

    /// Whether an action may change something. What is not known as a look counts as a change.
    pub(crate) fn mutates(self, action: &str) -> bool {
        const LOOKS: [&str; 8] =
            ["Describe", "List", "Get", "Validate", "Detect", "Simulate", "TestIdentityProvider", "Filter"];
        match self {
            Self::Query | Self::Json => !LOOKS.iter().any(|verb| action.starts_with(verb)),
            Self::S3 | Self::Rest => !["GET ", "HEAD "].iter().any(|method| action.starts_with(method)),
        }
    }

    /// An error in the service's own shape.
    pub(crate) fn error(self, error: &AwsError) -> Reply {
        const REQUEST_ID: &str = "00000000-0000-4000-8000-00000000fa17";
        let AwsError { status, code, message } = error;
        let (xml_code, xml_message) = (escaped(code), escaped(message));
        match self {
            Self::Query => {
                let kind = if *status < 500 { "Sender" } else { "Receiver" };
                let error = format!(
                    "<Error><Type>{kind}</Type><Code>{xml_code}</Code><Message>{xml_message}</Message></Error>"
                );
                let body = format!("<ErrorResponse>{error}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>");
                Reply::new(*status, "text/xml", body).with("x-amzn-requestid", REQUEST_ID)
            }
            Self::S3 => {
                let inner = format!(
                    "<Code>{xml_code}</Code><Message>{xml_message}</Message><RequestId>{REQUEST_ID}</RequestId>"
                );
                let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{inner}</Error>");
                Reply::new(*status, "application/xml", body).with("x-amz-request-id", REQUEST_ID)
            }
            Self::Json => {
                let body = json!({"__type": code, "message": message}).to_string();
                Reply::new(*status, "application/x-amz-json-1.1", body).with("x-amzn-requestid", REQUEST_ID)
            }
            Self::Rest => Reply::new(*status, "application/json", json!({"message": message}).to_string())
                .with("x-amzn-errortype", code)
                .with("x-amzn-requestid", REQUEST_ID),
        }
    }
}

/// The `Action` of a form, from the body.
fn form_action(request: &Received) -> Option<String> {
    let content_type = request.header("content-type")?;
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let mut members = url::form_urlencoded::parse(&request.body);
    members.find_map(|(name, value)| (name == "Action").then(|| value.into_owned()))
}

/// Text for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
