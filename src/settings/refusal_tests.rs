//! What is refused, and the whole text of a dozen refusals.

use super::resolve_tests::{LEAST, from_file, from_flags};
use super::*;
use crate::error::{Error, ErrorCode};

/// The error as a person reads it.
pub(super) fn told(result: Result<Settings, Error>) -> String {
    let error = result.expect_err("was accepted");
    assert_eq!(error.code, ErrorCode::Configuration);
    let part = |name: &str, text: Option<String>| text.map(|text| format!("\n{name}: {text}")).unwrap_or_default();
    format!("{}{}{}{}", error.message, part("cause", error.cause), part("hint", error.hint), part("at", error.resource))
}

/// A VPC endpoint with lines below it, the first of them on line 9.
fn endpoint(subnets: &str, lines: &str) -> String {
    format!("{LEAST}[server.endpoint]\nvpc = \"vpc-1a2b3c4d\"\n{lines}\nsubnets = [{subnets}]")
}

/// Elastic IPs that the service would refuse, each told where it stands.
#[test]
fn elastic_ips_that_cannot_be() {
    let (one, two) = ("\"subnet-1a2b3c4d\"", "\"subnet-1a2b3c4d\", \"subnet-2a2b3c4d\"");
    let told = [
        (one, "elastic_ips = [\"203.0.113.7\"]"),
        (one, "elastic_ips = [\"eipalloc-x\"]"),
        (two, "elastic_ips = [\n\"eipalloc-1a2b3c4d\",\n\"eipalloc-1a2b3c4d\"]"),
        (two, "elastic_ips = [\"eipalloc-1a2b3c4d\"]"),
        (one, "elastic_ips = [\"eipalloc-1a2b3c4d\", \"eipalloc-2a2b3c4d\"]"),
        (
            two,
            "elastic_ips = [\"eipalloc-1a2b3c4d\", \"eipalloc-2a2b3c4d\", \"eipalloc-3a2b3c4d\",\n\"eipalloc-4a2b3c4d\"]",
        ),
        (one, "elastic_ips = \"eipalloc-1a2b3c4d\""),
    ]
    .map(|(subnets, lines)| told(from_file(&endpoint(subnets, lines))));
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn elastic_ips_belong_to_a_vpc() {
    let text = format!("{LEAST}[server]\nendpoint = {{ elastic_ips = [\"eipalloc-1a2b3c4d\"] }}");
    insta::assert_snapshot!(told(from_file(&text)), @r#"
    server.endpoint has no vpc
    hint: write endpoint = "public", or endpoint = { vpc = "vpc-…", subnets = ["subnet-…"] }
    at: sftp-okta.toml:7
    "#);
}

#[test]
fn no_elastic_ip_is_none() {
    let subnets = "\"subnet-1a2b3c4d\"";
    for lines in ["", "elastic_ips = []"] {
        let settings = from_file(&endpoint(subnets, lines)).unwrap();
        assert!(matches!(settings.server.endpoint, Endpoint::Vpc { elastic_ips, .. } if elastic_ips.is_empty()));
    }
    let settings = from_file(&endpoint(subnets, "elastic_ips = [\"eipalloc-1a2b3c4d\"]")).unwrap();
    assert!(settings.warnings().iter().any(|told| told.contains("no security_groups")), "{:?}", settings.warnings());
    assert!(matches!(settings.server.endpoint, Endpoint::Vpc { elastic_ips, .. } if elastic_ips.len() == 1));
}

/// A service app, for what needs the directory. One line below `[okta]`, so that it moves the rest by one.
pub(super) const APP: &str = "service_app = { client_id = \"0oa1\", key_id = \"k\", private_key_secret = \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta\" }\n";
pub(super) const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// The least configuration with lines below `[okta]`.
pub(super) fn with_okta(lines: &str) -> String {
    LEAST.replace("[storage]", &format!("{lines}[storage]"))
}

#[test]
fn values_that_are_wrong_together_point_at_one_of_them() {
    let rule = |lines: &str| format!("{LEAST}[[access]]\n{lines}");
    let login = "home = \"/{bucket}/a/{login}\"\n";
    for (text, key, line) in [
        (with_okta("mfa_methods = [\"totp\"]\n"), "okta.mfa_methods", 4),
        (with_okta("mfa = \"off\"\nmfa_methods = [\"totp\"]\n"), "okta.mfa_methods", 5),
        (with_okta("mfa = \"auto\"\nmfa_methods = []\n"), "okta.mfa_methods", 5),
        (with_okta("mfa = \"auto\"\nmfa_methods = [\n\"totp\",\n\"totp\"]\n"), "okta.mfa_methods", 7),
        (with_okta("service_app = { client_id = \"0oa1\" }\n"), "okta.service_app", 4),
        (with_okta("aliases.\"Alice\" = \"alice@acme.com\"\n"), "okta.aliases.Alice", 4),
        (with_okta("aliases.alice = \"a b\"\n"), "okta.aliases.alice", 4),
        (with_okta("ssh_keys_attribute = \"keys\"\n"), "okta.ssh_keys_attribute", 4),
        (format!("{LEAST}[server]\nauthentication = \"public-key\""), "server.authentication", 7),
        (
            format!(
                "{LEAST}[server]\nauthentication = \"public-key\"\n[[access]]\nusers = [\"alice\"]\nssh_keys = [\"{KEY}\"]"
            ),
            "server.authentication",
            7,
        ),
        (rule("groups = [\"sftp\"]"), "access.groups", 7),
        (rule("home = \"/{bucket}/{profile.team}/{login}\""), "access.home", 7),
        (rule(&format!("users = [\"alice\"]\nssh_keys = [\"{KEY}\"]")), "access.ssh_keys", 8),
        (rule(&format!("{login}[[access]]\nhome = \"/{{bucket}}/{{login}}\"")), "access.home", 9),
        (
            rule(
                "folders = [\n{ path = \"/in\", target = \"/{bucket}/a/{login}\" },\n{ path = \"/in\", target = \"/{bucket}/b/{login}\" }]",
            ),
            "access.folders.path",
            8,
        ),
    ] {
        let error = from_file(&text).expect_err(&text);
        assert!(error.message.starts_with(&format!("{key} ")), "{text}: {}", error.message);
        assert_eq!(error.resource, Some(format!("sftp-okta.toml:{line}")), "{text}: {error}");
        assert!(error.hint.is_some(), "{text}");
    }
}

#[test]
fn a_flag_for_one_rule_does_not_choose_among_several() {
    let rules = format!("{LEAST}[[access]]\nusers = [\"alice@acme.com\"]\n[[access]]\n");
    let given = Given { home: Some(Value::flag("home", "/{bucket}/x/{login}")), ..Given::default() };
    insta::assert_snapshot!(told(resolve(&given, Some(&resolve_tests::file(&rules)))), @r#"
    --home is given, and the file has several access rules
    cause: it could mean any of them
    hint: leave it out, and write it in the rule that is meant
    at: --home
    "#);
}

#[test]
fn a_private_key_is_not_repeated() {
    let pem = "-----BEGIN PRIVATE KEY-----SECRET";
    let rule = format!("{LEAST}[[access]]\nusers = [\"alice@acme.com\"]\nssh_keys = [\"{pem}\"]");
    let app = APP.replace("arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta", pem);
    let jwk = APP.replace("\"arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta\"", "'{\"d\":\"SECRET\"}'");
    for text in [rule, with_okta(&app), with_okta(&jwk)] {
        let told = told(from_file(&text));
        assert!(!told.contains("SECRET") && told.contains("private key"), "{told}");
    }
}

#[test]
fn keys_for_everyone() {
    let app = with_okta(APP);
    let text = format!(
        "{app}[server]\nauthentication = \"public-key\"\n[[access]]\nusers = [\"*@acme.com\"]\nssh_keys = [\"{KEY}\"]"
    );
    insta::assert_snapshot!(told(from_file(&text)), @r#"
    access.ssh_keys cannot be used as it is
    cause: it has ssh_keys, which let in everyone whom the rule means
    hint: name the users of the keys in full in users
    at: sftp-okta.toml:11
    "#);
}

#[test]
fn groups_without_an_app() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}[[access]]\ngroups = [\"sftp\"]"))), @r#"
    access.groups cannot be used as it is
    cause: its groups are read from Okta's directory, which needs a service app
    hint: give service_app, or do without
    at: sftp-okta.toml:7
    "#);
}

