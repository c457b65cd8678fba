//! What the API model says about a request: limits, defaults, and the combinations AWS refuses, in AWS's words.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::constraint::{at_most, ensure, invalid, one_of, one_of_set, pattern, violated};
use super::{endpoint, security_policy};
use crate::aws::wire::Refusal;

/// Members of CreateServer that DescribeServer gives back as they were set.
const KEPT: [&str; 13] = [
    "Certificate",
    "Domain",
    "EndpointType",
    "IdentityProviderDetails",
    "IdentityProviderType",
    "IpAddressType",
    "LoggingRole",
    "PostAuthenticationLoginBanner",
    "PreAuthenticationLoginBanner",
    "Protocols",
    "SecurityPolicyName",
    "StructuredLogDestinations",
    "WorkflowDetails",
];

/// Structures that have defaults of their own for members left out.
const MERGED: [&str; 2] = ["ProtocolDetails", "S3StorageOptions"];

/// What a server is when nothing is said.
pub(super) fn defaults() -> Map<String, Value> {
    let defaults = json!({
        "Domain": "S3",
        "EndpointType": "PUBLIC",
        "IdentityProviderType": "SERVICE_MANAGED",
        "IpAddressType": "IPV4",
        "Protocols": ["SFTP"],
        "ProtocolDetails": {"PassiveIp": "AUTO", "SetStatOption": "DEFAULT", "TlsSessionResumptionMode": "ENFORCED"},
        "S3StorageOptions": {"DirectoryListingOptimization": "DISABLED"},
        "SecurityPolicyName": "TransferSecurityPolicy-2024-01",
        "StructuredLogDestinations": [],
    });
    match defaults {
        Value::Object(defaults) => defaults,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Puts what a request says over what a server is. An empty logging role takes the role away.
pub(super) fn apply(server: &mut Map<String, Value>, request: &Value) {
    for member in KEPT {
        match request.get(member) {
            Some(Value::String(none)) if none.is_empty() => drop(server.remove(member)),
            Some(Value::Null) | None => {}
            Some(value) => drop(server.insert(member.to_owned(), value.clone())),
        }
    }
    // What an update leaves out stays as it is, and an empty list takes away.
    if let Some(given) = request.get("EndpointDetails").and_then(Value::as_object) {
        let own = server.entry("EndpointDetails").or_insert_with(|| json!({}));
        if let Some(own) = own.as_object_mut() {
            own.extend(
                given.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())),
            );
        }
    }
    for member in MERGED {
        let Some(given) = request.get(member).and_then(Value::as_object) else { continue };
        let Some(own) = server.get_mut(member).and_then(Value::as_object_mut) else { continue };
        own.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    let is_custom = server.get("IdentityProviderType") != Some(&json!("SERVICE_MANAGED"));
    match server.get_mut("IdentityProviderDetails").and_then(Value::as_object_mut) {
        Some(details) if is_custom => {
            details.entry("SftpAuthenticationMethods").or_insert_with(|| json!("PUBLIC_KEY_OR_PASSWORD"));
        }
        Some(_) => drop(server.remove("IdentityProviderDetails")),
        None => {}
    }
}

/// Checks what CreateServer and UpdateServer have in common: each member by itself, against the API model.
pub(super) fn check_members(request: &Value) -> Result<(), Refusal> {
    at_most(request, "/IdentityProviderDetails/Url", 255)?;
    at_most(request, "/IdentityProviderDetails/Function", 170)?;
    at_most(request, "/PreAuthenticationLoginBanner", 4096)?;
    at_most(request, "/PostAuthenticationLoginBanner", 4096)?;
    at_most(request, "/HostKey", 4096)?;
    at_most(request, "/SecurityPolicyName", 100)?;
    for role in ["/IdentityProviderDetails/InvocationRole", "/LoggingRole"] {
        if let Some(arn) = request.pointer(role).and_then(Value::as_str) {
            let is_emptied = arn.is_empty() && role == "/LoggingRole";
            let fits = arn.starts_with("arn:") && arn.contains("role/") && (20..=2048).contains(&arn.len());
            ensure(is_emptied || fits, || pattern(role, "arn:.*role/\\S+"))?;
        }
    }
    if let Some(name) = request.get("SecurityPolicyName").and_then(Value::as_str) {
        ensure(name.starts_with("Transfer") && name.contains("SecurityPolicy-"), || {
            pattern("/SecurityPolicyName", "Transfer[A-Za-z0-9]*SecurityPolicy-.+")
        })?;
        ensure(security_policy::exists(name), || invalid(format!("Security policy {name} does not exist")))?;
    }
    one_of(request, "/EndpointType", &["PUBLIC", "VPC", "VPC_ENDPOINT"])?;
    one_of(request, "/IpAddressType", &["IPV4", "DUALSTACK"])?;
    one_of(request, "/Domain", &["S3", "EFS"])?;
    let providers = ["SERVICE_MANAGED", "API_GATEWAY", "AWS_DIRECTORY_SERVICE", "AWS_LAMBDA"];
    one_of(request, "/IdentityProviderType", &providers)?;
    let methods = ["PASSWORD", "PUBLIC_KEY", "PUBLIC_KEY_OR_PASSWORD", "PUBLIC_KEY_AND_PASSWORD"];
    one_of(request, "/IdentityProviderDetails/SftpAuthenticationMethods", &methods)?;
    one_of(request, "/S3StorageOptions/DirectoryListingOptimization", &["ENABLED", "DISABLED"])?;
    one_of(request, "/ProtocolDetails/SetStatOption", &["DEFAULT", "ENABLE_NO_OP"])?;
    for banner in ["/PreAuthenticationLoginBanner", "/PostAuthenticationLoginBanner"] {
        let text = request.pointer(banner).and_then(Value::as_str).unwrap_or_default();
        let is_plain = text.bytes().all(|byte| matches!(byte, b'\t'..=b'\r' | b' '..=b'~'));
        ensure(is_plain, || pattern(banner, "[\\x09-\\x0D\\x20-\\x7E]*"))?;
    }
    let protocols = request.get("Protocols").and_then(Value::as_array);
    for protocol in protocols.into_iter().flatten() {
        let is_known = ["SFTP", "FTP", "FTPS", "AS2"].iter().any(|known| protocol == known);
        ensure(is_known, || one_of_set("Protocols", &["SFTP", "FTP", "AS2", "FTPS"]))?;
    }
    ensure(protocols.is_none_or(|protocols| !protocols.is_empty()), || {
        violated("/Protocols", "Member must have length greater than or equal to 1")
    })?;
    let logs = request.get("StructuredLogDestinations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    ensure(logs.len() <= 1, || {
        violated("/StructuredLogDestinations", "Member must have length less than or equal to 1")
    })?;
    let whole_groups = logs.iter().all(|arn| arn.as_str().is_some_and(|arn| arn.ends_with(":*")));
    ensure(whole_groups, || invalid("A structured log destination must be the ARN of a log group, ending in :*"))
}

