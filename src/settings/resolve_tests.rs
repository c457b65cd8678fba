//! Whole configurations and what they resolve to.

use std::path::PathBuf;

use sftp_okta_lambda::permissions::Permissions;

use super::*;
use crate::error::Error;

pub(super) const LEAST: &str = r#"name = "partners"
[okta]
org_url = "https://acme.okta.com"
[storage]
bucket = "acme-files"
"#;

pub(super) fn file(text: &str) -> ConfigFile {
    ConfigFile { path: PathBuf::from("sftp-okta.toml"), text: text.to_owned() }
}

pub(super) fn from_file(text: &str) -> Result<Settings, Error> {
    resolve(&Given::default(), Some(&file(text)))
}

pub(super) fn from_flags(flags: &[(&str, &str)]) -> Result<Settings, Error> {
    resolve(&given(flags), None)
}

fn given(flags: &[(&str, &str)]) -> Given {
    let values =
        |flag: &str| flags.iter().filter(|(name, _)| *name == flag).map(|(_, text)| (*text).to_owned()).collect();
    Given::gather(values, |_| None)
}

#[test]
fn flags_alone_make_a_deployment() {
    let settings =
        from_flags(&[("name", "demo"), ("okta-org", "https://acme.okta.com"), ("bucket", "acme-files")]).unwrap();
    assert_eq!(settings.stack_name, "sftp-okta-demo");
    assert_eq!(settings.okta.org_url.as_str(), "https://acme.okta.com");
    assert_eq!(settings.server.security_policy, "TransferSecurityPolicy-2025-03");
    assert_eq!(settings.server.endpoint, Endpoint::Public);
    assert!(settings.server.directory_listing_optimization);
    let lambda = Lambda { architecture: Architecture::X86_64, reserved_concurrency: 0, log_retention_days: 90 };
    assert_eq!(settings.lambda, lambda);
    assert!(settings.access_by_default);
    assert_eq!(settings.user_prefix(), "home/");
    assert_eq!(settings.region, None);
    insta::assert_snapshot!(settings.function_settings().to_json(), @r#"
    {
      "schema": 1,
      "okta": {
        "org_url": "https://acme.okta.com",
        "login_domain": null,
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
          "home": "/{bucket}/home/{login}",
          "permissions": "read-write"
        }
      ]
    }
    "#);
}

