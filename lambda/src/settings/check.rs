//! What no single value of the settings shows: combinations that would make a sign-in fail, or mean something else than
//! they say.

use std::collections::HashSet;

use thiserror::Error;

use super::{Authentication, Mfa, SCHEMA, Settings, is_bucket_name};
use crate::access::{AccessRule, MOST_KEYS};
use crate::home::{FolderTarget, is_attribute_name};
use crate::org_url::is_dns_name;
use crate::session_policy;
use crate::user_config::LONGEST_PATH;
use crate::user_name::{self, UserName};

/// The longest partition name that AWS has, for the length of policies when the partition is not known yet.
const LONGEST_PARTITION: &str = "aws-us-gov";

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
    /// Something needs the directory, and there is no service app to read it.
    #[error("{0} are read from Okta's directory, which needs a service app: give service_app, or do without")]
    NoServiceApp(Directory),
    /// Keys are asked for, and nobody has any.
    #[error("authentication is {0} and nobody has a key: give ssh_keys_attribute, or ssh_keys in an access rule")]
    NoKeySource(Authentication),
    /// Keys are given that nobody is asked for.
    #[error(
        "{0} is given and authentication is password, which takes no keys: remove it, or set authentication to public-key-or-password"
    )]
    KeysNotTaken(&'static str),
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

/// What is read from Okta's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// A rule is for groups.
    Groups,
    /// A path holds `{profile.NAME}`.
    Attributes,
    /// `ssh_keys_attribute` is given.
    Keys,
    /// Keys are taken, which only active users may use.
    Statuses,
}

impl std::fmt::Display for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Groups => "the groups of access rules",
            Self::Attributes => "profile attributes in paths",
            Self::Keys => "the keys of ssh_keys_attribute",
            Self::Statuses => "the statuses of users who sign in with keys",
        })
    }
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
    /// More keys than are handed on.
    #[error("it has {0} ssh_keys: write at most {MOST_KEYS}")]
    TooManyKeys(usize),
    /// One folder is the other, or lies inside it.
    #[error(
        "the folder {0:?} lies inside the folder {1:?}, or is the same: give them paths of which none holds the other"
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

