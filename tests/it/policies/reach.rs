//! The policies that `doctor` prints: that they reach what a stack really has, and what they say they leave out.

use serde_json::Value;

use crate::support::cli::{Cli, Ran};
use crate::support::sandbox_calls::OwnSandbox;

fn print(purpose: &str, more: &[&str]) -> Ran {
    let place = ["--region", "us-east-1", "--account", "000000000000", "--okta-org", "https://acme.okta.com"];
    let arguments: Vec<&str> = ["doctor", "--print-policy", purpose].into_iter().chain(place).collect();
    let ran = Cli::new().without("AWS_ACCESS_KEY_ID").run(&[&arguments[..], more].concat());
    ran.expect_code(0);
    ran
}

/// A text in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|left| (0..=left.len()).any(|cut| left.get(cut..).is_some_and(|left| fits(rest, left)))),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    let many = value.as_array().map_or_else(|| vec![value], |many| many.iter().collect());
    many.into_iter().filter_map(Value::as_str).collect()
}

fn reaches(policy: &Value, action: &str, resource: &str) -> bool {
    policy["Statement"].as_array().unwrap().iter().any(|statement| {
        texts(&statement["Action"]).contains(&action)
            && texts(&statement["Resource"]).iter().any(|pattern| fits(pattern, resource))
    })
}

/// What an element of an XML document holds.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    rest.split_once('<').unwrap().0
}

/// A resource's ARN, and an action on it of `deploy`, `status --drift` and `teardown`.
fn arn_and_actions(kind: &str, id: &str) -> Option<(String, [&'static str; 3])> {
    let arn = |service: &str, region: &str, account: &str, rest: &str| {
        format!("arn:aws:{service}:{region}:{account}:{rest}{id}")
    };
    let (region, account) = ("us-east-1", "000000000000");
    Some(match kind {
        "AWS::IAM::Role" => (arn("iam", "", account, "role/"), ["iam:CreateRole", "iam:GetRole", "iam:DeleteRole"]),
        "AWS::Lambda::Function" => (
            arn("lambda", region, account, "function:"),
            ["lambda:CreateFunction", "lambda:GetFunction", "lambda:DeleteFunction"],
        ),
        "AWS::Logs::LogGroup" => (
            arn("logs", region, account, "log-group:"),
            ["logs:CreateLogGroup", "logs:ListTagsForResource", "logs:DeleteLogGroup"],
        ),
        "AWS::CloudWatch::Alarm" => (
            arn("cloudwatch", region, account, "alarm:"),
            ["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"],
        ),
        "AWS::CloudWatch::Dashboard" => (
            arn("cloudwatch", "", account, "dashboard/"),
            ["cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"],
        ),
        "AWS::ApiGateway::RestApi" => {
            (arn("apigateway", region, "", "/restapis/"), ["apigateway:PATCH", "apigateway:GET", "apigateway:DELETE"])
        }
        _ => return None,
    })
}

/// Names that CloudFormation makes up, and those that the template gives, however long the deployment's name is and
/// whatever the stack is called.
#[test]
fn every_name_in_a_stack_is_one_that_the_policies_reach() {
    let long = "partners-of-the-northern-countries-2026a";
    assert_eq!(long.len(), 40);
    let sandbox = OwnSandbox::start("");
    for (name, stack) in [(long, None), ("demo", Some("acme--sftp-for-our-partners-of-the-north"))] {
        let target: Vec<&str> =
            ["--name", name].into_iter().chain(stack.into_iter().flat_map(|stack| ["--stack-name", stack])).collect();
        // The bucket outlives its deployment.
        let bucket = format!("files-of-{name}");
        let names = [&target[..], &["--bucket", &bucket]].concat();
        sandbox.change(&format!("deploy {}", names.join(" "))).expect_code(0);
        let policies = ["deploy", "status", "teardown"].map(|purpose| print(purpose, &names).json());
        let stack = stack.map_or_else(|| format!("sftp-okta-{name}"), ToOwned::to_owned);
        let resources = sandbox.cloudformation(&format!("Action=ListStackResources&StackName={stack}"));
        let mut seen = 0;
        for member in resources.split("<member>").skip(1) {
            let id = element(member, "PhysicalResourceId");
            let Some((arn, actions)) = arn_and_actions(element(member, "ResourceType"), id) else { continue };
            for (policy, action) in policies.iter().zip(actions) {
                assert!(reaches(policy, action, &arn), "{action} on {arn}");
            }
            if arn.contains(":role/") {
                assert!(reaches(&policies[0], "iam:PassRole", &arn), "{arn}");
            }
            seen += 1;
        }
        // Four roles, a function, three log groups, eight alarms, a dashboard, an API.
        assert_eq!(seen, 18, "{resources}");
        sandbox.change(&format!("teardown {}", target.join(" "))).expect_code(0);
    }
}

#[test]
fn what_a_policy_leaves_out_is_told() {
    let names = ["--name", "demo", "--bucket", "acme-files"];
    let warned = |purpose: &str, more: &[&str]| print(purpose, &[&names[..], more].concat()).stderr;
    let of_log_role = warned("deploy", &["--create-api-gateway-log-role"]);
    assert!(of_log_role.contains("create_log_role is not covered"), "{of_log_role}");
    assert!(of_log_role.contains("iam:AttachRolePolicy") && !of_log_role.contains("--delete-data"), "{of_log_role}");
    let of_data = warned("teardown", &["--create-bucket"]);
    assert!(of_data.contains("teardown --delete-data is not covered"), "{of_data}");
    assert!(of_data.contains("s3:DeleteObjectVersion"), "{of_data}");
    assert!(warned("deploy", &["--create-bucket"]).contains("--delete-data"));
    for purpose in ["deploy", "plan", "status", "teardown"] {
        let told = warned(purpose, &[]);
        assert!(!told.contains("not covered"), "{purpose}: {told}");
    }
}
