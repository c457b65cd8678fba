//! The ids that CloudFormation makes up for resources without a name of their own.

use serde_json::Value;

use super::stack::StackResource;
use crate::clock::{lower, mixed, uuid};

/// Characters of the suffix.
const SUFFIX: usize = 12;

/// An id for a resource of a stack.
pub(super) fn made_up(stack: &str, resource: &StackResource) -> String {
    let logical = resource.logical_id.as_str();
    let short = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    match resource.kind.as_str() {
        "AWS::IAM::Policy" => format!("{}-{}-{}", short(stack, 4), short(logical, 4), mixed(SUFFIX)),
        "AWS::KMS::Key" => uuid(),
        "AWS::ApiGateway::RestApi" => lower(10),
        "AWS::ApiGateway::Resource" | "AWS::ApiGateway::Deployment" => lower(6),
        "AWS::ApiGateway::Method" => format!("{}-{}-{}", short(stack, 5), short(logical, 5), mixed(SUFFIX)),
        "AWS::ApiGateway::Stage" => {
            let name = resource.properties.get("StageName").and_then(Value::as_str);
            name.unwrap_or("default").into()
        }
        "AWS::S3::Bucket" => format!("{}-{}", start(stack, logical, 63), lower(SUFFIX)).to_lowercase(),
        "AWS::IAM::Role" | "AWS::Lambda::Function" => format!("{}-{}", start(stack, logical, 64), mixed(SUFFIX)),
        _ => format!("{}-{}", start(stack, logical, 255), mixed(SUFFIX)),
    }
}

/// What a name begins with that may have `longest` characters, the suffix included: stack and logical id, each cut to half
/// of the room where both need more than that. Several dashes in a row become one (cloudformation-cli-java-plugin,
/// `IdentifierUtils`).
fn start(stack: &str, logical: &str, longest: usize) -> String {
    let mut clean = String::new();
    for letter in stack.chars() {
        if letter != '-' || !clean.ends_with('-') {
            clean.push(letter);
        }
    }
    let room = longest - SUFFIX - 2;
    let (of_stack, of_logical) = (clean.chars().count(), logical.chars().count());
    let half = room / 2;
    let of_stack = of_stack.min(half.max(room.saturating_sub(of_logical)));
    let of_logical = of_logical.min(room - of_stack);
    let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    format!("{}-{}", cut(&clean, of_stack), cut(logical, of_logical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_and_logical_id_share_the_room() {
        let long = "sftp-okta-partners-of-the-northern-countries-2026";
        for (stack, logical, longest, expected) in [
            ("demo", "UserAccessRole", 64, "demo-UserAccessRole"),
            (long, "IdentityProviderFunctionRole", 64, "sftp-okta-partners-of-the-IdentityProviderFunctionR"),
            (long, "UserAccessRole", 64, "sftp-okta-partners-of-the-northern-c-UserAccessRole"),
            (
                "demo",
                "TransferSFTPCloudWatchLogsWriteLogsOfAllServersInHere",
                64,
                "demo-TransferSFTPCloudWatchLogsWriteLogsOfAllServer",
            ),
            (long, "ThrottlesAlarm", 255, "sftp-okta-partners-of-the-northern-countries-2026-ThrottlesAlarm"),
            ("a--b---c", "Role", 64, "a-b-c-Role"),
        ] {
            let found = start(stack, logical, longest);
            assert_eq!(found, expected);
            assert!(found.len() + 1 + SUFFIX <= longest, "{found}");
        }
    }
}
