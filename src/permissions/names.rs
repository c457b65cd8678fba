//! What the statements name, and the ARNs made of it.

/// The tag that tells whose something is.
pub(super) const TAG: &str = "aws:ResourceTag/sftp-okta:deployment";
pub(super) const REQUEST_TAG: &str = "aws:RequestTag/sftp-okta:deployment";

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

    pub(super) fn roles(&self) -> Vec<String> {
        vec![self.iam(&format!("role/{}-*", self.stack))]
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

    pub(super) fn alarms(&self) -> Vec<String> {
        vec![self.arn("cloudwatch", &format!("alarm:{}-*", self.stack))]
    }

    pub(super) fn dashboards(&self) -> Vec<String> {
        vec![format!("arn:{}:cloudwatch::{}:dashboard/{}-*", self.partition, self.account, self.stack)]
    }

    pub(super) fn keys(&self) -> Vec<String> {
        vec![self.arn("kms", "key/*")]
    }
}