#[test]
fn wrong_values_point_at_their_line() {
    for (line, key) in [
        ("name = \"Partners\"", "name"),
        ("region = \"eu-west-1a\"", "region"),
        ("profile = \"\"", "profile"),
        ("account = \"1234\"", "account"),
        ("stack_name = \"a_b\"", "stack_name"),
        ("permissions_boundary = \"x\"", "permissions_boundary"),
        ("termination_protection = \"yes\"", "termination_protection"),
        ("artifact_bucket = \"X\"", "artifact_bucket"),
        ("tags.\"aws:x\" = \"y\"", "tags.aws:x"),
        ("okta.org_url = \"https://acme.okta.com.evil.net\"", "okta.org_url"),
        ("okta.login_domain = \"acme\"", "okta.login_domain"),
        ("storage.bucket = \"192.168.0.1\"", "storage.bucket"),
        ("storage.access_log_bucket = \"acme-logs\"", "storage.access_log_bucket"),
        ("storage.access_log_bucket = \"X\"", "storage.access_log_bucket"),
        ("api.throttling_rate = 0", "api.throttling_rate"),
        ("api.throttling_burst = 0", "api.throttling_burst"),
        ("storage.kms_key_arn = \"alias/x\"", "storage.kms_key_arn"),
        ("server.security_policy = \"2018-11\"", "server.security_policy"),
        ("server.hostname = \"localhost\"", "server.hostname"),
        ("server.banner = \"Grüße\"", "server.banner"),
        ("server.endpoint = \"private\"", "server.endpoint"),
        ("server.endpoint = { vpc = \"x\" }", "server.endpoint.vpc"),
        ("lambda.architecture = \"amd64\"", "lambda.architecture"),
        ("lambda.log_retention_days = 91", "lambda.log_retention_days"),
        ("access = [{ home = \"/x\" }]", "access.home"),
        ("access = [{ permissions = \"rw\" }]", "access.permissions"),
        ("access = [{ groups = [\" \"] }]", "access.groups"),
        ("access = [{ groups = [] }]", "access.groups"),
        ("access = [{ users = [\"a b\"] }]", "access.users"),
        ("access = [{ users = [] }]", "access.users"),
        ("access = [{ allow_from = [\"10.0.0.1/8\"] }]", "access.allow_from"),
        ("access = [{ allow_from = [] }]", "access.allow_from"),
        ("access = [{ protocols = [\"ftp\"] }]", "access.protocols"),
        ("access = [{ ssh_keys = [\"ssh-dss AAAA\"] }]", "access.ssh_keys"),
        ("access = [{ folders = [] }]", "access.folders"),
        ("access = [{ folders = [{ path = \"in\", target = \"/{bucket}/{login}\" }] }]", "access.folders.path"),
        ("access = [{ folders = [{ path = \"/in\", target = \"/x\" }] }]", "access.folders.target"),
        (
            "access = [{ folders = [{ path = \"/in\", target = \"/{bucket}/{login}\", permissions = \"rw\" }] }]",
            "access.folders.permissions",
        ),
        ("okta.mfa = \"on\"", "okta.mfa"),
        ("okta.mfa_methods = [\"sms\"]", "okta.mfa_methods"),
        (
            "okta.service_app = { client_id = \"0oa 1\", key_id = \"k\", private_key_secret = \"x\" }",
            "okta.service_app.client_id",
        ),
        (
            "okta.service_app = { client_id = \"0oa1\", key_id = \"\", private_key_secret = \"x\" }",
            "okta.service_app.key_id",
        ),
        (
            "okta.service_app = { client_id = \"0oa1\", key_id = \"k\", private_key_secret = \"x\" }",
            "okta.service_app.private_key_secret",
        ),
        ("server.authentication = \"key\"", "server.authentication"),
        ("server.identity_provider = \"okta\"", "server.identity_provider"),
    ] {
        let mut lines =
            vec!["name = \"partners\"", "okta.org_url = \"https://acme.okta.com\"", "storage.bucket = \"acme-files\""];
        let left = line.split(" = ").next().unwrap();
        lines.retain(|other| !other.starts_with(left));
        lines.push(line);
        let error = from_file(&lines.join("\n")).unwrap_err();
        assert!(error.message.starts_with(&format!("{key} ")), "{line}: {}", error.message);
        assert_eq!(error.resource, Some(format!("sftp-okta.toml:{}", lines.len())), "{line}");
        assert!(error.cause.is_some() && error.hint.is_some(), "{line}");
    }
}

