//! The way to Okta: HTTPS, one request for one sign-in, nothing followed and nothing repeated.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, USER_AGENT};
use hyper::{HeaderMap, Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use zeroize::Zeroizing;

use super::answer::{Answer, judge};
use super::authn::authn_body;
use super::judgement::{Detail, Judgement};
use super::{AUTHN_PATH, LONGEST_ANSWER};
use crate::org_url::OrgUrl;
use crate::request::SignIn;

/// How Okta's System Log shows this client.
const AGENT: &str = concat!("sftp-okta/", env!("CARGO_PKG_VERSION"));
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REQUEST_ID: &str = "x-okta-request-id";
const RATE_LIMIT_RESET: &str = "x-rate-limit-reset";

/// A function sleeps between events and does not notice that the other side has hung up. A connection that has been idle
/// for longer than this is not used again, since a password sent into a dead one is a failed sign-in.
const IDLE: Duration = Duration::from_secs(30);

/// A client of one Okta org, to be made once and kept, for its warm connection.
pub struct OktaClient {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    authn: Uri,
    timeout: Duration,
}

/// Why a client cannot be made.
#[derive(Debug, Error)]
pub enum OktaClientError {
    /// The org's address does not form a URI.
    #[error("the Okta org URL does not form a URI")]
    Uri(#[from] hyper::http::uri::InvalidUri),
    /// The TLS library refused its own settings.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
}

impl OktaClient {
    /// A client that trusts the roots of webpki-roots and gives each sign-in `timeout` from connecting to the last byte.
    ///
    /// Proxies named in the environment are not used, redirects are not followed.
    ///
    /// # Errors
    /// The address does not form a URI, or TLS cannot be set up.
    pub fn new(org_url: &OrgUrl, timeout: Duration) -> Result<Self, OktaClientError> {
        let tls =
            HttpsConnectorBuilder::new().with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?;
        // Plain http is possible only for an org URL that begins with it, which is then a loopback one.
        let connector = if org_url.is_loopback() { tls.https_or_http() } else { tls.https_only() };
        let http = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .pool_timer(TokioTimer::new())
            // Only for a request of which no byte was written, because its kept connection turned out to be closed.
            .retry_canceled_requests(true)
            .build(connector.enable_http1().build());
        Ok(Self { http, authn: format!("{org_url}{AUTHN_PATH}").parse()?, timeout })
    }

    /// Asks Okta whether the password is right. One request, whatever comes of it: each counts towards a lockout.
    pub async fn authn(&self, sign_in: &SignIn) -> Judgement {
        match tokio::time::timeout(self.timeout, self.exchange(sign_in)).await {
            Ok(judgement) => judgement,
            Err(_) => Judgement::unavailable(Detail::Timeout),
        }
    }

    async fn exchange(&self, sign_in: &SignIn) -> Judgement {
        let Ok(request) = self.request(sign_in) else { return Judgement::unavailable(Detail::Connect) };
        let response = match self.http.request(request).await {
            Ok(response) => response,
            Err(error) => return Judgement::unavailable(why_no_response(&error)),
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let judgement = match read_body(response).await {
            Err(detail) => Judgement { status: Some(status), ..Judgement::unavailable(detail) },
            Ok(body) => {
                let answer = Answer {
                    status,
                    content_type: header(&headers, CONTENT_TYPE.as_str()),
                    content_encoding: header(&headers, CONTENT_ENCODING.as_str()),
                    body: &body,
                };
                judge(&answer, &sign_in.user)
            }
        };
        Judgement {
            request_id: header(&headers, REQUEST_ID).map(str::to_owned),
            rate_limit_reset: (status == 429).then(|| header(&headers, RATE_LIMIT_RESET)?.parse().ok()).flatten(),
            ..judgement
        }
    }

    fn request(&self, sign_in: &SignIn) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let body = Bytes::from_owner(authn_body(&sign_in.user, &sign_in.password));
        let mut request = Request::post(self.authn.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT);
        // Okta believes the address only from callers that its administrator has listed as trusted proxies; for all others
        // it shows in the System Log.
        if let Some(address) = sign_in.source_ip {
            request = request.header(FORWARDED_FOR, address.to_string());
        }
        request.body(Full::new(body))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Reads the body up to the limit, into memory that is wiped: it may hold a session token.
async fn read_body(response: Response<Incoming>) -> Result<Zeroizing<Vec<u8>>, Detail> {
    let mut incoming = response.into_body();
    // All the room at once, so that the buffer never moves and leaves a copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(LONGEST_ANSWER));
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Detail::Interrupted)?;
        if let Some(data) = frame.data_ref() {
            if body.len() + data.len() > LONGEST_ANSWER {
                return Err(Detail::TooLong);
            }
            body.extend_from_slice(data);
        }
    }
    Ok(body)
}

fn why_no_response(error: &ClientError) -> Detail {
    if !error.is_connect() {
        return Detail::Interrupted;
    }
    if causes(error).any(<dyn StdError>::is::<rustls::Error>) { Detail::Tls } else { Detail::Connect }
}

/// An error, its cause, the cause of that.
fn causes(error: &ClientError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |error| cause(*error))
}

/// An I/O error does not tell the error it wraps by `source`, only the source of that.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
