//! What a change set does to one resource, property by property.

use std::fmt::Write as _;

use aws_sdk_cloudformation::types::{Change, ResourceChangeDetail};
use serde::{Deserialize, Serialize};

use crate::progress::{Style, clean, shortened};

/// The most characters of a value that a person is shown; programs get all of it.
const LONGEST: usize = 100;
/// How much of what two long values have in common is shown before the place where they part.
const CONTEXT: usize = 20;
/// What CloudFormation writes for a value that only the operation will tell (User Guide, "View change sets").
const KNOWN_LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";
/// Types that are a permission themselves.
const PERMISSIONS: [&str; 3] = ["AWS::Lambda::Permission", "AWS::S3::BucketPolicy", "AWS::KMS::Grant"];
/// Properties that say who may do what, of types that are more than a permission.
const POLICIES: [&str; 5] = ["Policy", "KeyPolicy", "PolicyDocument", "Role", "AuthorizationType"];

/// A row of a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceChange {
    /// What happens.
    pub action: ResourceAction,
    /// The resource's name in the template.
    pub logical_id: String,
    /// Such as `AWS::IAM::Role`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The resource's own name or ARN, where it has one yet.
    pub physical_id: Option<String>,
    /// Whether it is made anew, under another id.
    pub replacement: Replacement,
    /// Whether the resource itself stays where the stack lets go of it.
    pub kept: bool,
    /// Whether it changes who may do what.
    pub iam: bool,
    /// Which of its properties change.
    pub properties: Vec<PropertyChange>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceAction {
    /// It is made.
    Add,
    /// It is changed or replaced.
    Modify,
    /// It leaves the stack.
    Remove,
    /// It exists, and becomes part of the stack.
    Import,
    /// Something that this version does not know.
    Other,
}

/// Whether a resource is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// It is changed in place.
    Never,
    /// That depends on a value that only the operation will tell.
    Conditional,
    /// It is replaced.
    Always,
}

/// One property of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyChange {
    /// Such as `/Properties/Code/S3Key`, or `Tags`.
    pub path: String,
    /// The value now, where CloudFormation gives it.
    pub before: Option<String>,
    /// The value then, where it is known.
    pub after: Option<String>,
    /// Whether this property replaces the resource.
    pub replacement: Replacement,
}

/// The row, if it is one of a resource.
pub(super) fn of_sdk(change: Change) -> Option<ResourceChange> {
    let change = change.resource_change?;
    let action = match change.action.as_ref().map_or("", |action| action.as_str()) {
        "Add" => ResourceAction::Add,
        "Modify" => ResourceAction::Modify,
        "Remove" => ResourceAction::Remove,
        "Import" => ResourceAction::Import,
        _ => ResourceAction::Other,
    };
    let replacement = match change.replacement.as_ref().map_or("", |replacement| replacement.as_str()) {
        "True" => Replacement::Always,
        "Conditional" => Replacement::Conditional,
        _ => Replacement::Never,
    };
    let policy = change.policy_action.as_ref().map_or("", |policy| policy.as_str());
    let properties = properties(change.details.unwrap_or_default());
    let resource_type = change.resource_type.unwrap_or_default();
    Some(ResourceChange {
        iam: is_iam(action, &resource_type, &properties),
        action,
        logical_id: change.logical_resource_id.unwrap_or_default(),
        resource_type,
        physical_id: change.physical_resource_id.filter(|id| !id.is_empty()),
        replacement,
        kept: matches!(policy, "Retain" | "ReplaceAndRetain"),
        properties,
    })
}

/// One entry a property: a property that changes for several reasons has several details.
fn properties(details: Vec<ResourceChangeDetail>) -> Vec<PropertyChange> {
    let mut properties: Vec<PropertyChange> = Vec::new();
    for target in details.into_iter().filter_map(|detail| detail.target) {
        let attribute = target.attribute.as_ref().map_or("", |attribute| attribute.as_str()).to_owned();
        let path = target.path.or(target.name.map(|name| format!("/Properties/{name}"))).unwrap_or(attribute);
        let replacement = match target.requires_recreation.as_ref().map_or("", |requires| requires.as_str()) {
            "Always" => Replacement::Always,
            "Conditionally" => Replacement::Conditional,
            _ => Replacement::Never,
        };
        match properties.iter_mut().find(|property| property.path == path) {
            Some(property) => {
                property.before = property.before.take().or(target.before_value);
                property.after = property.after.take().or(target.after_value);
                property.replacement = property.replacement.max(replacement);
            }
            None => properties.push(PropertyChange {
                path,
                before: target.before_value,
                after: target.after_value,
                replacement,
            }),
        }
    }
    properties.sort_by(|one, other| one.path.cmp(&other.path));
    properties
}

