//! How calls to AWS and Okta leave this machine: as with the SDK's own client, but that trusted certificates are read when the
//! first call needs them. Reading them is half of what a command costs that talks to an endpoint without TLS, such as the sandbox's.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// For all AWS clients of a command.
pub(crate) fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(WayOut { has_proxy: has_proxy(), connectors: Arc::default() })
}

/// For calls to `uri` alone.
pub(crate) fn connector(uri: &str, proxy: ProxyConfig) -> Connector {
    finished(Connector::builder().proxy_config(proxy), Trust::needed(uri, has_proxy()))
}

fn finished(builder: ConnectorBuilder, trust: Trust) -> Connector {
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    let builder = match (trust, TlsContext::builder().with_trust_store(TrustStore::empty()).build()) {
        (Trust::Nobody, Ok(nobody)) => builder.tls_context(nobody),
        (Trust::Nobody, Err(_)) | (Trust::System, _) => builder,
    };
    builder.build()
}

/// Whether the environment names a proxy, for whatever calls.
fn has_proxy() -> bool {
    names_proxy(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn names_proxy(is_set: impl Fn(&str) -> bool) -> bool {
    PROXIES.into_iter().any(|name| is_set(name) || is_set(&name.to_ascii_lowercase()))
}

/// The variables that `ProxyConfig::from_env` reads, in capitals and in small letters.
const PROXIES: [&str; 3] = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"];

/// What a connector was made for: whether it trusts anybody, and its timeouts.
type Kind = (Trust, Option<Duration>, Option<Duration>);

/// Whose certificates are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Nobody's: only calls without TLS go this way, and one with TLS would fail.
    Nobody,
    /// Those that this machine trusts.
    System,
}

impl Trust {
    /// What a call to `uri` needs. A proxy may want TLS of its own, whatever the call wants.
    fn needed(uri: &str, has_proxy: bool) -> Self {
        if uri.starts_with("http://") && !has_proxy { Self::Nobody } else { Self::System }
    }
}

/// Connectors, each of which keeps its connections open for the next call.
#[derive(Debug, Clone)]
struct WayOut {
    has_proxy: bool,
    connectors: Arc<Mutex<Vec<(Kind, SharedHttpConnector)>>>,
}

impl WayOut {
    fn connector(
        &self,
        trust: Trust,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let kind = (trust, settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = connectors.iter().find(|(known, _)| *known == kind) {
            return connector.clone();
        }
        let mut builder =
            Connector::builder().proxy_config(ProxyConfig::from_env()).connector_settings(settings.clone());
        builder.set_sleep_impl(components.sleep_impl());
        let connector = SharedHttpConnector::new(finished(builder, trust));
        connectors.push((kind, connector.clone()));
        connector
    }
}

impl HttpClient for WayOut {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let (way, settings, components) = (self.clone(), settings.clone(), components.clone());
        SharedHttpConnector::new(ByCall { way, settings, components })
    }
}

/// Chooses the connector once it is known where a call goes.
#[derive(Debug)]
struct ByCall {
    way: WayOut,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for ByCall {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let trust = Trust::needed(request.uri(), self.way.has_proxy);
        self.way.connector(trust, &self.settings, &self.components).call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_seen_however_it_is_spelt() {
        for name in ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
            assert!(names_proxy(|asked| asked == name), "{name}");
        }
        assert!(!names_proxy(|asked| asked == "NO_PROXY"));
    }

    #[test]
    fn only_a_call_without_tls_and_proxy_trusts_nobody() {
        assert_eq!(Trust::needed("http://127.0.0.1:4566/", false), Trust::Nobody);
        for (uri, has_proxy) in [
            ("http://127.0.0.1:4566/", true),
            ("https://sts.us-east-1.amazonaws.com/", false),
            ("https://sts.us-east-1.amazonaws.com/", true),
            ("httpx://sts.us-east-1.amazonaws.com/", false),
            ("/", false),
        ] {
            assert_eq!(Trust::needed(uri, has_proxy), Trust::System, "{uri}");
        }
    }
}
