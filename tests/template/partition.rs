//! The stack is the same in every partition: no partition, DNS suffix, Region or account is written out.

use serde_json::{Value, json};

use crate::document::{Finding, catches, finding, holds, set, texts};

/// Service principals keep the commercial name in every partition, unlike host names; CloudWatch Logs' does not.
const PRINCIPALS: [&str; 3] = ["transfer.amazonaws.com", "lambda.amazonaws.com", "apigateway.amazonaws.com"];

fn nothing_is_hard_coded(template: &Value) -> Vec<Finding> {
    let places = texts(&template["Resources"]).into_iter().chain(texts(&template["Outputs"]));
    let mut found = Vec::new();
    for (place, text) in places.filter(|(place, _)| !place.ends_with("/Description/")) {
        let principal = PRINCIPALS.contains(&text)
            && (place.ends_with("/Principal/Service/") || place.ends_with("Permission/Properties/Principal/"));
        if text.contains("amazonaws") && !principal {
            found.push(finding(&place, format!("a written-out DNS suffix: {text}")));
        }
        if text.starts_with("arn:") && !text.starts_with("arn:${AWS::Partition}:") {
            found.push(finding(&place, format!("a written-out partition: {text}")));
        }
        if text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 12) {
            found.push(finding(&place, format!("a written-out account: {text}")));
        }
        if ["us", "eu", "ap", "cn", "ca", "sa"].iter().any(|area| has_region(text, area)) {
            found.push(finding(&place, format!("a written-out Region: {text}")));
        }
    }
    found
}

/// Whether the text holds something like `eu-west-1`.
fn has_region(text: &str, area: &str) -> bool {
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.any(|word| {
        let parts: Vec<_> = word.split('-').collect();
        let number = parts.last().is_some_and(|last| last.len() == 1 && last.chars().all(|c| c.is_ascii_digit()));
        parts.first() == Some(&area) && parts.len() >= 3 && number
    })
}

#[test]
fn the_template_holds() {
    holds(nothing_is_hard_coded);
}

#[test]
fn a_written_out_suffix_partition_account_or_region_is_caught() {
    let url = "/TransferIdentityProviderRolePolicy/Properties/PolicyDocument/Statement/0/Resource";
    for text in [
        "https://${TransferIdentityProviderApi}.execute-api.${AWS::Region}.amazonaws.com/prod",
        "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*",
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:111122223333:*",
        "arn:${AWS::Partition}:execute-api:eu-west-1:${AWS::AccountId}:*",
    ] {
        catches(nothing_is_hard_coded, url, set(json!({ "Fn::Sub": text })));
    }
    let logs = "/EncryptionKey/Properties/KeyPolicy/Statement/1/Principal/Service";
    catches(nothing_is_hard_coded, logs, set(json!({"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"})));
}