impl Settings {
    /// Checks what no single value shows.
    ///
    /// # Errors
    /// The first thing found that would make a sign-in fail or mean something else than it says.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.schema != SCHEMA {
            return Err(SettingsError::Schema(self.schema));
        }
        if let Some(domain) = &self.okta.login_domain
            && !(is_dns_name(domain) && domain.len() + 2 <= user_name::LONGEST)
        {
            return Err(SettingsError::LoginDomain(domain.clone()));
        }
        if !is_bucket_name(&self.bucket) {
            return Err(SettingsError::Bucket(self.bucket.clone()));
        }
        if let Some(arn) = self.kms_key_arn.as_ref().filter(|arn| !is_kms_key_arn(arn)) {
            return Err(SettingsError::KmsKeyArn(arn.clone()));
        }
        if self.access.is_empty() {
            return Err(SettingsError::NoRule);
        }
        if self.okta.mfa != Mfa::Off && self.okta.mfa_methods.is_empty() {
            return Err(SettingsError::NoMfaMethod(self.okta.mfa));
        }
        self.check_aliases()?;
        let logins: HashSet<_> = self.okta.aliases.values().map(|login| login.to_ascii_lowercase()).collect();
        for (at, rule) in self.access.iter().enumerate() {
            self.check_rule(rule, &logins).map_err(|problem| SettingsError::Rule { rule: at + 1, problem })?;
        }
        self.check_keys()?;
        self.check_service_app()?;
        self.check_homes()
    }

    fn targets(&self) -> impl Iterator<Item = (usize, FolderTarget)> {
        let rules = self.access.iter().enumerate();
        rules.flat_map(|(at, rule)| rule.directories().into_iter().map(move |(_, target, _)| (at + 1, target)))
    }

    fn check_aliases(&self) -> Result<(), SettingsError> {
        let domain = self.okta.login_domain.as_deref();
        let holds_user = self.targets().any(|(_, target)| target.needs_login_domain());
        for (name, login) in &self.okta.aliases {
            if !UserName::parse(name, domain).is_ok_and(|canonical| canonical.as_str() == name) {
                return Err(SettingsError::AliasName(name.clone()));
            }
            if !is_login(login) {
                return Err(SettingsError::AliasLogin { name: name.clone(), login: login.clone() });
            }
            if holds_user && !domain.is_some_and(|domain| is_of_domain(login, domain)) {
                return Err(SettingsError::AliasDomain { name: name.clone() });
            }
        }
        Ok(())
    }

    /// `logins` are those that aliases stand for, in lower case.
    fn check_rule(&self, rule: &AccessRule, logins: &HashSet<String>) -> Result<(), RuleError> {
        match (&rule.home, rule.folders.is_empty()) {
            (None, true) => return Err(RuleError::NoFolder),
            (Some(_), false) => return Err(RuleError::HomeAndFolders),
            (Some(_), true) | (None, false) => {}
        }
        if rule.groups.iter().any(|group| group.trim().is_empty()) {
            return Err(RuleError::EmptyGroup);
        }
        let exact = rule.users.iter().filter(|pattern| pattern.is_exact());
        for user in exact.map(|pattern| pattern.as_str()).filter(|user| !logins.contains(*user)) {
            self.check_user(user)?;
        }
        if !rule.ssh_keys.is_empty() && !(rule.users.iter().all(|user| user.is_exact()) && !rule.users.is_empty()) {
            return Err(RuleError::KeysWithoutUsers);
        }
        if rule.ssh_keys.len() > MOST_KEYS {
            return Err(RuleError::TooManyKeys(rule.ssh_keys.len()));
        }
        self.check_folders(rule)
    }

    fn check_user(&self, user: &str) -> Result<(), RuleError> {
        let domain = self.okta.login_domain.as_deref();
        let instead = match (self.okta.aliases.get(user), UserName::parse(user, domain)) {
            (Some(login), _) => login.clone(),
            (None, Ok(name)) if name.as_str() == user => return Ok(()),
            (None, Ok(name)) => name.as_str().to_owned(),
            (None, Err(_)) => "a login that can be typed at Transfer, or add an alias for it".to_owned(),
        };
        Err(RuleError::UserNeverSignsIn { user: user.to_owned(), instead })
    }

    fn check_folders(&self, rule: &AccessRule) -> Result<(), RuleError> {
        let domain = self.okta.login_domain.as_deref();
        let directories = rule.directories();
        if let Some((_, target, _)) = directories.iter().find(|(_, target, _)| target.needs_login_domain())
            && domain.is_none()
        {
            return Err(RuleError::UserWithoutDomain(target.as_str().to_owned()));
        }
        for (at, (path, target, permissions)) in directories.iter().enumerate() {
            for (other_path, other_target, other_permissions) in directories.iter().take(at) {
                if path.overlaps(other_path) {
                    return Err(RuleError::FoldersOverlap(path.to_string(), other_path.to_string()));
                }
                if permissions != other_permissions && target.always_overlaps(other_target) {
                    return Err(RuleError::TargetsOverlap(target.to_string(), other_target.to_string()));
                }
            }
        }
        let homes: Vec<_> = directories
            .iter()
            .map(|(_, target, permissions)| (target.longest(&self.bucket, domain), *permissions))
            .collect();
        for ((_, target, _), (home, _)) in directories.iter().zip(&homes) {
            if home.target().len() > LONGEST_PATH {
                return Err(RuleError::PathTooLong(target.to_string()));
            }
        }
        let homes: Vec<_> = homes.iter().map(|(home, permissions)| (home, *permissions)).collect();
        let policy = session_policy::render(&homes, self.kms_key_arn.as_deref(), LONGEST_PARTITION);
        let length = policy.map_or(usize::MAX, |policy| policy.len());
        if length > session_policy::LONGEST {
            let path = directories.first().map(|(_, target, _)| target.to_string()).unwrap_or_default();
            return Err(RuleError::PolicyTooLong { path, length });
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), SettingsError> {
        let in_rules = self.access.iter().any(|rule| !rule.ssh_keys.is_empty());
        match (self.authentication.takes_keys(), &self.okta.ssh_keys_attribute) {
            (true, None) if !in_rules => Err(SettingsError::NoKeySource(self.authentication)),
            (false, Some(_)) => Err(SettingsError::KeysNotTaken("ssh_keys_attribute")),
            (false, None) if in_rules => Err(SettingsError::KeysNotTaken("ssh_keys")),
            (true, Some(name)) if !is_attribute_name(name) => Err(SettingsError::SshKeysAttribute(name.clone())),
            (true | false, None) | (true, Some(_)) => Ok(()),
        }
    }

    fn check_service_app(&self) -> Result<(), SettingsError> {
        if self.okta.service_app.is_some() {
            return Ok(());
        }
        let groups = self.access.iter().any(|rule| !rule.groups.is_empty());
        let attributes = self.targets().any(|(_, target)| target.holds_profile());
        let read = [
            (groups, Directory::Groups),
            (attributes, Directory::Attributes),
            (self.okta.ssh_keys_attribute.is_some(), Directory::Keys),
            (self.authentication.takes_keys(), Directory::Statuses),
        ];
        read.into_iter()
            .find(|(is_read, _)| *is_read)
            .map_or(Ok(()), |(_, what)| Err(SettingsError::NoServiceApp(what)))
    }

    /// That no user can be given what lies inside another's home, or around it, whichever rules mean the two. Folders
    /// without a placeholder may lie anywhere: whoever writes one sees what it holds.
    fn check_homes(&self) -> Result<(), SettingsError> {
        let domain = self.okta.login_domain.as_deref();
        let are_of_domain = domain.filter(|domain| self.okta.aliases.values().all(|login| is_of_domain(login, domain)));
        let mut seen = HashSet::new();
        let mut targets: Vec<_> = self
            .targets()
            .filter(|(_, target)| !target.is_literal() && seen.insert(target.as_str().to_owned()))
            .map(|(rule, target)| (target.literal_prefix(), rule, target))
            .collect();
        // Only of two targets that begin alike can one hold the other; sorted, they follow each other.
        targets.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        for (at, (prefix, rule, target)) in targets.iter().enumerate() {
            let alike = targets.iter().skip(at + 1).take_while(|(other, ..)| other.starts_with(prefix.as_str()));
            for (_, other_rule, other) in alike {
                let is_shared = target.is_shared() && other.is_shared();
                if !is_shared && !target.is_apart_from(other, are_of_domain) {
                    let ((rule, path), (other_rule, other_path)) = if rule <= other_rule {
                        ((rule, target), (other_rule, other))
                    } else {
                        ((other_rule, other), (rule, target))
                    };
                    return Err(SettingsError::HomesOverlap {
                        rule: *rule,
                        path: path.to_string(),
                        other_rule: *other_rule,
                        other_path: other_path.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Whether a text can be the login of an alias, and part of a path.
fn is_login(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+'=@".contains(&byte);
    (user_name::SHORTEST..=user_name::LONGEST).contains(&text.len())
        && text.bytes().all(legal)
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
        && text.split('@').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.'))
        && !text.contains("..")
        && text.matches('@').count() <= 1
}

fn is_of_domain(login: &str, domain: &str) -> bool {
    login.split_once('@').is_some_and(|(_, found)| found.eq_ignore_ascii_case(domain))
}

/// `arn:{partition}:kms:{region}:{account}:key/{id}` (IAM service authorization reference, AWS KMS).
fn is_kms_key_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match parts.as_slice() {
        ["arn", partition, "kms", region, account, key] => {
            arn.len() <= 256
                && partition.starts_with("aws")
                && [partition, region, account].into_iter().all(|part| word(part))
                && key.strip_prefix("key/").is_some_and(word)
        }
        _ => false,
    }
}
