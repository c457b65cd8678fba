//! What CloudFormation made, for the data plane to read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One resource of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// Such as `AWS::Lambda::Function`.
    pub(crate) kind: String,
    /// Its name in the template.
    pub(crate) logical_id: String,
    /// The stack it belongs to.
    pub(crate) stack_arn: String,
    /// What `Ref` gives.
    pub(crate) physical_id: String,
    /// Its properties, all intrinsics resolved. What came from a parameter is text, as in CloudFormation, also where it is
    /// a number: see [`Resource::number`].
    pub(crate) properties: Value,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: BTreeMap<String, Value>,
}

impl Resource {
    fn is(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.physical_id == other.physical_id
            && self.logical_id == other.logical_id
            && self.stack_arn == other.stack_arn
    }

    /// An attribute that is text, such as `Arn`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// A property by its path, such as `["Code", "S3Key"]`.
    pub(crate) fn property(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.properties, |value, name| value.get(name))
    }

    /// A property that is text.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        self.property(path)?.as_str()
    }

    /// A property that is a number, also where a parameter made it text.
    pub(crate) fn number(&self, path: &[&str]) -> Option<u64> {
        let value = self.property(path)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }
}

/// All resources of all stacks.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Resources {
    list: Vec<Resource>,
}

impl Resources {
    /// The resource of this kind with this physical id.
    pub(crate) fn find(&self, kind: &str, physical_id: &str) -> Option<&Resource> {
        self.list.iter().find(|resource| resource.kind == kind && resource.physical_id == physical_id)
    }

    /// The resource with this ARN.
    pub(crate) fn by_arn(&self, arn: &str) -> Option<&Resource> {
        self.list.iter().find(|resource| resource.attribute("Arn") == Some(arn))
    }

    /// All of one kind, in the order they were made.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.list.iter().filter(move |resource| resource.kind == kind)
    }

    /// Adds a resource, or puts it in the place of the same one. Physical ids alone do not tell them apart: each API can
    /// have a stage `prod`.
    pub(crate) fn put(&mut self, resource: Resource) {
        match self.list.iter_mut().find(|old| old.is(&resource)) {
            Some(old) => *old = resource,
            None => self.list.push(resource),
        }
    }

    /// Removes a resource.
    pub(crate) fn remove(&mut self, resource: &Resource) {
        self.list.retain(|old| !old.is(resource));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stage(logical_id: &str, days: Value) -> Resource {
        Resource {
            kind: "AWS::ApiGateway::Stage".into(),
            logical_id: logical_id.into(),
            stack_arn: "s".into(),
            physical_id: "prod".into(),
            properties: json!({"Days": days, "Code": {"Key": "k"}}),
            attributes: BTreeMap::from([("Arn".into(), json!("arn:x"))]),
        }
    }

    #[test]
    fn two_stages_of_one_name_stay_apart() {
        let mut resources = Resources::default();
        resources.put(stage("A", json!(1)));
        resources.put(stage("B", json!("2")));
        resources.put(stage("B", json!("3")));
        let days: Vec<_> = resources.of_kind("AWS::ApiGateway::Stage").map(|stage| stage.number(&["Days"])).collect();
        assert_eq!(days, [Some(1), Some(3)]);
        resources.remove(&stage("A", json!(1)));
        let left = resources.find("AWS::ApiGateway::Stage", "prod").unwrap();
        assert_eq!((left.logical_id.as_str(), left.text(&["Code", "Key"])), ("B", Some("k")));
        assert!(resources.by_arn("arn:x").is_some());
    }
}
