//! Every setting, as a flag.

use clap::Args;

/// Every setting, as a flag. The values are read by `settings`, so that all their errors look alike.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings (each also as SFTP_OKTA_<FLAG> and in the configuration file)")]
pub(super) struct SettingsArgs {
    /// The Okta organisation, such as https://acme.okta.com
    #[arg(long, value_name = "URL")]
    okta_org: Option<String>,
    /// The organisation's URL is a domain of its own, not one of Okta's
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    custom_domain: Option<String>,
    /// Appended to a user name without @
    #[arg(long, value_name = "DOMAIN")]
    login_domain: Option<String>,
    /// Whether Okta asks for a second factor: off, auto or required [default: off]
    #[arg(long, value_name = "WHEN")]
    mfa: Option<String>,
    /// Tell Okta the client's address
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    forward_source_ip: Option<String>,
    /// Failed tries a minute for one user name; 0 counts none [default: 5]
    #[arg(long, value_name = "COUNT")]
    throttle_per_user: Option<String>,
    /// Failed tries a minute from one address; 0 counts none [default: 30]
    #[arg(long, value_name = "COUNT")]
    throttle_per_source: Option<String>,
    /// How the server asks the function: api-gateway or lambda [default: api-gateway]
    #[arg(long, value_name = "HOW")]
    identity_provider: Option<String>,
    /// password, public-key, public-key-or-password or public-key-and-password [default: password]
    #[arg(long, value_name = "METHOD")]
    authentication: Option<String>,
    /// The bucket with the users' files
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Let the stack make that bucket: encrypted, private, versioned, kept on teardown
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    create_bucket: Option<String>,
    /// Bucket that receives the S3 access logs of the bucket that the stack makes
    #[arg(long, value_name = "BUCKET")]
    access_log_bucket: Option<String>,
    /// KMS key of the bucket
    #[arg(long, value_name = "ARN")]
    kms_key_arn: Option<String>,
    /// Where a user's files lie [default: /{bucket}/home/{login}]
    #[arg(long, value_name = "PATH")]
    home: Option<String>,
    /// read-only, write-only or read-write [default: read-write]
    #[arg(long, value_name = "RIGHTS")]
    permissions: Option<String>,
    /// Transfer security policy [default: TransferSecurityPolicy-2025-03]
    #[arg(long, value_name = "NAME")]
    security_policy: Option<String>,
    /// Host name under which users know the server
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
    /// x86_64 or arm64 [default: x86_64]
    #[arg(long, value_name = "ARCH")]
    architecture: Option<String>,
    /// How long logs are kept [default: 90]
    #[arg(long, value_name = "DAYS")]
    log_retention_days: Option<String>,
    /// Lambda executions set aside for sign-ins; 0 sets none aside [default: 0]
    #[arg(long, value_name = "COUNT")]
    reserved_concurrency: Option<String>,
    /// Refuse API callers other than the invocation role
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    restrict_to_invocation_role: Option<String>,
    /// Make the account-wide role with which API Gateway writes logs, where the account has none
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    create_api_gateway_log_role: Option<String>,
    /// SNS topic that the alarms tell
    #[arg(long, value_name = "ARN")]
    alarm_topic_arn: Option<String>,
    /// Policy that bounds every role of the stack
    #[arg(long, value_name = "ARN")]
    permissions_boundary: Option<String>,
    /// Protect the stack against deletion; only a person lifts that
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    termination_protection: Option<String>,
    /// A tag of stack and server; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    tag: Vec<String>,
}
