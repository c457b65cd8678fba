//! The configuration file that `init` writes: what was answered, and what could be written beside it, as comments.

use std::fmt::Write as _;

use super::file::ConfigFile;
use super::given::Given;
use super::resolve::resolve;
use crate::error::Error;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In quotes.
    Text,
    /// As it is: a number, `true` or `false`.
    Bare,
}

/// A key of the file: its section, its flag, what stands in a comment while nobody has answered, and what it means.
struct Entry {
    section: &'static str,
    key: &'static str,
    flag: &'static str,
    form: Form,
    example: &'static str,
    meaning: &'static str,
}

const fn text(
    section: &'static str,
    key: &'static str,
    flag: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Entry {
    Entry { section, key, flag, form: Form::Text, example, meaning }
}

const fn bare(
    section: &'static str,
    key: &'static str,
    flag: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Entry {
    Entry { section, key, flag, form: Form::Bare, example, meaning }
}

/// The keys that have a flag, section after section.
const ENTRIES: &[Entry] = &[
    text("", "name", "name", "partners", "The deployment. It names the stack, the function and the log groups"),
    text("", "region", "region", "eu-west-1", "Left out: what AWS_REGION or the profile say"),
    text("", "profile", "profile", "acme-prod", "Left out: what AWS_PROFILE says. A pipeline has none"),
    text("", "account", "account", "111122223333", "Any other account stops before the first change"),
    text("", "stack_name", "stack-name", "sftp-okta-partners", "Left out: sftp-okta- and the name"),
    text("", "artifact_bucket", "artifact-bucket", "acme-build-artifacts", "Left out: one for account and region"),
    text(
        "",
        "permissions_boundary",
        "permissions-boundary",
        "arn:aws:iam::111122223333:policy/developer-boundary",
        "A managed policy that bounds every role of the stack",
    ),
    bare("", "termination_protection", "termination-protection", "true", "CloudFormation refuses to delete the stack"),
    text("okta", "org_url", "okta-org", "https://acme.okta.com", "The Okta organisation whose users sign in"),
    bare("okta", "custom_domain", "custom-domain", "true", "Needed where its host is not one of Okta's own"),
    text("okta", "login_domain", "login-domain", "acme.com", "Users then type the part before @ alone"),
    text("okta", "mfa", "mfa", "auto", "off | auto | required: whether a second factor is asked for"),
    bare("okta", "forward_source_ip", "forward-source-ip", "true", "Tells Okta the client's address"),
    text("storage", "bucket", "bucket", "acme-partner-files", "The bucket with the users' files, in the same region"),
    bare("storage", "create_bucket", "create-bucket", "true", "The stack makes it. It is kept on teardown"),
    text("storage", "access_log_bucket", "access-log-bucket", "acme-s3-logs", "For S3's access logs of such a bucket"),
    text(
        "storage",
        "kms_key_arn",
        "kms-key-arn",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "The key that encrypts the bucket",
    ),
    text("server", "identity_provider", "identity-provider", "api-gateway", "lambda asks the function directly"),
    text(
        "server",
        "authentication",
        "authentication",
        "password",
        "public-key | public-key-or-password | public-key-and-password",
    ),
    text(
        "server",
        "security_policy",
        "security-policy",
        "TransferSecurityPolicy-2025-03",
        "Ciphers and key exchanges that clients may use",
    ),
    text("server", "hostname", "hostname", "sftp.acme.com", "A label in the console; the DNS record is yours to make"),
    text("lambda", "architecture", "architecture", "x86_64", "arm64 needs --bootstrap with one built for it"),
    bare("lambda", "reserved_concurrency", "reserved-concurrency", "0", "Executions set aside for sign-ins"),
    bare("lambda", "log_retention_days", "log-retention-days", "90", "How long logs are kept"),
    bare(
        "api",
        "restrict_to_invocation_role",
        "restrict-to-invocation-role",
        "true",
        "The API refuses every caller but the server",
    ),
    bare(
        "api",
        "create_log_role",
        "create-api-gateway-log-role",
        "true",
        "Also sets the account's API Gateway log role, where there is none",
    ),
    text(
        "alarms",
        "topic_arn",
        "alarm-topic-arn",
        "arn:aws:sns:eu-west-1:111122223333:on-call",
        "Who is told by the alarms on sign-ins",
    ),
    bare("throttle", "per_user", "throttle-per-user", "5", "Failed tries a minute for one user name"),
    bare("throttle", "per_source", "throttle-per-source", "30", "Failed tries a minute from one address"),
    text("[access]", "home", "home", "/{bucket}/home/{login}", "Where a user's files lie"),
    text("[access]", "permissions", "permissions", "read-write", "read-only | write-only (a drop box) | read-write"),
];

/// A VPC endpoint has no flags. Its section stands in a comment too: without a vpc it would be refused.
const ENDPOINT: &str = r#"
# [server.endpoint]                                        # Left out: public. Changing it takes a teardown and a new server
# vpc = "vpc-0123456789abcdef0"
# subnets = ["subnet-0123456789abcdef0"]
# security_groups = ["sg-0123456789abcdef0"]               # Left out: the VPC's default group
# elastic_ips = ["eipalloc-0123456789abcdef0"]             # One for each subnet. Left out: not reached from the internet
"#;

/// The file's text for what was given. What nobody gave stands there as a comment.
#[must_use]
pub fn starter(given: &Given) -> String {
    let mut text = String::from(
        "# Made by `sftp-okta init`. What is commented out has its default, or shows an example.\n\
         # `sftp-okta plan` shows what this would make, `sftp-okta deploy` makes it.\n",
    );
    let mut section = "";
    for entry in ENTRIES {
        if entry.section != section {
            section = entry.section;
            if section == "lambda" {
                text.push_str(ENDPOINT);
                text.push_str(&tags(given));
            }
            let _ = write!(text, "\n[{section}]\n");
        }
        let value = given.value(entry.flag).map(|value| value.text.as_str());
        let mark = if value.is_some() { "" } else { "# " };
        let value = value.unwrap_or(entry.example);
        let value = match entry.form {
            Form::Text => quoted(value),
            Form::Bare => value.to_owned(),
        };
        let _ = writeln!(text, "{:<58} # {}", format!("{mark}{} = {value}", entry.key), entry.meaning);
    }
    text
}

/// A string as TOML writes it, which is as JSON does (TOML 1.0, "Basic strings").
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Tags have a section of their own, which has no fixed keys.
fn tags(given: &Given) -> String {
    let pairs: Vec<(&str, &str)> = given.tags.iter().filter_map(|tag| tag.text.split_once('=')).collect();
    let mut text = String::from("\n[tags] # of stack and server\n");
    for (key, value) in &pairs {
        let _ = writeln!(text, "{} = {}", quoted(key), quoted(value));
    }
    if pairs.is_empty() {
        text.push_str("# team = \"data\"\n");
    }
    text
}

/// What is wrong with what was given so far, where what is still missing would be right. For asking one value after the
/// other.
#[must_use]
pub fn refusal_of(given: &Given) -> Option<Error> {
    let mut complete = given.clone();
    for (flag, valid) in [("name", "x"), ("okta-org", "https://x.okta.com"), ("bucket", "xxx")] {
        if complete.value(flag).is_none() {
            complete.set(flag, valid);
        }
    }
    resolve(&complete, None::<&ConfigFile>).err()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::{Endpoint, FLAGS};
    use super::*;

    fn given(values: &[(&'static str, &str)]) -> Given {
        let mut given = Given::default();
        values.iter().for_each(|(flag, text)| given.set(flag, *text));
        given
    }

    #[test]
    fn what_is_written_is_what_was_given() {
        let mut given = given(&[
            ("name", "partners"),
            ("okta-org", "https://login.acme.com"),
            ("custom-domain", "true"),
            ("bucket", "acme-files"),
            ("create-bucket", "true"),
            ("permissions", "read-only"),
            ("log-retention-days", "30"),
        ]);
        given.tags = vec![super::super::Value::flag("tag", "cost centre=4711")];
        let text = starter(&given);
        let file = ConfigFile { path: PathBuf::from("sftp-okta.toml"), text: text.clone() };
        let from_file = resolve(&Given::default(), Some(&file)).unwrap_or_else(|error| panic!("{error:#?}\n{text}"));
        assert_eq!(from_file, resolve(&given, None).unwrap());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_flag_has_its_line() {
        let written: Vec<&str> = ENTRIES.iter().map(|entry| entry.flag).chain(["tag"]).collect();
        let missing: Vec<_> = FLAGS.iter().filter(|flag| !written.contains(flag)).collect();
        assert_eq!(missing, Vec::<&&str>::new());
    }

    #[test]
    fn each_example_is_valid() {
        let all: String = starter(&Given::default())
            .lines()
            // Not together: a bucket's log needs a bucket that the stack makes, arm64 a bootstrap.
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| rest.contains(" = ") || rest.starts_with('['))
                    .unwrap_or(line)
                    .to_owned()
                    + "\n"
            })
            .collect();
        let file = ConfigFile { path: PathBuf::from("sftp-okta.toml"), text: all };
        let settings =
            resolve(&Given::default(), Some(&file)).unwrap_or_else(|error| panic!("{error:#?}\n{}", file.text));
        assert!(matches!(settings.server.endpoint, Endpoint::Vpc { elastic_ips, .. } if elastic_ips.len() == 1));
    }

    #[test]
    fn values_are_judged_before_the_rest_is_known() {
        assert_eq!(refusal_of(&Given::default()), None);
        assert_eq!(refusal_of(&given(&[("name", "partners")])), None);
        assert!(refusal_of(&given(&[("name", "Partners!")])).is_some());
        assert!(refusal_of(&given(&[("okta-org", "http://acme.okta.com")])).is_some());
    }
}
