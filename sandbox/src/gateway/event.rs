//! The proxy event (API Gateway Developer Guide, "Input format of a Lambda function for proxy integration").
//!
//! Names of headers arrive in lower case here, since that is how they are read; a function must not care. The Authorization
//! header stays behind.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::route::{Method, Place};
use crate::ACCOUNT;
use crate::signature::Caller;

/// The event for a request, as text.
pub(super) fn of(
    place: &Place,
    method: &Method,
    parts: &Parts,
    body: &Bytes,
    caller: Option<&Caller>,
    request_id: &str,
) -> String {
    let headers = parts.headers.iter().filter(|(name, _)| *name != "authorization" && *name != "connection");
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
    let (headers, many_headers) = once_and_many(headers);
    let (query, many_queries) = once_and_many(query);
    let parameters: serde_json::Map<String, Value> =
        method.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let text = std::str::from_utf8(body);
    let now = OffsetDateTime::now_utc();
    let event = json!({
        "resource": method.resource_path,
        "path": place.path,
        "httpMethod": method.http_method,
        "headers": headers,
        "multiValueHeaders": many_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": many_queries,
        "pathParameters": if parameters.is_empty() { Value::Null } else { Value::Object(parameters) },
        "stageVariables": place.variables,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": place.api,
            "deploymentId": place.deployment,
            "domainName": place.host,
            "domainPrefix": place.host.split('.').next(),
            "extendedRequestId": request_id,
            "httpMethod": method.http_method,
            "identity": {
                "accessKey": caller.map(|caller| &caller.access_key),
                "accountId": caller.map(|_| ACCOUNT),
                "apiKey": null,
                "apiKeyId": null,
                "caller": caller.map(|caller| &caller.user_id),
                "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null,
                "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
                "principalOrgId": null,
                "sourceIp": "127.0.0.1",
                "user": caller.map(|caller| &caller.user_id),
                "userAgent": headers.get("user-agent"),
                "userArn": caller.map(|caller| &caller.arn),
            },
            "path": format!("/{}{}", place.stage, place.path),
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": super::access_log::common_time(now),
            "requestTimeEpoch": now.unix_timestamp() * 1000 + i64::from(now.millisecond()),
            "resourceId": method.resource_id,
            "resourcePath": method.resource_path,
            "stage": place.stage,
        },
        "body": match text {
            _ if body.is_empty() => Value::Null,
            Ok(text) => json!(text),
            Err(_) => json!(STANDARD.encode(body)),
        },
        "isBase64Encoded": text.is_err(),
    });
    event.to_string()
}

/// The last value of each name, and all of them; null where there is none at all.
fn once_and_many(pairs: impl Iterator<Item = (String, String)>) -> (Value, Value) {
    let mut many: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        many.entry(name).or_default().push(value);
    }
    if many.is_empty() {
        return (Value::Null, Value::Null);
    }
    let once: BTreeMap<&String, Option<&String>> = many.iter().map(|(name, values)| (name, values.last())).collect();
    (json!(once), json!(many))
}
