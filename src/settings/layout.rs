//! The keys of the configuration file, section by section.

pub(super) const TOP: &[&str] = &[
    "name",
    "region",
    "profile",
    "account",
    "stack_name",
    "permissions_boundary",
    "termination_protection",
    "artifact_bucket",
    "tags",
    "okta",
    "storage",
    "server",
    "lambda",
    "api",
    "alarms",
    "throttle",
    "access",
];

pub(super) const OKTA: &[&str] = &[
    "org_url",
    "custom_domain",
    "login_domain",
    "mfa",
    "mfa_methods",
    "service_app",
    "ssh_keys_attribute",
    "forward_source_ip",
    "aliases",
];

pub(super) const SERVICE_APP: &[&str] = &["client_id", "key_id", "private_key_secret"];

pub(super) const STORAGE: &[&str] = &["bucket", "create_bucket", "access_log_bucket", "kms_key_arn"];

pub(super) const SERVER: &[&str] = &[
    "identity_provider",
    "authentication",
    "security_policy",
    "endpoint",
    "hostname",
    "banner",
    "directory_listing_optimization",
];

pub(super) const ENDPOINT: &[&str] = &["vpc", "subnets", "security_groups", "elastic_ips"];

pub(super) const LAMBDA: &[&str] = &["architecture", "reserved_concurrency", "log_retention_days"];

pub(super) const API: &[&str] =
    &["restrict_to_invocation_role", "create_log_role", "throttling_rate", "throttling_burst"];

pub(super) const ALARMS: &[&str] = &["topic_arn", "dashboard"];
pub(super) const THROTTLE: &[&str] = &["per_user", "per_source"];

pub(super) const ACCESS: &[&str] =
    &["groups", "users", "allow_from", "protocols", "home", "permissions", "folders", "ssh_keys"];

pub(super) const FOLDERS: &[&str] = &["path", "target", "permissions"];
