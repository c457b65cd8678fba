//! Conditions of a statement (IAM User Guide, "Condition operators").

use std::net::IpAddr;

use serde_json::Value;

use super::pattern::{matches, matches_arn};
use super::{Context, texts};

/// One operator, one key, and the values it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

/// Reads the conditions of a statement; `None` for what is not such an element.
pub(super) fn read(element: Option<&Value>) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    let Some(element) = element else { return Some(conditions) };
    for (operator, keys) in element.as_object()? {
        for (key, values) in keys.as_object()? {
            let values = match values {
                Value::Bool(value) => vec![value.to_string()],
                Value::Number(value) => vec![value.to_string()],
                other => texts(other)?,
            };
            conditions.push(Condition { operator: operator.clone(), key: key.clone(), values });
        }
    }
    Some(conditions)
}

impl Condition {
    /// Whether it holds; `None` for an operator that is not known here.
    pub(super) fn holds(&self, context: &Context) -> Option<bool> {
        let (operator, set) = match self.operator.split_once(':') {
            Some(("ForAnyValue", operator)) => (operator, Some(false)),
            Some(("ForAllValues", operator)) => (operator, Some(true)),
            Some(_) => return None,
            None => (self.operator.as_str(), None),
        };
        let found = context.get(&self.key);
        if operator == "Null" {
            let should_be_absent = self.values.iter().any(|value| value == "true");
            return Some(found.is_none() == should_be_absent);
        }
        let (operator, if_exists) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let (compare, is_negated) = comparison(operator)?;
        let Some(found) = found else { return Some(if_exists || is_negated || set == Some(true)) };
        let is_one = |found: &String| {
            self.values.iter().any(|value| compare(&with_variables(value, context), found)) != is_negated
        };
        Some(match set {
            Some(true) => found.iter().all(is_one),
            Some(false) => found.iter().any(is_one),
            None if is_negated => found.iter().all(is_one),
            None => found.iter().any(is_one),
        })
    }
}

type Compare = fn(&str, &str) -> bool;

/// How values are compared, and whether the answer is turned round.
fn comparison(operator: &str) -> Option<(Compare, bool)> {
    let equal: Compare = |wanted, found| wanted == found;
    let same_letters: Compare = |wanted, found| wanted.eq_ignore_ascii_case(found);
    Some(match operator {
        "StringEquals" => (equal, false),
        "StringNotEquals" => (equal, true),
        "StringEqualsIgnoreCase" | "Bool" => (same_letters, false),
        "StringNotEqualsIgnoreCase" => (same_letters, true),
        "StringLike" => (matches, false),
        "StringNotLike" => (matches, true),
        "ArnEquals" | "ArnLike" => (matches_arn, false),
        "ArnNotEquals" | "ArnNotLike" => (matches_arn, true),
        "IpAddress" => (is_in_network, false),
        "NotIpAddress" => (is_in_network, true),
        _ => return None,
    })
}

/// Puts what is known of the request in the place of `${key}`. What is not known stays as it is, and matches nothing.
pub(super) fn with_variables(text: &str, context: &Context) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        result.push_str(before);
        match (name, context.get(name)) {
            ("*" | "?" | "$", _) => result.push_str(name),
            (_, Some([value])) => result.push_str(value),
            (_, _) => result.push_str(&format!("${{{name}}}")),
        }
        rest = behind;
    }
    result.push_str(rest);
    result
}

fn is_in_network(network: &str, address: &str) -> bool {
    let (base, length) = network.split_once('/').map_or((network, None), |(base, length)| (base, Some(length)));
    let (Ok(base), Ok(address)) = (base.parse::<IpAddr>(), address.parse::<IpAddr>()) else { return false };
    let (base, address, bits) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (u128::from(u32::from(base)), u128::from(u32::from(address)), 32),
        (IpAddr::V6(base), IpAddr::V6(address)) => (u128::from(base), u128::from(address), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let length = match length {
        None => bits,
        Some(length) => match length.parse::<u32>() {
            Ok(length) if length <= bits => length,
            Ok(_) | Err(_) => return false,
        },
    };
    let differing = base ^ address;
    differing.checked_shr(bits - length).unwrap_or(0) == 0
}
