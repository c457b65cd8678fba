//! What the command line and the environment say, before anything is decided.

use super::origin::{Located, Origin, environment_variable};

/// A text from the command line or the environment, and from which of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The text as it was given. Numbers and `true`/`false` are read later, so that every error looks alike.
    pub text: String,
    /// The flag or the variable.
    pub origin: Origin,
}

impl Value {
    /// The value of `--{flag}`.
    #[must_use]
    pub fn flag(flag: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), origin: Origin::Flag(flag) }
    }

    /// The value of the environment variable of `--{flag}`.
    #[must_use]
    pub fn environment(flag: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), origin: Origin::Environment(flag) }
    }

    pub(super) fn located(&self) -> Located<String> {
        Located::new(self.text.clone(), self.origin.clone())
    }
}

macro_rules! given {
    ($($(#[$doc:meta])* $field:ident = $flag:literal,)*) => {
        /// Every setting that a flag or an environment variable can give. What is `None` is looked up further down.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Given {
            $($(#[$doc])* pub $field: Option<Value>,)*
            /// `--tag KEY=VALUE`, once for each tag.
            pub tags: Vec<Value>,
        }

        /// The flags of all settings, without their dashes.
        pub const FLAGS: &[&str] = &[$($flag,)* "tag"];

        impl Given {
            /// Gathers all settings: `flag` answers with the values of a flag (by its name without dashes), and
            /// `variable` with the value of an environment variable. An empty variable counts as not set.
            /// `SFTP_OKTA_TAG` may hold several tags, separated by commas, which no tag can contain.
            #[must_use]
            pub fn gather(
                flag: impl Fn(&'static str) -> Vec<String>,
                variable: impl Fn(&str) -> Option<String>,
            ) -> Self {
                let from_environment = |name: &'static str| {
                    variable(&environment_variable(name)).filter(|text| !text.is_empty())
                };
                let one = |name: &'static str| match flag(name).pop() {
                    Some(text) => Some(Value::flag(name, text)),
                    None => from_environment(name).map(|text| Value::environment(name, text)),
                };
                let mut tags: Vec<Value> = flag("tag").into_iter().map(|text| Value::flag("tag", text)).collect();
                if tags.is_empty() {
                    let text = from_environment("tag").unwrap_or_default();
                    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                    tags = parts.map(|part| Value::environment("tag", part)).collect();
                }
                Self { $($field: one($flag),)* tags }
            }

            /// The value of a flag, by its name without dashes; of `tag` none, since there may be several.
            #[must_use]
            pub fn value(&self, flag: &str) -> Option<&Value> {
                match flag {
                    $($flag => self.$field.as_ref(),)*
                    _ => None,
                }
            }

            /// Sets the value of a flag as if it had been typed. Flags that are no settings, and `tag`, change nothing.
            pub fn set(&mut self, flag: &'static str, text: impl Into<String>) {
                let value = Some(Value::flag(flag, text));
                match flag {
                    $($flag => self.$field = value,)*
                    _ => {}
                }
            }
        }
    };
}

given! {
    /// `--name`
    name = "name",
    /// `--region`
    region = "region",
    /// `--profile`
    profile = "profile",
    /// `--account`
    account = "account",
    /// `--stack-name`
    stack_name = "stack-name",
    /// `--okta-org`
    okta_org = "okta-org",
    /// `--custom-domain`: `true` or `false`
    custom_domain = "custom-domain",
    /// `--login-domain`
    login_domain = "login-domain",
    /// `--bucket`
    bucket = "bucket",
    /// `--create-bucket`: `true` or `false`
    create_bucket = "create-bucket",
    /// `--access-log-bucket`
    access_log_bucket = "access-log-bucket",
    /// `--kms-key-arn`
    kms_key_arn = "kms-key-arn",
    /// `--security-policy`
    security_policy = "security-policy",
    /// `--hostname`
    hostname = "hostname",
    /// `--architecture`
    architecture = "architecture",
    /// `--log-retention-days`
    log_retention_days = "log-retention-days",
    /// `--reserved-concurrency`
    reserved_concurrency = "reserved-concurrency",
    /// `--restrict-to-invocation-role`: `true` or `false`
    restrict_to_invocation_role = "restrict-to-invocation-role",
    /// `--create-api-gateway-log-role`: `true` or `false`
    create_log_role = "create-api-gateway-log-role",
    /// `--alarm-topic-arn`
    alarm_topic_arn = "alarm-topic-arn",
    /// `--permissions-boundary`
    permissions_boundary = "permissions-boundary",
    /// `--termination-protection`: `true` or `false`
    termination_protection = "termination-protection",
    /// `--artifact-bucket`
    artifact_bucket = "artifact-bucket",
    /// `--home`
    home = "home",
    /// `--permissions`
    permissions = "permissions",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_mechanical() {
        assert_eq!(environment_variable("okta-org"), "SFTP_OKTA_OKTA_ORG");
        assert_eq!(environment_variable("bucket"), "SFTP_OKTA_BUCKET");
    }

    #[test]
    fn a_flag_wins_over_its_variable_and_an_empty_variable_is_none() {
        let given = Given::gather(
            |flag| if flag == "bucket" { vec!["from-flag".to_owned()] } else { Vec::new() },
            |variable| match variable {
                "SFTP_OKTA_BUCKET" => Some("from-variable".to_owned()),
                "SFTP_OKTA_REGION" => Some(String::new()),
                "SFTP_OKTA_NAME" => Some("demo".to_owned()),
                _ => None,
            },
        );
        assert_eq!(given.bucket, Some(Value::flag("bucket", "from-flag")));
        assert_eq!(given.region, None);
        assert_eq!(given.name, Some(Value::environment("name", "demo")));
    }

    #[test]
    fn tags_come_from_flags_or_from_one_variable() {
        let variable = |name: &str| (name == "SFTP_OKTA_TAG").then(|| "team=data, stage=prod,".to_owned());
        let given = Given::gather(|_| Vec::new(), variable);
        assert_eq!(given.tags, [Value::environment("tag", "team=data"), Value::environment("tag", "stage=prod")]);
        let flags = |flag: &str| if flag == "tag" { vec!["a=b".to_owned()] } else { Vec::new() };
        assert_eq!(Given::gather(flags, variable).tags, [Value::flag("tag", "a=b")]);
    }
}