#[test]
fn access_logs_need_a_bucket_of_the_stack_and_one_of_their_own() {
    let flags = |more: &[(&'static str, &'static str)]| {
        let mut flags = vec![("name", "demo"), ("okta-org", "acme.okta.com"), ("bucket", "acme-files")];
        flags.extend(more);
        from_flags(&flags)
    };
    let made = flags(&[("create-bucket", "true"), ("access-log-bucket", "acme.logs")]).unwrap();
    assert_eq!(made.storage.access_log_bucket.as_deref(), Some("acme.logs"));
    let error = flags(&[("create-bucket", "true"), ("access-log-bucket", "acme-files")]).unwrap_err();
    assert_eq!(error.message, "--access-log-bucket \"acme-files\" is the users' bucket");
    insta::assert_snapshot!(told(flags(&[("access-log-bucket", "acme-logs")])), @r#"
    --access-log-bucket "acme-logs" has no bucket to log
    cause: access logs are switched on only for a bucket that the stack makes
    hint: switch on the access logs of the existing bucket in S3 and remove this setting, or set create_bucket = true
    at: --access-log-bucket
    "#);
}

#[test]
fn okta_organisations() {
    let org = |url: &str| from_flags(&[("name", "demo"), ("okta-org", url), ("bucket", "acme-files")]);
    for good in
        ["https://acme.okta.com", "acme.okta.com", "https://acme.okta-gov.com/", "https://dev-1.oktapreview.com"]
    {
        assert!(org(good).is_ok(), "{good} was refused");
    }
    for bad in [
        "",
        "http://acme.okta.com",
        "https://acme.okta.com.evil.net",
        "https://acme-admin.okta.com",
        "https://okta.com@evil.net",
        "https://acme.okta.com:8443",
        "https://10.0.0.1",
        "https://acmeokta.com",
        "https://acme.okta.com/app",
        "https://login.acme.com",
        "ftp://acme.okta.com",
    ] {
        assert!(org(bad).is_err(), "{bad} was accepted");
    }
}

#[test]
fn no_name() {
    insta::assert_snapshot!(told(from_flags(&[])), @r#"
name is missing
cause: a deployment needs a name
hint: give --name, set SFTP_OKTA_NAME, or write name in the configuration file (`sftp-okta init` makes one)
at: --name
"#);
}

#[test]
fn no_okta_org() {
    insta::assert_snapshot!(told(from_flags(&[("name", "demo"), ("bucket", "acme-files")])), @r#"
okta.org_url is missing
cause: a deployment needs the Okta organisation, such as https://acme.okta.com
hint: give --okta-org, set SFTP_OKTA_OKTA_ORG, or write okta.org_url in the configuration file (`sftp-okta init` makes one)
at: --okta-org
"#);
}

#[test]
fn unknown_key_near_a_known_one() {
    insta::assert_snapshot!(told(from_file("nmae = \"x\"")), @r#"
nmae is not a known key
cause: the top of the file has no key nmae
hint: write name, if that is what you mean, or remove the line
at: sftp-okta.toml:1
"#);
}

#[test]
fn unknown_key_in_a_section() {
    insta::assert_snapshot!(told(from_file(&LEAST.replace("bucket =", "bukcet ="))), @r#"
storage.bukcet is not a known key
cause: [storage] has no key bukcet
hint: write bucket, if that is what you mean, or remove the line
at: sftp-okta.toml:5
"#);
}

#[test]
fn unknown_key_far_from_all() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}versioning = true"))), @r#"
storage.versioning is not a known key
cause: [storage] has no key versioning
hint: remove the line; the keys here are bucket, create_bucket, access_log_bucket, kms_key_arn
at: sftp-okta.toml:6
"#);
}

#[test]
fn unknown_identity_provider() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}[server]\nidentity_provider = \"okta\""))), @r#"
server.identity_provider "okta" is not an identity provider
cause: there are api-gateway and lambda
hint: write api-gateway, or lambda for a server that asks the function directly
at: sftp-okta.toml:7
"#);
}

