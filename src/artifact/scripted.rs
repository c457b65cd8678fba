//! An S3 of a few lines for tests: a loopback HTTP server that answers from a script and notes what it was asked.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: hyper::HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// One answer: status, headers, body.
pub(super) type Answer = (u16, Vec<(&'static str, String)>, String);

/// A plain answer.
pub(super) fn answer(status: u16, body: &str) -> Answer {
    (status, Vec::new(), body.to_owned())
}

/// An error with S3's body.
pub(super) fn refused(status: u16, code: &str) -> Answer {
    answer(status, &format!("<Error><Code>{code}</Code><Message>words of {code}</Message></Error>"))
}

/// The server.
pub(super) struct S3 {
    pub(super) client: Client,
    asked: Arc<Mutex<Vec<Asked>>>,
    left: Arc<Mutex<Vec<Answer>>>,
}

impl S3 {
    /// Starts a server that gives `answers` in this order, and 599 to every further request.
    pub(super) async fn start(region: &'static str, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::new(Mutex::new(answers.into_iter().rev().collect::<Vec<_>>()));
        let (notes, script) = (Arc::clone(&asked), Arc::clone(&left));
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (notes, script) = (Arc::clone(&notes), Arc::clone(&script));
                let service = service_fn(move |request| serve(request, Arc::clone(&notes), Arc::clone(&script)));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .force_path_style(true)
            .endpoint_url(endpoint)
            .build();
        Self { client: Client::from_conf(config), asked, left }
    }

    /// What was asked, once all answers were given.
    pub(super) fn finish(self) -> Vec<Asked> {
        assert_eq!(self.left.lock().unwrap().len(), 0, "answers nobody asked for");
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    request: Request<Incoming>,
    notes: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Vec<Answer>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    notes.lock().unwrap().push(Asked {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let (status, headers, body) = script.lock().unwrap().pop().unwrap_or_else(|| answer(599, ""));
    let mut response = Response::builder().status(status).header("x-amz-request-id", "REQUEST-1");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(body))).unwrap())
}