/// Checks what a server would be, member against member.
pub(super) fn check_whole(request: &Value, server: &Map<String, Value>, creating: bool) -> Result<(), Refusal> {
    let details = request.get("IdentityProviderDetails").filter(|details| !details.is_null());
    let kind = request.get("IdentityProviderType").and_then(Value::as_str);
    // AWS says the same of SERVICE_MANAGED with details (aws/aws-cli issue 8962).
    let unmatched = kind.is_none() && creating || kind == Some("SERVICE_MANAGED");
    ensure(details.is_none() || !unmatched, || {
        invalid("Must specify IdentityProviderType with IdentityProviderDetails")
    })?;
    let own = server.get("IdentityProviderDetails");
    let given = |member: &str| {
        own.and_then(|details| details.get(member)).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    };
    let needed: &[&str] = match server.get("IdentityProviderType").and_then(Value::as_str) {
        Some("API_GATEWAY") => &["Url", "InvocationRole"],
        Some("AWS_LAMBDA") => &["Function"],
        Some("AWS_DIRECTORY_SERVICE") => &["DirectoryId"],
        Some(_) | None => &[],
    };
    let complete = needed.iter().all(|member| given(member));
    ensure(complete, || invalid(format!("Must specify {} in IdentityProviderDetails", needed.join(" and "))))?;
    let is_vpc = server.get("EndpointType") == Some(&json!("VPC"));
    let endpoint = request.get("EndpointDetails").filter(|details| !details.is_null());
    ensure(is_vpc || endpoint.is_none(), || {
        invalid("EndpointDetails cannot be specified when EndpointType is PUBLIC")
    })?;
    ensure(!(creating && is_vpc) || endpoint.is_some(), || {
        invalid("Must specify EndpointDetails when EndpointType is VPC")
    })?;
    let addresses = endpoint.is_some_and(|details| details.get("AddressAllocationIds").is_some());
    ensure(!(creating && addresses), || invalid("AddressAllocationIds cannot be set in CreateServer"))?;
    endpoint::check_addresses(server)?;
    let only_sftp = server.get("Protocols") == Some(&json!(["SFTP"]));
    ensure(is_vpc || only_sftp, || invalid("A PUBLIC endpoint supports the protocol SFTP only"))
}

/// Reads tags, with the limits on them.
pub(super) fn tags(value: Option<&Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(list) = value.and_then(Value::as_array) else { return Ok(BTreeMap::new()) };
    ensure((1..=50).contains(&list.len()), || violated("/Tags", "Member must have length between 1 and 50"))?;
    let mut tags = BTreeMap::new();
    for tag in list {
        let text = |member: &str| tag.get(member).and_then(Value::as_str);
        let (Some(key), Some(value)) = (text("Key"), text("Value")) else {
            return Err(violated("/Tags", "Member must not be null"));
        };
        ensure(!key.is_empty() && key.chars().count() <= 128, || {
            violated("/Tags/Key", "Member must have length between 0 and 128")
        })?;
        ensure(value.chars().count() <= 256, || {
            violated("/Tags/Value", "Member must have length less than or equal to 256")
        })?;
        ensure(!key.starts_with("aws:"), || invalid("Tag keys cannot begin with aws:"))?;
        let is_twice = tags.insert(key.to_owned(), value.to_owned()).is_some();
        ensure(!is_twice, || invalid("Tag keys must be unique"))?;
    }
    Ok(tags)
}
