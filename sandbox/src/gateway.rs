//! API Gateway: the API behind the URL in the stack's output.

use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;

use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// Answers `/restapis/{api}/{stage}/_user_request_/…`, `/_aws/execute-api/{api}/{stage}/…`, or Host `{api}.execute-api.…`.
pub(crate) async fn answer(world: &Arc<World>, request: Request<Incoming>) -> Answer {
    let _ = (world, request);
    whole(403, "application/json", r#"{"message":"Missing Authentication Token"}"#)
}
