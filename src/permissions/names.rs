//! What the statements name, and the ARNs made of it.

/// The tag that tells whose something is.
pub(super) const TAG: &str = "aws:ResourceTag/sftp-okta:deployment";
pub(super) const REQUEST_TAG: &str = "aws:RequestTag/sftp-okta:deployment";

/// How much of a stack's name is left at least in a name of 64 characters that CloudFormation makes up.
const SHORTEST_CUT: usize = 24;

pub(super) fn anywhere() -> Vec<String> {
    vec!["*".to_owned()]
}

/// What the statements name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Such as `aws`.
    pub partition: String,
    /// The account's id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The deployment's name.
    pub deployment: String,
    /// The stack's name.
    pub stack: String,
    /// The bucket with the function's zip and the lease.
    pub artifact_bucket: String,
    /// The users' bucket.
    pub bucket: String,
    /// Whether the stack makes that bucket.
    pub creates_bucket: bool,
    /// The policy that bounds the stack's roles.
    pub boundary: Option<String>,
}

impl Names {
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account)
    }

    pub(super) fn iam(&self, rest: &str) -> String {
        format!("arn:{}:iam::{}:{rest}", self.partition, self.account)
    }

    pub(super) fn s3(&self, rest: &str) -> String {
        format!("arn:{}:s3:::{rest}", self.partition)
    }

    pub(super) fn artifacts(&self) -> Vec<String> {
        vec![self.s3(&format!("{}/{}/*", self.artifact_bucket, self.deployment))]
    }

    pub(super) fn stacks(&self) -> Vec<String> {
        vec![self.arn("cloudformation", &format!("stack/{}/*", self.stack))]
    }

    pub(super) fn servers(&self) -> Vec<String> {
        vec![self.arn("transfer", "server/*")]
    }

    /// How the names begin that CloudFormation makes up for what is in the stack: with the stack's name, in which several
    /// dashes in a row become one, and which is cut where the whole would be too long. Half of what is left beside dashes
    /// and a suffix of 12 is the stack's then (cloudformation-cli-java-plugin, `IdentifierUtils`): of 64 characters 25, and
    /// one less is asked for here, since others divide the odd one otherwise.
    fn made_up(&self, is_cut: bool) -> String {
        let start = self.stack.split_once("--").map_or(self.stack.as_str(), |(start, _)| start);
        match start.get(..SHORTEST_CUT) {
            Some(cut) if is_cut && cut != start => format!("{cut}*"),
            Some(_) | None => format!("{start}-*"),
        }
    }

    /// The names of roles have at most 64 characters.
    pub(super) fn roles(&self) -> Vec<String> {
        vec![self.iam(&format!("role/{}", self.made_up(true)))]
    }

    pub(super) fn function(&self) -> Vec<String> {
        vec![self.arn("lambda", &format!("function:sftp-okta-{}", self.deployment))]
    }

    pub(super) fn apis(&self, more: &[&str]) -> Vec<String> {
        let arn = |rest: &str| format!("arn:{}:apigateway:{}::{rest}", self.partition, self.region);
        ["/restapis", "/restapis/*"].iter().chain(more).map(|rest| arn(rest)).collect()
    }

    pub(super) fn log_groups(&self) -> Vec<String> {
        let arn = |end: &str| self.arn("logs", &format!("log-group:/aws/*/sftp-okta-{}{end}", self.deployment));
        vec![arn(""), arn(":*")]
    }

    /// The names of alarms have at most 255 characters, into which a stack's always fit.
    pub(super) fn alarms(&self) -> Vec<String> {
        vec![self.arn("cloudwatch", &format!("alarm:{}", self.made_up(false)))]
    }

    /// Dashboards belong to no region, and this one's name says which it is of.
    pub(super) fn dashboards(&self) -> Vec<String> {
        let Self { partition, account, region, deployment, .. } = self;
        vec![format!("arn:{partition}:cloudwatch::{account}:dashboard/sftp-okta-{deployment}-{region}")]
    }

    pub(super) fn keys(&self) -> Vec<String> {
        vec![self.arn("kms", "key/*")]
    }
}
