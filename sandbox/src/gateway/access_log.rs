//! The stage's access log: one line for each request, in the format that the stage gives (API Gateway Developer Guide,
//! "Set up CloudWatch logging for REST APIs").

use serde_json::Value;
use time::OffsetDateTime;

use super::{Passage, Reply};
use crate::ACCOUNT;
use crate::aws::logs;
use crate::state::World;

/// Writes the line, if the stage has a log.
pub(super) fn write(world: &World, passage: &Passage, reply: &Reply) {
    let Some((destination, format)) = passage.place.as_ref().and_then(|place| place.access_log.as_ref()) else {
        return;
    };
    let Some((_, group)) = destination.split_once(":log-group:") else { return };
    logs::append(world, group.trim_end_matches(":*"), "access", &line(format, passage, reply));
}

/// The line: every `$context.…` in the format replaced. What is not known is `-`, as on AWS.
fn line(format: &str, passage: &Passage, reply: &Reply) -> String {
    let mut line = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("$context.") {
        line.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_')).unwrap_or(after.len());
        let (name, behind) = after.split_at_checked(end).unwrap_or((after, ""));
        match value(name, passage, reply) {
            Some(value) => line.push_str(value.trim_matches('"')),
            None => line.push('-'),
        }
        rest = behind;
    }
    line.push_str(rest);
    line
}

/// One value, escaped as inside a JSON text.
fn value(name: &str, passage: &Passage, reply: &Reply) -> Option<String> {
    let now = OffsetDateTime::now_utc();
    let place = passage.place.as_ref()?;
    let caller = passage.caller.as_ref();
    let millis = |duration: std::time::Duration| duration.as_millis().to_string();
    let plain = match name {
        "requestId" | "extendedRequestId" => passage.request_id.clone(),
        "requestTime" => common_time(now),
        "requestTimeEpoch" => (now.unix_timestamp() * 1000 + i64::from(now.millisecond())).to_string(),
        "status" => reply.status.to_string(),
        "responseLength" => reply.body.len().to_string(),
        "responseLatency" => millis(passage.began.elapsed()),
        "integrationLatency" | "integration.latency" => millis(passage.integration?),
        "integration.status" | "integrationStatus" => passage.integration.map(|_| reply.status.to_string())?,
        "identity.userArn" => caller?.arn.clone(),
        "identity.caller" | "identity.user" => caller?.user_id.clone(),
        "identity.accountId" => caller.map(|_| ACCOUNT.to_owned())?,
        "identity.sourceIp" => "127.0.0.1".to_owned(),
        "accountId" => ACCOUNT.to_owned(),
        "apiId" => place.api.clone(),
        "stage" => place.stage.clone(),
        "path" => format!("/{}{}", place.stage, place.path),
        "protocol" => "HTTP/1.1".to_owned(),
        "domainName" => place.host.clone(),
        "httpMethod" => place.method.as_ref()?.http_method.clone(),
        "resourcePath" => place.method.as_ref()?.resource_path.clone(),
        "resourceId" => place.method.as_ref()?.resource_id.clone(),
        "error.responseType" => reply.error?.to_owned(),
        "error.message" => {
            let body: Value = serde_json::from_slice(&reply.body).ok()?;
            reply.error.and_then(|_| Some(body.get("message").or_else(|| body.get("Message"))?.as_str()?.to_owned()))?
        }
        _ => return None,
    };
    Some(Value::String(plain).to_string())
}

/// Such as `23/Nov/2026:19:39:34 +0000`.
pub(super) fn common_time(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    time.format(format).unwrap_or_default()
}
