//! Makes, changes and removes one resource, with the ids, attributes and reasons that AWS gives.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::physical_id;
use super::stack::{Stack, StackResource, Tags};
use super::types;
use crate::ACCOUNT;
use crate::aws::s3;
use crate::aws::wire::call::partition;
use crate::clock::{iso, lower, now, upper, uuid};
use crate::resources::Resource;
use crate::state::{State, World};

/// Why a resource could not be made.
type Reason = String;

/// Where a resource is made.
pub(super) struct Place<'a> {
    pub(super) world: &'a World,
    pub(super) state: &'a mut State,
    pub(super) stack_name: &'a str,
    pub(super) stack_arn: &'a str,
    pub(super) region: &'a str,
}

impl<'a> Place<'a> {
    /// In a stack. The stack is not among the state's stacks meanwhile.
    pub(super) fn of(world: &'a World, state: &'a mut State, name: &'a str, arn: &'a str, region: &'a str) -> Self {
        Self { world, state, stack_name: name, stack_arn: arn, region }
    }

    /// Makes a resource: physical id and attributes are filled in.
    pub(super) fn create(&mut self, resource: &mut StackResource) -> Result<(), Reason> {
        self.refuse_on_request(resource, "Create")?;
        let id = self.physical_id(resource);
        self.refuse_taken(resource, &id)?;
        self.check(resource)?;
        let attributes = self.attributes(resource, &id);
        match resource.kind.as_str() {
            "AWS::S3::Bucket" => {
                s3::create_bucket(self.state, &self.world.store, &id, self.region, &self.tagged(resource))?;
            }
            "AWS::S3::BucketPolicy" => {
                s3::set_bucket_policy(self.state, &id, resource.properties.get("PolicyDocument"))?;
            }
            _ => self.set_log_group(resource, &id),
        }
        resource.physical_id = Some(id);
        resource.attributes = attributes;
        self.record(resource);
        Ok(())
    }

    /// Takes over a resource that is there and belongs to no stack.
    pub(super) fn import(&mut self, resource: &mut StackResource) -> Result<(), Reason> {
        let id = self.physical_id(resource);
        resource.attributes = self.attributes(resource, &id);
        resource.physical_id = Some(id);
        self.update(resource)
    }

    /// Takes over changed properties.
    pub(super) fn update(&mut self, resource: &StackResource) -> Result<(), Reason> {
        self.refuse_on_request(resource, "Update")?;
        self.check(resource)?;
        self.apply(resource)
    }

    /// As [`Place::update`], unconditionally: a rollback gives back what was there.
    pub(super) fn apply(&mut self, resource: &StackResource) -> Result<(), Reason> {
        let id = resource.physical_id.clone().unwrap_or_default();
        match resource.kind.as_str() {
            "AWS::S3::Bucket" => {
                let properties = self.tagged(resource);
                s3::update_bucket(self.state, &id, &properties);
            }
            "AWS::S3::BucketPolicy" => {
                s3::set_bucket_policy(self.state, &id, resource.properties.get("PolicyDocument"))?;
            }
            _ => self.set_log_group(resource, &id),
        }
        self.record(resource);
        Ok(())
    }

    /// Removes a resource.
    pub(super) fn delete(&mut self, resource: &StackResource) -> Result<(), Reason> {
        let Some(id) = resource.physical_id.clone() else { return Ok(()) };
        self.refuse_on_request(resource, "Delete")?;
        match resource.kind.as_str() {
            "AWS::S3::Bucket" => s3::delete_bucket(self.state, &self.world.store, &id)?,
            "AWS::S3::BucketPolicy" if s3::bucket_exists(self.state, &id) => {
                s3::set_bucket_policy(self.state, &id, None)?;
            }
            "AWS::Logs::LogGroup" => self.state.log_groups.delete(&id),
            _ => {}
        }
        let recorded = self.recorded(resource);
        self.state.resources.remove(&recorded);
        Ok(())
    }

    /// The name that a person chose for a resource, where the type has one.
    pub(super) fn chosen_name(resource: &StackResource) -> Option<&str> {
        resource.properties.get(types::of(&resource.kind)?.named_by?)?.as_str()
    }

    fn set_log_group(&mut self, resource: &StackResource, id: &str) {
        if resource.kind == "AWS::Logs::LogGroup" {
            let days = resource.properties.get("RetentionInDays");
            let days = days.and_then(|days| days.as_u64().or_else(|| days.as_str()?.parse().ok()));
            let key = resource.properties.get("KmsKeyId").and_then(Value::as_str);
            self.state.log_groups.set(id, days, key);
        }
    }

    fn record(&mut self, resource: &StackResource) {
        let mut recorded = self.recorded(resource);
        let before = self.state.resources.find(&recorded.kind, &recorded.physical_id);
        // CloudFormation takes no policy off an API: the old one stays when the property goes.
        if recorded.kind == "AWS::ApiGateway::RestApi"
            && recorded.property(&["Policy"]).is_none()
            && let Some(policy) = before.and_then(|before| before.property(&["Policy"])).cloned()
            && let Value::Object(members) = &mut recorded.properties
        {
            members.insert("Policy".into(), policy);
        }
        self.state.resources.put(recorded);
    }

