//! CloudWatch Logs (awsJson1.1, target `Logs_20140328`). Groups have names of their own, whatever the region.

mod pattern;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::pattern::Pattern;
use super::wire::{Call, Refusal};
use crate::ACCOUNT;
use crate::clock::{Millis, now};
use crate::state::World;

/// A group keeps this many lines, or a tenth more; the oldest go first.
const KEPT: usize = 10_000;
/// CloudWatch's own limit for a page.
const PAGE: usize = 10_000;

/// All log groups by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LogGroups {
    groups: BTreeMap<String, LogGroup>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct LogGroup {
    created: Millis,
    retention: Option<u64>,
    key: Option<String>,
    streams: BTreeMap<String, Millis>,
    events: Vec<LogEvent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct LogEvent {
    id: u64,
    stream: String,
    at: Millis,
    taken: Millis,
    message: String,
}

impl LogGroups {
    /// Whether there is such a group.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.groups.contains_key(name)
    }

    /// Makes a group, or changes the settings of the one that is there.
    pub(crate) fn set(&mut self, name: &str, retention: Option<u64>, key: Option<&str>) {
        let group =
            self.groups.entry(name.to_owned()).or_insert_with(|| LogGroup { created: now(), ..LogGroup::default() });
        group.retention = retention;
        group.key = key.map(ToOwned::to_owned);
    }

    /// How many days a group keeps its lines, if it says; nothing where there is no group.
    pub(crate) fn retention(&self, name: &str) -> Option<Option<u64>> {
        self.groups.get(name).map(|group| group.retention)
    }

    /// Deletes a group and its lines.
    pub(crate) fn delete(&mut self, name: &str) {
        self.groups.remove(name);
    }

    fn get(&self, name: &str) -> Result<&LogGroup, Refusal> {
        self.groups.get(name).ok_or_else(no_group)
    }

    fn get_mut(&mut self, name: &str) -> Result<&mut LogGroup, Refusal> {
        self.groups.get_mut(name).ok_or_else(no_group)
    }
}

impl LogGroup {
    fn add(&mut self, stream: &str, at: Millis, message: &str) {
        let id = self.events.last().map_or(0, |event| event.id + 1);
        self.events.push(LogEvent { id, stream: stream.into(), at, taken: now(), message: message.into() });
        // Many at once, since all that stay move up.
        if self.events.len() > KEPT + KEPT / 10 {
            self.events.drain(..self.events.len() - KEPT);
        }
    }
}

/// Adds a line to a stream, which is made when it is new. A group that does not exist swallows it, as it does a function's
/// output on AWS.
pub(crate) fn append(world: &World, group: &str, stream: &str, line: &str) {
    world.note(|state| {
        if let Some(group) = state.log_groups.groups.get_mut(group) {
            group.streams.entry(stream.to_owned()).or_insert_with(now);
            group.add(stream, now(), line);
        }
    });
}

/// Answers a call.
pub(crate) fn answer(world: &World, call: &Call, input: &Value) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "CreateLogStream" => world.change(|state| {
            let (name, stream) = (group_name(input)?, text(input, "logStreamName")?);
            let group = state.log_groups.get_mut(&name)?;
            if group.streams.contains_key(stream) {
                return Err(Refusal::new("ResourceAlreadyExistsException", "The specified log stream already exists"));
            }
            group.streams.insert(stream.into(), now());
            Ok(json!({}))
        }),
        "PutLogEvents" => world.change(|state| put(state.log_groups.get_mut(&group_name(input)?)?, input)),
        "PutRetentionPolicy" => world.change(|state| {
            let days = input.get("retentionInDays").and_then(Value::as_u64);
            state.log_groups.get_mut(&group_name(input)?)?.retention = days;
            Ok(json!({}))
        }),
        "DeleteRetentionPolicy" => world.change(|state| {
            state.log_groups.get_mut(&group_name(input)?)?.retention = None;
            Ok(json!({}))
        }),
        "DeleteLogGroup" => world.change(|state| {
            let name = group_name(input)?;
            state.log_groups.get(&name)?;
            state.log_groups.delete(&name);
            Ok(json!({}))
        }),
        "DescribeLogGroups" => world.read(|state| Ok(describe_groups(&state.log_groups, call, input))),
        "DescribeLogStreams" => world.read(|state| describe_streams(&state.log_groups, call, input)),
        "FilterLogEvents" => world.read(|state| filter(state.log_groups.get(&group_name(input)?)?, input)),
        "GetLogEvents" => world.read(|state| get(state.log_groups.get(&group_name(input)?)?, input)),
        action => Err(Refusal::unknown_operation("logs", action)),
    }
}

