//! One port for every service: which of them a request is for, and the shape its answer has.
//!
//! The SDKs say it in three ways: awsQuery by the form field `Action`, awsJson by the header `X-Amz-Target`, REST by method
//! and path. Service and region are those of the credential scope of the signature.

mod owner;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::wire::answer::{json_refusal, whole, xml_refusal};
use super::wire::query::Parameters;
use super::wire::{Answer, Call, Refusal, Scope, xml};
use super::{cloudformation, iam, logs, s3, secrets_manager, sts, transfer};
use crate::clock::uuid;
use crate::gateway;
use crate::host;
use crate::signature::{self, Caller};
use crate::state::World;

/// No call of the control plane is longer: a template may be 51,200 bytes, each of them three as a form.
const LONGEST_BODY: usize = 1 << 20;
/// How long a client may take over its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait where the system has no more sockets.
const BREATH: Duration = Duration::from_millis(20);

/// Answers until the sandbox is stopped.
pub(crate) async fn serve(world: Arc<World>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Head and body are written apart: without this the body waits for the client's delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                let world = Arc::clone(&world);
                connections.spawn(async move {
                    // Whoever may sign may run a program as the user of the sandbox, and its keys are no secret.
                    let own = stream.local_addr();
                    let is_owner = own.is_ok_and(|own| owner::may_be_owner(world.folder(), peer, own));
                    let answer = service_fn(move |request| {
                        let world = Arc::clone(&world);
                        async move { Ok::<_, Infallible>(answer(&world, request, is_owner).await) }
                    });
                    let mut server = hyper::server::conn::http1::Builder::new();
                    server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).half_close(true);
                    // A client that goes away in the middle is no event.
                    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

async fn answer(world: &Arc<World>, request: Request<Incoming>, is_owner: bool) -> Answer {
    let request_id = uuid();
    let mut answer = route(world, request, is_owner, &request_id).await;
    let headers = answer.headers_mut();
    // S3 and the function's own answers carry ids of their own.
    if !headers.contains_key("x-amz-request-id")
        && let Ok(value) = HeaderValue::from_str(&request_id)
    {
        headers.entry("x-amzn-requestid").or_insert(value);
    }
    answer
}

async fn route(world: &Arc<World>, request: Request<Incoming>, is_owner: bool, request_id: &str) -> Answer {
    if !is_owner {
        return forbidden("only the user who started this sandbox may call it");
    }
    if !host::is_local_or_aws(request.headers()) {
        return forbidden("this sandbox answers under names of this machine and of AWS only, and no web page");
    }
    if request.uri().path().starts_with("/_sandbox/") {
        return of_sandbox(world, &request);
    }
    let scope = Scope::of(request.headers(), request.uri().query());
    if is_of_gateway(&request, &scope) {
        return gateway::answer(world, request).await;
    }
    if let Some(target) = header(request.headers(), "x-amz-target").map(ToOwned::to_owned) {
        return of_json(world, request, scope, &target).await;
    }
    if is_query(&request) {
        return of_query(world, request, scope, request_id).await;
    }
    match scope.service.as_str() {
        "s3" | "" => s3::answer(world, request, &scope.region).await,
        // A service with REST and JSON that this is not, such as Lambda.
        service => {
            let what = format!("{} {}", request.method(), request.uri().path());
            json_refusal(&Refusal::unknown_operation(service, &what).status(404))
        }
    }
}

/// A refusal that is no service's.
fn forbidden(why: &str) -> Answer {
    whole(403, "application/json", serde_json::json!({ "message": why }).to_string())
}

/// The sandbox's own paths.
fn of_sandbox(world: &Arc<World>, request: &Request<Incoming>) -> Answer {
    if !host::is_local(request.headers()) {
        return forbidden("this is asked under a name of this machine");
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/_sandbox/status") => {
            let status = serde_json::to_vec(&world.status()).unwrap_or_default();
            whole(200, "application/json", status)
        }
        (&Method::POST, "/_sandbox/stop") => {
            world.ask_to_stop();
            whole(202, "application/json", "{}")
        }
        (_, _) => {
            whole(404, "application/json", r#"{"message":"there are GET /_sandbox/status and POST /_sandbox/stop"}"#)
        }
    }
}

/// The forms in which an API can be called: see [`gateway`].
fn is_of_gateway(request: &Request<Incoming>, scope: &Scope) -> bool {
    let path = request.uri().path();
    let host = header(request.headers(), HOST.as_str()).unwrap_or_default();
    scope.service == "execute-api"
        || path.starts_with("/_aws/execute-api/")
        || host.contains(".execute-api.")
        || path.strip_prefix("/restapis/").is_some_and(|rest| rest.contains("/_user_request_"))
}

/// A form that is posted to the root, or (as old clients and signed links do) an action in the query.
fn is_query(request: &Request<Incoming>) -> bool {
    let is_form = header(request.headers(), "content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let asks_action =
        || request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")));
    request.uri().path() == "/" && (request.method() == Method::POST && is_form || asks_action())
}

async fn of_query(world: &Arc<World>, request: Request<Incoming>, scope: Scope, request_id: &str) -> Answer {
    let (parts, body) = request.into_parts();
    let bytes = match whole_body(body).await {
        Ok(bytes) => bytes,
        Err(refusal) => return xml_refusal("sts", &refusal, request_id),
    };
    let mut form = parts.uri.query().unwrap_or_default().as_bytes().to_vec();
    if !form.is_empty() {
        form.push(b'&');
    }
    form.extend_from_slice(&bytes);
    let parameters = Parameters::parse(&form);
    let action = parameters.text("Action").unwrap_or_default().to_owned();
    let service = match (scope.service.as_str(), parameters.text("Version")) {
        ("", Some("2010-05-15")) => "cloudformation",
        ("", Some("2010-05-08")) => "iam",
        ("", _) => "sts",
        (service, _) => service,
    };
    let call = Call { action, region: scope.region };
    let verified = world.read(|state| signature::verify_call(&state.resources, &parts, &bytes, service, false));
    let allowed = verified.and_then(|caller| match refused_on_request(world, service, &call, &caller, false) {
        Some(refusal) => Err(refusal),
        None => Ok(caller),
    });
    let result = match allowed {
        Err(refusal) => Err(refusal),
        Ok(caller) => match service {
            "cloudformation" => cloudformation::answer(world, &call, &parameters),
            "iam" => iam::answer(world, &call, &parameters),
            "sts" => sts::answer(world, &call, &caller, &parameters),
            _ => Err(Refusal::invalid_action(&call.action, parameters.text("Version").unwrap_or_default())),
        },
    };
    match result {
        Ok(value) => whole(200, "text/xml", xml::response(service, &call.action, &value, request_id)),
        Err(refusal) => xml_refusal(service, &refusal, request_id),
    }
}

async fn of_json(world: &Arc<World>, request: Request<Incoming>, scope: Scope, target: &str) -> Answer {
    let (name, action) = target.rsplit_once('.').unwrap_or((target, ""));
    let service = match name {
        "TransferService" => "transfer",
        "Logs_20140328" => "logs",
        "secretsmanager" => "secretsmanager",
        _ => scope.service.as_str(),
    };
    let (parts, body) = request.into_parts();
    let bytes = match whole_body(body).await {
        Ok(bytes) => bytes,
        Err(refusal) => return json_refusal(&refusal),
    };
    let input: Value = match bytes.as_ref() {
        b"" => Value::Object(serde_json::Map::new()),
        bytes => match serde_json::from_slice(bytes) {
            Ok(input @ Value::Object(_)) => input,
            Ok(_) | Err(_) => {
                return json_refusal(&Refusal::new("SerializationException", "the body is not a JSON object"));
            }
        },
    };
    let service = service.to_owned();
    let call = Call { action: action.into(), region: scope.region };
    let verified = world.read(|state| signature::verify_call(&state.resources, &parts, &bytes, &service, true));
    let allowed = verified.and_then(|caller| match refused_on_request(world, &service, &call, &caller, true) {
        Some(refusal) => Err(refusal),
        None => Ok(caller),
    });
    let result = match allowed {
        Err(refusal) => Err(refusal),
        Ok(caller) => match service.as_str() {
            "secretsmanager" => secrets_manager::answer(world, &call, &caller, &input),
            "transfer" => transfer::answer(world, &call, &input).await,
            "logs" => logs::answer(world, &call, &input),
            service => Err(Refusal::unknown_operation(service, target)),
        },
    };
    match result {
        // An action without a result answers nothing at all.
        Ok(Value::Null) => whole(200, "application/x-amz-json-1.1", ""),
        Ok(value) => whole(200, "application/x-amz-json-1.1", value.to_string()),
        Err(refusal) => json_refusal(&refusal),
    }
}

/// What `--throttle` and `--fail` ask for.
fn refused_on_request(world: &World, service: &str, call: &Call, caller: &Caller, json: bool) -> Option<Refusal> {
    let code = |code: &str| if json { format!("{code}Exception") } else { code.to_owned() };
    if world.is_throttled() {
        return Some(Refusal::new(&code("Throttling"), "Rate exceeded"));
    }
    let (arn, action) = (&caller.arn, &call.action);
    let message = format!("User: {arn} is not authorized to perform: {service}:{action} (asked for by --fail)");
    let status = if json { 400 } else { 403 };
    let denied = || Refusal::new(&code("AccessDenied"), message).status(status);
    world.failures.for_action(service, action).then(denied)
}

async fn whole_body(body: Incoming) -> Result<Bytes, Refusal> {
    match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(Refusal::new(
            "RequestEntityTooLargeException",
            format!("the request is longer than {LONGEST_BODY} bytes, or was cut off"),
        )
        .status(413)),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
