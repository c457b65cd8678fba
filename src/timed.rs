//! A service for tests on a paused clock, on which minutes pass at once: it answers in memory by what time it is, and notes
//! when it was asked what.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use tokio::time::{Instant, sleep};

/// What it answers to an action with this body, so long after its start.
type Answers = dyn Fn(&str, &[u8], Duration) -> String + Send + Sync;

/// The service.
#[derive(Clone)]
pub(crate) struct Timed {
    began: Instant,
    /// How long the way to it takes, and the way back.
    way: Duration,
    answers: Arc<Answers>,
    asked: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Timed {
    pub(crate) fn new(way: Duration, answers: impl Fn(&str, Duration) -> String + Send + Sync + 'static) -> Self {
        Self::by_body(way, move |action, _, now| answers(action, now))
    }

    /// One whose answers depend on what is asked about.
    pub(crate) fn by_body(
        way: Duration,
        answers: impl Fn(&str, &[u8], Duration) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { began: Instant::now(), way, answers: Arc::new(answers), asked: Arc::default() }
    }

    /// For the SDK's clients.
    pub(crate) fn http(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// A client of Transfer Family that calls it.
    pub(crate) fn transfer(&self) -> aws_sdk_transfer::Client {
        use aws_sdk_transfer::config::{BehaviorVersion, Credentials, Region};

        let config = aws_sdk_transfer::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(self.http())
            .build();
        aws_sdk_transfer::Client::from_conf(config)
    }

    /// Each call, and how long after the start it arrived.
    pub(crate) fn asked(&self) -> Vec<(Duration, String)> {
        self.asked.lock().unwrap().clone()
    }

    /// How long ago it started.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The pauses between the calls until `end`.
    pub(crate) fn pauses(&self, end: Duration) -> Vec<Duration> {
        let times: Vec<_> = self.asked().into_iter().map(|(at, _)| at).filter(|at| *at <= end).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl fmt::Debug for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("asked", &self.asked()).finish_non_exhaustive()
    }
}

impl HttpClient for Timed {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Timed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            sleep(this.way).await;
            let (action, at) = (action(&request), this.now());
            this.asked.lock().unwrap().push((at, action.clone()));
            let answer = (this.answers)(&action, request.body().bytes().unwrap(), at);
            sleep(this.way).await;
            // JSON services name an error by its type.
            let status = if answer.contains("\"__type\"") { 400 } else { 200 };
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(answer)))
        })
    }
}

/// Such as `DescribeServer`: in a header where the service speaks JSON, in the form elsewhere.
fn action(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap().to_owned();
    }
    let form = request.body().bytes().unwrap();
    let mut fields = url::form_urlencoded::parse(form);
    fields.find(|(name, _)| name == "Action").unwrap().1.into_owned()
}
