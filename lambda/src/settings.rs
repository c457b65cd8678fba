//! The settings of a deployment, as the function finds them beside itself in `settings.json`.
//!
//! The deployer writes the file into the zip and the function reads it at start: access is code, versioned and rolled
//! back with the function.

mod authentication;
mod check;
mod error;
mod okta;
mod throttle;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::authentication::Authentication;
pub use self::error::{RuleError, SettingsError};
pub use self::okta::{Mfa, MfaMethod, Okta, SecretArn, SecretArnError, ServiceApp};
pub use self::throttle::Throttle;
pub use crate::access::AccessRule;
use crate::json;
use crate::user_name::UserName;

/// The one layout of `settings.json` that this version reads and writes.
pub const SCHEMA: u32 = 1;

/// All settings of the function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Layout of the file, [`SCHEMA`].
    pub schema: u32,
    /// The Okta org that judges passwords.
    pub okta: Okta,
    /// What a client must present.
    #[serde(default)]
    pub authentication: Authentication,
    /// How many failed tries are let through to Okta.
    #[serde(default)]
    pub throttle: Throttle,
    /// The bucket in which every home lies.
    pub bucket: String,
    /// The key that encrypts the bucket's objects, if it is not S3's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// Who gets what: ordered, the first rule that means a user decides.
    pub access: Vec<AccessRule>,
}

impl Settings {
    /// Reads and checks `settings.json`.
    ///
    /// # Errors
    /// The text is not JSON of exactly these keys, a value is illegal, or [`Settings::check`] objects.
    pub fn from_json(text: &[u8]) -> Result<Self, SettingsError> {
        let settings: Self = json::from_slice(text).map_err(|error| SettingsError::Json(error.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    /// The text of `settings.json`: the same settings always give the same bytes.
    #[must_use]
    #[expect(clippy::expect_used, reason = "strings, numbers and lists of them always serialise")]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("settings serialise");
        text.push('\n');
        text
    }

    /// The Okta login of a user: the canonical name, or what it stands for, as it is written.
    #[must_use]
    pub fn okta_login<'a>(&'a self, user: &'a UserName) -> &'a str {
        self.okta.aliases.get(user.as_str()).map_or(user.as_str(), String::as_str)
    }

    /// The Okta login of a user in lower case: one spelling for one person.
    #[must_use]
    pub fn canonical_login<'a>(&'a self, user: &'a UserName) -> Cow<'a, str> {
        match self.okta.aliases.get(user.as_str()) {
            Some(login) => Cow::Owned(login.to_ascii_lowercase()),
            None => Cow::Borrowed(user.as_str()),
        }
    }
}

/// Rules of the Amazon S3 user guide, "General purpose bucket naming rules".
fn is_bucket_name(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::{Settings, SettingsError};

    const SETTINGS: &str = r#"{"schema":1,"okta":{"org_url":"https://acme.okta.com","login_domain":"acme.com"},"bucket":"acme-files","access":[{"home":"/{bucket}/home/{user}","permissions":"read-write"}]}"#;

    #[test]
    fn there_and_back() -> Result<(), SettingsError> {
        let settings = Settings::from_json(SETTINGS.as_bytes())?;
        insta::assert_snapshot!(settings.to_json(), @r#"
        {
          "schema": 1,
          "okta": {
            "org_url": "https://acme.okta.com",
            "login_domain": "acme.com",
            "mfa": "off",
            "forward_source_ip": false
          },
          "authentication": "password",
          "throttle": {
            "per_user": 5,
            "per_source": 30
          },
          "bucket": "acme-files",
          "access": [
            {
              "home": "/{bucket}/home/{user}",
              "permissions": "read-write"
            }
          ]
        }
        "#);
        assert_eq!(Settings::from_json(settings.to_json().as_bytes())?, settings);
        Ok(())
    }

    #[test]
    fn no_login_domain_is_said_aloud() {
        let without = SETTINGS.replace("{user}", "{login}");
        assert!(Settings::from_json(without.replace("\"acme.com\"", "null").as_bytes()).is_ok());
        assert!(Settings::from_json(without.replace(",\"login_domain\":\"acme.com\"", "").as_bytes()).is_err());
    }

    #[test]
    fn refused() {
        let long = format!("{{bucket}}/{}", "x".repeat(340));
        let refused: Vec<String> = [
            ("\"schema\":1", "\"schema\":2"),
            ("\"schema\":1", "\"schema\":\"1\""),
            ("\"schema\":1", "\"schema\":1,\"schema\":1"),
            ("\"schema\":1", "\"schema\":1,\"mfa\":\"off\""),
            ("\"schema\":1,", ""),
            ("https://acme.okta.com", "http://acme.okta.com"),
            ("\"acme.com\"", "\"ACME.com\""),
            ("\"acme.com\"", "\"acme\""),
            ("\"acme.com\"", "null"),
            ("acme-files", "ac"),
            ("acme-files", "Acme-files"),
            ("acme-files", "acme..files"),
            ("acme-files", "-acme"),
            ("acme-files", "192.168.0.1"),
            ("acme-files", "acme/files"),
            ("/{bucket}/home/{user}", "/{bucket}/shared"),
            ("{bucket}", &long),
            ("read-write", "admin"),
            ("}]}", "}]"),
        ]
        .into_iter()
        .map(|(from, to)| match Settings::from_json(SETTINGS.replace(from, to).as_bytes()) {
            Ok(_) => format!("{from} -> {to} ACCEPTED"),
            Err(error) => format!("{from} -> {to}: {error}").replace(&"x".repeat(340), "xxx"),
        })
        .collect();
        insta::assert_snapshot!(refused.join("\n"));
    }

    #[test]
    fn the_length_limit_is_exact() {
        // The check must allow exactly what the function can later serve to the longest user name.
        let with = |length: usize| {
            Settings::from_json(
                SETTINGS.replace("home/{user}", &format!("{}/{{login}}", "x".repeat(length))).as_bytes(),
            )
        };
        let longest = (1..600).take_while(|length| with(*length).is_ok()).last();
        assert!(longest.is_some_and(|longest| with(longest + 1).is_err() && longest > 100), "{longest:?}");
        let settings = longest.and_then(|longest| with(longest).ok()).unwrap();
        let user = crate::user_name::UserName::parse(&"a".repeat(91), Some("acme.com")).unwrap();
        let (protocol, credential) = (crate::access::Protocol::Sftp, crate::access::Credential::Password);
        let attempt =
            crate::access::Attempt { user: &user, source_ip: None, protocol, credential, okta_id: None, person: None };
        let role = crate::user_config::RoleArn::parse("arn:aws-us-gov:iam::111122223333:role/u").unwrap();
        let grant = crate::access::decide(&settings, &attempt).unwrap();
        assert!(crate::user_config::UserConfig::new(&grant, &role).is_ok());
    }
}
