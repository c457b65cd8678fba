//! HTTP servers and calls on the loopback interface, shared by every fake in this binary.
//!
//! Tests are plain functions; what has to be asynchronous runs on one runtime of the binary's own.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};

/// The runtime all fakes of this binary live on.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("loopback")
            .enable_all()
            .build()
            .expect("a tokio runtime")
    });
    &RUNTIME
}

/// One request as a fake sees it, its body read to the end.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A header's text, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A whole answer, as a fake gives it and as a call receives it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// An answer with a body of the given type.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }.with("content-type", content_type)
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let name = header::HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.insert(name, value.parse().expect("a header value"));
        self
    }

    /// The same answer with some texts in place of others.
    pub(crate) fn rewritten(mut self, texts: &[(&'static str, String)]) -> Self {
        let body = texts.iter().fold(self.text(), |body, (from, to)| body.replace(from, to));
        self.body = body.into();
        self
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; a test that gets anything else fails here, showing it.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

/// How a fake ends a request.
pub(crate) enum Answer {
    /// With an answer.
    Reply(Reply),
    /// By closing the connection without one.
    Cut,
}

/// An HTTP/1.1 server on a free loopback port; it and its connections end with the value.
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts a server that answers each request by `handler`.
    pub(crate) fn start<H, F>(handler: H) -> Self
    where
        H: Fn(Received) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free loopback port");
        let address = listener.local_addr().expect("the address of a listener");
        let accepting = runtime().spawn(accept(listener, handler));
        Self { address, accepting }
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections until it is dropped, and with it the set that holds them.
async fn accept<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(Received) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                connections.spawn(serve(stream, handler.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection; a cut answer ends it, which the client sees as a reset or an early end.
async fn serve<H, F>(stream: TcpStream, handler: H)
where
    H: Fn(Received) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
            let received = Received { method: parts.method, target, headers: parts.headers, body };
            match handler(received).await {
                Answer::Cut => Err(io::Error::other("cut by the test's script")),
                Answer::Reply(reply) => {
                    let mut response = Response::new(Full::new(reply.body));
                    *response.status_mut() = reply.status.try_into().expect("an HTTP status");
                    *response.headers_mut() = reply.headers;
                    Ok(response)
                }
            }
        }
    });
    // An error here is a client that went away or a cut of ours: both are the test's business, not the server's.
    let _ended = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Sends one request on a connection of its own and reads the answer to the end.
///
/// The request's URI is absolute; the `Host` header is made from it unless the request has one.
pub(crate) async fn call(mut request: Request<Full<Bytes>>) -> io::Result<Reply> {
    let uri = std::mem::take(request.uri_mut());
    let authority = uri.authority().ok_or_else(|| io::Error::other(format!("{uri} names no host")))?;
    let stream = TcpStream::connect(authority.as_str()).await?;
    let host = authority.as_str().parse().map_err(io::Error::other)?;
    request.headers_mut().entry(header::HOST).or_insert(host);
    *request.uri_mut() = uri.path_and_query().map_or(Uri::from_static("/"), |path| path.clone().into());

    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let driving = tokio::spawn(connection);
    let answered = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok::<_, hyper::Error>((parts, body.collect().await?.to_bytes()))
    };
    let answered = answered.await;
    driving.abort();
    let (parts, body) = answered.map_err(io::Error::other)?;
    Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// [`call`], from a test.
pub(crate) fn send(request: Request<Full<Bytes>>) -> io::Result<Reply> {
    runtime().block_on(call(request))
}

/// GET of an absolute URL.
pub(crate) fn get(url: &str) -> io::Result<Reply> {
    send(Request::get(url).body(Full::default()).map_err(io::Error::other)?)
}

/// POST to an absolute URL, with the headers given.
pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> io::Result<Reply> {
    let mut request = Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request.body(Full::new(body.into())).map_err(io::Error::other)?)
}

/// A handler that needs no waiting, as the kind [`Server::start`] takes.
pub(crate) fn at_once<H>(handler: H) -> impl Fn(Received) -> std::future::Ready<Answer> + Clone + Send + Sync + 'static
where
    H: Fn(Received) -> Answer + Clone + Send + Sync + 'static,
{
    move |received| std::future::ready(handler(received))
}
