//! Every objection of the function's own check, as a person reads it who wrote a file that earns it.

use sftp_okta_lambda::settings::{RuleError, SettingsError};

use super::refusal_tests::{APP, KEY, told, with_okta};
use super::resolve_tests::{LEAST, from_file};

/// A row for every variant: a new one does not compile before it has a row. `None` is what no file can earn, because
/// something before the check refuses it or fills it in.
macro_rules! rows {
    ($error:ty, $rows:ident; $($pattern:pat => $file:expr,)*) => {
        const _: fn(&$error) = |error| match error {
            $($pattern => {})*
        };

        fn $rows() -> Vec<(&'static str, Option<String>)> {
            vec![$((stringify!($pattern), $file)),*]
        }
    };
}

fn rule(lines: &str) -> Option<String> {
    Some(format!("{LEAST}[[access]]\n{lines}"))
}

/// With keys asked for, and a service app to read the directory.
fn with_keys(okta: &str, rule: &str) -> Option<String> {
    let text = with_okta(&format!("{APP}{okta}"));
    Some(format!("{text}[server]\nauthentication = \"public-key\"\n{rule}"))
}

fn folders(folders: &str) -> Option<String> {
    rule(&format!("folders = [{folders}]"))
}

rows! { SettingsError, settings_rows;
    SettingsError::Json(_) => None,
    SettingsError::Schema(_) => None,
    SettingsError::NoRule => None,
    SettingsError::Bucket(_) => Some(LEAST.replace("acme-files", "Acme")),
    SettingsError::KmsKeyArn(_) => Some(format!("{LEAST}kms_key_arn = \"alias/x\"")),
    SettingsError::LoginDomain(_) => Some(with_okta("login_domain = \"acme\"\n")),
    SettingsError::NoMfaMethod(_) => Some(with_okta("mfa = \"auto\"\nmfa_methods = []\n")),
    SettingsError::NoServiceApp(_) => Some(format!(
        "{LEAST}[server]\nauthentication = \"public-key\"\n[[access]]\nusers = [\"alice@acme.com\"]\nssh_keys = [\"{KEY}\"]"
    )),
    SettingsError::NoKeySource(_) => with_keys("", ""),
    SettingsError::KeysNotTaken => Some(with_okta(&format!("{APP}ssh_keys_attribute = \"keys\"\n"))),
    SettingsError::SshKeysAttribute(_) => with_keys("ssh_keys_attribute = \"a b\"\n", ""),
    SettingsError::AliasName(_) => Some(with_okta("aliases.\"Alice\" = \"alice@acme.com\"\n")),
    SettingsError::AliasLogin { .. } => Some(with_okta("aliases.alice = \"a b\"\n")),
    SettingsError::AliasDomain { .. } => Some(format!(
        "{}[[access]]\nhome = \"/{{bucket}}/{{user}}\"",
        with_okta("login_domain = \"acme.com\"\naliases.\"bob@acme.com\" = \"bob@other.com\"\n")
    )),
    SettingsError::Rule { .. } => rule("home = \"/{bucket}/{user}\""),
    SettingsError::HomesOverlap { .. } => {
        rule("home = \"/{bucket}/a/{login}\"\n[[access]]\nhome = \"/{bucket}/{login}\"")
    },
}

rows! { RuleError, rule_rows;
    RuleError::NoFolder => None,
    RuleError::HomeAndFolders => None,
    RuleError::EmptyGroup => rule("groups = [\" \"]"),
    RuleError::UserNeverSignsIn { .. } => Some(format!(
        "{}[[access]]\nusers = [\"bob@other.com\"]",
        with_okta("login_domain = \"acme.com\"\n")
    )),
    RuleError::UserWithoutDomain(_) => rule("home = \"/{bucket}/{user}\""),
    RuleError::KeysWithoutUsers => with_keys("", &format!("[[access]]\nusers = [\"*@acme.com\"]\nssh_keys = [\"{KEY}\"]")),
    RuleError::KeysNotTaken => rule(&format!("users = [\"alice\"]\nssh_keys = [\"{KEY}\"]")),
    RuleError::NoServiceApp(_) => rule("groups = [\"sftp\"]"),
    RuleError::TooManyKeys(_) => {
        let keys = vec![format!("\"{KEY}\""); 51].join(", ");
        with_keys("", &format!("[[access]]\nusers = [\"alice@acme.com\"]\nssh_keys = [{keys}]"))
    },
    RuleError::FoldersOverlap(_, _) => folders(
        "{ path = \"/in\", target = \"/{bucket}/a/{login}\" }, { path = \"/in/x\", target = \"/{bucket}/b/{login}\" }",
    ),
    RuleError::TargetsOverlap(_, _) => folders(
        "{ path = \"/in\", target = \"/{bucket}/{login}/a\" }, \
         { path = \"/out\", target = \"/{bucket}/{login}/a/b\", permissions = \"read-only\" }",
    ),
    RuleError::PolicyTooLong { .. } => rule(&format!("home = \"/{{bucket}}/{}/{{login}}\"", "long".repeat(100))),
    RuleError::PathTooLong(_) => rule(&format!("home = \"/{{bucket}}/{}/{{login}}\"", "long".repeat(250))),
}

#[test]
fn every_objection_is_told_with_its_place_and_a_remedy() {
    let mut text = String::new();
    for (variant, file) in settings_rows().into_iter().chain(rule_rows()) {
        let told = file.map(|file| told(from_file(&file)).replace("longlonglonglong", ""));
        text.push_str(&format!("{variant}\n{}\n\n", told.as_deref().unwrap_or("no file earns it")));
    }
    insta::assert_snapshot!(text);
}
