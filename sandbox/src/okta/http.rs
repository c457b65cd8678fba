//! HTTP of the org: a request in, a reply out.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::error::OktaError;
use super::message::{Asked, Reply};
use super::org::Org;
use super::routes;
use crate::clock::now;
use crate::host;

/// The longest body that is read.
const LONGEST_BODY: usize = 64 * 1024;
/// How long a client may take for a request's head, and for its body.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections at once.
const CONNECTIONS: usize = 512;

/// Answers until `stop`.
pub(super) async fn serve(org: Arc<Org>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let mut connections = JoinSet::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, or a client that was gone at once.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let _ = stream.set_nodelay(true);
        let org = Arc::clone(&org);
        connections.spawn(async move {
            let service = service_fn(move |request| respond(Arc::clone(&org), request));
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(place);
        });
    }
    connections.shutdown().await;
}

async fn respond(org: Arc<Org>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    // Passwords can be tried here, so that no web page may ask.
    if !host::is_local(&parts.headers) {
        return Ok(response(OktaError::Forbidden.reply()));
    }
    let body = tokio::time::timeout(PATIENCE, Limited::new(body, LONGEST_BODY).collect()).await;
    let Ok(Ok(body)) = body else { return Ok(response(OktaError::NotJson.reply())) };
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        bearer: bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned),
        body: body.to_bytes(),
    };
    Ok(response(routes::answer(&org, &asked, now())))
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [("content-type", "application/json".to_owned()), ("cache-control", "no-cache, no-store".to_owned())];
    for (name, value) in headers.into_iter().chain(reply.headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}
