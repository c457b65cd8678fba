//! The way out: HTTPS, one request and its whole answer, nothing followed and nothing repeated.

use std::error::Error as StdError;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::{HeaderMap, Request, Response};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::okta::{Answer, Detail};

/// A function sleeps between events and does not notice that the other side has hung up. A connection that has been idle
/// for longer than this is not used again, since a password sent into a dead one is a failed sign-in.
const IDLE: Duration = Duration::from_secs(30);

/// A client, to be made once and kept, for its warm connection.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer, read in full. Not `Debug`: the body may hold a token or a key.
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// The body, wiped when dropped.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// A client over TLS 1.2 or newer that trusts the roots of webpki-roots, compiled in. Plain http only where the caller has
    /// made sure that it goes to this machine.
    ///
    /// Proxies named in the environment are not used, redirects are not followed.
    ///
    /// # Errors
    /// The TLS library refuses its own settings.
    pub(crate) fn new(plain: bool) -> Result<Self, rustls::Error> {
        Ok(Self::with_tls(plain, public_tls()?))
    }

    fn with_tls(plain: bool, tls: ClientConfig) -> Self {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls);
        let connector = if plain { connector.https_or_http() } else { connector.https_only() };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .pool_timer(TokioTimer::new())
            // Only for a request of which no byte was written, because its kept connection turned out to be closed.
            .retry_canceled_requests(true)
            .build(connector.enable_http1().build());
        Self { client }
    }

    /// Sends a request and reads its answer of at most `longest` bytes, from connecting to the last byte before `until`.
    ///
    /// # Errors
    /// Why there is no whole answer.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        longest: usize,
        until: Instant,
    ) -> Result<Reply, Detail> {
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| why_no_response(&error))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Reply { status, headers, body: read_body(response, longest).await? })
        };
        tokio::time::timeout_at(until, exchange).await.unwrap_or(Err(Detail::Timeout))
    }
}

/// What every client shares: the roots alone are some 150 certificates.
fn public_tls() -> Result<ClientConfig, rustls::Error> {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let config = tls()?.with_webpki_roots().with_no_client_auth();
    Ok(CONFIG.get_or_init(|| config).clone())
}

fn tls() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

impl Reply {
    /// The first header of this name, if it is text.
    #[must_use]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the reading of the answer looks at.
    #[must_use]
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            content_type: self.header(CONTENT_TYPE.as_str()),
            content_encoding: self.header(CONTENT_ENCODING.as_str()),
            body: &self.body,
        }
    }
}

/// Reads the body up to the limit, into memory that is wiped.
async fn read_body(response: Response<Incoming>, longest: usize) -> Result<Zeroizing<Vec<u8>>, Detail> {
    let mut incoming = response.into_body();
    let mut body = Zeroizing::new(Vec::new());
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Detail::Interrupted)?;
        if let Some(data) = frame.data_ref() {
            if body.len() + data.len() > longest {
                return Err(Detail::TooLong);
            }
            if body.len() + data.len() > body.capacity() {
                // Moved by hand, so that what is left behind is wiped.
                let mut larger = Zeroizing::new(Vec::with_capacity(2 * (body.len() + data.len())));
                larger.extend_from_slice(&body);
                body = larger;
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

#[cfg(test)]
mod tests;
