//! The keys of the configuration file, section by section, and those that this version does not support yet.

use super::document::Key::{self, Known, Later};

pub(super) const TOP: &[Key] = &[
    Known("name"),
    Known("region"),
    Known("profile"),
    Known("account"),
    Known("stack_name"),
    Known("permissions_boundary"),
    Known("termination_protection"),
    Known("artifact_bucket"),
    Known("tags"),
    Known("okta"),
    Known("storage"),
    Known("server"),
    Known("lambda"),
    Known("api"),
    Known("alarms"),
    Known("throttle"),
    Known("access"),
];

pub(super) const OKTA: &[Key] = &[
    Known("org_url"),
    Known("custom_domain"),
    Known("login_domain"),
    Known("mfa"),
    Known("mfa_methods"),
    Known("service_app"),
    Known("ssh_keys_attribute"),
    Known("forward_source_ip"),
    Known("aliases"),
];

pub(super) const SERVICE_APP: &[Key] = &[Known("client_id"), Known("key_id"), Known("private_key_secret")];

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
pub(super) const THROTTLE: &[Key] = &[Known("per_user"), Known("per_source")];

pub(super) const ACCESS: &[Key] = &[
    Known("groups"),
    Known("users"),
    Known("allow_from"),
    Known("protocols"),
    Known("home"),
    Known("permissions"),
    Known("folders"),
    Known("ssh_keys"),
];

pub(super) const FOLDERS: &[Key] = &[Known("path"), Known("target"), Known("permissions")];
