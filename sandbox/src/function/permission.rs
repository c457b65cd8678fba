//! Whether a service may call a function: AWS::Lambda::Permission.

use super::Invoker;
use crate::ACCOUNT;
use crate::policy;
use crate::resources::{Resource, Resources};

/// Whether one of the permissions of the function fits the caller.
pub(super) fn allows(resources: &Resources, function: &Resource, invoker: &Invoker<'_>) -> bool {
    resources.of_kind("AWS::Lambda::Permission").any(|permission| {
        let named = permission.text(&["FunctionName"]).unwrap_or_default();
        let of_function = named == function.physical_id || function.attribute("Arn") == Some(named);
        let action = permission.text(&["Action"]).unwrap_or_default();
        of_function
            && policy::matches(action, "lambda:InvokeFunction")
            && permission.text(&["Principal"]) == Some(invoker.service)
            && permission.text(&["SourceAccount"]).is_none_or(|account| account == ACCOUNT)
            && permission.text(&["SourceArn"]).is_none_or(|arn| policy::matches(arn, invoker.source_arn))
    })
}
