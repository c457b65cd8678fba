//! The session policy that confines one sign-in to its own home, or to its folders.
//!
//! What a user can do is the user role *and* this policy. It names everything literally; no IAM variable is left for
//! Transfer to fill in.

use serde::Serialize;
use thiserror::Error;

use crate::access::GrantedFolder;
use crate::home::Home;
use crate::permissions::Permissions;

/// The longest session policy that Transfer takes, in characters (Transfer user guide, session policies).
pub const LONGEST: usize = 2048;

/// Why no session policy could be made. The sign-in is then refused; it never goes on without a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SessionPolicyError {
    /// Longer than Transfer takes.
    #[error("the session policy is longer than 2,048 characters: shorten the home or the folders")]
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
    statement: Vec<Statement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'a str,
    action: &'a [&'a str],
    resource: OneOrMore,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// IAM takes a list of one for the text in it; the text is shorter.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition {
    string_like: StringLike,
}

#[derive(Serialize)]
enum StringLike {
    #[serde(rename = "s3:prefix")]
    Prefix(Vec<String>),
    #[serde(rename = "kms:ViaService")]
    ViaService(&'static str),
}

/// The policy for these folders of one bucket, no longer than [`LONGEST`].
///
/// # Errors
/// The policy would be too long, or something holds a character that IAM reads as more than itself, or there are no folders,
/// or they lie in several buckets.
pub fn session_policy(
    folders: &[GrantedFolder],
    kms_key_arn: Option<&str>,
    partition: &str,
) -> Result<String, SessionPolicyError> {
    let paths = folders.iter().flat_map(|folder| [folder.home.bucket(), folder.home.prefix()]);
    if paths.chain([partition]).chain(kms_key_arn).any(|text| text.contains(['*', '?', '$', '{', '}'])) {
        return Err(SessionPolicyError::Wildcard);
    }
    let homes: Vec<_> = folders.iter().map(|folder| (&folder.home, folder.permissions)).collect();
    let policy = render(&homes, kms_key_arn, partition)?;
    if policy.chars().count() > LONGEST { Err(SessionPolicyError::TooLong) } else { Ok(policy) }
}

/// The policy at whatever length.
pub(crate) fn render(
    folders: &[(&Home, Permissions)],
    kms_key_arn: Option<&str>,
    partition: &str,
) -> Result<String, SessionPolicyError> {
    let bucket = folders.first().map(|(home, _)| home.bucket()).ok_or(SessionPolicyError::Unwritable)?;
    if folders.iter().any(|(home, _)| home.bucket() != bucket) {
        return Err(SessionPolicyError::Unwritable);
    }
    let prefixes = |(home, _): &(&Home, Permissions)| {
        let prefix = home.prefix();
        [prefix.to_owned(), format!("{prefix}/"), format!("{prefix}/*")]
    };
    let list = Statement {
        effect: "Allow",
        action: &["s3:ListBucket"],
        resource: OneOrMore::One(format!("arn:{partition}:s3:::{bucket}")),
        condition: Some(Condition { string_like: StringLike::Prefix(folders.iter().flat_map(prefixes).collect()) }),
    };
    let objects = Permissions::ALL.into_iter().filter_map(|permissions| {
        let with_these = folders.iter().filter(|(_, granted)| *granted == permissions);
        // The slash before the star is what keeps `alice` out of `alice2`.
        let arn = |home: &Home| format!("arn:{partition}:s3:::{bucket}/{}/*", home.prefix());
        let resource = OneOrMore::of(with_these.map(|(home, _)| arn(home)).collect())?;
        Some(Statement { effect: "Allow", action: object_actions(permissions), resource, condition: None })
    });
    // Rights are the role's and this policy's, so the key's use must be in both.
    let key = kms_key_arn.map(|arn| Statement {
        effect: "Allow",
        action: key_actions(folders.iter().map(|(_, permissions)| *permissions)),
        resource: OneOrMore::One(arn.to_owned()),
        condition: Some(Condition { string_like: StringLike::ViaService("s3.*") }),
    });
    let statement = [list].into_iter().chain(objects).chain(key).collect();
    serde_json::to_string(&Policy { version: "2012-10-17", statement }).map_err(|_| SessionPolicyError::Unwritable)
}

impl OneOrMore {
    /// Nothing of nothing.
    fn of(mut texts: Vec<String>) -> Option<Self> {
        match texts.len() {
            0 | 1 => texts.pop().map(Self::One),
            _ => Some(Self::More(texts)),
        }
    }
}

fn object_actions(permissions: Permissions) -> &'static [&'static str] {
    match permissions {
        Permissions::ReadOnly => &["s3:GetObject", "s3:GetObjectVersion"],
        Permissions::WriteOnly => &["s3:PutObject"],
        Permissions::ReadWrite => &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"],
    }
}

/// A multipart upload needs `kms:Decrypt` besides `kms:GenerateDataKey` (Amazon S3 user guide, multipart upload with KMS).
fn key_actions(mut permissions: impl Iterator<Item = Permissions>) -> &'static [&'static str] {
    if permissions.all(|permissions| permissions == Permissions::ReadOnly) {
        &["kms:Decrypt"]
    } else {
        &["kms:Decrypt", "kms:GenerateDataKey"]
    }
}

#[cfg(test)]
mod tests;
