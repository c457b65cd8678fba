//! Constraints of the API model, and how the service says that one of them is broken.

use serde_json::Value;

use crate::aws::wire::Refusal;

/// InvalidRequestException.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidRequestException", message)
}

/// Refuses what does not hold.
pub(super) fn ensure(holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal()) }
}

/// Refuses a text of more characters.
pub(super) fn at_most(request: &Value, pointer: &str, limit: usize) -> Result<(), Refusal> {
    let length = request.pointer(pointer).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    ensure(length <= limit, || violated(pointer, &format!("Member must have length less than or equal to {limit}")))
}

/// Refuses any other value.
pub(super) fn one_of(request: &Value, pointer: &str, values: &[&str]) -> Result<(), Refusal> {
    let value = request.pointer(pointer).and_then(Value::as_str);
    ensure(value.is_none_or(|value| values.contains(&value)), || one_of_set(pointer, values))
}

/// The refusal of any other value.
pub(super) fn one_of_set(pointer: &str, values: &[&str]) -> Refusal {
    violated(pointer, &format!("Member must satisfy enum value set: [{}]", values.join(", ")))
}

/// The refusal of a text that does not match.
pub(super) fn pattern(pointer: &str, pattern: &str) -> Refusal {
    violated(pointer, &format!("Member must satisfy regular expression pattern: {pattern}"))
}

/// As the services write what breaks a rule of their model. The first letter of a member is small there.
pub(super) fn violated(pointer: &str, rule: &str) -> Refusal {
    let small = |name: &str| {
        let mut letters = name.chars();
        letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect::<String>()
    };
    let member = pointer.trim_start_matches('/').split('/').map(small).collect::<Vec<_>>().join(".");
    invalid(format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {rule}"))
}
