//! Between the SDK and the model: one wire for each run of the deployer, on which calls are counted, spoiled and cut off.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::{AggregatedBytes, ByteStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::aws::{Answer, Asked, Aws, json_error, query_error};
use crate::invariant::Invariant;
use crate::secrets;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Refused: too many calls.
    Throttled,
    /// Refused with a 500.
    Broken,
    /// Answered with a 500, and done all the same.
    BrokenAfter,
    /// The connection ends before it arrives.
    CutBefore,
    /// The connection ends before the answer.
    CutAfter,
    /// Never answered, and not done.
    Silent,
    /// Never answered, and done.
    SilentAfter,
    /// A proxy answers with a page of its own.
    Page,
    /// Done, and half of the answer is missing.
    Truncated,
    /// The credentials have expired.
    Expired,
    /// The caller may not.
    Denied,
    /// The clock of this machine is wrong.
    Skewed,
}

impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::Throttled,
        Self::Broken,
        Self::BrokenAfter,
        Self::CutBefore,
        Self::CutAfter,
        Self::Silent,
        Self::SilentAfter,
        Self::Page,
        Self::Truncated,
        Self::Expired,
        Self::Denied,
        Self::Skewed,
    ];

    fn has_effect(self) -> bool {
        matches!(self, Self::BrokenAfter | Self::CutAfter | Self::SilentAfter | Self::Truncated)
    }
}

/// What is to go wrong in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// By the call's number, counted from 1, and how many calls from there.
    pub(crate) faults: Vec<(usize, usize, Fault)>,
    /// The run is killed at this call: before it arrives, or after it took effect.
    pub(crate) kill: Option<(usize, bool)>,
    /// Every call is throttled from this second of the run on, for so many seconds.
    pub(crate) storm: Option<(u64, u64)>,
}

/// One call of a run, and when it came.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) at: Instant,
    pub(crate) what: String,
    pub(crate) mutates: bool,
    /// Whether the model did what it says.
    pub(crate) arrived: bool,
    /// Whether it was not done: the model refused it, or the caller was told that it was refused.
    pub(crate) refused: bool,
}

/// The wire of one run.
#[derive(Clone, Debug)]
pub(crate) struct Wire(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    aws: Arc<Mutex<Aws>>,
    script: Script,
    began: Instant,
    notes: Mutex<Vec<Noted>>,
    dead: Mutex<bool>,
    killed: Notify,
}

impl Wire {
    pub(crate) fn new(aws: Arc<Mutex<Aws>>, script: Script) -> Self {
        let inner = Inner {
            aws,
            script,
            began: Instant::now(),
            notes: Mutex::default(),
            dead: Mutex::new(false),
            killed: Notify::new(),
        };
        Self(Arc::new(inner))
    }

    pub(crate) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Resolves when the run is to be killed.
    pub(crate) async fn killed(&self) {
        self.0.killed.notified().await;
    }

    /// From now on nothing of this run reaches the service: its process is gone.
    pub(crate) fn die(&self) {
        *locked(&self.0.dead) = true;
    }

    pub(crate) fn notes(&self) -> Vec<Noted> {
        locked(&self.0.notes).clone()
    }