#[test]
fn a_file_may_say_everything() {
    let settings = from_file(
        r#"
name = "partners"
region = "eu-west-1"
profile = "prod"
account = "111122223333"
stack_name = "Acme-Sftp"
permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
termination_protection = true
artifact_bucket = "acme-artifacts"
[tags]
team = "data"
[okta]
org_url = "https://Login.Acme.com/"
custom_domain = true
login_domain = "Acme.com"
mfa = "off"
[storage]
bucket = "acme-files"
create_bucket = true
access_log_bucket = "acme-logs"
kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
[server]
identity_provider = "api-gateway"
authentication = "password"
security_policy = "TransferSecurityPolicy-FIPS-2025-03"
endpoint = { vpc = "vpc-1a2b3c4d", subnets = ["subnet-1a2b3c4d"], security_groups = ["sg-1a2b3c4d"] }
hostname = "sftp.acme.com"
banner = "Welcome"
directory_listing_optimization = false
[lambda]
architecture = "arm64"
reserved_concurrency = 5
log_retention_days = 365
[api]
restrict_to_invocation_role = true
create_log_role = true
throttling_rate = 5
throttling_burst = 10
[alarms]
topic_arn = "arn:aws:sns:eu-west-1:111122223333:ops"
dashboard = false
[[access]]
home = "/{bucket}/partners/{user}"
permissions = "write-only"
"#,
    )
    .unwrap();
    insta::assert_debug_snapshot!(settings, @r#"
    Settings {
        name: "partners",
        region: Some(
            "eu-west-1",
        ),
        profile: Some(
            "prod",
        ),
        account: Some(
            "111122223333",
        ),
        stack_name: "Acme-Sftp",
        tags: {
            "team": "data",
        },
        okta: Okta {
            org_url: OrgUrl(
                "https://login.acme.com",
            ),
            login_domain: Some(
                "acme.com",
            ),
            mfa: Off,
            mfa_methods: [],
            service_app: None,
            ssh_keys_attribute: None,
            forward_source_ip: false,
            aliases: {},
        },
        throttle: Throttle {
            per_user: 5,
            per_source: 30,
        },
        storage: Storage {
            bucket: "acme-files",
            create_bucket: true,
            access_log_bucket: Some(
                "acme-logs",
            ),
            kms_key_arn: Some(
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
            ),
        },
        server: Server {
            security_policy: "TransferSecurityPolicy-FIPS-2025-03",
            endpoint: Vpc {
                vpc: "vpc-1a2b3c4d",
                subnets: [
                    "subnet-1a2b3c4d",
                ],
                security_groups: [
                    "sg-1a2b3c4d",
                ],
                elastic_ips: [],
            },
            hostname: Some(
                "sftp.acme.com",
            ),
            banner: Some(
                "Welcome",
            ),
            directory_listing_optimization: false,
            authentication: Password,
            identity_provider: ApiGateway,
        },
        lambda: Lambda {
            architecture: Arm64,
            reserved_concurrency: 5,
            log_retention_days: 365,
        },
        api: Api {
            restrict_to_invocation_role: true,
            create_log_role: true,
            throttling_rate: 5,
            throttling_burst: 10,
        },
        alarms: Alarms {
            topic_arn: Some(
                "arn:aws:sns:eu-west-1:111122223333:ops",
            ),
            dashboard: false,
        },
        permissions_boundary: Some(
            "arn:aws:iam::111122223333:policy/boundary",
        ),
        termination_protection: true,
        artifact_bucket: Some(
            "acme-artifacts",
        ),
        access: [
            AccessRule {
                groups: [],
                users: [],
                allow_from: [],
                protocols: [],
                home: Some(
                    HomeTemplate(
                        Template {
                            text: "/{bucket}/partners/{user}",
                            segments: [
                                Segment {
                                    before: "partners",
                                    placeholder: None,
                                    after: "",
                                },
                                Segment {
                                    before: "",
                                    placeholder: Some(
                                        User,
                                    ),
                                    after: "",
                                },
                            ],
                        },
                    ),
                ),
                permissions: WriteOnly,
                folders: [],
                ssh_keys: [],
            },
        ],
        access_by_default: false,
        replaced_homes: [],
    }
    "#);
    assert_eq!(settings.user_prefix(), "partners/");
    assert_eq!(settings.target().stack_name, "Acme-Sftp");
}

#[test]
fn an_okta_organisation_on_this_machine_needs_a_stand_in_for_aws() {
    let settings = |org| from_flags(&[("name", "demo"), ("okta-org", org), ("bucket", "acme-files")]).unwrap();
    let local = settings("http://127.0.0.1:8080");
    assert!(local.needs_local_endpoint());
    assert!(local.guard_endpoint(Some("http://127.0.0.1:4566")).is_ok());
    let error = local.guard_endpoint(None).unwrap_err();
    assert_eq!(error.code, crate::error::ErrorCode::Configuration);
    assert_eq!(error.message, "the Okta organisation http://127.0.0.1:8080 cannot be reached from AWS");
    let real = settings("https://acme.okta.com");
    assert!(!real.needs_local_endpoint() && real.guard_endpoint(None).is_ok());
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let mut given = given(&[("bucket", "from-flag")]);
    given.name = Some(Value::environment("name", "from-variable"));
    let text = format!("region = \"eu-west-1\"\n{LEAST}");
    let settings = resolve(&given, Some(&file(&text))).unwrap();
    assert_eq!((settings.name.as_str(), settings.storage.bucket.as_str()), ("from-variable", "from-flag"));
    assert_eq!(settings.region.as_deref(), Some("eu-west-1"));
    let given = Given { home: Some(Value::flag("home", "/{bucket}/x/{login}")), ..Given::default() };
    let text = format!("{LEAST}[[access]]\nhome = \"/{{bucket}}/y/{{login}}\"\npermissions = \"read-only\"\n");
    let settings = resolve(&given, Some(&file(&text))).unwrap();
    assert_eq!(settings.user_prefix(), "x/");
    assert_eq!(settings.access.first().map(|rule| rule.permissions), Some(Permissions::ReadOnly));
    assert!(!settings.access_by_default);
}

#[test]
fn tags_of_flags_are_added_to_those_of_the_file() {
    let given = given(&[("tag", "team=ops"), ("tag", "stage=prod")]);
    let settings = resolve(&given, Some(&file(&format!("{LEAST}[tags]\nteam = \"data\"\ncost = \"1\"\n")))).unwrap();
    let tags: Vec<(&str, &str)> = settings.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("cost", "1"), ("stage", "prod"), ("team", "ops")]);
}

#[test]
fn a_target_needs_no_more_than_a_name() {
    let target = resolve_target(&given(&[("name", "demo"), ("region", "eu-west-1")]), None).unwrap();
    assert_eq!((target.stack_name.as_str(), target.region.as_deref()), ("sftp-okta-demo", Some("eu-west-1")));
    let whole = from_file(LEAST).unwrap();
    assert_eq!(resolve_target(&Given::default(), Some(&file(LEAST))).unwrap(), whole.target());
    assert!(resolve_target(&Given::default(), None).is_err());
}

#[test]
fn user_prefixes() {
    for (home, prefix) in [
        ("/{bucket}/home/{login}", "home/"),
        ("/{bucket}/{login}", ""),
        ("/{bucket}/a/b/{login}/in", "a/b/"),
        ("/{bucket}/a/team-{login}", "a/"),
    ] {
        let given = Given { home: Some(Value::flag("home", home)), ..Given::default() };
        assert_eq!(resolve(&given, Some(&file(LEAST))).unwrap().user_prefix(), prefix);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = from_file(&text);
        let _ = from_file(&format!("{LEAST}{text}"));
        let _ = from_flags(&[("name", &text), ("bucket", &text), ("okta-org", &text)]);
    }

    #[test]
    fn no_value_makes_it_panic(
        key in "name|region|account|okta.org_url|storage.bucket|server.endpoint|access|tags|lambda.log_retention_days",
        value in "\"[^\"\\\\\\\\]*\"|-?[0-9]{1,12}|true|\\[\\]|\\[\\{\\}\\]|\\{\\}|[0-9]\\.[0-9]|2025-01-01",
    ) {
        if let Err(error) = from_file(&format!("{key} = {value}\n")) {
            proptest::prop_assert!(error.resource.is_some());
        }
    }
}

/// Everything that the full example says, resolved.
#[test]
fn the_full_example() {
    let file = ConfigFile { path: "full.toml".into(), text: include_str!("../../examples/full.toml").to_owned() };
    insta::assert_debug_snapshot!(resolve(&Given::default(), Some(&file)).unwrap());
}
