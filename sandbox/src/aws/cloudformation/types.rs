//! The resource types there are, and what each property of them does on update (CloudFormation's template reference).

mod properties;

use serde_json::Value;

use super::references;
use super::template::{Template, format_error};
use crate::aws::wire::Refusal;

/// A resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Type {
    /// Such as `AWS::IAM::Role`.
    pub(super) name: &'static str,
    /// What has to be there.
    pub(super) required: &'static [&'static str],
    /// "Update requires: Replacement".
    pub(super) replaced_by: &'static [&'static str],
    /// What `Fn::GetAtt` may ask for.
    pub(super) attributes: &'static [&'static str],
    /// The property that names it, where a person may choose the name.
    pub(super) named_by: Option<&'static str>,
    /// Whether the stack's tags become its own.
    pub(super) tagged: bool,
}

const TYPES: [Type; 16] = [
    Type {
        name: "AWS::IAM::Role",
        required: &["AssumeRolePolicyDocument"],
        replaced_by: &["RoleName", "Path"],
        attributes: &["Arn", "RoleId"],
        named_by: Some("RoleName"),
        tagged: true,
    },
    Type {
        name: "AWS::IAM::Policy",
        required: &["PolicyName", "PolicyDocument"],
        replaced_by: &[],
        attributes: &["Id"],
        named_by: None,
        tagged: false,
    },
    Type {
        name: "AWS::KMS::Key",
        required: &[],
        replaced_by: &["Origin"],
        attributes: &["Arn", "KeyId"],
        named_by: None,
        tagged: true,
    },
    Type {
        name: "AWS::Logs::LogGroup",
        required: &[],
        replaced_by: &["LogGroupName"],
        attributes: &["Arn"],
        named_by: Some("LogGroupName"),
        tagged: true,
    },
    Type {
        name: "AWS::Lambda::Function",
        required: &["Code", "Role"],
        replaced_by: &["FunctionName", "PackageType"],
        attributes: &["Arn"],
        named_by: Some("FunctionName"),
        tagged: true,
    },
    Type {
        name: "AWS::Lambda::Permission",
        required: &["Action", "FunctionName", "Principal"],
        replaced_by: &[
            "Action",
            "FunctionName",
            "Principal",
            "SourceArn",
            "SourceAccount",
            "EventSourceToken",
            "FunctionUrlAuthType",
            "PrincipalOrgID",
        ],
        attributes: &["Id"],
        named_by: None,
        tagged: false,
    },
    Type {
        name: "AWS::ApiGateway::RestApi",
        required: &[],
        replaced_by: &[],
        attributes: &["RootResourceId", "RestApiId"],
        named_by: None,
        tagged: true,
    },
    Type {
        name: "AWS::ApiGateway::Resource",
        required: &["RestApiId", "ParentId", "PathPart"],
        replaced_by: &["RestApiId", "ParentId", "PathPart"],
        attributes: &["ResourceId"],
        named_by: None,
        tagged: false,
    },
    Type {
        name: "AWS::ApiGateway::Method",
        required: &["RestApiId", "ResourceId", "HttpMethod"],
        replaced_by: &["RestApiId", "ResourceId", "HttpMethod"],
        attributes: &[],
        named_by: None,
        tagged: false,
    },
    Type {
        name: "AWS::ApiGateway::Deployment",
        required: &["RestApiId"],
        replaced_by: &["RestApiId", "DeploymentCanarySettings"],
        attributes: &["DeploymentId"],
        named_by: None,
        tagged: false,
    },
    Type {
        name: "AWS::ApiGateway::Stage",
        required: &["RestApiId"],
        replaced_by: &["RestApiId", "StageName"],
        attributes: &[],
        named_by: None,
        tagged: true,
    },
    Type {
        name: "AWS::ApiGateway::Account",
        required: &[],
        replaced_by: &[],
        attributes: &["Id"],
        named_by: None,
        tagged: false,
    },
    Type {
        name: "AWS::CloudWatch::Alarm",
        required: &["ComparisonOperator", "EvaluationPeriods"],
        replaced_by: &["AlarmName"],
        attributes: &["Arn"],
        named_by: Some("AlarmName"),
        tagged: true,
    },
    Type {
        name: "AWS::CloudWatch::Dashboard",
        required: &["DashboardBody"],
        replaced_by: &["DashboardName"],
        attributes: &[],
        named_by: Some("DashboardName"),
        tagged: false,
    },
    Type {
        name: "AWS::S3::Bucket",
        required: &[],
        replaced_by: &["BucketName"],
        attributes: &["Arn", "DomainName", "RegionalDomainName", "DualStackDomainName", "WebsiteURL"],
        named_by: Some("BucketName"),
        tagged: true,
    },
    Type {
        name: "AWS::S3::BucketPolicy",
        required: &["Bucket", "PolicyDocument"],
        replaced_by: &["Bucket"],
        attributes: &[],
        named_by: Some("Bucket"),
        tagged: false,
    },
];