    async fn carry(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let asked = read(request).await;
        if let Some(leak) = secrets::of_request(&asked) {
            locked(&self.0.aws).crimes.push((Invariant::I11, format!("{} {}: {leak}", asked.service, asked.action)));
        }
        if *locked(&self.0.dead) {
            return std::future::pending().await;
        }
        let what = format!("{} {}", asked.service, asked.action);
        let mutates = asked.mutates();
        let number = {
            let mut notes = locked(&self.0.notes);
            notes.push(Noted { at: Instant::now(), what, mutates, arrived: false, refused: false });
            notes.len()
        };
        // A call takes a moment, so that two actors take turns.
        sleep(Duration::from_millis(5)).await;
        let Script { faults, kill, storm } = &self.0.script;
        let arrive = || {
            let answer = locked(&self.0.aws).answer(&asked);
            if let Some(note) = locked(&self.0.notes).get_mut(number - 1) {
                note.arrived = true;
                note.refused = (400..500).contains(&answer.status);
            }
            answer
        };
        if let Some((at, committed)) = kill
            && *at == number
        {
            if *committed {
                arrive();
            }
            self.die();
            self.0.killed.notify_one();
            return std::future::pending().await;
        }
        let second = self.0.began.elapsed().as_secs();
        let in_storm = storm.is_some_and(|(from, takes)| (from..from + takes).contains(&second));
        let fault = faults.iter().find(|(at, many, _)| (*at..at + many).contains(&number)).map(|(_, _, fault)| *fault);
        let fault = if in_storm { Some(Fault::Throttled) } else { fault };
        let done = fault.is_none_or(Fault::has_effect).then(arrive);
        let answer = match fault {
            None => done.unwrap_or_else(|| Answer::new(500, "")),
            Some(Fault::Silent | Fault::SilentAfter) => return std::future::pending().await,
            Some(Fault::CutBefore | Fault::CutAfter) => {
                let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                return Err(ConnectorError::io(reset.into()));
            }
            Some(Fault::Page) => {
                Answer::new(200, "<html><body>Access blocked</body></html>").with("content-type", "text/html")
            }
            Some(Fault::Truncated) => {
                let mut whole = done.unwrap_or_else(|| Answer::new(200, ""));
                let half = whole.body.len() / 2;
                whole.body = whole.body.chars().take(half).collect();
                whole
            }
            Some(Fault::Broken | Fault::BrokenAfter) => refusal(&asked, 500, "InternalFailure", "try later"),
            Some(Fault::Throttled) => refusal(&asked, 400, "ThrottlingException", "Rate exceeded"),
            Some(Fault::Expired) => {
                refusal(&asked, 403, "ExpiredToken", "The security token included in the request is expired")
            }
            Some(Fault::Denied) => refusal(&asked, 403, "AccessDenied", "not authorized to perform: it"),
            Some(Fault::Skewed) => refusal(&asked, 403, "RequestTimeTooSkewed", "the difference is too large"),
        };
        // A 500 may have been done all the same.
        if (400..500).contains(&answer.status)
            && let Some(note) = locked(&self.0.notes).get_mut(number - 1)
        {
            note.refused = true;
        }
        let mut response = HttpResponse::new(
            answer.status.try_into().map_err(|_| ConnectorError::user("status".into()))?,
            SdkBody::from(answer.body),
        );
        for (name, value) in answer.headers {
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    }
}

fn refusal(asked: &Asked, status: u16, code: &str, message: &str) -> Answer {
    match asked.service {
        "transfer" => json_error(status, code, message),
        "s3" => Answer::new(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>")),
        _ => query_error(status, code, message),
    }
}

/// Reads a request to its end.
async fn read(mut request: HttpRequest) -> Asked {
    let body = std::mem::replace(request.body_mut(), SdkBody::empty());
    let body = match body.bytes() {
        Some(bytes) => bytes.to_vec(),
        None => ByteStream::new(body).collect().await.map(AggregatedBytes::to_vec).unwrap_or_default(),
    };
    let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let uri: url::Url = request.uri().parse().expect("a request has a URI");
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let scope = request.headers().get("authorization").unwrap_or_default();
    let service = scope.split('/').nth(3).unwrap_or_default();
    let service = ["cloudformation", "transfer", "iam", "sts", "s3"]
        .into_iter()
        .find(|known| *known == service)
        .unwrap_or("nobody");
    let action = match service {
        "s3" => {
            format!("{} {path}{}", request.method(), if query.is_empty() { String::new() } else { format!("?{query}") })
        }
        "transfer" => {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            target.rsplit('.').next().unwrap_or_default().to_owned()
        }
        _ => {
            let start = String::from_utf8_lossy(body.get(..body.len().min(100)).unwrap_or_default()).into_owned();
            let action = start.split('&').find_map(|pair| pair.strip_prefix("Action="));
            action.unwrap_or_default().to_owned()
        }
    };
    Asked { service, action, path, query, headers, body }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry(request))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
