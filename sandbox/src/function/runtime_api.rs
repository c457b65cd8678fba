//! The Runtime API that one process sees (Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes").

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
/// Lambda's limit for an answer (6 MB, and some room for its encoding).
const LARGEST_ANSWER: usize = 6 * 1024 * 1024 + 100 * 1024;

/// An event on its way to the process.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) arn: String,
    pub(super) deadline_ms: u64,
    pub(super) body: Bytes,
}

/// What a process says to an event: an answer, or what went wrong.
pub(super) type Said = Result<Bytes, String>;

/// The Runtime API of one process. It ends with this value.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    shared: Arc<Shared>,
    events: mpsc::Sender<Event>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    /// The process waits for events one at a time.
    next: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    open: Mutex<Option<(String, oneshot::Sender<Said>)>>,
    ready: Notify,
    init_error: Mutex<Option<String>>,
}

impl RuntimeApi {
    /// Opens a listener on a free port.
    pub(super) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = listener.local_addr()?.to_string();
        let (events, receiver) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            next: tokio::sync::Mutex::new(receiver),
            open: Mutex::new(None),
            ready: Notify::new(),
            init_error: Mutex::new(None),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, events, task })
    }

    /// Waits until the process asks for an event for the first time.
    pub(super) async fn ready(&self) {
        self.shared.ready.notified().await;
    }

    /// What the process said when it could not start.
    pub(super) fn init_error(&self) -> Option<String> {
        lock(&self.shared.init_error).take()
    }

    /// Hands over an event, and waits for what the process says. `None` when it never says anything.
    pub(super) async fn ask(&self, event: Event) -> Option<Said> {
        let (sender, said) = oneshot::channel();
        *lock(&self.shared.open) = Some((event.request_id.clone(), sender));
        self.events.send(event).await.ok()?;
        said.await.ok()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connections end with the task that serves them.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        // Without this, each small answer waits for the acknowledgement of the one before it.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(shared.answer(request).await) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        match (request.method(), path.strip_prefix(INVOCATION)) {
            (&Method::GET, Some("next")) => self.next().await,
            (&Method::POST, Some(rest)) => match rest.split_once('/') {
                Some((id, "response")) => self.said(id, read(request).await),
                Some((id, "error")) => {
                    self.said(id, Err(read(request).await.map_or_else(|error| error, |body| text(&body))))
                }
                Some(_) | None => plain(404),
            },
            (&Method::POST, None) if path == "/2018-06-01/runtime/init/error" => {
                *lock(&self.init_error) = Some(read(request).await.map_or_else(|error| error, |body| text(&body)));
                plain(202)
            }
            _ => plain(404),
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.ready.notify_one();
        let mut events = self.next.lock().await;
        let Some(event) = events.recv().await else { return plain(410) };
        let mut response = Response::new(Full::new(event.body));
        let headers = [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", &event.request_id),
            ("lambda-runtime-deadline-ms", &event.deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", &event.arn),
        ];
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    /// Takes an answer, if it is to the event that is open.
    fn said(&self, id: &str, said: Said) -> Response<Full<Bytes>> {
        let mut open = lock(&self.open);
        match open.take() {
            Some((wanted, sender)) if wanted == id => {
                let _ = sender.send(said);
                plain(202)
            }
            other => {
                *open = other;
                plain(400)
            }
        }
    }
}

async fn read(request: Request<Incoming>) -> Result<Bytes, String> {
    let body = Limited::new(request.into_body(), LARGEST_ANSWER).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| format!("the answer could not be read: {error}"))
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn plain(status: u16) -> Response<Full<Bytes>> {
    let body = if status == 202 { r#"{"status":"OK"}"# } else { r#"{"errorType":"InvalidRequest"}"# };
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
