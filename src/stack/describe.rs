//! Reading a stack: one call, one struct of ours.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::TemplateStage;

use super::outputs::LOGGING_ROLE;
use super::status::{Blocked, StackStatus};
use crate::aws::{Refusal, failure, refusal};
use crate::error::{Error, ErrorCode, Result};

/// A stack as CloudFormation describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The name.
    pub name: String,
    /// The ARN. Names are used again after a deletion, ARNs never.
    pub arn: String,
    /// The status.
    pub status: StackStatus,
    /// Why it has that status, where CloudFormation says.
    pub reason: Option<String>,
    /// Parameter values as last deployed.
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Outputs as last deployed. After a failed update these are the old ones.
    pub outputs: BTreeMap<String, String>,
    /// Whether DeleteStack is refused.
    pub termination_protection: bool,
    /// When the last update began, in milliseconds since 1970; `None` before the first one.
    pub last_updated: Option<i64>,
}

impl Stack {
    /// The error of a stack whose status needs a person first.
    #[must_use]
    pub fn stopped(&self, blocked: &Blocked) -> Error {
        Error::new(ErrorCode::StackFailed, format!("stack {} is in {}", self.name, self.status))
            .cause(self.with_reason(blocked.why))
            .hint(blocked.next.replace("{stack}", &self.name))
            .resource(self.arn.clone())
    }

    /// The role that it made for its server's logs.
    #[must_use]
    pub fn logging_role(&self) -> Option<&str> {
        self.outputs.get(LOGGING_ROLE).map(String::as_str)
    }

    /// What the status means, and CloudFormation's own word on it where there is one.
    fn with_reason(&self, why: &str) -> String {
        match self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
            Some(reason) => format!("{why}: {reason}"),
            None => why.to_owned(),
        }
    }
}

/// Describes the stack called `name_or_arn`; `None` when there is none.
///
/// A deleted stack is found by its ARN only, in status DELETE_COMPLETE.
///
/// # Errors
/// What CloudFormation says. Lacking the permission is not "there is none".
pub async fn describe(client: &Client, name_or_arn: &str) -> Result<Option<Stack>> {
    let answer = match client.describe_stacks().stack_name(name_or_arn).send().await {
        Ok(answer) => answer,
        Err(error) => {
            return match refusal(&error) {
                Some(refusal) if is_missing(&refusal) => Ok(None),
                Some(_) | None => Err(failure(&format!("could not describe stack {name_or_arn}"), &error)),
            };
        }
    };
    let Some(stack) = answer.stacks.unwrap_or_default().into_iter().next() else {
        return Err(Error::new(ErrorCode::Service, format!("DescribeStacks returned no stack for {name_or_arn}")));
    };
    Ok(Some(from_sdk(stack)))
}

/// Describes every stack of the account and region that is not deleted.
///
/// # Errors
/// What CloudFormation says.
pub async fn describe_all(client: &Client) -> Result<Vec<Stack>> {
    let mut stacks = Vec::new();
    let mut pages = client.describe_stacks().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("could not list the stacks of the account", &error))?;
        stacks.extend(page.stacks.unwrap_or_default().into_iter().map(from_sdk));
    }
    Ok(stacks)
}

fn from_sdk(stack: aws_sdk_cloudformation::types::Stack) -> Stack {
    let name = stack.stack_name.unwrap_or_default();
    Stack {
        arn: stack.stack_id.unwrap_or_else(|| name.clone()),
        name,
        status: StackStatus::parse(stack.stack_status.as_ref().map_or("", |status| status.as_str())),
        reason: stack.stack_status_reason,
        parameters: pairs(stack.parameters, |parameter| (parameter.parameter_key, parameter.parameter_value)),
        tags: pairs(stack.tags, |tag| (tag.key, tag.value)),
        outputs: pairs(stack.outputs, |output| (output.output_key, output.output_value)),
        termination_protection: stack.enable_termination_protection.unwrap_or(false),
        last_updated: stack.last_updated_time.and_then(|time| time.to_millis().ok()),
    }
}

/// The template as it was submitted at the last successful deployment; `None` where there is none to show, as for a stack
/// that never got beyond its first change set.
///
/// # Errors
/// What CloudFormation says.
pub async fn deployed_template(client: &Client, stack_arn: &str) -> Result<Option<String>> {
    match client.get_template().stack_name(stack_arn).template_stage(TemplateStage::Original).send().await {
        Ok(answer) => Ok(answer.template_body),
        Err(error) => match refusal(&error) {
            // The service's words for it are not documented; what is wrong with a call that names a stack by its ARN is
            // always that.
            Some(refusal) if refusal.code == "ValidationError" => Ok(None),
            Some(_) | None => Err(failure(&format!("could not read the template of stack {stack_arn}"), &error)),
        },
    }
}

/// CloudFormation has no error of its own for a missing stack: it is a ValidationError that says so.
pub(super) fn is_missing(refusal: &Refusal) -> bool {
    refusal.code == "ValidationError" && refusal.message.contains("does not exist")
}

fn pairs<T>(items: Option<Vec<T>>, pair: impl Fn(T) -> (Option<String>, Option<String>)) -> BTreeMap<String, String> {
    items
        .unwrap_or_default()
        .into_iter()
        .map(pair)
        .filter_map(|(key, value)| Some((key?, value.unwrap_or_default())))
        .collect()
}
