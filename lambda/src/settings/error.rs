//! Why settings cannot be used, and what to do about it.

use thiserror::Error;

use super::{Authentication, Mfa, SCHEMA};
use crate::access::MOST_KEYS;
use crate::user_name;

/// Why settings cannot be used. Each text ends in what to do about it, after a colon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Not the JSON of settings; the text says where and why.
    #[error("settings are not readable: {0}")]
    Json(String),
    /// Written for another version.
    #[error("settings have schema {0}, this version reads schema {SCHEMA}")]
    Schema(u32),
    /// Not a domain.
    #[error("login_domain {0:?} is not a domain in lower case, such as acme.com")]
    LoginDomain(String),
    /// Not the name of a bucket.
    #[error(
        "{0:?} is not the name of an S3 bucket: 3 to 63 lower-case letters, digits, '-' and single '.', a letter or digit at both ends"
    )]
    Bucket(String),
    /// Not the ARN of one key.
    #[error("kms_key_arn {0:?} is not the ARN of a key: write it as KMS shows it, arn:aws:kms:REGION:ACCOUNT:key/ID")]
    KmsKeyArn(String),
    /// Nobody could sign in.
    #[error("there is no access rule, so nobody could sign in: write one")]
    NoRule,
    /// A second factor is wanted, and no method may verify one.
    #[error("mfa is {0} and mfa_methods is empty: write totp, push or both")]
    NoMfaMethod(Mfa),
    /// Keys need the directory, and there is no service app to read it.
    #[error(
        "authentication is {0}, which lets in active users only, and statuses are read from Okta's directory with a service app: give service_app, or set authentication to password"
    )]
    NoServiceApp(Authentication),
    /// Keys are asked for, and nobody has any.
    #[error("authentication is {0} and nobody has a key: give ssh_keys_attribute, or ssh_keys in an access rule")]
    NoKeySource(Authentication),
    /// Keys are given that nobody is asked for.
    #[error(
        "ssh_keys_attribute is given and authentication is password, which takes no keys: remove it, or set authentication to public-key-or-password"
    )]
    KeysNotTaken,
    /// Not the name of a profile attribute.
    #[error(
        "ssh_keys_attribute {0:?} is not the variable name of a profile attribute: write it as Okta's profile editor shows it"
    )]
    SshKeysAttribute(String),
    /// The name of an alias cannot be typed at Transfer, or is typed in another way.
    #[error(
        "no user signs in under the alias {0:?}: write the name in lower case, in full, as it is typed at Transfer"
    )]
    AliasName(String),
    /// The login of an alias cannot be one.
    #[error(
        "the alias {name:?} stands for {login:?}, which cannot be used as a login: write 3 to {longest} letters, digits and . _ - + ' = @",
        longest = user_name::LONGEST
    )]
    AliasLogin {
        /// The name typed at Transfer.
        name: String,
        /// The login at Okta.
        login: String,
    },
    /// `{user}` would name several people.
    #[error(
        "the alias {name:?} stands for a login of another domain than login_domain, and a path holds {{user}}: write {{login}} in the path"
    )]
    AliasDomain {
        /// The name typed at Transfer.
        name: String,
    },
    /// One rule is wrong.
    #[error("access rule {rule}: {problem}")]
    Rule {
        /// Which, counted from 1.
        rule: usize,
        /// What is wrong.
        problem: RuleError,
    },
    /// The folders of different users could hold each other.
    #[error(
        "{path:?} of access rule {rule} and {other_path:?} of access rule {other_rule} could be the same folder, or one inside the other, for two users: put them below folders with different names"
    )]
    HomesOverlap {
        /// Which rule, counted from 1.
        rule: usize,
        /// Its home or target.
        path: String,
        /// Which other rule, counted from 1; perhaps the same.
        other_rule: usize,
        /// The other home or target.
        other_path: String,
    },
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RuleError {
    /// It gives nothing.
    #[error("it has neither a home nor folders: write home or folders")]
    NoFolder,
    /// It gives two things.
    #[error("it has a home and folders: remove the home, and add a folder for it if it is needed")]
    HomeAndFolders,
    /// An empty name of a group.
    #[error("a group has no name: write the name or the id of a group")]
    EmptyGroup,
    /// Nobody can sign in under this login.
    #[error("no user signs in as {user:?}: write {instead}")]
    UserNeverSignsIn {
        /// The login.
        user: String,
        /// What to write.
        instead: String,
    },
    /// `{user}` would name several people.
    #[error("the path {0:?} holds {{user}}, which needs a login_domain: add it, or write {{login}}")]
    UserWithoutDomain(String),
    /// Keys for nobody in particular.
    #[error("it has ssh_keys, which let in everyone whom the rule means: name the users of the keys in full in users")]
    KeysWithoutUsers,
    /// Keys that nobody is asked for.
    #[error(
        "it has ssh_keys and authentication is password, which takes no keys: remove them, or set authentication to public-key-or-password"
    )]
    KeysNotTaken,
    /// Something needs the directory, and there is no service app to read it.
    #[error("its {0} are read from Okta's directory, which needs a service app: give service_app, or do without")]
    NoServiceApp(&'static str),
    /// More keys than are handed on.
    #[error("it has {0} ssh_keys: write at most {MOST_KEYS}")]
    TooManyKeys(usize),
    /// One folder is the other, or lies inside it.
    #[error(
        "the folders {0:?} and {1:?} are the same, or one lies inside the other: give them paths of which none holds the other"
    )]
    FoldersOverlap(String, String),
    /// The rights of one folder would be added to those of another.
    #[error(
        "the targets {0:?} and {1:?} are the same, or one lies inside the other, with different permissions: give them the same permissions, or targets of which none holds the other"
    )]
    TargetsOverlap(String, String),
    /// The policy of a user with long names would not fit.
    #[error(
        "the session policy for {path:?} could reach {length} characters, Transfer takes 2,048: shorten the paths, or write fewer folders"
    )]
    PolicyTooLong {
        /// The home, or the target of the first folder.
        path: String,
        /// Characters for the longest legal values.
        length: usize,
    },
    /// The path would not fit.
    #[error("the path {0:?} could be longer than the 1,024 characters Transfer takes: shorten it")]
    PathTooLong(String),
}
