//! A reverse proxy that writes down every AWS call, and spoils the ones it is told to.

mod recognise;

use std::future;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::HeaderValue;

use self::recognise::Protocol;
use super::fault::{Ending, Fault, Faults, matches};
use super::loopback::{self, Answer, Received, Reply, Server};
use super::process::until;
use super::scope::Scope;

/// One call that came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The signing name (`cloudformation`, `s3`, `execute-api`, …); `unsigned` if it was not signed.
    pub(crate) service: String,
    /// `CreateChangeSet`; for services that speak REST method and path, `PUT /bucket/key`.
    pub(crate) action: String,
    /// What follows the path, where there is something.
    pub(crate) query: String,
    /// What the caller got: a status, or nothing if the connection was cut or is still waiting.
    pub(crate) status: Option<u16>,
    /// Whether the call may have changed something.
    pub(crate) mutates: bool,
}

impl Call {
    /// Whether it is about the lease of a run, whose object's key holds the word.
    pub(crate) fn is_lease(&self) -> bool {
        self.service == "s3" && self.action.contains("lease")
    }

    /// Service and action. Where the action is method and path, it takes the query's names to tell GetBucketTagging from
    /// ListObjectsV2.
    pub(crate) fn kind(&self) -> String {
        let names: Vec<&str> = self.query.split('&').filter_map(|part| part.split('=').next()).collect();
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.service, self.action, names.join("&"))
    }
}

#[derive(Default)]
struct Book {
    calls: Vec<Call>,
    faults: Faults,
    meanwhile: Vec<(String, Meanwhile)>,
    held: Option<Held>,
}

/// A call that is never answered.
struct Held {
    /// As [`Call::kind`] tells it.
    kind: String,
    /// How many of that kind are still to come, that one included.
    left: usize,
    /// Whether it reaches the service.
    effect: bool,
    /// Told once that is so.
    told: mpsc::Sender<()>,
}

/// What somebody else does at the service, just before a call arrives there.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// A running proxy.
pub(crate) struct AwsProxy {
    server: Server,
    book: Arc<Mutex<Book>>,
}

impl AwsProxy {
    /// Starts one on a free loopback port.
    pub(crate) fn in_front_of(endpoint: &str) -> Self {
        Self::start(endpoint, false)
    }

    /// The same, one that says of every call that it came by TLS, as a proxy does at which TLS ends.
    pub(crate) fn ending_tls_in_front_of(endpoint: &str) -> Self {
        Self::start(endpoint, true)
    }

    fn start(endpoint: &str, ends_tls: bool) -> Self {
        let book: Arc<Mutex<Book>> = Arc::default();
        let (kept, upstream) = (Arc::clone(&book), endpoint.to_owned());
        let server = Server::start(move |mut request: Received| {
            if ends_tls {
                request.headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
            }
            handle(Arc::clone(&kept), upstream.clone(), request)
        });
        Self { server, book }
    }

    /// Where the deployer is to be sent.
    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Plans a fault for some occurrences of an action, counted from 1 and from now. `*` at the end stands for any rest.
    pub(crate) fn fault(&self, service: &str, action: &str, occurrences: RangeInclusive<usize>, fault: Fault) {
        self.book.lock().unwrap().faults.plan(&format!("{service} {action}"), occurrences, fault);
    }

    /// Lets somebody else be faster: what is given is done once, just before the next call of an action is passed on.
    pub(crate) fn before(&self, service: &str, action: &str, other: impl FnOnce() + Send + 'static) {
        self.book.lock().unwrap().meanwhile.push((format!("{service} {action}"), Box::new(other)));
    }

    /// Never answers the call at a place among those of its kind, counted from 1 and from now; `effect` says whether it
    /// reaches the service. What is returned hears when that is so.
    pub(crate) fn hold(&self, kind: &str, nth: usize, effect: bool) -> mpsc::Receiver<()> {
        let (told, hears) = mpsc::channel();
        self.book.lock().unwrap().held = Some(Held { kind: kind.to_owned(), left: nth, effect, told });
        hears
    }

