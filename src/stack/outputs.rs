//! The stack's outputs, which are all that the server needs to know of the stack.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorCode, Result};
use crate::settings::IdentityProvider;

/// The output that names the role for the server's logs.
pub(super) const LOGGING_ROLE: &str = "TransferSFTPCloudWatchLogsWriteLogs";

/// What the deployed stack tells. The names in the template are AWS's own where AWS has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// What the server asks.
    pub identity_provider: Provider,
    /// The role that the server assumes to write logs.
    pub logging_role: String,
    /// The role that users' sessions get.
    pub user_role: String,
    /// The function's name.
    pub function: String,
    /// The function's log group.
    pub function_log_group: String,
    /// The ARN of the log group for the server's own log, ending in `:*`.
    pub transfer_log_group_arn: String,
}

/// What the server asks, with what it needs for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// The API in front of the function.
    Api {
        /// Its stage URL, without a slash at its end.
        url: String,
        /// The role that the server assumes to call it.
        invocation_role: String,
    },
    /// The function.
    Function {
        /// Its ARN.
        arn: String,
    },
}

impl Outputs {
    /// Reads the outputs of a stack that was deployed for `identity_provider`.
    ///
    /// # Errors
    /// `StackFailed`, naming every output that is missing: then the stack was not made from this template.
    pub fn read(outputs: &BTreeMap<String, String>, identity_provider: IdentityProvider) -> Result<Self> {
        let mut missing = Vec::new();
        let mut take = |name: &'static str| match outputs.get(name) {
            Some(value) if !value.trim().is_empty() => value.clone(),
            Some(_) | None => {
                missing.push(name);
                String::new()
            }
        };
        let read = Self {
            identity_provider: match identity_provider {
                IdentityProvider::ApiGateway => Provider::Api {
                    url: take("TransferIdentityProviderUrl").trim_end_matches('/').to_owned(),
                    invocation_role: take("TransferIdentityProviderRole"),
                },
                IdentityProvider::Lambda => Provider::Function { arn: take("IdentityProviderFunctionArn") },
            },
            logging_role: take(LOGGING_ROLE),
            user_role: take("UserAccessRole"),
            function: take("IdentityProviderFunction"),
            function_log_group: take("IdentityProviderLogGroup"),
            transfer_log_group_arn: take("TransferLogGroupArn"),
        };
        if missing.is_empty() {
            return Ok(read);
        }
        Err(Error::new(ErrorCode::StackFailed, format!("the stack has no output {}", missing.join(", ")))
            .hint("the stack was changed by another tool: run `sftp-okta deploy` to bring it back to this template"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_outputs_are_named() {
        let outputs = BTreeMap::from([
            ("TransferIdentityProviderUrl".to_owned(), "https://x/prod/".to_owned()),
            ("TransferIdentityProviderRole".to_owned(), " ".to_owned()),
        ]);
        let read = |provider| Outputs::read(&outputs, provider).map(|_| ()).map_err(|error| error.message);
        assert_eq!(
            read(IdentityProvider::ApiGateway),
            Err("the stack has no output TransferIdentityProviderRole, TransferSFTPCloudWatchLogsWriteLogs, \
                 UserAccessRole, IdentityProviderFunction, IdentityProviderLogGroup, TransferLogGroupArn"
                .to_owned())
        );
        let direct = read(IdentityProvider::Lambda).unwrap_err();
        assert!(direct.starts_with("the stack has no output IdentityProviderFunctionArn, "), "{direct}");
    }
}