#[test]
fn unknown_value() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}[server]\nauthentication = \"passwort\""))), @r#"
    server.authentication "passwort" is not a way to authenticate
    cause: there are password, public-key, public-key-or-password and public-key-and-password
    hint: write one of the four
    at: sftp-okta.toml:7
    "#);
}

#[test]
fn wrong_type() {
    insta::assert_snapshot!(told(from_file(&format!("account = 111122223333\n{LEAST}"))), @r#"
account has a value of the wrong type
cause: it is an integer, and a string is needed
hint: put it in quotes: account = "111122223333"
at: sftp-okta.toml:1
"#);
}

#[test]
fn quoted_boolean() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}create_bucket = \"true\""))), @r#"
storage.create_bucket has a value of the wrong type
cause: it is a string, and true or false is needed
hint: write it without quotes: create_bucket = true
at: sftp-okta.toml:6
"#);
}

#[test]
fn not_toml() {
    insta::assert_snapshot!(told(from_file("name = partners")), @r#"
sftp-okta.toml:1 is not valid TOML
cause: string values must be quoted, expected literal string
hint: correct the line; the README's table and examples/full.toml show the form of every key
at: sftp-okta.toml:1
"#);
}

#[test]
fn duplicate_key() {
    insta::assert_snapshot!(told(from_file("name = \"a\"\nname = \"b\"")), @r#"
sftp-okta.toml:2 is not valid TOML
cause: duplicate key
hint: correct the line; the README's table and examples/full.toml show the form of every key
at: sftp-okta.toml:2
"#);
}

#[test]
fn bucket_by_flag() {
    insta::assert_snapshot!(told(from_flags(&[("name", "demo"), ("okta-org", "acme.okta.com"), ("bucket", "s3://acme-files/in")])), @r#"
--bucket "s3://acme-files/in" is not an S3 bucket name
cause: a bucket name holds only lower-case letters, digits, dots and hyphens
hint: write the name alone: acme-files
at: --bucket
"#);
}

#[test]
fn admin_console() {
    insta::assert_snapshot!(told(from_flags(&[("name", "demo"), ("okta-org", "https://acme-admin.okta.com"), ("bucket", "acme-files")])), @r#"
--okta-org "https://acme-admin.okta.com" cannot be used as the Okta org
cause: acme-admin.okta.com is the admin console
hint: write https://acme.okta.com
at: --okta-org
"#);
}

#[test]
fn custom_domain() {
    insta::assert_snapshot!(told(from_file(&LEAST.replace("acme.okta.com", "login.acme.com"))), @r#"
okta.org_url "https://login.acme.com" cannot be used as the Okta org
cause: login.acme.com is outside okta.com
hint: if that is your Okta org's own domain, give --custom-domain or write custom_domain = true under [okta]; if not, write https://your-org.okta.com
at: sftp-okta.toml:3
"#);
}

#[test]
fn user_without_domain() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}[[access]]\nhome = \"/{{bucket}}/{{user}}\""))), @r#"
    access.home cannot be used as it is
    cause: the path "/{bucket}/{user}" holds {user}, which needs a login_domain
    hint: give --login-domain, write login_domain under [okta], or write {login} in the path
    at: sftp-okta.toml:7
    "#);
}

