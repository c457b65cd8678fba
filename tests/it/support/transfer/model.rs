//! What the API model says about a request: limits, defaults, and the combinations AWS refuses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operations::Failure;

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
const MERGED: [&str; 3] = ["EndpointDetails", "ProtocolDetails", "S3StorageOptions"];

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
    defaults.as_object().cloned().unwrap_or_default()
}

/// Puts what a request says over what a server is. An empty logging role takes the role away.
pub(super) fn apply(server: &mut Map<String, Value>, request: &Value) {
    for member in KEPT {
        match request.get(member) {
            Some(Value::String(none)) if none.is_empty() => drop(server.remove(member)),
            Some(value) => drop(server.insert(member.to_owned(), value.clone())),
            None => {}
        }
    }
    for member in MERGED {
        for (name, value) in request[member].as_object().into_iter().flatten() {
            server.entry(member).or_insert_with(|| json!({}))[name] = value.clone();
        }
    }
    let custom = server["IdentityProviderType"] != "SERVICE_MANAGED";
    match server.get_mut("IdentityProviderDetails").and_then(Value::as_object_mut) {
        Some(details) if custom => {
            details.entry("SftpAuthenticationMethods").or_insert_with(|| json!("PUBLIC_KEY_OR_PASSWORD"));
        }
        Some(_) => drop(server.remove("IdentityProviderDetails")),
        None => {}
    }
}

/// Checks what CreateServer and UpdateServer have in common: each member by itself, against the API model.
pub(super) fn check_members(request: &Value) -> Result<(), Failure> {
    at_most(request, "/IdentityProviderDetails/Url", 255)?;
    at_most(request, "/IdentityProviderDetails/Function", 170)?;
    at_most(request, "/PreAuthenticationLoginBanner", 4096)?;
    at_most(request, "/PostAuthenticationLoginBanner", 4096)?;
    at_most(request, "/HostKey", 4096)?;
    at_most(request, "/SecurityPolicyName", 100)?;
    for role in ["/IdentityProviderDetails/InvocationRole", "/LoggingRole"] {
        if let Some(arn) = request.pointer(role).and_then(Value::as_str) {
            let emptied = arn.is_empty() && role == "/LoggingRole";
            let fits = arn.starts_with("arn:") && arn.contains("role/") && (20..=2048).contains(&arn.len());
            ensure(emptied || fits, || pattern(role, arn, "arn:.*role/\\S+"))?;
        }
    }
    if let Some(name) = request["SecurityPolicyName"].as_str() {
        ensure(name.starts_with("Transfer") && name.contains("SecurityPolicy-"), || {
            pattern("/SecurityPolicyName", name, "Transfer[A-Za-z0-9]*SecurityPolicy-[A-Za-z0-9-]+")
        })?;
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
    let logs = request["StructuredLogDestinations"].as_array().map_or(&[][..], Vec::as_slice);
    ensure(logs.len() <= 1, || Failure::invalid("At most one structured log destination can be given"))?;
    let whole_groups = logs.iter().all(|arn| arn.as_str().is_some_and(|arn| arn.ends_with(":*")));
    ensure(whole_groups, || Failure::invalid("A structured log destination must be a log group ARN ending in :*"))
}

/// Checks what a server would be, member against member.
pub(super) fn check_whole(request: &Value, server: &Map<String, Value>, creating: bool) -> Result<(), Failure> {
    let details = &request["IdentityProviderDetails"];
    let kind = request["IdentityProviderType"].as_str();
    // AWS says the same of SERVICE_MANAGED with details (aws/aws-cli issue 8962).
    let unmatched = kind.is_none() && creating || kind == Some("SERVICE_MANAGED");
    ensure(details.is_null() || !unmatched, || {
        Failure::invalid("Must specify IdentityProviderType with IdentityProviderDetails")
    })?;
    let given = |member: &str| server["IdentityProviderDetails"][member].as_str().is_some_and(|text| !text.is_empty());
    let needed: &[&str] = match server["IdentityProviderType"].as_str() {
        Some("API_GATEWAY") => &["Url", "InvocationRole"],
        Some("AWS_LAMBDA") => &["Function"],
        Some("AWS_DIRECTORY_SERVICE") => &["DirectoryId"],
        Some(_) | None => &[],
    };
    let complete = server.get("IdentityProviderDetails").is_some() && needed.iter().all(|member| given(member));
    ensure(needed.is_empty() || complete, || {
        Failure::invalid(&format!("Must specify {} in IdentityProviderDetails", needed.join(" and ")))
    })?;
    let vpc = server["EndpointType"] == "VPC";
    let endpoint = request.get("EndpointDetails").filter(|details| !details.is_null());
    ensure(vpc || endpoint.is_none(), || Failure::invalid("EndpointDetails cannot be given with a PUBLIC endpoint"))?;
    ensure(!(creating && vpc) || endpoint.is_some(), || Failure::invalid("A VPC endpoint needs EndpointDetails"))?;
    let addresses = endpoint.is_some_and(|details| details.get("AddressAllocationIds").is_some());
    ensure(!(creating && addresses), || Failure::invalid("AddressAllocationIds cannot be set in CreateServer"))?;
    let only_sftp = server["Protocols"] == json!(["SFTP"]);
    ensure(vpc || only_sftp, || Failure::invalid("A PUBLIC endpoint serves SFTP only"))
}

/// Reads tags, with the limits on them.
pub(super) fn tags(value: &Value) -> Result<BTreeMap<String, String>, Failure> {
    let Some(list) = value.as_array() else { return Ok(BTreeMap::new()) };
    ensure((1..=50).contains(&list.len()), || Failure::invalid("Between 1 and 50 tags can be given"))?;
    let mut tags = BTreeMap::new();
    for tag in list {
        let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) else {
            return Err(Failure::invalid("A tag needs Key and Value"));
        };
        ensure(key.len() <= 128 && value.len() <= 256, || Failure::invalid("A tag is too long"))?;
        ensure(!key.starts_with("aws:"), || Failure::invalid("Tag keys cannot start with aws:"))?;
        let twice = tags.insert(key.to_owned(), value.to_owned()).is_some();
        ensure(!twice, || Failure::invalid("Tag keys must be unique"))?;
    }
    Ok(tags)
}

fn ensure(holds: bool, failure: impl FnOnce() -> Failure) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(failure()) }
}

fn at_most(request: &Value, pointer: &str, limit: usize) -> Result<(), Failure> {
    let length = request.pointer(pointer).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    ensure(length <= limit, || violated(pointer, &format!("Member must have length less than or equal to {limit}")))
}

fn one_of(request: &Value, pointer: &str, values: &[&str]) -> Result<(), Failure> {
    let value = request.pointer(pointer).and_then(Value::as_str);
    ensure(value.is_none_or(|value| values.contains(&value)), || {
        violated(pointer, &format!("Member must satisfy enum value set: [{}]", values.join(", ")))
    })
}

fn pattern(pointer: &str, value: &str, pattern: &str) -> Failure {
    violated(pointer, &format!("Member must satisfy regular expression pattern: {pattern} (it is '{value}')"))
}

fn violated(pointer: &str, rule: &str) -> Failure {
    let member = pointer.trim_start_matches('/').replace('/', ".");
    Failure::invalid(&format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {rule}"))
}
