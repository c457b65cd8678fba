//! An Okta on loopback, in the same thread as the client, so that a sign-in costs little and always goes the same way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use sftp_okta_lambda::clock::Clock;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::answers::Answer;

/// The key of RFC 7515, appendix A.3.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// Where the key is.
pub const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf";
/// The key with which requests to AWS are signed.
pub const AWS_KEY: &str = "Canary-aws-0f9e8d7c";

/// What came over the wire.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method and the path with its query.
    pub line: String,
    /// All headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// How Okta answers.
pub enum Play {
    /// Every password is right.
    Accept,
    /// These answers, one after the other, then 410: after a 503 Okta would be asked about a push again and again.
    Script(VecDeque<Answer>),
}

struct Shared {
    play: Play,
    received: Vec<Received>,
    given: Vec<Answer>,
}

/// The stage of one thread.
pub struct Stage {
    /// Where client and server both run.
    pub runtime: Runtime,
    /// The org's address.
    pub url: String,
    shared: Arc<Mutex<Shared>>,
    seconds: Arc<AtomicU64>,
}

thread_local! {
    /// Leaked: a runtime must not be dropped while its thread ends.
    static STAGE: &'static Stage = Box::leak(Box::new(Stage::new()));
}

impl Stage {
    /// This thread's.
    pub fn of_this_thread() -> &'static Self {
        STAGE.with(|stage| *stage)
    }

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port on loopback");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Mutex::new(Shared { play: Play::Accept, received: Vec::new(), given: Vec::new() }));
        let (state, org_url) = (Arc::clone(&shared), url.clone());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state), org_url.clone()));
            }
        });
        Self { runtime, url, shared, seconds: Arc::new(AtomicU64::new(1_700_000_000)) }
    }

    /// A new play, hours after the last: no token is left and nothing is held off.
    pub fn begin(&self, play: Play) {
        self.seconds.fetch_add(7_200, Ordering::SeqCst);
        *lock(&self.shared) = Shared { play, received: Vec::new(), given: Vec::new() };
    }

    /// What was asked for, and the answers that were given from the script, in their order.
    pub fn end(&self) -> (Vec<Received>, Vec<Answer>) {
        let mut shared = lock(&self.shared);
        (std::mem::take(&mut shared.received), std::mem::take(&mut shared.given))
    }

    /// The clocks of the play.
    pub fn clock(&self) -> Clock {
        let now = |seconds: &Arc<AtomicU64>| {
            let seconds = Arc::clone(seconds);
            move || Duration::from_secs(seconds.load(Ordering::SeqCst))
        };
        let (monotonic, wall) = (now(&self.seconds), now(&self.seconds));
        Clock::new(monotonic, move || SystemTime::UNIX_EPOCH + wall())
    }

    /// The environment of the function.
    pub fn variable(&self, name: &str) -> Option<String> {
        match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some(AWS_KEY.to_owned()),
            "AWS_ENDPOINT_URL" => Some(self.url.clone()),
            _ => None,
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one connection until either side ends it.
async fn serve(stream: TcpStream, shared: Arc<Mutex<Shared>>, org_url: String) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await.ok()?;
        let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
        let answer = answer(&mut lock(&shared), Received { line, head, body });
        stream.write_all(&answer.wire(&org_url)).await.ok()?;
    }
}

fn answer(shared: &mut Shared, received: Received) -> Answer {
    if received.head.to_ascii_lowercase().contains("\r\nx-amz-target: secretsmanager.getsecretvalue\r\n") {
        return Answer::json(200, &json!({"SecretString": KEY}).to_string());
    }
    let answer = match &mut shared.play {
        Play::Accept => accept(&received.body),
        Play::Script(answers) => match answers.pop_front() {
            Some(answer) => {
                shared.given.push(answer.clone());
                answer
            }
            None => Answer::json(410, ""),
        },
    };
    shared.received.push(received);
    answer
}

fn accept(authn: &[u8]) -> Answer {
    let authn: Value = serde_json::from_slice(authn).unwrap_or_default();
    let user = json!({"id": "00u1example", "profile": {"login": authn["username"]}});
    let body = json!({"status": "SUCCESS", "sessionToken": "00TokenExample", "_embedded": {"user": user}});
    Answer::json(200, &body.to_string())
}