#[test]
fn policy_too_long() {
    let home = format!("home = \"/{{bucket}}/{}/{{login}}\"", "long".repeat(100));
    let error = from_file(&format!("{LEAST}[[access]]\n{home}")).unwrap_err();
    assert_eq!(error.message, "access.home cannot be used as it is");
    assert!(error.cause.is_some_and(|cause| cause.contains("could reach")));
    assert_eq!(error.hint.as_deref(), Some("shorten the paths, or write fewer folders"));
    assert_eq!(error.resource.as_deref(), Some("sftp-okta.toml:7"));
}

#[test]
fn not_a_number() {
    insta::assert_snapshot!(told(from_flags(&[("name", "demo"), ("okta-org", "acme.okta.com"), ("bucket", "acme-files"), ("log-retention-days", "ninety")])), @r#"
--log-retention-days "ninety" is not a whole number
cause: it must be digits alone
hint: write a number such as 90
at: --log-retention-days
"#);
}

#[test]
fn empty_access() {
    insta::assert_snapshot!(told(from_file(&format!("access = []\n{LEAST}"))), @r#"
access is empty
cause: nobody could sign in
hint: remove the line, or write one rule
at: sftp-okta.toml:1
"#);
}

#[test]
fn no_subnets() {
    insta::assert_snapshot!(told(from_file(&format!("{LEAST}[server]\nendpoint = {{ vpc = \"vpc-1a2b3c4d\" }}"))), @r#"
server.endpoint has no subnets
cause: a VPC endpoint lies in subnets
hint: write endpoint = "public", or endpoint = { vpc = "vpc-…", subnets = ["subnet-…"] }
at: sftp-okta.toml:7
"#);
}

#[test]
fn a_variable_is_named_in_its_error() {
    let given = Given { name: Some(Value::environment("name", "Demo")), ..Given::default() };
    insta::assert_snapshot!(told(resolve(&given, None)), @r#"
SFTP_OKTA_NAME "Demo" is not a deployment name
cause: it does not start with a lower-case letter
hint: write a name such as partners or partners-test-2
at: SFTP_OKTA_NAME
"#);
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let error =
        from_flags(&[("name", "demo"), ("okta-org", "https://me:secret@acme.okta.com"), ("bucket", "acme-files")]);
    assert!(!told(error).contains("secret"));
}
