//! API Gateway: the REST API behind the URL in the stack's output.
//!
//! A request is for an API and a stage; there it must find a method, be signed, be allowed by the caller's policies and the
//! API's own, and then goes to the function as a proxy event (API Gateway Developer Guide, "Lambda proxy integrations" and
//! "How API Gateway resource policies affect authorization workflow").

mod access_log;
mod authorization;
mod event;
mod response;
mod route;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::function::{self, Invoker};
use crate::signature::Caller;
use crate::state::World;

pub(crate) use response::Reply;
use route::Place;

/// API Gateway's limit for a payload.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// API Gateway's limit for an integration.
const LONGEST: Duration = Duration::from_secs(29);

/// What becomes known of a request on its way; the access log tells it.
struct Passage {
    request_id: String,
    began: Instant,
    place: Option<Place>,
    caller: Option<Caller>,
    integration: Option<Duration>,
}

/// Answers `/restapis/{api}/{stage}/_user_request_/…`, `/_aws/execute-api/{api}/{stage}/…`, or Host `{api}.execute-api.…`.
pub(crate) async fn answer(world: &Arc<World>, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let reply = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => respond(world, &parts, &body.to_bytes()).await,
        Err(_) => Reply::message(413, "Request Too Long", "REQUEST_TOO_LARGE"),
    };
    let mut answer = whole(reply.status, "application/json", reply.body);
    for (name, value) in reply.headers {
        if name == "content-type" {
            answer.headers_mut().remove("content-type");
        }
        answer.headers_mut().append(name, value);
    }
    answer
}

/// Answers a request that is there as a whole.
pub(crate) async fn respond(world: &Arc<World>, parts: &Parts, body: &Bytes) -> Reply {
    let request_id = uuid::Uuid::new_v4().to_string();
    let mut passage = Passage { request_id, began: Instant::now(), place: None, caller: None, integration: None };
    let reply = pass(world, parts, body, &mut passage).await.unwrap_or_else(|refusal| refusal);
    access_log::write(world, &passage, &reply);
    reply.header("x-amzn-requestid", &passage.request_id)
}

async fn pass(world: &Arc<World>, parts: &Parts, body: &Bytes, passage: &mut Passage) -> Result<Reply, Reply> {
    let place = world.read(|state| route::find(&state.resources, parts))?;
    let place = passage.place.insert(place);
    let Some(method) = &place.method else {
        // What has no method is answered like this, however it was signed.
        return Err(Reply::message(403, "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN"));
    };
    passage.caller = world.read(|state| authorization::check(&state.resources, place, method, parts, body))?;
    let arn = method.function.clone().map_err(|why| Reply::message(500, &why, "API_CONFIGURATION_ERROR"))?;
    let event = event::of(place, method, parts, body, passage.caller.as_ref(), &passage.request_id);

    let began = Instant::now();
    let source_arn = place.method_arn(&method.http_method, &method.resource_path);
    let invoker = Invoker { service: "apigateway.amazonaws.com", source_arn: &source_arn };
    let answered = tokio::time::timeout(LONGEST, function::invoke(world, &arn, &invoker, event.into())).await;
    passage.integration = Some(began.elapsed());
    match answered {
        Err(_) => Err(Reply::message(504, "Endpoint request timed out", "INTEGRATION_TIMEOUT")),
        Ok(Err(error)) => {
            let status = if error.is_configuration() { 500 } else { 502 };
            Err(Reply::message(status, "Internal server error", "INTEGRATION_FAILURE"))
        }
        Ok(Ok(answer)) => response::read(&answer),
    }
}

#[cfg(test)]
#[path = "gateway/tests.rs"]
mod tests;
