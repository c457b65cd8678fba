//! The session policy that confines one sign-in to its own home.
//!
//! What a user can do is the user role *and* this policy. It names everything literally; no IAM variable is left for
//! Transfer to fill in.

use serde::Serialize;
use thiserror::Error;

use crate::home::Home;
use crate::permissions::Permissions;

/// The longest session policy that Transfer takes, in characters (Transfer user guide, session policies).
pub const LONGEST: usize = 2048;

/// Why no session policy could be made. The sign-in is then refused; it never goes on without a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SessionPolicyError {
    /// Longer than Transfer takes.
    #[error("the session policy is longer than 2,048 characters: shorten the home or the bucket name")]
    TooLong,
    /// A character that IAM reads as a wildcard or as the start of a variable.
    #[error("the home holds a character that has a meaning in an IAM policy")]
    Wildcard,
    /// The serializer refused.
    #[error("the session policy could not be written")]
    Unwritable,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy<'a> {
    version: &'a str,
    statement: [Statement<'a>; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'a str,
    action: &'a [&'a str],
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition {
    string_like: StringLike,
}

#[derive(Serialize)]
enum StringLike {
    #[serde(rename = "s3:prefix")]
    Prefix([String; 3]),
    #[serde(rename = "kms:ViaService")]
    ViaService(&'static str),
}

/// The policy for one home, no longer than [`LONGEST`].
///
/// # Errors
/// The policy would be too long, or the home holds a character that IAM reads as more than itself.
pub fn session_policy(home: &Home, permissions: Permissions, partition: &str) -> Result<String, SessionPolicyError> {
    if [home.bucket(), home.prefix(), partition].iter().any(|text| text.contains(['*', '?', '$', '{', '}'])) {
        return Err(SessionPolicyError::Wildcard);
    }
    let policy = render(home, permissions, partition)?;
    if policy.chars().count() > LONGEST { Err(SessionPolicyError::TooLong) } else { Ok(policy) }
}

/// The policy at whatever length.
pub(crate) fn render(home: &Home, permissions: Permissions, partition: &str) -> Result<String, SessionPolicyError> {
    let (bucket, prefix) = (home.bucket(), home.prefix());
    let list = Statement {
        effect: "Allow",
        action: &["s3:ListBucket"],
        resource: format!("arn:{partition}:s3:::{bucket}"),
        condition: Some(Condition {
            string_like: StringLike::Prefix([prefix.to_owned(), format!("{prefix}/"), format!("{prefix}/*")]),
        }),
    };
    // The slash before the star is what keeps `alice` out of `alice2`.
    let objects = Statement {
        effect: "Allow",
        action: object_actions(permissions),
        resource: format!("arn:{partition}:s3:::{bucket}/{prefix}/*"),
        condition: None,
    };
    // For a bucket encrypted with a KMS key: rights are the role's and this policy's, so the key's use must be in both.
    // The role names the one key, if there is one; this only keeps the policy from cutting it off.
    let key = Statement {
        effect: "Allow",
        action: key_actions(permissions),
        resource: format!("arn:{partition}:kms:*:*:key/*"),
        condition: Some(Condition { string_like: StringLike::ViaService("s3.*") }),
    };
    let policy = Policy { version: "2012-10-17", statement: [list, objects, key] };
    serde_json::to_string(&policy).map_err(|_| SessionPolicyError::Unwritable)
}

fn object_actions(permissions: Permissions) -> &'static [&'static str] {
    match permissions {
        Permissions::ReadOnly => &["s3:GetObject", "s3:GetObjectVersion"],
        Permissions::WriteOnly => &["s3:PutObject"],
        Permissions::ReadWrite => &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"],
    }
}

/// A multipart upload needs `kms:Decrypt` besides `kms:GenerateDataKey` (Amazon S3 user guide, multipart upload with KMS).
fn key_actions(permissions: Permissions) -> &'static [&'static str] {
    match permissions {
        Permissions::ReadOnly => &["kms:Decrypt"],
        Permissions::WriteOnly | Permissions::ReadWrite => &["kms:Decrypt", "kms:GenerateDataKey"],
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionPolicyError, session_policy};
    use crate::home::{Home, HomeTemplate};
    use crate::permissions::Permissions;
    use crate::user_name::UserName;

    fn home(template: &str, user: &str) -> Option<Home> {
        let user = UserName::parse(user, None).ok()?;
        Some(HomeTemplate::parse(template).ok()?.home("acme-files", &user))
    }

    /// One statement a line.
    fn statements(permissions: Permissions) -> Option<String> {
        let policy = session_policy(&home("/{bucket}/home/{login}", "alice")?, permissions, "aws").ok()?;
        let policy: serde_json::Value = serde_json::from_str(&policy).ok()?;
        let statements = policy.get("Statement")?.as_array()?.iter().map(ToString::to_string);
        Some(statements.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn read_write() {
        insta::assert_snapshot!(statements(Permissions::ReadWrite).unwrap_or_default());
    }

    #[test]
    fn read_only() {
        insta::assert_snapshot!(statements(Permissions::ReadOnly).unwrap_or_default());
    }

    #[test]
    fn write_only() {
        insta::assert_snapshot!(statements(Permissions::WriteOnly).unwrap_or_default());
    }

    #[test]
    fn every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc"] {
            let policy =
                home("/{bucket}/{login}", "bob").map(|home| session_policy(&home, Permissions::ReadWrite, partition));
            assert!(policy.is_some_and(|policy| policy.is_ok_and(|policy| {
                policy.matches("arn:").count() == policy.matches(&format!("arn:{partition}:")).count()
            })));
        }
    }

    #[test]
    fn too_long_is_refused_and_not_dropped() {
        let long = format!("/{{bucket}}/{}/{{login}}", ["x".repeat(120), "y".repeat(120), "z".repeat(120)].join("/"));
        let policy = home(&long, &"a".repeat(100)).map(|home| session_policy(&home, Permissions::ReadWrite, "aws"));
        assert_eq!(policy, Some(Err(SessionPolicyError::TooLong)));
    }

    #[test]
    fn wildcards_never_reach_it() {
        for partition in ["*", "a?", "$x", "{", "}"] {
            let policy =
                home("/{bucket}/{login}", "bob").map(|home| session_policy(&home, Permissions::ReadOnly, partition));
            assert_eq!(policy, Some(Err(SessionPolicyError::Wildcard)));
        }
    }
}
