//! The keys of the configuration file, section by section, and those that this version does not support yet.

use super::document::Key::{self, Known, Later};

pub(super) const TOP: &[Key] = &[
    Known("name"),
    Known("region"),
    Known("profile"),
    Known("account"),
    Known("stack_name"),
    Known("permissions_boundary"),
    Known("artifact_bucket"),
    Known("tags"),
    Known("okta"),
    Known("storage"),
    Known("server"),
    Known("lambda"),
    Known("api"),
    Known("alarms"),
    Known("access"),
];

pub(super) const OKTA: &[Key] = &[
    Known("org_url"),
    Known("custom_domain"),
    Known("login_domain"),
    Known("mfa"),
    Later("mfa_methods", "remove the line: this version asks for no second factor"),
    Later("service_app", "remove the line: this version reads no groups, attributes or keys from Okta"),
    Later("ssh_keys_attribute", "remove the line: this version signs users in by password alone"),
];

pub(super) const STORAGE: &[Key] =
    &[Known("bucket"), Known("create_bucket"), Known("access_log_bucket"), Known("kms_key_arn")];

pub(super) const SERVER: &[Key] = &[
    Known("identity_provider"),
    Known("authentication"),
    Known("security_policy"),
    Known("endpoint"),
    Known("hostname"),
    Known("banner"),
    Known("directory_listing_optimization"),
];

pub(super) const ENDPOINT: &[Key] = &[
    Known("vpc"),
    Known("subnets"),
    Known("security_groups"),
    Later("elastic_ips", "remove it: this version makes a VPC endpoint that is reached from inside the VPC"),
];

pub(super) const LAMBDA: &[Key] = &[Known("architecture"), Known("reserved_concurrency"), Known("log_retention_days")];

pub(super) const API: &[Key] = &[
    Known("restrict_to_invocation_role"),
    Known("create_log_role"),
    Known("throttling_rate"),
    Known("throttling_burst"),
];

pub(super) const ALARMS: &[Key] = &[Known("topic_arn"), Known("dashboard")];

pub(super) const ACCESS: &[Key] = &[
    Known("home"),
    Known("permissions"),
    Later("groups", "remove the line: in this version one rule holds for everyone"),
    Later("users", "remove the line: in this version one rule holds for everyone"),
    Later("allow_from", "remove the line, and limit networks in the sign-on policy of Okta or with a VPC endpoint"),
    Later("ssh_keys", "remove the line: this version signs users in by password alone"),
    Later("folders", "remove the section: this version gives each user one home"),
];
