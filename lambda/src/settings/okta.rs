//! The Okta org, its logins, and what is asked of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checked_text::checked_text;
use crate::org_url::OrgUrl;

/// The Okta org and how its logins look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Okta {
    /// The org's address.
    pub org_url: OrgUrl,
    /// Appended to a user name without `@`; a name of another domain is refused.
    #[serde(deserialize_with = "Option::deserialize")]
    pub login_domain: Option<String>,
    /// Whether a second factor is asked for.
    #[serde(default)]
    pub mfa: Mfa,
    /// Which factors. A code that was typed is used, and whoever types none gets a push. Empty when `mfa` is off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mfa_methods: Vec<MfaMethod>,
    /// The app that reads users and groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_app: Option<ServiceApp>,
    /// The profile attribute that holds a user's public keys. Whoever can write it can sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_keys_attribute: Option<String>,
    /// Whether Okta is told the client's address in `X-Forwarded-For`. Okta believes it only from an address that is listed as
    /// a trusted proxy, and a function outside a VPC has none of its own.
    #[serde(default)]
    pub forward_source_ip: bool,
    /// Canonical user names at Transfer that stand for Okta logins which cannot be typed there, such as those with a `+`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, String>,
}

/// Whether a second factor is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mfa {
    /// Never: a user whose policy asks for a factor is refused, and a password is taken whole.
    #[default]
    Off,
    /// When Okta asks for one.
    Auto,
    /// Always: a sign-in for which Okta asks for no factor is refused.
    Required,
}

impl Mfa {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::Off, Self::Auto, Self::Required];

    /// The word used in configuration files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Auto => "auto",
            Self::Required => "required",
        }
    }
}

impl fmt::Display for Mfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A second factor that fits through one password prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MfaMethod {
    /// A code, typed after the password and a comma.
    Totp,
    /// Approval on the phone, while the client waits.
    Push,
}

impl MfaMethod {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 2] = [Self::Totp, Self::Push];

    /// The word used in configuration files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Push => "push",
        }
    }
}

impl fmt::Display for MfaMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The service app with which the function reads users and groups (Okta guide, "Implement OAuth for Okta with a service
/// app"). None of this is a secret: the private key stays in Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceApp {
    /// The app's client id.
    pub client_id: String,
    /// The `kid` of the key registered with the app.
    pub key_id: String,
    /// The secret that holds the private key.
    pub private_key_secret: SecretArn,
}

/// The ARN of a secret in AWS Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretArn(String);

/// A text that is not the ARN of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not the ARN of a secret: write it as Secrets Manager shows it, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
)]
pub struct SecretArnError(String);

impl SecretArn {
    /// Reads `arn:{partition}:secretsmanager:{region}:{account}:secret:{name}`, at most 2,048 characters.
    ///
    /// # Errors
    /// The text is anything else.
    pub fn parse(arn: &str) -> Result<Self, SecretArnError> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        match parts.as_slice() {
            ["arn", partition, "secretsmanager", region, account, "secret", name]
                if arn.len() <= 2048
                    && partition.starts_with("aws")
                    && word(partition)
                    && word(region)
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte)) =>
            {
                Ok(Self(arn.to_owned()))
            }
            _ => Err(SecretArnError(arn.to_owned())),
        }
    }

    /// The ARN as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region that keeps the secret.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

checked_text!(SecretArn, SecretArnError);

#[cfg(test)]
mod tests {
    use super::{Mfa, MfaMethod, SecretArn};

    #[test]
    fn words() {
        for mfa in Mfa::ALL {
            assert_eq!(serde_json::to_string(&mfa).ok(), Some(format!("\"{mfa}\"")));
        }
        for method in MfaMethod::ALL {
            assert_eq!(serde_json::to_string(&method).ok(), Some(format!("\"{method}\"")));
        }
    }

    #[test]
    fn secrets() {
        let arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:okta/sftp-key-AbCdEf";
        assert_eq!(SecretArn::parse(arn).as_ref().map(SecretArn::as_str), Ok(arn));
        assert_eq!(SecretArn::parse(arn).as_ref().map(SecretArn::region), Ok("us-gov-west-1"));
        for bad in [
            "",
            "okta/sftp-key",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:",
            "arn:aws:secretsmanager::111122223333:secret:a",
            "arn:aws:secretsmanager:eu-west-1:1111:secret:a",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/a",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a b",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a*",
            "arn:aws:secretsmanager:eu-west-1.evil.com/:111122223333:secret:a",
            "arn:evil:secretsmanager:eu-west-1:111122223333:secret:a",
        ] {
            assert!(SecretArn::parse(bad).is_err(), "{bad}");
        }
    }
}