fn put(group: &mut LogGroup, input: &Value) -> Result<Value, Refusal> {
    let stream = text(input, "logStreamName")?;
    if !group.streams.contains_key(stream) {
        return Err(no_stream());
    }
    for event in input.get("logEvents").and_then(Value::as_array).into_iter().flatten() {
        let at = event.get("timestamp").and_then(Value::as_u64).unwrap_or_else(now);
        group.add(stream, at, text(event, "message")?);
    }
    Ok(json!({"nextSequenceToken": "49590302913277"}))
}

fn describe_groups(groups: &LogGroups, call: &Call, input: &Value) -> Value {
    let prefix = input.get("logGroupNamePrefix").and_then(Value::as_str).unwrap_or_default();
    let part = input.get("logGroupNamePattern").and_then(Value::as_str).unwrap_or_default();
    let found = groups.groups.iter().filter(|(name, _)| name.starts_with(prefix) && name.contains(part));
    let shown: Vec<_> = found
        .map(|(name, group)| {
            let arn = group_arn(call, name);
            let bytes: usize = group.events.iter().map(|event| event.message.len() + 26).sum();
            let mut shown = json!({
                "logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn, "creationTime": group.created,
                "metricFilterCount": 0, "storedBytes": bytes, "logGroupClass": "STANDARD",
            });
            if let Value::Object(fields) = &mut shown {
                fields.extend(group.retention.map(|days| ("retentionInDays".into(), days.into())));
                fields.extend(group.key.clone().map(|key| ("kmsKeyId".into(), key.into())));
            }
            shown
        })
        .collect();
    json!({"logGroups": shown})
}

fn describe_streams(groups: &LogGroups, call: &Call, input: &Value) -> Result<Value, Refusal> {
    let name = group_name(input)?;
    let group = groups.get(&name)?;
    let prefix = input.get("logStreamNamePrefix").and_then(Value::as_str).unwrap_or_default();
    let shown: Vec<_> = group
        .streams
        .iter()
        .filter(|(stream, _)| stream.starts_with(prefix))
        .map(|(stream, created)| {
            let mut times = group.events.iter().filter(|event| event.stream == *stream).map(|event| event.at);
            let mut shown = json!({
                "logStreamName": stream, "creationTime": created, "storedBytes": 0,
                "arn": format!("{}:log-stream:{stream}", group_arn(call, &name)),
            });
            if let (Some(first), Value::Object(fields)) = (times.next(), &mut shown) {
                fields.insert("firstEventTimestamp".into(), first.into());
                fields.insert("lastEventTimestamp".into(), times.next_back().unwrap_or(first).into());
            }
            shown
        })
        .collect();
    Ok(json!({"logStreams": shown}))
}

