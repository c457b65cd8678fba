//! A scripted Transfer Family endpoint: the API's own life cycle and errors, and what can go wrong on the way.
//!
//! No emulator shows `STARTING`, fails a start, or loses an answer on request; this one does. What a server goes
//! through is in `life`, what the API accepts in `model`, what each operation does in `operations`, what a test can plan in `script`.

mod life;
mod model;
mod operations;
mod script;
mod sign_in;

use std::collections::{BTreeSet, VecDeque};
use std::future;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use self::life::{Life, Start};
use self::operations::{Failure, State};
use self::script::Script;
pub(crate) use self::script::{Builder, Listing, Seed};
use super::fault::{AwsError, Ending, Fault, Faults, matches};
use super::loopback::{Answer, Received, Reply, Server};
use super::process::until;
use super::scope::Scope;

/// One request, as it came in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) body: Value,
    /// Whether it changed something or would have.
    pub(crate) mutates: bool,
    /// The action that the caller lacked for it, see [`Transfer::allow`].
    pub(crate) denied: Option<String>,
}

impl Builder {
    /// Starts the endpoint on a free loopback port.
    pub(crate) fn start(self) -> Transfer {
        let mut state = State::new(self.script);
        for seed in self.seeds {
            state.seed(seed);
        }
        let book =
            Book { state, calls: Vec::new(), faults: self.faults, emulator: self.emulator, rival: None, allowed: None };
        let book = Arc::new(Mutex::new(book));
        let kept = Arc::clone(&book);
        let server = Server::start(move |request| handle(Arc::clone(&kept), request));
        Transfer { server, book }
    }
}

struct Book {
    state: State,
    calls: Vec<Call>,
    faults: Faults,
    emulator: Option<String>,
    rival: Option<Seed>,
    /// The actions that the caller may do; all, unless they are named.
    allowed: Option<BTreeSet<String>>,
}

/// A running endpoint.
pub(crate) struct Transfer {
    server: Server,
    book: Arc<Mutex<Book>>,
}

impl Transfer {
    /// A script in which nothing goes wrong.
    pub(crate) fn builder() -> Builder {
        let script = Script {
            start: Start::OnlineAfter(2),
            next_starts: VecDeque::new(),
            stop_looks: 1,
            delete_looks: 1,
            page_size: 1000,
            listing: Listing::OldestFirst,
            account: "000000000000".to_owned(),
        };
        Builder { script, faults: Faults::default(), seeds: Vec::new(), emulator: None }
    }

    /// The value of `AWS_ENDPOINT_URL_TRANSFER`.
    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Every call so far, in the order they came.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.book.lock().unwrap().calls.clone()
    }

    /// The calls that changed something or would have.
    pub(crate) fn mutating(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.mutates).collect()
    }

    /// How many calls of an operation came; `*` counts all.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| matches(operation, &call.operation)).count()
    }

    /// Forgets the calls so far.
    pub(crate) fn clear(&self) {
        self.book.lock().unwrap().calls.clear();
    }

    /// Waits until an operation has been called so many times; fails after ten seconds.
    pub(crate) fn wait_for(&self, operation: &str, times: usize) {
        let came = until(Duration::from_secs(10), || (self.count(operation) >= times).then_some(()));
        assert!(came.is_some(), "{operation} did not come {times} times: {:?}", self.calls());
    }

    /// The servers there are, as DescribeServer would show them; looking this way moves nothing on.
    pub(crate) fn servers(&self) -> Vec<Value> {
        self.book.lock().unwrap().state.present().map(operations::Server::shown).collect()
    }

    /// The servers that bear a tag.
    pub(crate) fn tagged(&self, key: &str, value: &str) -> Vec<Value> {
        let tag = json!({"Key": key, "Value": value});
        let bears = |server: &Value| server["Tags"].as_array().is_some_and(|tags| tags.contains(&tag));
        self.servers().into_iter().filter(bears).collect()
    }

    /// Puts a server there now, as another run or a person would, and gives its id.
    pub(crate) fn seed(&self, seed: Seed) -> String {
        self.book.lock().unwrap().state.seed(seed)
    }

    /// Does what an operation says at once and unrecorded, as a person at the console would.
    pub(crate) fn by_hand(&self, operation: &str, body: &Value) {
        let done = self.book.lock().unwrap().state.perform(operation, "us-east-1", body);
        done.unwrap_or_else(|failure| panic!("{operation}: {failure:?}"));
    }

    /// Lets another run be a moment faster: with the next CreateServer this server is there first.
    pub(crate) fn rival(&self, seed: Seed) {
        self.book.lock().unwrap().rival = Some(seed);
    }

    /// Moves a server to another place in its life, as something outside would.
    pub(crate) fn set_life(&self, id: &str, life: Life) {
        self.book.lock().unwrap().state.set_life(id, life);
    }

    /// Lets the caller do these actions (`transfer:ListServers`, …) and no others from now on; `None` allows all.
    pub(crate) fn allow(&self, actions: Option<BTreeSet<String>>) {
        self.book.lock().unwrap().allowed = actions;
    }

    /// Plans a fault, its occurrences counted from 1 and from now.
    pub(crate) fn fault(&self, operation: &str, occurrences: RangeInclusive<usize>, fault: Fault) {
        self.book.lock().unwrap().faults.plan(operation, occurrences, fault);
    }
}

