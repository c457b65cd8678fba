//! From a request to an API, a stage, a resource and a method, all as CloudFormation made them.

use hyper::http::request::Parts;
use serde_json::Value;

use super::Reply;
use crate::ACCOUNT;
use crate::aws::wire::call::partition;
use crate::resources::{Resource, Resources};

/// Where a request leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Id of the API.
    pub(super) api: String,
    /// The region it is in.
    pub(super) region: String,
    /// Name of the stage.
    pub(super) stage: String,
    /// Id of the deployment.
    pub(super) deployment: String,
    /// The path behind the stage, as it came: still encoded.
    pub(super) path: String,
    /// The host that was called.
    pub(super) host: String,
    /// The API's own policy.
    pub(super) policy: Option<Value>,
    /// Variables of the stage.
    pub(super) variables: Option<Value>,
    /// Destination and format of the access log.
    pub(super) access_log: Option<(String, String)>,
    /// The method, if there is one for path and verb.
    pub(super) method: Option<Method>,
}

/// A method.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Method {
    /// The verb of the request.
    pub(super) http_method: String,
    /// Id of the resource.
    pub(super) resource_id: String,
    /// Such as `/servers/{serverId}`.
    pub(super) resource_path: String,
    /// Values of the parameters in the path, still encoded: so they arrive from API Gateway.
    pub(super) parameters: Vec<(String, String)>,
    /// Whether requests must be signed.
    pub(super) is_signed: bool,
    /// ARN of the function behind it, or why there is none.
    pub(super) function: Result<String, String>,
}

impl Place {
    /// What the ARNs of all methods of the API begin with.
    pub(super) fn method_arn_prefix(&self) -> String {
        format!("arn:{}:execute-api:{}:{ACCOUNT}:{}/", partition(&self.region), self.region, self.api)
    }

    /// ARN of a method at a path.
    pub(super) fn method_arn(&self, http_method: &str, path: &str) -> String {
        format!("{}{}/{http_method}/{}", self.method_arn_prefix(), self.stage, path.trim_start_matches('/'))
    }
}

/// Whether a request is for an API: by its path, or by its host.
pub(super) fn split(parts: &Parts) -> Option<(String, String, String)> {
    let path = parts.uri.path();
    let two = |rest: &str| {
        let (api, rest) = rest.split_once('/')?;
        let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
        Some((api.to_owned(), stage.to_owned(), path.to_owned()))
    };
    if let Some(rest) = path.strip_prefix("/restapis/") {
        let (api, stage, path) = two(rest)?;
        let path = path.strip_prefix("_user_request_")?;
        return Some((api, stage, if path.is_empty() { "/".to_owned() } else { path.to_owned() }));
    }
    if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
        let (api, stage, path) = two(rest)?;
        return Some((api, stage, format!("/{path}")));
    }
    let host = host(parts);
    let (api, _) = host.split_once(".execute-api.")?;
    let (_, rest) = path.split_once('/')?;
    let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((api.to_owned(), stage.to_owned(), format!("/{path}")))
}

fn host(parts: &Parts) -> String {
    let header = parts.headers.get("host").and_then(|host| host.to_str().ok());
    header.or_else(|| parts.uri.host()).unwrap_or_default().to_owned()
}