fn filter(group: &LogGroup, input: &Value) -> Result<Value, Refusal> {
    let pattern = Pattern::parse(input.get("filterPattern").and_then(Value::as_str).unwrap_or_default())
        .ok_or_else(|| Refusal::new("InvalidParameterException", "Invalid filter pattern"))?;
    let streams: Option<Vec<_>> = input
        .get("logStreamNames")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect());
    let prefix = input.get("logStreamNamePrefix").and_then(Value::as_str).unwrap_or_default();
    let (start, end) = span(input);
    let mut found: Vec<_> = group
        .events
        .iter()
        .filter(|event| start <= event.at && event.at < end && event.stream.starts_with(prefix))
        .filter(|event| streams.as_ref().is_none_or(|streams| streams.contains(&event.stream.as_str())))
        .filter(|event| pattern.matches(&event.message))
        .collect();
    found.sort_by_key(|event| (event.at, event.id));
    let (page, next) = page(&found, input);
    let shown: Vec<_> = page
        .iter()
        .map(|event| {
            json!({
                "logStreamName": event.stream, "timestamp": event.at, "message": event.message,
                "ingestionTime": event.taken, "eventId": format!("{:056}", event.id),
            })
        })
        .collect();
    let mut answer = json!({"events": shown, "searchedLogStreams": []});
    if let (Some(next), Value::Object(fields)) = (next, &mut answer) {
        fields.insert("nextToken".into(), next.into());
    }
    Ok(answer)
}

fn get(group: &LogGroup, input: &Value) -> Result<Value, Refusal> {
    let stream = text(input, "logStreamName")?;
    if !group.streams.contains_key(stream) {
        return Err(no_stream());
    }
    let (start, end) = span(input);
    let found: Vec<_> =
        group.events.iter().filter(|event| event.stream == stream && start <= event.at && event.at < end).collect();
    let from_head = input.get("startFromHead").and_then(Value::as_bool).unwrap_or(false);
    let limit = limit(input);
    let token = input.get("nextToken").and_then(Value::as_str).and_then(|token| token.get(2..)?.parse::<usize>().ok());
    let begin = match token {
        Some(token) => token.min(found.len()),
        None if from_head => 0,
        None => found.len().saturating_sub(limit),
    };
    let shown: Vec<_> = found
        .iter()
        .skip(begin)
        .take(limit)
        .map(|event| json!({"timestamp": event.at, "message": event.message, "ingestionTime": event.taken}))
        .collect();
    let end = begin + shown.len();
    let backward = begin.saturating_sub(limit);
    Ok(json!({"events": shown, "nextForwardToken": format!("f/{end}"), "nextBackwardToken": format!("b/{backward}")}))
}

fn page<'a>(found: &'a [&'a LogEvent], input: &Value) -> (&'a [&'a LogEvent], Option<String>) {
    let begin = input.get("nextToken").and_then(Value::as_str).and_then(|token| token.parse().ok()).unwrap_or(0);
    let end = found.len().min(begin + limit(input));
    (found.get(begin..end).unwrap_or_default(), (end < found.len()).then(|| end.to_string()))
}

fn limit(input: &Value) -> usize {
    let limit = input.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    limit.unwrap_or(PAGE).clamp(1, PAGE)
}

fn span(input: &Value) -> (Millis, Millis) {
    let time = |name: &str| input.get(name).and_then(Value::as_u64);
    (time("startTime").unwrap_or(0), time("endTime").unwrap_or(Millis::MAX))
}

/// By name, or by ARN as `logGroupIdentifier`.
fn group_name(input: &Value) -> Result<String, Refusal> {
    let given = ["logGroupName", "logGroupIdentifier"].iter().find_map(|name| input.get(name).and_then(Value::as_str));
    let given = given.ok_or_else(|| Refusal::new("InvalidParameterException", "logGroupName is missing"))?;
    let name = given.split_once(":log-group:").map_or(given, |(_, name)| name);
    Ok(name.strip_suffix(":*").unwrap_or(name).to_owned())
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new("InvalidParameterException", format!("{name} is missing"));
    input.get(name).and_then(Value::as_str).ok_or_else(missing)
}

fn group_arn(call: &Call, name: &str) -> String {
    format!("arn:{}:logs:{}:{ACCOUNT}:log-group:{name}", call.partition(), call.region)
}

fn no_group() -> Refusal {
    Refusal::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> Refusal {
    Refusal::new("ResourceNotFoundException", "The specified log stream does not exist.")
}
