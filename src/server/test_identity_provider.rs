//! TestIdentityProvider: one sign-in, asked for once, as the server itself would ask.

use aws_config::retry::RetryConfig;
use aws_sdk_transfer::Client;
use aws_sdk_transfer::types::Protocol;
use sftp_okta_lambda::secret::Secret;

use super::answer::Answer;
use crate::aws::failure;
use crate::error::{Error, ErrorCode, Result};

/// Who is to be asked for. Without a password the identity provider is asked for the user's public keys.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The name as it would be typed.
    pub user: &'a str,
    /// The password.
    pub password: Option<&'a Secret>,
    /// The address that the client is to be taken for.
    pub source_ip: Option<&'a str>,
}

/// Whether Transfer takes this user name at all (Transfer API reference, `UserName`: `[\w][\w@.-]{2,99}`).
#[must_use]
pub fn is_legal_user_name(user: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (3..=100).contains(&user.len())
        && user.bytes().next().is_some_and(word)
        && user.bytes().all(|byte| word(byte) || matches!(byte, b'@' | b'.' | b'-'))
}

/// Asks the server's identity provider. It is a real sign-in, so the call is never repeated: each wrong password counts
/// towards a lockout.
///
/// # Errors
/// What Transfer Family says of the call. A refused sign-in is no error.
pub async fn test_identity_provider(client: &Client, server_id: &str, question: Question<'_>) -> Result<Answer> {
    let once = aws_sdk_transfer::config::Builder::new().retry_config(RetryConfig::disabled());
    let sent = client
        .test_identity_provider()
        .server_id(server_id)
        .server_protocol(Protocol::Sftp)
        .user_name(question.user)
        .set_user_password(question.password.map(|password| password.expose().to_owned()))
        .set_source_ip(question.source_ip.map(ToOwned::to_owned))
        .customize()
        .config_override(once)
        .send()
        .await;
    match sent {
        Ok(answer) => Ok(Answer {
            status: answer.status_code,
            response: answer.response.unwrap_or_default(),
            message: answer.message.unwrap_or_default(),
        }),
        Err(error) => {
            let told = failure("the server's identity provider could not be tested", &error).resource(server_id);
            let code = if told.code == ErrorCode::Service { ErrorCode::VerifyFailed } else { told.code };
            Err(Error { code, ..told }.hint_if_none("run the same command again"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_transfer_takes() {
        for name in ["bob", "bob@acme.com", "_x-", "a..b", &"a".repeat(100)] {
            assert!(is_legal_user_name(name), "{name}");
        }
        for name in ["", "ab", ".bob", "@bob", "-bob", "bo b", "bob/x", "bob+x", "bób", &"a".repeat(101)] {
            assert!(!is_legal_user_name(name), "{name}");
        }
    }
}
