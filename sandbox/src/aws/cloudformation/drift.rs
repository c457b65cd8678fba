//! Drift: what a stack's resources are now, against what the last operation made of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::request::{named, named_mut, required};
use super::stack::{Stack, StackResource};
use crate::aws::s3;
use crate::aws::wire::query::Parameters;
use crate::aws::wire::{Call, Refusal};
use crate::clock::{Millis, iso, now, uuid};
use crate::state::{State, World};

/// A detection: asked for, and seen to be over after one step's time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Detection {
    id: String,
    at: Millis,
    rows: Vec<Value>,
}

/// DetectStackDrift.
pub(super) fn detect(state: &mut State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let stack = named(state, call, form)?;
    if !stack.status.can_update() {
        return Err(Refusal::validation(format!(
            "Drift detection cannot be performed on stack {} while it is in status {}",
            stack.name, stack.status
        )));
    }
    let rows = stack.resources.values().map(|resource| row(state, stack, resource)).collect();
    let detection = Detection { id: uuid(), at: now(), rows };
    let id = detection.id.clone();
    named_mut(state, call, form)?.detection = Some(detection);
    Ok(json!({"StackDriftDetectionId": id}))
}

/// DescribeStackDriftDetectionStatus.
pub(super) fn status(world: &World, state: &State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let id = required(form, "StackDriftDetectionId")?;
    let found = state.stacks.of_region(&call.region).find_map(|stack| {
        let detection = stack.detection.as_ref().filter(|detection| detection.id == id)?;
        Some((stack, detection))
    });
    let unknown = || Refusal::validation(format!("Drift detection operation with id {id} does not exist"));
    let (stack, detection) = found.ok_or_else(unknown)?;
    let pace = u64::try_from(world.pace().as_millis()).unwrap_or(0);
    let over = now().saturating_sub(detection.at) >= pace;
    let drifted = detection.rows.iter().filter(|row| row["StackResourceDriftStatus"] != "IN_SYNC").count();
    let mut shown = json!({
        "StackId": stack.arn,
        "StackDriftDetectionId": id,
        "DetectionStatus": if over { "DETECTION_COMPLETE" } else { "DETECTION_IN_PROGRESS" },
        "Timestamp": iso(detection.at),
    });
    if let (true, Value::Object(members)) = (over, &mut shown) {
        members.insert("StackDriftStatus".into(), if drifted == 0 { "IN_SYNC" } else { "DRIFTED" }.into());
        members.insert("DriftedStackResourceCount".into(), drifted.into());
    }
    Ok(shown)
}

/// DescribeStackResourceDrifts: what the last detection found.
pub(super) fn describe(state: &State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let wanted = form.list("StackResourceDriftStatusFilters");
    let stack = named(state, call, form)?;
    let rows = stack.detection.iter().flat_map(|detection| &detection.rows);
    let fits = |row: &&Value| {
        let status = row["StackResourceDriftStatus"].as_str().unwrap_or_default();
        wanted.is_empty() || wanted.iter().any(|wanted| wanted == status)
    };
    Ok(json!({"StackResourceDrifts": rows.filter(fits).collect::<Vec<_>>()}))
}

/// DetectStackResourceDrift: one resource, at once.
pub(super) fn detect_resource(state: &State, call: &Call, form: &Parameters) -> Result<Value, Refusal> {
    let stack = named(state, call, form)?;
    let id = required(form, "LogicalResourceId")?;
    let missing = || Refusal::validation(format!("Resource {id} does not exist for stack {}", stack.name));
    let resource = stack.resources.get(id).ok_or_else(missing)?;
    Ok(json!({"StackResourceDrift": row(state, stack, resource)}))
}

fn row(state: &State, stack: &Stack, resource: &StackResource) -> Value {
    let expected = &resource.properties;
    let actual = actual(state, stack, resource);
    let differences = actual.as_ref().map(|actual| differences("", expected, actual)).unwrap_or_default();
    let status = match &actual {
        None => "DELETED",
        Some(_) if differences.is_empty() => "IN_SYNC",
        Some(_) => "MODIFIED",
    };
    json!({
        "StackId": stack.arn,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.kind,
        "ExpectedProperties": expected.to_string(),
        "ActualProperties": actual.map(|actual| actual.to_string()),
        "PropertyDifferences": differences,
        "StackResourceDriftStatus": status,
        "Timestamp": iso(now()),
    })
}

/// The properties as they are; nothing where the resource is gone. Only what the template names is looked at, and no tags:
/// CloudFormation adds its own.
fn actual(state: &State, stack: &Stack, resource: &StackResource) -> Option<Value> {
    let id = resource.physical_id.as_deref()?;
    let mut live = state
        .resources
        .of_kind(&resource.kind)
        .find(|live| live.physical_id == id && live.logical_id == resource.logical_id && live.stack_arn == stack.arn)?
        .properties
        .clone();
    let members = live.as_object_mut()?;
    match resource.properties.get("Tags") {
        Some(tags) => drop(members.insert("Tags".into(), tags.clone())),
        None => drop(members.remove("Tags")),
    }
    match resource.kind.as_str() {
        "AWS::Logs::LogGroup" => {
            let retention = state.log_groups.retention(id)?;
            match retention {
                Some(days) => drop(members.insert("RetentionInDays".into(), days.into())),
                None => drop(members.remove("RetentionInDays")),
            }
        }
        "AWS::S3::Bucket" => {
            for (name, value) in s3::changed_properties(state, id, &resource.properties)? {
                members.insert(name.to_owned(), value);
            }
        }
        "AWS::S3::BucketPolicy" => {
            let policy = s3::bucket_policy(state, id)?;
            members.insert("PolicyDocument".into(), policy);
        }
        _ => {}
    }
    Some(live)
}

/// As CloudFormation tells them: a path, both values, and how they differ.
fn differences(path: &str, expected: &Value, actual: &Value) -> Vec<Value> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let more = actual.keys().filter(|key| !expected.contains_key(*key));
            let keys = expected.keys().chain(more);
            let each = keys.flat_map(|key| {
                let path = format!("{path}/{key}");
                let (one, other) = (expected.get(key), actual.get(key));
                match (one, other) {
                    (Some(one), Some(other)) => differences(&path, one, other),
                    (Some(one), None) => vec![difference(&path, one, &Value::Null, "REMOVE")],
                    (None, Some(other)) => vec![difference(&path, &Value::Null, other, "ADD")],
                    (None, None) => Vec::new(),
                }
            });
            each.collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let each = one.iter().zip(other).enumerate();
            each.flat_map(|(at, (one, other))| differences(&format!("{path}/{at}"), one, other)).collect()
        }
        // What came from a parameter is text where the service says a number.
        (one, other) if plain(one) == plain(other) => Vec::new(),
        (one, other) => vec![difference(path, one, other, "NOT_EQUAL")],
    }
}

fn difference(path: &str, expected: &Value, actual: &Value, kind: &str) -> Value {
    json!({"PropertyPath": path, "ExpectedValue": plain(expected), "ActualValue": plain(actual), "DifferenceType": kind})
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
