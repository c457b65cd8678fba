use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::okta::org::Org;
use crate::okta::{http, token};

/// A running org and a client of it.
pub(super) struct Stand {
    pub(super) url: String,
    pub(super) folder: TempDir,
    client: Client<HttpConnector, Full<Bytes>>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn code(&self) -> &str {
        self.body["errorCode"].as_str().unwrap_or_default()
    }

    /// The transaction's state, or the code of the error.
    pub(super) fn outcome(&self) -> String {
        let said = self.body["status"].as_str().unwrap_or_else(|| self.code());
        format!("{} {said}", self.status)
    }
}

impl Stand {
    pub(super) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        token::prepare(folder.path()).unwrap();
        let listener = crate::listen(0).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let org = Arc::new(Org::new(&url, folder.path()));
        tokio::spawn(http::serve(org, listener, std::future::pending()));
        Self { url, folder, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Sends what may not be answered.
    pub(super) async fn try_send(&self, request: Request<Full<Bytes>>) -> Option<u16> {
        Some(self.client.request(request).await.ok()?.status().as_u16())
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (parts, body) = self.client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(parts.headers["content-type"], "application/json");
        for header in ["x-okta-request-id", "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"] {
            assert!(parts.headers.contains_key(header), "{header}");
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: serde_json::from_slice(&body).unwrap() }
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(format!("{}{path}", self.url)).header("content-type", "application/json");
        self.send(request.body(Full::new(body.to_string().into())).unwrap()).await
    }

    pub(super) async fn get(&self, path: &str, bearer: Option<&str>) -> Answer {
        let mut request = Request::get(format!("{}{path}", self.url));
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        self.send(request.body(Full::default()).unwrap()).await
    }

    pub(super) async fn authn(&self, username: &str, password: &str) -> Answer {
        self.post("/api/v1/authn", &json!({"username": username, "password": password})).await
    }

    /// Verifies the factor at a place of the list.
    pub(super) async fn verify(&self, factor: &Value, token: &str, code: Option<&str>) -> Answer {
        let path = format!("/api/v1/authn/factors/{}/verify", factor["id"].as_str().unwrap());
        let mut body = json!({"stateToken": token});
        if let Some(code) = code {
            body["passCode"] = json!(code);
        }
        self.post(&path, &body).await
    }
}