fn is_iam(action: ResourceAction, resource_type: &str, properties: &[PropertyChange]) -> bool {
    let is_permission = resource_type.starts_with("AWS::IAM::") || PERMISSIONS.contains(&resource_type);
    let touches = |property: &PropertyChange| match property.path.strip_prefix("/Properties/") {
        Some(rest) if is_permission => !rest.starts_with("Tags"),
        Some(rest) => rest.split('/').next().is_some_and(|name| POLICIES.contains(&name)),
        None => false,
    };
    match action {
        ResourceAction::Modify => properties.iter().any(touches),
        ResourceAction::Add | ResourceAction::Remove | ResourceAction::Import | ResourceAction::Other => is_permission,
    }
}

impl ResourceChange {
    /// What a person must not overlook about it, in a few words each.
    #[must_use]
    pub fn alarms(&self) -> Vec<&'static str> {
        let mut alarms = Vec::new();
        let replaced = match self.resource_type.as_str() {
            "AWS::ApiGateway::RestApi" => "REPLACED: a new API endpoint",
            "AWS::IAM::Role" => "REPLACED: a new role, with another ARN",
            "AWS::KMS::Key" => "REPLACED: a new key; what the old one encrypted needs the old one",
            "AWS::Logs::LogGroup" => "REPLACED: the old log is deleted",
            _ => "REPLACED",
        };
        match (self.action, self.replacement) {
            (ResourceAction::Modify, Replacement::Always) => alarms.push(replaced),
            (ResourceAction::Modify, Replacement::Conditional) => alarms.push("may be REPLACED"),
            (ResourceAction::Remove, _) if self.kept => alarms.push("left behind"),
            (ResourceAction::Remove, _) => alarms.push("DELETED"),
            (ResourceAction::Other, _) => alarms.push("this version does not know this change"),
            (ResourceAction::Add | ResourceAction::Modify | ResourceAction::Import, _) => {}
        }
        if self.iam {
            alarms.push("IAM");
        }
        alarms
    }

    /// The row as a person reads it, indented to stand below its stack.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let alarms = self.alarms();
        let mark = match (self.action, self.replacement) {
            (ResourceAction::Add, _) => style.good("+"),
            (ResourceAction::Import, _) => style.good("<"),
            (ResourceAction::Modify, Replacement::Always) => style.bad("±"),
            (ResourceAction::Modify | ResourceAction::Other, _) => style.running("~"),
            (ResourceAction::Remove, _) => style.bad("-"),
        };
        let mut text = format!("      {mark} {}  {}", clean(&self.logical_id), style.dim(&clean(self.short_type())));
        if !alarms.is_empty() {
            let _ = write!(text, "  {}", style.bad(&format!("! {}", alarms.join(", "))));
        }
        text.push('\n');
        for sentence in self.sentences() {
            let _ = writeln!(text, "          {}", style.dim(&sentence));
        }
        text
    }

    /// The type without the `AWS::` that all have.
    #[must_use]
    pub fn short_type(&self) -> &str {
        self.resource_type.strip_prefix("AWS::").unwrap_or(&self.resource_type)
    }

    /// What changes about a resource that stays, a property each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        match self.action {
            ResourceAction::Modify => self.properties.iter().map(PropertyChange::sentence).collect(),
            ResourceAction::Add | ResourceAction::Remove | ResourceAction::Import | ResourceAction::Other => Vec::new(),
        }
    }
}

impl PropertyChange {
    fn sentence(&self) -> String {
        let name = clean(self.path.strip_prefix("/Properties/").unwrap_or(&self.path));
        let values = match (&self.before, &self.after) {
            (None, None) => String::new(),
            (before, after) => {
                let (before, after) = (before.as_deref().map(readable), after.as_deref().map(readable));
                let parting = parting(before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
                let shown =
                    |value: Option<String>| value.map_or_else(|| "none".to_owned(), |value| cut(&value, parting));
                format!(": {} → {}", shown(before), shown(after))
            }
        };
        let replaces = if self.replacement == Replacement::Always { " (replaces it)" } else { "" };
        format!("{name}{values}{replaces}")
    }
}

fn readable(value: &str) -> String {
    shortened(&clean(&value.replace(KNOWN_LATER, "(known then)")))
}

/// Where to begin with two values, in characters, so that the place where they part is among what is shown of them.
fn parting(one: &str, other: &str) -> usize {
    if one.chars().count().max(other.chars().count()) <= LONGEST {
        return 0;
    }
    let common = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    common.saturating_sub(CONTEXT)
}

/// What of a value a person is shown, from a place on.
fn cut(value: &str, from: usize) -> String {
    let mut rest = value.chars().skip(from);
    let shown: String = rest.by_ref().take(LONGEST).collect();
    let (before, after) = (if from > 0 { "…" } else { "" }, if rest.next().is_some() { "…" } else { "" });
    format!("\"{before}{shown}{after}\"")
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        ChangeAction, PolicyAction, Replacement as SdkReplacement, RequiresRecreation, ResourceAttribute,
        ResourceChange as SdkChange, ResourceTargetDefinition,
    };

