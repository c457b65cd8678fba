//! How calls to AWS and Okta leave this machine: as with the SDK's own client, but that trusted certificates are read when the
//! first call needs them. Reading them is half of what a command costs that talks to an endpoint without TLS, such as the sandbox's.

use std::env;
use std::net::IpAddr;
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
    let is_proxied = has_proxy() && !is_loopback(uri);
    let proxy = if is_loopback(uri) { ProxyConfig::disabled() } else { proxy };
    finished(Connector::builder().proxy_config(proxy), Trust::needed(uri, is_proxied))
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

/// Whether a call stays on this machine, such as one to the sandbox. No proxy could pass it on: it has a loopback of its own.
fn is_loopback(uri: &str) -> bool {
    let Some((_, rest)) = uri.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The variables that `ProxyConfig::from_env` reads, in capitals and in small letters.
const PROXIES: [&str; 3] = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"];

/// What a connector was made for: whether it trusts anybody, whether it may use a proxy, and its timeouts.
type Kind = (Trust, bool, Option<Duration>, Option<Duration>);

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
    fn needed(uri: &str, is_proxied: bool) -> Self {
        if uri.starts_with("http://") && !is_proxied { Self::Nobody } else { Self::System }
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
        is_proxied: bool,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let kind = (trust, is_proxied, settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = connectors.iter().find(|(known, _)| *known == kind) {
            return connector.clone();
        }
        let proxy = if is_proxied { ProxyConfig::from_env() } else { ProxyConfig::disabled() };
        let mut builder = Connector::builder().proxy_config(proxy).connector_settings(settings.clone());
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
        let is_proxied = self.way.has_proxy && !is_loopback(request.uri());
        let trust = Trust::needed(request.uri(), is_proxied);
        self.way.connector(trust, is_proxied, &self.settings, &self.components).call(request)
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
    fn calls_that_stay_on_this_machine() {
        for uri in [
            "http://127.0.0.1:4566/",
            "http://127.0.0.1",
            "http://localhost:1/a?b",
            "http://[::1]:4566/",
            "http://u@127.1.2.3/",
        ] {
            assert!(is_loopback(uri), "{uri}");
        }
        for uri in [
            "https://sts.us-east-1.amazonaws.com/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example/@127.0.0.1",
            "http://10.0.0.1:4566/",
            "/",
        ] {
            assert!(!is_loopback(uri), "{uri}");
        }
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