/// What a request is answered with, as far as it is known without waiting.
enum Outcome {
    Now(Result<Value, Failure>),
    Ask(sign_in::Question),
}

/// Reads a request, writes it down, lets it take effect unless it is not to, and answers as the script says.
async fn handle(book: Arc<Mutex<Book>>, request: Received) -> Answer {
    let target = request.header("x-amz-target").unwrap_or_default();
    let Some(operation) = target.strip_prefix("TransferService.").map(str::to_owned) else {
        return error(&AwsError::new(400, "UnknownOperationException", &format!("'{target}' is no operation")), None);
    };
    let Some(Scope { region, service }) = Scope::of(&request.headers) else {
        return error(&AwsError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"), None);
    };
    if service != "transfer" {
        let message = format!("Credential should be scoped to correct service: 'transfer', not '{service}'");
        return error(&AwsError::new(403, "InvalidSignatureException", &message), None);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return error(&AwsError::new(400, "SerializationException", "The body is not JSON"), None);
    };

    let (outcome, fault) = {
        let mut book = book.lock().unwrap();
        let looks = ["Describe", "List", "Test"];
        let mutates = !looks.iter().any(|verb| operation.starts_with(verb));
        let denied = book.denied(&operation, &body);
        book.calls.push(Call { operation: operation.clone(), body: body.clone(), mutates, denied: denied.clone() });
        if let Some(action) = denied {
            let id = body["ServerId"].as_str().unwrap_or("*");
            let arn = format!("arn:aws:transfer:{region}:{}:server/{id}", book.state.account());
            let Failure { status, code, message, resource } = Failure::denied(&action, &arn);
            return error(&AwsError::new(status, code, &message), resource);
        }
        let fault = book.faults.next(&operation);
        if operation == "CreateServer"
            && let Some(rival) = book.rival.take()
        {
            book.state.seed(rival);
        }
        let effect = fault.as_ref().is_none_or(|fault| fault.effect);
        (effect.then(|| book.perform(&operation, &region, &body)), fault)
    };
    let outcome = match outcome {
        Some(Outcome::Ask(question)) => Some(Ok(sign_in::ask(question).await)),
        Some(Outcome::Now(outcome)) => Some(outcome),
        None => None,
    };
    match (fault, outcome) {
        (None, Some(Ok(body))) => json_reply(200, &body),
        (None, Some(Err(Failure { status, code, message, resource }))) => {
            error(&AwsError::new(status, code, &message), resource)
        }
        (Some(Fault { ending: Ending::Error(wanted), .. }), _) => error(&wanted, None),
        (Some(Fault { ending: Ending::Reply(reply), .. }), _) => Answer::Reply(reply),
        (Some(Fault { ending: Ending::Rewritten(texts), .. }), Some(Ok(body))) => {
            let Answer::Reply(reply) = json_reply(200, &body) else { return Answer::Cut };
            Answer::Reply(reply.rewritten(&texts))
        }
        (Some(Fault { ending: Ending::Rewritten(_), .. }), Some(Err(Failure { status, code, message, resource }))) => {
            error(&AwsError::new(status, code, &message), resource)
        }
        (Some(Fault { ending: Ending::Rewritten(_), .. }), None) => Answer::Cut,
        (Some(Fault { ending: Ending::Silence, .. }), _) => future::pending().await,
        (Some(Fault { ending: Ending::Cut, .. }), _) | (None, None) => Answer::Cut,
    }
}

impl Book {
    /// The first action that a call needs and the caller may not do. A server that is made with tags is tagged (Service
    /// Authorization Reference, CreateServer).
    fn denied(&self, operation: &str, body: &Value) -> Option<String> {
        let allowed = self.allowed.as_ref()?;
        let tags = operation == "CreateServer" && body["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
        let needed = [Some(operation), tags.then_some("TagResource")];
        needed.into_iter().flatten().map(|name| format!("transfer:{name}")).find(|action| !allowed.contains(action))
    }

    /// An operation's effect. A sign-in is asked for once the lock is free again.
    fn perform(&mut self, operation: &str, region: &str, body: &Value) -> Outcome {
        let (Some(emulator), "TestIdentityProvider") = (&self.emulator, operation) else {
            return Outcome::Now(self.state.perform(operation, region, body));
        };
        let asked = self.state.by_id(operation, body);
        match asked.and_then(|server| sign_in::question(server, region, emulator, body)) {
            Ok(question) => Outcome::Ask(question),
            Err(failure) => Outcome::Now(Err(failure)),
        }
    }
}

/// An error in AWS's shape; what was not found is named where the model says so.
fn error(error: &AwsError, resource: Option<(String, &'static str)>) -> Answer {
    let mut body = json!({"__type": error.code, "Message": error.message});
    if let Some((resource, kind)) = resource {
        body["Resource"] = json!(resource);
        body["ResourceType"] = json!(kind);
    }
    json_reply(error.status, &body)
}

/// Operations without output answer with an empty body.
fn json_reply(status: u16, body: &Value) -> Answer {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let reply = Reply::new(status, "application/x-amz-json-1.1", text);
    Answer::Reply(reply.with("x-amzn-requestid", "00000000-0000-4000-8000-0000007261f5"))
}
