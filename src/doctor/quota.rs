//! Quotas that can be read with what the other commands call anyway.

use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;
use aws_sdk_iam::types::SummaryKeyType;

use super::{Finding, Level};
use crate::stack;

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
    let (roles_now, stacks_now) = tokio::join!(roles_of(iam), stacks_of(cloudformation));
    vec![roles(roles_now), stacks(stacks_now)]
}

/// The account's roles, of which a stack makes some.
#[must_use]
pub fn roles(quota: Option<Quota>) -> Finding {
    match quota {
        Some(Quota { used, limit }) if limit - used < ROLES => Finding::new(
            "quota-roles",
            Level::Error,
            format!("{used} of {limit} IAM roles are used, and a stack makes {ROLES}"),
        )
        .remedy("ask AWS for a higher quota of roles, or delete some"),
        Some(Quota { used, limit }) => {
            Finding::new("quota-roles", Level::Ok, format!("{used} of {limit} IAM roles are used"))
        }
        None => Finding::new("quota-roles", Level::Info, "the quota of IAM roles could not be read")
            .remedy("grant iam:GetAccountSummary to have it checked"),
    }
}

/// The region's stacks. How many there are needs a right that how many there may be does not.
#[must_use]
pub fn stacks((used, limit): (Option<i32>, Option<i32>)) -> Finding {
    match (used, limit) {
        (Some(used), Some(limit)) if used >= limit => {
            Finding::new("quota-stacks", Level::Error, format!("{used} of {limit} stacks are used here"))
                .remedy("ask AWS for a higher quota of stacks, or delete some")
        }
        (Some(used), Some(limit)) => {
            Finding::new("quota-stacks", Level::Ok, format!("{used} of {limit} stacks are used here"))
        }
        (None, Some(limit)) => {
            Finding::new("quota-stacks", Level::Ok, format!("the account may have {limit} stacks here"))
        }
        (_, None) => Finding::new("quota-stacks", Level::Info, "the quota of stacks could not be read")
            .remedy("grant cloudformation:DescribeAccountLimits to have it checked"),
    }
}

async fn roles_of(client: &Iam) -> Option<Quota> {
    let summary = client.get_account_summary().send().await.ok()?.summary_map?;
    Some(Quota { used: *summary.get(&SummaryKeyType::Roles)?, limit: *summary.get(&SummaryKeyType::RolesQuota)? })
}

async fn stacks_of(client: &CloudFormation) -> (Option<i32>, Option<i32>) {
    let limit = async {
        let limits = client.describe_account_limits().send().await.ok()?.account_limits?;
        limits.into_iter().find(|limit| limit.name.as_deref() == Some("StackLimit"))?.value
    };
    let (used, limit) = tokio::join!(stack::describe_all(client), limit);
    (used.ok().and_then(|stacks| i32::try_from(stacks.len()).ok()), limit)
}

/// The account's servers here, of which a deployment needs one more unless it has its own.
#[must_use]
pub fn servers(count: usize, has_own: bool) -> Finding {
    if has_own || count < SERVERS {
        return Finding::new(
            "quota-servers",
            Level::Ok,
            format!("{count} of usually {SERVERS} Transfer servers are used"),
        );
    }
    let message = format!("there are {count} Transfer servers here, and the quota is {SERVERS} unless AWS raised it");
    Finding::new("quota-servers", Level::Warning, message)
        .remedy("look at the quota in Service Quotas, and ask for more")
}
