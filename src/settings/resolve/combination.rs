//! Values that are right alone and wrong together: what the function's own check objects to, where it was written.

use sftp_okta_lambda::settings::{RuleError, SettingsError};

use crate::error::Error;

use super::super::check::okta;
use super::super::given::Given;
use super::super::lookup::origin_of;
use super::super::origin::Origin;
use super::Sections;
use super::access::{Places, Rules};

impl Sections<'_> {
    /// The function's objection, with the place of the very value where there is one.
    pub(super) fn combination(&self, given: &Given, rules: &Rules, error: &SettingsError) -> Error {
        let place = |rule: usize| rules.places.get(rule.saturating_sub(1));
        let mut text = error.to_string();
        let origin = match error {
            SettingsError::Json(_) | SettingsError::Schema(_) | SettingsError::NoRule => Origin::Default,
            SettingsError::Bucket(_) => origin_of(&given.bucket, self.storage, "bucket"),
            SettingsError::KmsKeyArn(_) => origin_of(&given.kms_key_arn, self.storage, "kms_key_arn"),
            SettingsError::LoginDomain(_) => origin_of(&given.login_domain, self.okta, "login_domain"),
            SettingsError::NoMfaMethod(_) => origin_of(&given.mfa, self.okta, "mfa"),
            SettingsError::NoKeySource(_) | SettingsError::NoServiceApp(_) => {
                origin_of(&given.authentication, self.server, "authentication")
            }
            SettingsError::SshKeysAttribute(_) | SettingsError::KeysNotTaken => {
                origin_of(&given.ssh_keys_attribute, self.okta, "ssh_keys_attribute")
            }
            SettingsError::AliasName(name)
            | SettingsError::AliasLogin { name, .. }
            | SettingsError::AliasDomain { name } => self.alias(name),
            SettingsError::Rule { rule, problem } => {
                text = problem.to_string();
                place(*rule).map_or(Origin::Default, |places| place_of(places, problem).clone())
            }
            SettingsError::HomesOverlap { other_rule, other_path, .. } => {
                place(*other_rule).map_or(Origin::Default, |places| places.of(other_path).clone())
            }
        };
        let (why, mut remedy) = okta::why_and_remedy(&text, okta::HOME_REMEDY);
        if matches!(error, SettingsError::Rule { problem: RuleError::UserWithoutDomain(_), .. }) {
            remedy = "give --login-domain, write login_domain under [okta], or write {login} in the path".to_owned();
        }
        origin.error("cannot be used as it is").cause(why).hint(remedy)
    }

    fn alias(&self, name: &str) -> Origin {
        let section = self.okta.and_then(|okta| okta.section("aliases", "okta.aliases").ok().flatten());
        section.map_or(Origin::Default, |section| section.origin_of(name))
    }
}

fn place_of<'p>(places: &'p Places, problem: &RuleError) -> &'p Origin {
    match problem {
        RuleError::NoFolder | RuleError::HomeAndFolders => &places.here,
        RuleError::EmptyGroup | RuleError::NoServiceApp("groups") => places.groups.as_ref().unwrap_or(&places.here),
        RuleError::NoServiceApp(_) => places.holding("{profile.").unwrap_or(&places.here),
        RuleError::UserNeverSignsIn { user: value, .. }
        | RuleError::UserWithoutDomain(value)
        | RuleError::FoldersOverlap(value, _)
        | RuleError::TargetsOverlap(value, _)
        | RuleError::PolicyTooLong { path: value, .. }
        | RuleError::PathTooLong(value) => places.of(value),
        RuleError::KeysWithoutUsers | RuleError::KeysNotTaken | RuleError::TooManyKeys(_) => {
            places.keys.as_ref().unwrap_or(&places.here)
        }
    }
}
