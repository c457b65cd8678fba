//! What no single value of the settings shows: combinations that would make a sign-in fail, or mean something else than
//! they say.

use std::collections::HashSet;

use super::{Mfa, RuleError, SCHEMA, Settings, SettingsError, is_bucket_name};
use crate::access::{AccessRule, MOST_KEYS, UserPattern};
use crate::home::{FolderTarget, is_attribute_name};
use crate::org_url::is_dns_name;
use crate::session_policy;
use crate::user_config::LONGEST_PATH;
use crate::user_name::{self, UserName};

/// The longest partition name that AWS has, for the length of policies when the partition is not known yet.
const LONGEST_PARTITION: &str = "aws-us-gov";

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
        for user in exact.map(UserPattern::as_str).filter(|user| !logins.contains(*user)) {
            self.check_user(user)?;
        }
        let are_named = !rule.users.is_empty() && rule.users.iter().all(UserPattern::is_exact);
        if !(rule.ssh_keys.is_empty() || are_named) {
            return Err(RuleError::KeysWithoutUsers);
        }
        if !(rule.ssh_keys.is_empty() || self.authentication.takes_keys()) {
            return Err(RuleError::KeysNotTaken);
        }
        if self.okta.service_app.is_none() {
            if !rule.groups.is_empty() {
                return Err(RuleError::NoServiceApp("groups"));
            }
            if rule.directories().iter().any(|(_, target, _)| target.holds_profile()) {
                return Err(RuleError::NoServiceApp("profile attributes"));
            }
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
            (false, Some(_)) => Err(SettingsError::KeysNotTaken),
            (true, None) if !in_rules => Err(SettingsError::NoKeySource(self.authentication)),
            (true, Some(name)) if !is_attribute_name(name) => Err(SettingsError::SshKeysAttribute(name.clone())),
            (true, _) if self.okta.service_app.is_none() => Err(SettingsError::NoServiceApp(self.authentication)),
            (true | false, None) | (true, Some(_)) => Ok(()),
        }
    }

    /// That no user can be given what lies inside another's home, or around it, whichever rules mean the two. Folders
    /// without a placeholder may lie anywhere: whoever writes one sees what it holds, and of one around homes `plan` and
    /// `deploy` warn (see [`crate::access::around`]).
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

#[cfg(test)]
mod tests;