    fn recorded(&self, resource: &StackResource) -> Resource {
        Resource {
            kind: resource.kind.clone(),
            logical_id: resource.logical_id.clone(),
            stack_arn: self.stack_arn.into(),
            physical_id: resource.physical_id.clone().unwrap_or_default(),
            properties: self.tagged(resource),
            attributes: resource.attributes.clone(),
        }
    }

    /// The properties with the stack's tags, and CloudFormation's own.
    fn tagged(&self, resource: &StackResource) -> Value {
        let mut properties = resource.properties.clone();
        if types::is_tagged(&resource.kind)
            && let Value::Object(members) = &mut properties
        {
            let tags = all_tags(members, &resource.tags, self.stack_name, self.stack_arn, &resource.logical_id);
            members.insert("Tags".into(), tags);
        }
        properties
    }

    fn refuse_on_request(&self, resource: &StackResource, verb: &str) -> Result<(), Reason> {
        let failures = &self.world.failures;
        let asked = failures.for_resource_action(verb, &resource.kind)
            || (verb != "Delete" && failures.for_resource(&resource.kind, &resource.logical_id));
        if !asked {
            return Ok(());
        }
        let mut parts = resource.kind.split("::").skip(1);
        let (service, noun) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let action = format!("{}:{verb}{noun}", service.to_ascii_lowercase());
        let message = format!(
            "User: arn:{}:iam::{ACCOUNT}:root is not authorized to perform: {action} on resource: {} because no \
             identity-based policy allows the {action} action",
            partition(self.region),
            resource.logical_id,
        );
        Err(handler_error(service, 403, &message, "AccessDenied"))
    }

