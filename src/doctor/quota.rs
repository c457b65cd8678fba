//! Quotas that can be read with what the other commands call anyway.

use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;
use aws_sdk_iam::types::SummaryKeyType;

use super::{Finding, Level};

/// Servers of an account and region unless AWS raised it (Transfer Family endpoints and quotas, read in November 2026).
const SERVERS: usize = 50;
/// Roles that a stack makes.
const ROLES: i32 = 4;

/// A quota, and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How much is used.
    pub used: i32,
    /// How much there may be.
    pub limit: i32,
}

/// IAM's roles and CloudFormation's stacks, where they may be read.
pub async fn quotas(iam: &Iam, cloudformation: &CloudFormation) -> Vec<Finding> {
    let (roles, stacks) = tokio::join!(roles(iam), stack_limit(cloudformation));
    let roles = match roles {
        Some(roles) if roles.limit - roles.used < ROLES => Finding::new(
            "quota-roles",
            Level::Error,
            format!("{} of {} IAM roles are used, and a stack makes {ROLES}", roles.used, roles.limit),
        )
        .remedy("ask AWS for a higher quota of roles, or delete some"),
        Some(roles) => {
            Finding::new("quota-roles", Level::Ok, format!("{} of {} IAM roles are used", roles.used, roles.limit))
        }
        None => Finding::new("quota-roles", Level::Info, "the quota of IAM roles could not be read")
            .remedy("grant iam:GetAccountSummary to have it checked"),
    };
    let stacks = match stacks {
        Some(limit) => Finding::new("quota-stacks", Level::Ok, format!("the account may have {limit} stacks here")),
        None => Finding::new("quota-stacks", Level::Info, "the quota of stacks could not be read")
            .remedy("grant cloudformation:DescribeAccountLimits to have it checked"),
    };
    vec![roles, stacks]
}

async fn roles(client: &Iam) -> Option<Quota> {
    let summary = client.get_account_summary().send().await.ok()?.summary_map?;
    Some(Quota { used: *summary.get(&SummaryKeyType::Roles)?, limit: *summary.get(&SummaryKeyType::RolesQuota)? })
}

async fn stack_limit(client: &CloudFormation) -> Option<i32> {
    let limits = client.describe_account_limits().send().await.ok()?.account_limits?;
    limits.into_iter().find(|limit| limit.name.as_deref() == Some("StackLimit"))?.value
}

/// The account's servers here, of which a deployment needs one more unless it has its own.
#[must_use]
pub fn servers(count: usize, has_own: bool) -> Finding {
    if has_own || count < SERVERS {
        return Finding::new(
            "quota-servers",
            Level::Ok,
            format!("{count} Transfer servers of usually {SERVERS} are used"),
        );
    }
    let message = format!("there are {count} Transfer servers here, and the quota is {SERVERS} unless AWS raised it");
    Finding::new("quota-servers", Level::Warning, message)
        .remedy("look at the quota in Service Quotas, and ask for more")
}