    /// Every call so far, in the order they came.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.book.lock().unwrap().calls.clone()
    }

    /// The calls that may have changed something, those of the lease left out.
    pub(crate) fn mutating(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.mutates && !call.is_lease()).collect()
    }

    /// Waits until an action has been called so many times; fails after ten seconds.
    pub(crate) fn wait_for(&self, service: &str, action: &str, times: usize) {
        let came = until(Duration::from_secs(10), || (self.count(service, action) >= times).then_some(()));
        assert!(came.is_some(), "{service} {action} did not come {times} times: {:?}", self.calls());
    }

    /// How many calls of an action came, `*` at its end standing for any rest.
    pub(crate) fn count(&self, service: &str, action: &str) -> usize {
        self.calls().iter().filter(|call| call.service == service && matches(action, &call.action)).count()
    }

    /// Forgets the calls so far, not the faults.
    pub(crate) fn clear(&self) {
        self.book.lock().unwrap().calls.clear();
    }
}

/// Writes a call down, spoils it if its turn has come, and passes it on otherwise.
async fn handle(book: Arc<Mutex<Book>>, upstream: String, request: Received) -> Answer {
    let scope = Scope::of(&request.headers);
    let service = scope.map_or_else(|| "unsigned".to_owned(), |scope| scope.service);
    let protocol = Protocol::of(&service, &request);
    let action = protocol.action(&request);
    let (at, fault, other, held) = {
        let mut book = book.lock().unwrap();
        let name = format!("{service} {action}");
        let fault = book.faults.next(&name);
        let other = book.meanwhile.iter().position(|(pattern, _)| matches(pattern, &name));
        let other = other.map(|at| book.meanwhile.remove(at).1);
        let mutates = protocol.mutates(&action);
        let query = request.target.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
        let call = Call { service, action, query, status: None, mutates };
        let kind = call.kind();
        book.calls.push(call);
        let held = book.held.take_if(|held| {
            held.left -= usize::from(held.kind == kind);
            held.left == 0
        });
        (book.calls.len() - 1, fault, other, held)
    };
    if let Some(held) = held {
        if held.effect {
            forward(&upstream, request).await;
        }
        // Whoever held it may have gone away.
        held.told.send(()).ok();
        return future::pending().await;
    }
    if let Some(other) = other {
        tokio::task::spawn_blocking(other).await.expect("what somebody else does");
    }
    let answer = match fault {
        None => Answer::Reply(forward(&upstream, request).await),
        Some(Fault { effect, ending }) => {
            let told = if effect { Some(forward(&upstream, request).await) } else { None };
            match ending {
                Ending::Reply(reply) => Answer::Reply(reply),
                Ending::Rewritten(texts) => told.map_or(Answer::Cut, |reply| Answer::Reply(reply.rewritten(&texts))),
                Ending::Error(error) => Answer::Reply(protocol.error(&error)),
                Ending::Cut => Answer::Cut,
                Ending::Silence => future::pending().await,
            }
        }
    };
    if let Answer::Reply(reply) = &answer
        && let Some(call) = book.lock().unwrap().calls.get_mut(at)
    {
        call.status = Some(reply.status);
    }
    answer
}

/// Headers that are about one connection, or that are made anew for the next one.
const OF_THE_CONNECTION: [&str; 5] = ["connection", "keep-alive", "transfer-encoding", "expect", "content-length"];

/// Sends a call on as it came. An upstream that does not answer is a 502, as of any proxy.
async fn forward(upstream: &str, request: Received) -> Reply {
    let Received { method, target, mut headers, body } = request;
    let head = method == hyper::Method::HEAD;
    // The length stays: it may be signed, even that of an empty body.
    for name in OF_THE_CONNECTION.into_iter().filter(|name| *name != "content-length") {
        headers.remove(name);
    }
    let mut onward = Request::new(Full::<Bytes>::new(body));
    *onward.method_mut() = method;
    *onward.uri_mut() = format!("{upstream}{target}").parse().expect("the URI of a call");
    *onward.headers_mut() = headers;
    match loopback::call(onward).await {
        Ok(mut reply) => {
            // The length of an answer to HEAD is of a body that does not follow: it is all the caller asked for.
            for name in OF_THE_CONNECTION.into_iter().filter(|name| !(head && *name == "content-length")) {
                reply.headers.remove(name);
            }
            reply
        }
        Err(error) => Reply::new(502, "text/plain", format!("{upstream}: {error}")),
    }
}
