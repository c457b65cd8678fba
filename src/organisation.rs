//! Whether there is an Okta organisation at a URL: asked of its public page, before anything is made.
//!
//! `GET /.well-known/okta-organization` needs no credentials and answers with `id` and `pipeline` (Okta API reference,
//! "Retrieve the Well-Known Org Metadata").

use std::error::Error as StdError;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use sftp_okta_lambda::org_url::OrgUrl;

use crate::way_out;

/// Where every organisation tells of itself.
const PATH: &str = "/.well-known/okta-organization";
/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest page that is read; Okta's has a few hundred bytes.
const LONGEST: usize = 64 * 1024;

/// What is at the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// An Okta organisation.
    Organisation(Organisation),
    /// Something that is no Okta organisation; why, in a few words.
    Another(String),
    /// It could not be asked from here; why, in a few words.
    Unknown(String),
}

/// An Okta organisation, as it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: String,
    /// What it runs on.
    pub pipeline: Pipeline,
}

/// What an organisation runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pipeline {
    /// `v1`: Classic Engine.
    Classic,
    /// `idx`: Identity Engine.
    IdentityEngine,
    /// Another word.
    Other(String),
}

impl Pipeline {
    /// Its name in Okta's documentation.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Classic => "Classic Engine",
            Self::IdentityEngine => "Identity Engine",
            Self::Other(word) => word,
        }
    }
}

/// Asks, in at most five seconds. The proxy of the environment is used, as for AWS, but for a host on this machine; redirects are not followed.
pub async fn look(org_url: &OrgUrl) -> Presence {
    look_within(PATIENCE, org_url, ProxyConfig::from_env()).await
}

/// The limit is one for everything: connecting, headers, and the last byte of the page.
async fn look_within(limit: Duration, org_url: &OrgUrl, proxy: ProxyConfig) -> Presence {
    match tokio::time::timeout(limit, fetch(org_url, proxy)).await {
        Ok(Ok((status, page))) => judge(status, &page),
        Ok(Err(why)) => Presence::Unknown(why),
        Err(_) => Presence::Unknown(format!("no answer within {} s", limit.as_secs_f64())),
    }
}

/// The status and as much of the page as is read: what is longer than [`LONGEST`] comes as nothing.
async fn fetch(org_url: &OrgUrl, proxy: ProxyConfig) -> Result<(u16, Vec<u8>), String> {
    let page = format!("{}{PATH}", org_url.as_str());
    let connector = way_out::connector(&page, proxy);
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(page).map_err(|error| error.to_string())?;
    request.headers_mut().insert("accept", "application/json");
    request.headers_mut().insert("user-agent", concat!("sftp-okta/", env!("CARGO_PKG_VERSION")));
    let response = connector.call(request).await.map_err(|error| innermost(&error))?;
    let status = response.status().as_u16();
    match Limited::new(response.into_body(), LONGEST).collect().await {
        Ok(page) => Ok((status, page.to_bytes().to_vec())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Ok((status, Vec::new())),
        Err(error) => Err(innermost(error.as_ref())),
    }
}

/// The last link of the chain says what happened; those before it say where in the libraries.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// What an answer says of its host. Only what cannot come from an organisation is "another": an organisation may be in
/// trouble, limit requests, or turn this machine away.
fn judge(status: u16, page: &[u8]) -> Presence {
    match status {
        200 => match serde_json::from_slice::<Value>(page) {
            Ok(page) => organisation(&page),
            Err(_) => Presence::Another("the answer is not JSON".to_owned()),
        },
        401 | 403 | 407 | 408 | 425 | 429 | 500.. => Presence::Unknown(format!("it answered HTTP {status}")),
        _ => Presence::Another(format!("it answered HTTP {status}")),
    }
}

fn organisation(page: &Value) -> Presence {
    let text = |name: &str| page.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (text("id"), text("pipeline")) {
        (Some(id), Some(pipeline)) => Presence::Organisation(Organisation {
            id: id.to_owned(),
            pipeline: match pipeline {
                "v1" => Pipeline::Classic,
                "idx" => Pipeline::IdentityEngine,
                other => Pipeline::Other(other.to_owned()),
            },
        }),
        _ => Presence::Another("the answer does not tell of an organisation".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn told(status: u16, page: &str) -> String {
        words(judge(status, page.as_bytes()))
    }

    fn words(presence: Presence) -> String {
        match presence {
            Presence::Organisation(found) => format!("{} on {}", found.id, found.pipeline.name()),
            Presence::Another(why) => format!("another: {why}"),
            Presence::Unknown(why) => format!("unknown: {why}"),
        }
    }

    #[test]
    fn what_an_answer_says_of_its_host() {
        for (status, page, expected) in [
            (200, r#"{"id":"00o1","pipeline":"idx"}"#, "00o1 on Identity Engine"),
            (200, r#"{"id":"00o1","pipeline":"v1","_links":{}}"#, "00o1 on Classic Engine"),
            (200, r#"{"id":"00o1","pipeline":"v2"}"#, "00o1 on v2"),
            (200, r#"{"id":"00o1"}"#, "another: the answer does not tell of an organisation"),
            (200, r#"{"id":"","pipeline":"v1"}"#, "another: the answer does not tell of an organisation"),
            (200, "[]", "another: the answer does not tell of an organisation"),
            (200, "<html>Welcome</html>", "another: the answer is not JSON"),
            (200, "", "another: the answer is not JSON"),
            (404, r#"{"errorCode":"E0000007"}"#, "another: it answered HTTP 404"),
            (204, "", "another: it answered HTTP 204"),
            (302, "", "another: it answered HTTP 302"),
            (400, "", "another: it answered HTTP 400"),
            (403, "", "unknown: it answered HTTP 403"),
            (429, "", "unknown: it answered HTTP 429"),
            (503, "<html>", "unknown: it answered HTTP 503"),
        ] {
            assert_eq!(told(status, page), expected, "{status} {page}");
        }
    }

    /// A host that never answers, and one that always has one more byte, which no limit on a single read would notice.
    #[tokio::test]
    async fn one_limit_for_the_whole_answer() {
        let limit = Duration::from_millis(100);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        let whole = "Content-Length: 29\r\n\r\n{\"id\":\"00o1\",\"pipeline\":\"v1\"}";
        for (at_once, dripped, expected) in [
            ("", "", "unknown: no answer within 0.1 s"),
            (head, "X-Padding: aaaaaaaa\r\n", "unknown: no answer within 0.1 s"),
            (&format!("{head}Content-Length: 60000\r\n\r\n"), " ", "unknown: no answer within 0.1 s"),
            (&format!("{head}{whole}"), "", "00o1 on Classic Engine"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url: OrgUrl = format!("http://{}", listener.local_addr().unwrap()).try_into().unwrap();
            let (first, rest) = (at_once.to_owned(), dripped.to_owned());
            let host = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                // An answer to nothing would end the connection.
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                stream.write_all(first.as_bytes()).await.unwrap();
                let mut drip = tokio::time::interval(Duration::from_millis(5));
                for byte in rest.bytes().cycle() {
                    drip.tick().await;
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            });
            // Far from what a host that drips for ever would take, and near enough to the limit for a busy machine.
            let patient = if expected.starts_with("unknown") { limit } else { PATIENCE };
            let looked = look_within(patient, &url, ProxyConfig::disabled());
            let looked = tokio::time::timeout(PATIENCE, looked).await;
            assert_eq!(words(looked.unwrap()), expected, "{dripped:?}");
            host.abort();
        }
    }
}