    fn refuse_taken(&self, resource: &StackResource, id: &str) -> Result<(), Reason> {
        let Some(property) = types::of(&resource.kind).and_then(|known| known.named_by) else { return Ok(()) };
        if resource.properties.get(property).is_none() || resource.kind == "AWS::S3::BucketPolicy" {
            return Ok(());
        }
        let taken = match resource.kind.as_str() {
            "AWS::S3::Bucket" => s3::bucket_exists(self.state, id),
            "AWS::Logs::LogGroup" => self.state.log_groups.exists(id),
            kind => self.state.resources.find(kind, id).is_some(),
        };
        match self.state.stacks.owner(&resource.kind, id) {
            Some(owner) if taken => Err(format!("{id} already exists in stack {}", owner.arn)),
            None if taken => Err(handler_error(
                resource.kind.split("::").nth(1).unwrap_or_default(),
                409,
                &format!("Resource of type '{}' with identifier '{id}' already exists.", resource.kind),
                "AlreadyExists",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// What the service itself looks at.
    fn check(&self, resource: &StackResource) -> Result<(), Reason> {
        let text = |path: &[&str]| {
            let value = path.iter().try_fold(&resource.properties, |value, name| value.get(name));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match resource.kind.as_str() {
            "AWS::Lambda::Function" => {
                let (bucket, key) = (text(&["Code", "S3Bucket"]), text(&["Code", "S3Key"]));
                if self.state.resources.by_arn(&text(&["Role"])).is_none() {
                    let message = "The role defined for the function cannot be assumed by Lambda.";
                    return Err(handler_error("Lambda", 400, message, "InvalidRequest"));
                }
                if bucket.is_empty() {
                    return Err(handler_error("Lambda", 400, "The sandbox takes code from S3 only", "InvalidRequest"));
                }
                let (code, said) = match s3::bucket_exists(self.state, &bucket) {
                    true if s3::object_exists(self.state, &self.world.store, &bucket, &key) => return Ok(()),
                    true => ("NoSuchKey", "The specified key does not exist."),
                    false => ("NoSuchBucket", "The specified bucket does not exist"),
                };
                let message =
                    format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {said}");
                Err(handler_error("Lambda", 400, &message, "InvalidRequest"))
            }
            "AWS::Lambda::Permission" => {
                let function = text(&["FunctionName"]);
                let kind = "AWS::Lambda::Function";
                if self
                    .state
                    .resources
                    .by_arn(&function)
                    .or_else(|| self.state.resources.find(kind, &function))
                    .is_some()
                {
                    return Ok(());
                }
                Err(handler_error("Lambda", 404, &format!("Function not found: {function}"), "NotFound"))
            }
            "AWS::IAM::Policy" => {
                let roles = resource.properties.get("Roles").and_then(Value::as_array).cloned().unwrap_or_default();
                let missing = roles
                    .iter()
                    .filter_map(Value::as_str)
                    .find(|role| self.state.resources.find("AWS::IAM::Role", role).is_none());
                match missing {
                    Some(role) => Err(handler_error(
                        "Iam",
                        404,
                        &format!("The role with name {role} cannot be found."),
                        "NotFound",
                    )),
                    None => Ok(()),
                }
            }
            "AWS::ApiGateway::Resource"
            | "AWS::ApiGateway::Method"
            | "AWS::ApiGateway::Deployment"
            | "AWS::ApiGateway::Stage" => {
                let api = text(&["RestApiId"]);
                match self.state.resources.find("AWS::ApiGateway::RestApi", &api) {
                    Some(_) => Ok(()),
                    None => Err(handler_error("ApiGateway", 404, "Invalid API identifier specified", "NotFound")),
                }
            }
            "AWS::CloudWatch::Dashboard" => match serde_json::from_str::<Value>(&text(&["DashboardBody"])) {
                Ok(body) if body.get("widgets").is_some_and(Value::is_array) => Ok(()),
                Ok(_) | Err(_) => {
                    let message = "The field DashboardBody must be a valid JSON object";
                    Err(handler_error("CloudWatch", 400, message, "InvalidRequest"))
                }
            },
            "AWS::CloudWatch::Alarm" => {
                // Either one metric or several with an expression (PutMetricAlarm).
                let has = |name: &str| resource.properties.get(name).is_some();
                if has("MetricName") != has("Metrics") {
                    return Ok(());
                }
                let message = "The parameters MetricName and Metrics are mutually exclusive, and one is required";
                Err(handler_error("CloudWatch", 400, message, "InvalidRequest"))
            }
            _ => Ok(()),
        }
    }

    fn physical_id(&self, resource: &StackResource) -> String {
        if let Some(name) = Self::chosen_name(resource) {
            return name.into();
        }
        physical_id::made_up(self.stack_name, resource)
    }

    fn attributes(&self, resource: &StackResource, id: &str) -> BTreeMap<String, Value> {
        let region = self.region;
        let arn = |service: &str, region: &str, account: &str, rest: &str| {
            json!(format!("arn:{}:{service}:{region}:{account}:{rest}", partition(self.region)))
        };
        let attributes = match resource.kind.as_str() {
            "AWS::IAM::Role" => {
                let path = resource.properties.get("Path").and_then(Value::as_str).unwrap_or("/");
                json!({
                    "Arn": arn("iam", "", ACCOUNT, &format!("role{path}{id}")),
                    "RoleId": format!("AROA{}", upper(17)),
                    "CreateDate": iso(now()),
                })
            }
            "AWS::KMS::Key" => json!({"Arn": arn("kms", region, ACCOUNT, &format!("key/{id}")), "KeyId": id}),
            "AWS::Logs::LogGroup" => json!({"Arn": arn("logs", region, ACCOUNT, &format!("log-group:{id}:*"))}),
            "AWS::Lambda::Function" => json!({"Arn": arn("lambda", region, ACCOUNT, &format!("function:{id}"))}),
            "AWS::CloudWatch::Alarm" => json!({"Arn": arn("cloudwatch", region, ACCOUNT, &format!("alarm:{id}"))}),
            "AWS::ApiGateway::RestApi" => json!({"RootResourceId": lower(10), "RestApiId": id}),
            "AWS::ApiGateway::Resource" => json!({"ResourceId": id}),
            "AWS::ApiGateway::Deployment" => json!({"DeploymentId": id}),
            "AWS::S3::Bucket" => json!({
                "Arn": arn("s3", "", "", id),
                "DomainName": format!("{id}.s3.amazonaws.com"),
                "RegionalDomainName": format!("{id}.s3.{region}.amazonaws.com"),
                "DualStackDomainName": format!("{id}.s3.dualstack.{region}.amazonaws.com"),
                "WebsiteURL": format!("http://{id}.s3-website-{region}.amazonaws.com"),
            }),
            "AWS::IAM::Policy" | "AWS::Lambda::Permission" | "AWS::ApiGateway::Account" => json!({"Id": id}),
            _ => json!({}),
        };
        match attributes {
            Value::Object(attributes) => attributes.into_iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => BTreeMap::new(),
        }
    }
}

/// A failure as the handlers of resource types write it.
fn handler_error(service: &str, status: u16, message: &str, code: &str) -> Reason {
    format!(
        "Resource handler returned message: \"{message} (Service: {service}, Status Code: {status}, Request ID: {}) \
         (SDK Attempt Count: 1)\" (RequestToken: {}, HandlerErrorCode: {code})",
        uuid(),
        uuid()
    )
}

fn all_tags(properties: &Map<String, Value>, of_stack: &Tags, name: &str, arn: &str, logical_id: &str) -> Value {
    let mut tags: BTreeMap<String, String> = of_stack.clone();
    let own = properties.get("Tags").and_then(Value::as_array).into_iter().flatten();
    tags.extend(own.filter_map(|tag| Some((tag.get("Key")?.as_str()?.into(), tag.get("Value")?.as_str()?.into()))));
    tags.insert("aws:cloudformation:stack-name".into(), name.into());
    tags.insert("aws:cloudformation:stack-id".into(), arn.into());
    tags.insert("aws:cloudformation:logical-id".into(), logical_id.into());
    tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// Adds a resource that is in the stack to the scope of what comes after it.
pub(super) fn known(stack: &Stack, id: &str) -> Option<super::intrinsics::Made> {
    stack.resources.get(id).filter(|resource| resource.physical_id.is_some()).map(StackResource::made)
}
