//! The settings of a deployment, complete and valid.

use std::collections::BTreeMap;
use std::fmt;

use sftp_okta_lambda::settings::AccessRule;
pub use sftp_okta_lambda::settings::{Authentication, Okta, Throttle};

use crate::error::{Error, ErrorCode, Result};

/// Everything that decides what is deployed. Only [`resolve`](super::resolve) makes one, so what is here is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The deployment's name.
    pub name: String,
    /// The region; `None` leaves it to the SDK's own chain (`AWS_REGION`, the profile).
    pub region: Option<String>,
    /// The profile; `None` leaves it to the SDK's own chain.
    pub profile: Option<String>,
    /// The only account this may be deployed to, if one is named.
    pub account: Option<String>,
    /// The stack's name.
    pub stack_name: String,
    /// The user's tags, for the stack and the server. The tool's own are not among them.
    pub tags: BTreeMap<String, String>,
    /// Who signs in, and where.
    pub okta: Okta,
    /// How many failed tries the function lets through to Okta.
    pub throttle: Throttle,
    /// Where the files are.
    pub storage: Storage,
    /// The Transfer server.
    pub server: Server,
    /// The identity provider function.
    pub lambda: Lambda,
    /// The API between server and function.
    pub api: Api,
    /// Who is told when something is wrong, and whether a dashboard shows it.
    pub alarms: Alarms,
    /// The policy that bounds all roles of the stack.
    pub permissions_boundary: Option<String>,
    /// Whether the stack is protected against deletion. `false` leaves a protection as it is.
    pub termination_protection: bool,
    /// The bucket that takes the function's zip; `None` is the tool's own bucket of account and region.
    pub artifact_bucket: Option<String>,
    /// Who gets what: ordered, the first rule that matches decides.
    pub access: Vec<AccessRule>,
    /// Whether `access` is the default because nobody wrote a rule. `plan` says so aloud.
    pub access_by_default: bool,
    /// The rules, counted from 1, whose home gave way to their folders.
    pub replaced_homes: Vec<usize>,
}

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The bucket.
    pub bucket: String,
    /// Whether the stack makes the bucket.
    pub create_bucket: bool,
    /// The bucket that receives S3's access logs of the bucket that the stack makes.
    pub access_log_bucket: Option<String>,
    /// The key that encrypts the objects, if it is not S3's own.
    pub kms_key_arn: Option<String>,
}

/// The Transfer server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Which ciphers and key exchanges clients may use.
    pub security_policy: String,
    /// Where the server can be reached.
    pub endpoint: Endpoint,
    /// The name under which users know the server; shown in the console, the DNS record is theirs to make.
    pub hostname: Option<String>,
    /// Shown to clients before they sign in.
    pub banner: Option<String>,
    /// Faster listings for folders with many files.
    pub directory_listing_optimization: bool,
    /// What a client must present.
    pub authentication: Authentication,
    /// How the server asks the function.
    pub identity_provider: IdentityProvider,
}

/// Where the server can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// From the internet.
    Public,
    /// From inside a VPC, and from the internet where it has elastic IPs.
    Vpc {
        /// The VPC's id.
        vpc: String,
        /// The subnets' ids, at least one.
        subnets: Vec<String>,
        /// The security groups' ids; none means the VPC's default group.
        security_groups: Vec<String>,
        /// The allocation ids of elastic IPs, one for each subnet; none means that the VPC alone reaches the server.
        elastic_ips: Vec<String>,
    },
}

impl Endpoint {
    /// The allocation ids of its elastic IPs, in the order in which they are configured.
    #[must_use]
    pub fn elastic_ips(&self) -> &[String] {
        match self {
            Self::Public => &[],
            Self::Vpc { elastic_ips, .. } => elastic_ips,
        }
    }
}

/// How the server asks the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityProvider {
    /// Through API Gateway.
    ApiGateway,
    /// Directly.
    Lambda,
}

