//! A service of a few lines for tests: a loopback HTTP server that answers from a script and notes what it was asked.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A field of an AWS Query form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// One answer: status, headers, body. Status 0 takes the request and hangs up without a word.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

/// A plain answer.
pub(crate) fn answer(status: u16, body: &str) -> Answer {
    (status, Vec::new(), body.to_owned())
}

/// An error with S3's body.
pub(crate) fn refused(status: u16, code: &str) -> Answer {
    answer(status, &format!("<Error><Code>{code}</Code><Message>words of {code}</Message></Error>"))
}

/// What the server says to a request.
type Replies = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// The server.
#[derive(Debug)]
pub(crate) struct Script {
    endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    left: Arc<Mutex<Vec<Answer>>>,
}

impl Script {
    /// Starts a server that gives `answers` in this order, and 599 to every further request.
    async fn start(answers: Vec<Answer>) -> Self {
        let left = Arc::new(Mutex::new(answers.into_iter().rev().collect::<Vec<_>>()));
        let script = Arc::clone(&left);
        let replies: Replies = Arc::new(move |_| script.lock().unwrap().pop().unwrap_or_else(|| answer(599, "")));
        Self { left, ..Self::replying(replies).await }
    }

    /// Starts a server that answers each request by what it says.
    async fn replying(replies: Replies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (notes, replies) = (Arc::clone(&notes), Arc::clone(&replies));
                let service = service_fn(move |request| serve(request, Arc::clone(&notes), Arc::clone(&replies)));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { endpoint, asked, left: Arc::default() }
    }

    /// What was asked, once all answers were given.
    fn finish(self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap().clone();
        let left = self.left.lock().unwrap();
        assert!(left.is_empty(), "answers nobody asked for: {left:#?}\nasked: {asked:#?}");
        asked
    }
}

/// An S3.
pub(crate) struct S3 {
    pub(crate) client: aws_sdk_s3::Client,
    script: Script,
}

impl S3 {
    pub(crate) async fn start(region: &'static str, answers: Vec<Answer>) -> Self {
        let script = Script::start(answers).await;
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .force_path_style(true)
            .endpoint_url(&script.endpoint)
            .build();
        Self { client: aws_sdk_s3::Client::from_conf(config), script }
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    pub(crate) fn finish(self) -> Vec<Asked> {
        self.script.finish()
    }
}

/// A CloudFormation. Its client tries three times, as the SDK does by default, but hardly pauses in between.
pub(crate) struct CloudFormation {
    pub(crate) client: aws_sdk_cloudformation::Client,
    script: Script,
}

impl CloudFormation {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let script = Script::start(answers).await;
        let retry = RetryConfig::standard()
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(1));
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(retry)
            .endpoint_url(&script.endpoint)
            .build();
        Self { client: aws_sdk_cloudformation::Client::from_conf(config), script }
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    pub(crate) fn finish(self) -> Vec<Asked> {
        self.script.finish()
    }
}

async fn serve(
    request: Request<Incoming>,
    notes: Arc<Mutex<Vec<Asked>>>,
    replies: Replies,
) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let asked = Asked {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    notes.lock().unwrap().push(asked.clone());
    let (status, headers, body) = replies(&asked);
    if status == 0 {
        return Err(io::Error::from(io::ErrorKind::ConnectionReset));
    }
    let mut response = Response::builder().status(status).header("x-amz-request-id", "REQUEST-1");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(body))).unwrap())
}

/// A CloudWatch Logs.
pub(crate) struct Logs {
    pub(crate) client: aws_sdk_cloudwatchlogs::Client,
    script: Script,
}

impl Logs {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let script = Script::start(answers).await;
        let config = aws_sdk_cloudwatchlogs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .endpoint_url(&script.endpoint)
            .build();
        Self { client: aws_sdk_cloudwatchlogs::Client::from_conf(config), script }
    }

    pub(crate) fn finish(self) -> Vec<Asked> {
        self.script.finish()
    }
}

/// An IAM.
pub(crate) struct Iam {
    pub(crate) client: aws_sdk_iam::Client,
    script: Script,
}

impl Iam {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        Self::of(Script::start(answers).await)
    }

    /// One that answers each request by what it says.
    pub(crate) async fn replying(replies: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(Script::replying(Arc::new(replies)).await)
    }

    fn of(script: Script) -> Self {
        let config = aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .endpoint_url(&script.endpoint)
            .build();
        Self { client: aws_sdk_iam::Client::from_conf(config), script }
    }

    pub(crate) fn finish(self) -> Vec<Asked> {
        self.script.finish()
    }
}