/// Finds the stage and, if there is one, the method.
pub(super) fn find(resources: &Resources, parts: &Parts) -> Result<Place, Reply> {
    let forbidden = || Reply::message(403, "Forbidden", "ACCESS_DENIED");
    let (api, stage, path) = split(parts).ok_or_else(forbidden)?;
    let made = resources.find("AWS::ApiGateway::RestApi", &api).ok_or_else(forbidden)?;
    let of_api = |resource: &&Resource| resource.text(&["RestApiId"]) == Some(&api);
    let mut stages = resources.of_kind("AWS::ApiGateway::Stage").filter(of_api);
    let found = stages.find(|found| found.text(&["StageName"]) == Some(&stage)).ok_or_else(forbidden)?;
    let deployment = found.text(&["DeploymentId"]).unwrap_or_default();
    if resources.find("AWS::ApiGateway::Deployment", deployment).is_none() {
        return Err(forbidden());
    }
    let log = |name: &str| found.text(&["AccessLogSetting", name]).map(str::to_owned);
    Ok(Place {
        region: made.stack_arn.split(':').nth(3).unwrap_or_default().to_owned(),
        deployment: deployment.to_owned(),
        host: host(parts),
        policy: made.property(&["Policy"]).filter(|policy| !policy.is_null()).cloned(),
        variables: found.property(&["Variables"]).cloned(),
        access_log: log("DestinationArn").zip(log("Format")),
        method: method(resources, made, parts.method.as_str(), &path),
        api,
        stage,
        path,
    })
}

fn method(resources: &Resources, api: &Resource, verb: &str, path: &str) -> Option<Method> {
    let of_api = |resource: &&Resource| resource.text(&["RestApiId"]) == Some(&api.physical_id);
    let rows: Vec<&Resource> = resources.of_kind("AWS::ApiGateway::Resource").filter(of_api).collect();
    let mut id = api.attribute("RootResourceId")?.to_owned();
    let (mut resource_path, mut parameters) = (String::new(), Vec::new());
    // One slash at each end, no more: an empty part is no resource.
    let trimmed = path.strip_prefix('/').unwrap_or(path);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let mut rest = (!trimmed.is_empty()).then_some(trimmed);
    while let Some(here) = rest {
        let (part, behind) = here.split_once('/').map_or((here, None), |(part, behind)| (part, Some(behind)));
        let children = || rows.iter().filter(|row| row.text(&["ParentId"]) == Some(&id));
        let name = |row: &Resource| row.text(&["PathPart"]).unwrap_or_default().to_owned();
        // A part by its name comes before a parameter, and that before one that takes all the rest.
        let exact = children().find(|row| name(row) == part);
        let parameter = || children().find(|row| name(row).starts_with('{') && !name(row).ends_with("+}"));
        let greedy = || children().find(|row| name(row).ends_with("+}"));
        let child = exact.or_else(parameter).or_else(greedy)?;
        let part_name = name(child);
        let is_greedy = part_name.ends_with("+}");
        if let Some(parameter) = part_name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let value = if is_greedy { here } else { part };
            if value.is_empty() {
                return None;
            }
            parameters.push((parameter.trim_end_matches('+').to_owned(), value.to_owned()));
        }
        resource_path.push('/');
        resource_path.push_str(&part_name);
        id.clone_from(&child.physical_id);
        rest = if is_greedy { None } else { behind };
    }
    let mut methods = resources.of_kind("AWS::ApiGateway::Method").filter(of_api);
    let fits = |method: &&Resource| {
        let verbs = method.text(&["HttpMethod"]).unwrap_or_default();
        method.text(&["ResourceId"]) == Some(&id) && (verbs == verb || verbs == "ANY")
    };
    let found = methods.find(fits)?;
    Some(Method {
        http_method: verb.to_owned(),
        resource_id: id,
        resource_path: if resource_path.is_empty() { "/".to_owned() } else { resource_path },
        parameters,
        is_signed: found.text(&["AuthorizationType"]).unwrap_or("NONE") != "NONE",
        function: function(found),
    })
}

/// The function behind a method: `…:lambda:path/2015-03-31/functions/{arn}/invocations`.
fn function(method: &Resource) -> Result<String, String> {
    let kind = method.text(&["Integration", "Type"]).unwrap_or_default();
    if kind != "AWS_PROXY" {
        return Err(format!("The sandbox runs integrations of type AWS_PROXY only, not {kind}"));
    }
    let uri = method.text(&["Integration", "Uri"]).unwrap_or_default();
    let arn = uri.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations"));
    arn.map(str::to_owned).ok_or_else(|| "The integration's URI names no function".to_owned())
}