/// The identity provider function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lambda {
    /// The processor it runs on.
    pub architecture: Architecture,
    /// Executions set aside for the function; 0 sets none aside.
    pub reserved_concurrency: u32,
    /// How long its log is kept.
    pub log_retention_days: u32,
}

/// The processor the function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Intel and AMD, 64 bits.
    X86_64,
    /// ARM, 64 bits.
    Arm64,
}

impl Architecture {
    /// The word Lambda has for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The API between server and function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api {
    /// Whether the API refuses every caller but the invocation role, whatever other grants the account has.
    pub restrict_to_invocation_role: bool,
    /// Whether the stack makes the account-wide role with which API Gateway writes logs.
    pub create_log_role: bool,
    /// Sign-ins a second that the API lets through, over time.
    pub throttling_rate: u32,
    /// Sign-ins it lets through at once.
    pub throttling_burst: u32,
}

/// Who is told when something is wrong, and whether a dashboard shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarms {
    /// The SNS topic that the alarms tell; `None` tells nobody, and the alarms exist all the same.
    pub topic_arn: Option<String>,
    /// Whether the stack makes a dashboard.
    pub dashboard: bool,
}

/// What is enough to find a deployment: all that `status`, `logs` and `teardown` need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The deployment's name.
    pub name: String,
    /// The region; `None` leaves it to the SDK's own chain.
    pub region: Option<String>,
    /// The profile; `None` leaves it to the SDK's own chain.
    pub profile: Option<String>,
    /// The only account this may be, if one is named.
    pub account: Option<String>,
    /// The stack's name.
    pub stack_name: String,
    /// The bucket that takes the function's zip; `None` is the tool's own bucket of account and region.
    pub artifact_bucket: Option<String>,
}

impl Settings {
    /// What finds this deployment again.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            name: self.name.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            account: self.account.clone(),
            stack_name: self.stack_name.clone(),
            artifact_bucket: self.artifact_bucket.clone(),
        }
    }

    /// Whether this deployment only makes sense away from AWS: its Okta organisation is plain http on this machine, which
    /// a function at AWS cannot reach.
    #[must_use]
    pub fn needs_local_endpoint(&self) -> bool {
        self.okta.org_url.is_loopback()
    }

    /// Refuses an Okta organisation on this machine where the function would run at AWS. `endpoint` is what stands in
    /// for AWS.
    ///
    /// # Errors
    /// `Configuration`, before anything is made.
    pub fn guard_endpoint(&self, endpoint: Option<&str>) -> Result<()> {
        if endpoint.is_some() || !self.needs_local_endpoint() {
            return Ok(());
        }
        let org = self.okta.org_url.as_str();
        Err(Error::new(ErrorCode::Configuration, format!("the Okta organisation {org} cannot be reached from AWS"))
            .cause("it is on this machine, and the function that asks it runs at AWS")
            .hint("give the address of your organisation, https://your-org.okta.com, or set AWS_ENDPOINT_URL to a stand-in for AWS"))
    }

    /// The settings the function carries in its zip.
    #[must_use]
    pub fn function_settings(&self) -> sftp_okta_lambda::settings::Settings {
        sftp_okta_lambda::settings::Settings {
            schema: 1,
            okta: self.okta.clone(),
            authentication: self.server.authentication,
            throttle: self.throttle,
            bucket: self.storage.bucket.clone(),
            kms_key_arn: self.storage.kms_key_arn.clone(),
            access: self.access.clone(),
        }
    }

    /// The key prefix below which every home and folder lies: empty, or ending in `/`.
    #[must_use]
    pub fn user_prefix(&self) -> String {
        let mut prefixes = self.access.iter().flat_map(AccessRule::literal_prefixes);
        let first = prefixes.next().unwrap_or_default();
        prefixes.fold(first, |shared, prefix| shared_folder(&shared, &prefix))
    }
}

/// The longest folder that holds both prefixes.
fn shared_folder(left: &str, right: &str) -> String {
    let same = left.split_inclusive('/').zip(right.split_inclusive('/'));
    same.take_while(|(one, other)| one == other && one.ends_with('/')).map(|(one, _)| one).collect()
}
