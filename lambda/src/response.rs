//! What the function returns, in the shape of the event that it answers.

use serde::Serialize;

use crate::request::Form;
use crate::user_config::{ProxyResponse, UserConfig};

/// An answer: complete, or the one refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// To API Gateway's proxy integration: the user configuration is JSON inside the body.
    Proxy(ProxyResponse),
    /// To Transfer itself: the user configuration.
    Direct(Direct),
}

/// To Transfer itself: the user configuration, or an empty object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Direct {
    /// Accepted.
    Accepted(Box<UserConfig>),
    /// Refused.
    Refused {},
}

impl Response {
    /// The answer with this user configuration, or the refusal.
    #[must_use]
    pub fn new(form: Form, user_config: Option<UserConfig>) -> Self {
        match (form, user_config) {
            (Form::Proxy, Some(user_config)) => Self::Proxy(ProxyResponse::accepted(&user_config)),
            (Form::Proxy, None) => Self::Proxy(ProxyResponse::refused()),
            (Form::Direct, Some(user_config)) => Self::Direct(Direct::Accepted(Box::new(user_config))),
            (Form::Direct, None) => Self::Direct(Direct::Refused {}),
        }
    }

    /// The user configuration as JSON, `{}` if refused, whatever is around it.
    #[must_use]
    pub fn user_config(&self) -> String {
        match self {
            Self::Proxy(response) => response.body().to_owned(),
            Self::Direct(response) => serde_json::to_string(response).unwrap_or_else(|_| "{}".to_owned()),
        }
    }
}
