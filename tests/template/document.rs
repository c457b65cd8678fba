//! The template as data: CloudFormation's YAML short forms become the long ones, so that rules see one spelling only.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// Something a rule objects to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Logical id, output name or path.
    pub(crate) place: String,
    pub(crate) complaint: String,
}

pub(crate) fn finding(place: impl Into<String>, complaint: impl Into<String>) -> Finding {
    Finding { place: place.into(), complaint: complaint.into() }
}

pub(crate) type Rule = fn(&Value) -> Vec<Finding>;

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn path() -> PathBuf {
    repository().join("templates/identity-provider.yaml")
}

pub(crate) fn text() -> String {
    read(&path())
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn template() -> Value {
    parse(&text())
}

pub(crate) fn parse(text: &str) -> Value {
    long_form(serde_yaml_ng::from_str(text).expect("the template is YAML without duplicate keys"))
}

fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Number(value) => serde_json::to_value(value).expect("a YAML number is a JSON number"),
        Yaml::String(value) => json!(value),
        Yaml::Sequence(values) => values.into_iter().map(long_form).collect(),
        Yaml::Mapping(entries) => {
            let entry = |(key, value): (Yaml, _)| {
                let key = key.as_str().expect("a key is text");
                (key.to_owned(), long_form(value))
            };
            Value::Object(entries.into_iter().map(entry).collect())
        }
        Yaml::Tagged(tagged) => intrinsic(&tagged.tag.to_string(), long_form(tagged.value)),
    }
}

/// `!Ref x` is `{"Ref": x}`, `!Condition x` is `{"Condition": x}`, `!GetAtt a.b` is `{"Fn::GetAtt": [a, b]}`, any other
/// `!Name x` is `{"Fn::Name": x}` (CloudFormation template reference, intrinsic functions).
fn intrinsic(tag: &str, argument: Value) -> Value {
    let name = tag.trim_start_matches('!');
    let (key, argument) = match (name, &argument) {
        ("Ref" | "Condition", _) => (name.to_owned(), argument),
        ("GetAtt", Value::String(target)) => {
            let (resource, attribute) = target.split_once('.').expect("GetAtt names a resource and an attribute");
            ("Fn::GetAtt".to_owned(), json!([resource, attribute]))
        }
        _ => (format!("Fn::{name}"), argument),
    };
    Value::Object(Map::from_iter([(key, argument)]))
}

/// Resources of one type, with their logical ids.
pub(crate) fn resources<'t>(template: &'t Value, kind: &str) -> Vec<(&'t str, &'t Value)> {
    all_resources(template).into_iter().filter(|(_, resource)| resource["Type"] == kind).collect()
}

pub(crate) fn all_resources(template: &Value) -> Vec<(&str, &Value)> {
    entries(&template["Resources"])
}

/// The entries of an object; nothing for any other value.
pub(crate) fn entries(value: &Value) -> Vec<(&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect()
}

/// A list's items, or the value itself: IAM takes both.
pub(crate) fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value],
    }
}

/// What a value can be once its conditions are known: both arms of every `Fn::If`, without `AWS::NoValue`.
pub(crate) fn alternatives(value: &Value) -> Vec<&Value> {
    match value["Fn::If"].as_array().map(Vec::as_slice) {
        Some([_, yes, no]) => [alternatives(yes), alternatives(no)].concat(),
        _ if value["Ref"] == "AWS::NoValue" => Vec::new(),
        _ => vec![value],
    }
}

/// Every text in the value, with the keys that lead to it.
pub(crate) fn texts(value: &Value) -> Vec<(String, &str)> {
    let below = |key: &str, value| {
        let prefixed = |(path, text)| (format!("{key}/{path}"), text);
        texts(value).into_iter().map(prefixed).collect::<Vec<_>>()
    };
    match value {
        Value::String(text) => vec![(String::new(), text)],
        Value::Array(items) => items.iter().enumerate().flat_map(|(n, item)| below(&n.to_string(), item)).collect(),
        Value::Object(map) => map.iter().flat_map(|(key, item)| below(key, item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The real template satisfies the rule.
#[track_caller]
pub(crate) fn holds(rule: Rule) {
    let found = rule(&template());
    assert!(found.is_empty(), "the template breaks the rule: {found:#?}");
}

/// The rule notices the change. The change is made to the value at `pointer` (RFC 6901) below `Resources`.
#[track_caller]
pub(crate) fn catches(rule: Rule, pointer: &str, change: impl FnOnce(&mut Value)) {
    let original = template();
    let mut changed = original.clone();
    let pointer = format!("/Resources{pointer}");
    change(changed.pointer_mut(&pointer).unwrap_or_else(|| panic!("nothing at {pointer}")));
    assert!(changed != original, "the mutation at {pointer} changed nothing");
    assert!(rule(&original).is_empty(), "the rule objects to the real template already");
    assert!(!rule(&changed).is_empty(), "the rule did not notice the change at {pointer}");
}

/// A mutation that puts a value in place of another.
pub(crate) fn set(value: Value) -> impl FnOnce(&mut Value) {
    move |place| *place = value
}

/// A mutation that takes a key out of an object.
pub(crate) fn without(key: &'static str) -> impl FnOnce(&mut Value) {
    move |place| {
        place.as_object_mut().and_then(|map| map.remove(key)).unwrap_or_else(|| panic!("no key {key}"));
    }
}

#[test]
fn short_forms_become_long_forms() {
    let parsed = parse("{a: !GetAtt B.C.D, e: !If [F, !Ref G, !Sub 'h${I}'], j: !Not [!Condition K]}");
    let expected = json!({
        "a": {"Fn::GetAtt": ["B", "C.D"]},
        "e": {"Fn::If": ["F", {"Ref": "G"}, {"Fn::Sub": "h${I}"}]},
        "j": {"Fn::Not": [{"Condition": "K"}]},
    });
    assert_eq!(parsed, expected);
}
