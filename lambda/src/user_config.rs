//! What one user gets, as Transfer reads it: complete, or not made at all.
//!
//! Field names and their types are those of the Transfer user guide, "Using Amazon API Gateway to integrate your identity
//! provider". `HomeDirectoryDetails` and `Policy` are JSON *inside* strings.

use serde::Serialize;
use thiserror::Error;

use crate::access::Grant;
use crate::session_policy::{SessionPolicyError, session_policy};
use crate::ssh_key::PublicKey;

/// The longest `Entry` and `Target` of a logical directory (Transfer API reference, `HomeDirectoryMapEntry`).
pub(crate) const LONGEST_PATH: usize = 1024;

/// The role that Transfer assumes for a user, from the function's environment and from nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleArn {
    arn: String,
    partition: String,
}

/// A text that is not the ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not the ARN of an IAM role")]
pub struct RoleArnError(String);

impl RoleArn {
    /// Reads `arn:{partition}:iam::{account}:role/{name}`, at most 2,048 characters.
    ///
    /// # Errors
    /// The text is anything else.
    pub fn parse(arn: &str) -> Result<Self, RoleArnError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "iam", "", account, resource]
                if arn.len() <= 2048
                    && partition.starts_with("aws")
                    && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
                    && resource.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Self { arn: arn.to_owned(), partition: (*partition).to_owned() })
            }
            _ => Err(RoleArnError(arn.to_owned())),
        }
    }

    /// The ARN as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// The partition: `aws`, `aws-cn`, `aws-us-gov` …
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }
}

/// What one user gets. There is no incomplete one, and none without a session policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserConfig {
    role: String,
    home_directory_type: &'static str,
    home_directory_details: String,
    policy: String,
    /// Only in the answer to a question for keys; an empty list would be one of no key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    public_keys: Vec<PublicKey>,
}

/// One logical directory.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HomeDirectoryMapping<'a> {
    entry: &'a str,
    target: String,
}

impl UserConfig {
    /// The configuration of a user whom Okta has accepted, or whose keys Transfer will check.
    ///
    /// # Errors
    /// No session policy could be made, or a path is longer than Transfer takes; the sign-in must then be refused.
    pub fn new(grant: &Grant, role: &RoleArn) -> Result<Self, SessionPolicyError> {
        let mappings = grant.folders.iter().map(|folder| {
            let target = folder.home.target();
            let fits = folder.path.len() <= LONGEST_PATH && target.len() <= LONGEST_PATH;
            if fits {
                Ok(HomeDirectoryMapping { entry: &folder.path, target })
            } else {
                Err(SessionPolicyError::TooLong)
            }
        });
        let mappings = mappings.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            role: role.arn.clone(),
            home_directory_type: "LOGICAL",
            home_directory_details: serde_json::to_string(&mappings).map_err(|_| SessionPolicyError::Unwritable)?,
            policy: session_policy(&grant.folders, grant.kms_key_arn.as_deref(), &role.partition)?,
            public_keys: grant.public_keys.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::RoleArn;

    #[test]
    fn roles() {
        for arn in ["arn:aws:iam::111122223333:role/users", "arn:aws-us-gov:iam::111122223333:role/a/path/users"] {
            assert_eq!(RoleArn::parse(arn).as_ref().map(RoleArn::as_str), Ok(arn));
        }
        for arn in [
            "",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:user/bob",
            "arn:aws:iam::1111:role/users",
            "arn:aws:sts::111122223333:role/users",
            "arn:*:iam::111122223333:role/users",
            "arn:aws:iam::111122223333:role/us ers",
            "arn:aws:iam:eu-west-1:111122223333:role/users",
        ] {
            assert!(RoleArn::parse(arn).is_err(), "{arn}");
        }
        assert_eq!(
            RoleArn::parse("arn:aws-cn:iam::111122223333:role/u").map(|role| role.partition().to_owned()),
            Ok("aws-cn".to_owned())
        );
    }
}