    use super::*;

    fn detail(path: &str, before: Option<&str>, after: Option<&str>, recreation: &str) -> ResourceChangeDetail {
        let target = ResourceTargetDefinition::builder()
            .attribute(ResourceAttribute::Properties)
            .path(path)
            .set_before_value(before.map(Into::into))
            .set_after_value(after.map(Into::into))
            .requires_recreation(RequiresRecreation::from(recreation))
            .build();
        ResourceChangeDetail::builder().target(target).build()
    }

    fn row(
        action: &str,
        kind: &str,
        id: &str,
        replacement: &str,
        policy: &str,
        details: Vec<ResourceChangeDetail>,
    ) -> ResourceChange {
        let change = SdkChange::builder()
            .action(ChangeAction::from(action))
            .resource_type(kind)
            .logical_resource_id(id)
            .physical_resource_id("p-1")
            .replacement(SdkReplacement::from(replacement))
            .policy_action(PolicyAction::from(policy))
            .set_details(Some(details))
            .build();
        of_sdk(Change::builder().resource_change(change).build()).unwrap()
    }

    fn rows() -> Vec<ResourceChange> {
        let code = vec![
            detail("/Properties/Code", Some(r#"{"S3Key":"a"}"#), Some(r#"{"S3Key":"b"}"#), "Never"),
            detail("/Properties/Code", None, None, "Never"),
        ];
        let renamed = vec![detail("/Properties/RoleName", Some("a"), Some("b"), "Always")];
        let api = vec![detail("/Properties/Name", Some("x"), Some(&"y".repeat(200)), "Always")];
        let tags = vec![detail("/Properties/Tags", Some("[]"), Some("[1]"), "Never")];
        let policy = vec![detail("/Properties/KeyPolicy", Some("{}"), Some(KNOWN_LATER), "Never")];
        vec![
            row("Add", "AWS::IAM::Role", "New", "", "", Vec::new()),
            row("Modify", "AWS::Lambda::Function", "Function", "False", "", code),
            row("Modify", "AWS::IAM::Role", "Renamed", "True", "ReplaceAndDelete", renamed),
            row("Modify", "AWS::IAM::Role", "Tagged", "False", "", tags),
            row("Modify", "AWS::ApiGateway::RestApi", "Api", "True", "ReplaceAndDelete", api),
            row("Modify", "AWS::ApiGateway::Stage", "Stage", "Conditional", "", Vec::new()),
            row("Modify", "AWS::KMS::Key", "Key", "False", "", policy),
            row("Remove", "AWS::S3::Bucket", "Bucket", "", "Retain", Vec::new()),
            row("Remove", "AWS::Logs::LogGroup", "Log", "", "Delete", Vec::new()),
            row("Import", "AWS::S3::Bucket", "Found", "", "", Vec::new()),
            row("Dynamic", "AWS::X::Y", "Odd\u{1b}[2J", "", "", Vec::new()),
        ]
    }

    #[test]
    fn what_must_not_be_overlooked_is_marked() {
        let text: String = rows().iter().map(|row| row.render(Style::new(false))).collect();
        insta::assert_snapshot!(text);
    }

    /// Policies are long and begin alike: what is shown of two of them must tell them apart.
    #[test]
    fn long_values_are_shown_where_they_part() {
        let policy = |action: &str, rest: usize| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Resource":"arn:aws:s3:::acme-partner-files/home/*","Action":"{action}"}}]}}{}"#,
                " ".repeat(rest)
            )
        };
        let property = |before: &str, after: &str| PropertyChange {
            path: "/Properties/PolicyDocument".into(),
            before: Some(before.into()),
            after: Some(after.into()),
            replacement: Replacement::Never,
        };
        insta::assert_snapshot!(property(&policy("s3:GetObject", 0), &policy("s3:*", 90)).sentence(), @r#"PolicyDocument: "…ome/*","Action":"s3:GetObject"}]}" → "…ome/*","Action":"s3:*"}]}""#);
        let long = property("one", &"é".repeat(101)).sentence();
        assert_eq!(long, format!("PolicyDocument: \"one\" → \"{}…\"", "é".repeat(100)));
        let digest = "0123456789abcdef".repeat(4);
        insta::assert_snapshot!(property(&format!("demo/{digest}.zip"), "none").sentence(), @r#"PolicyDocument: "demo/0123456789ab….zip" → "none""#);
    }

    #[test]
    fn a_row_survives_a_file() {
        for row in rows() {
            let text = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<ResourceChange>(&text).unwrap(), row);
        }
    }
}
