//! What the function returns, in the shape of the event that it answers: a complete user configuration, or exactly `{}`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::request::Form;
use crate::user_config::UserConfig;

/// An answer: complete, or the one refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// To API Gateway's proxy integration: the user configuration is JSON inside the body.
    Proxy(ProxyResponse),
    /// To Transfer itself: the user configuration.
    Direct(Direct),
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

/// What the function returns to API Gateway. The status is always 200: any other means an error of the API to Transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyResponse {
    status_code: u16,
    headers: BTreeMap<&'static str, &'static str>,
    body: String,
    is_base64_encoded: bool,
}

impl ProxyResponse {
    /// The one refusal.
    #[must_use]
    pub fn refused() -> Self {
        Self::with_body("{}".to_owned())
    }

    /// The complete answer.
    #[must_use]
    pub fn accepted(user_config: &UserConfig) -> Self {
        Self::with_body(serde_json::to_string(user_config).unwrap_or_else(|_| "{}".to_owned()))
    }

    /// The body as text.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    fn with_body(body: String) -> Self {
        let headers = BTreeMap::from([("Cache-Control", "no-store"), ("Content-Type", "application/json")]);
        Self { status_code: 200, headers, body, is_base64_encoded: false }
    }
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

#[cfg(test)]
mod tests {
    use super::ProxyResponse;
    use crate::access::{Attempt, Credential, Protocol, decide};
    use crate::settings::Settings;
    use crate::user_config::{RoleArn, UserConfig};
    use crate::user_name::UserName;

    #[test]
    fn the_whole_answer() -> Result<(), Box<dyn std::error::Error>> {
        let settings = Settings::from_json(
            br#"{"schema":1,"okta":{"org_url":"https://acme.okta.com","login_domain":null},"bucket":"acme-files","access":[{"home":"/{bucket}/home/{login}","permissions":"read-write"}]}"#,
        )?;
        let role = RoleArn::parse("arn:aws:iam::111122223333:role/sftp-user")?;
        let attempt = Attempt {
            user: &UserName::parse("Alice@acme.com", None)?,
            source_ip: None,
            protocol: Protocol::Sftp,
            credential: Credential::Password,
            okta_id: None,
            person: None,
        };
        let config = UserConfig::new(&decide(&settings, &attempt)?, &role)?;
        insta::assert_snapshot!(serde_json::to_string_pretty(&ProxyResponse::accepted(&config))?);
        insta::assert_snapshot!(serde_json::to_string(&ProxyResponse::refused())?, @r#"{"statusCode":200,"headers":{"Cache-Control":"no-store","Content-Type":"application/json"},"body":"{}","isBase64Encoded":false}"#);
        Ok(())
    }
}