/// A type by its name.
pub(super) fn of(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|known| known.name == name)
}

/// The names of all types.
pub(crate) fn type_names() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|known| known.name)
}

/// Whether a change of this property makes a new resource.
pub(super) fn replaces(kind: &str, property: &str) -> bool {
    of(kind).is_some_and(|known| known.replaced_by.contains(&property))
}

/// Whether the stack's tags become the resource's own.
pub(super) fn is_tagged(kind: &str) -> bool {
    of(kind).is_some_and(|known| known.tagged)
}

/// Refuses types that there are not, properties that are missing or that a type does not have, and attributes that it does
/// not have.
pub(super) fn check(template: &Template) -> Result<(), Refusal> {
    let unknown: Vec<_> = template
        .resources
        .values()
        .filter(|declared| of(&declared.kind).is_none())
        .map(|declared| declared.kind.as_str())
        .collect();
    if !unknown.is_empty() {
        return Err(format_error(&format!("Unrecognized resource types: [{}]", unknown.join(", "))));
    }
    for (id, declared) in &template.resources {
        let known = of(&declared.kind).map(|known| known.required).unwrap_or_default();
        if let Some(missing) = known.iter().find(|name| declared.properties.get(**name).is_none()) {
            return Err(Refusal::validation(format!(
                "Properties validation failed for resource {id} with message: [#: required key [{missing}] not found]"
            )));
        }
        let has = properties::of(&declared.kind);
        let mut given = declared.properties.as_object().into_iter().flat_map(serde_json::Map::keys);
        if let Some(extraneous) = given.find(|name| !has.contains(&name.as_str())) {
            return Err(Refusal::validation(format!(
                "Properties validation failed for resource {id} with message: [#: extraneous key [{extraneous}] is not \
                 permitted]"
            )));
        }
        for reference in references::of(&declared.properties, None) {
            let (Some(attribute), Some(target)) = (&reference.attribute, template.resources.get(&reference.name))
            else {
                continue;
            };
            if !of(&target.kind).is_some_and(|known| known.attributes.contains(&attribute.as_str())) {
                return Err(Refusal::validation(format!(
                    "Template error: resource {} does not support attribute type {attribute} in Fn::GetAtt",
                    reference.name
                )));
            }
        }
    }
    Ok(())
}

/// The capabilities that a template needs, and those that were given.
pub(super) fn check_capabilities(template: &Template, given: &[String]) -> Result<(), Refusal> {
    let Some((needed, _)) = capabilities(template) else { return Ok(()) };
    let suffices = |given: &String| given == needed || given == "CAPABILITY_NAMED_IAM";
    if given.iter().any(suffices) {
        return Ok(());
    }
    Err(Refusal::new("InsufficientCapabilitiesException", format!("Requires capabilities : [{needed}]")))
}

/// The capability that a template needs, and why.
pub(super) fn capabilities(template: &Template) -> Option<(&'static str, String)> {
    let iam: Vec<_> = template.resources.values().filter(|declared| declared.kind.starts_with("AWS::IAM::")).collect();
    if iam.is_empty() {
        return None;
    }
    let named = iam.iter().any(|declared| declared.properties.get("RoleName").is_some_and(|name| *name != Value::Null));
    let mut kinds: Vec<_> = iam.iter().map(|declared| declared.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let reason = format!("The following resource(s) require capabilities: [{}]", kinds.join(", "));
    Some((if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" }, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_property_is_said_of_one_that_there_is() {
        for known in &TYPES {
            let named = known.required.iter().chain(known.replaced_by).chain(&known.named_by);
            for property in named {
                assert!(properties::of(known.name).contains(property), "{} has no {property}", known.name);
            }
        }
    }
}
