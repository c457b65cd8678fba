//! Credentials that AWS calls expired are fetched once more, and the call is made again with them. The SDK by itself renews
//! only those that say when they end, and some of its sources read their files once in the life of a process.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::identity::IdentityCache;
use aws_config::{ConfigLoader, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, Result as Fetched, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// What is known of the credentials in use, shared by all clients: their cache, and the judge of calls that were refused.
#[derive(Debug, Clone)]
pub(super) struct Renewal(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    /// Holds them until they end by their own word, or are [refused](Renewal::refused).
    cache: SharedIdentityCache,
    /// The id of the access key in use; none while it is being fetched.
    key: Option<String>,
    /// Those that AWS called expired.
    refused: HashSet<String>,
}

impl Renewal {
    pub(super) fn new() -> Self {
        let cache = IdentityCache::lazy().build();
        Self(Arc::new(Mutex::new(Known { cache, key: None, refused: HashSet::new() })))
    }

    /// The configuration with credentials that can be renewed: `again` begins to load it once more, from the same sources.
    pub(super) fn of(&self, config: SdkConfig, again: impl Fn() -> ConfigLoader + Send + Sync + 'static) -> SdkConfig {
        let Some(first) = config.credentials_provider() else { return config };
        let sources = Sources { first: Mutex::new(Some(first)), again: Box::new(again), renewal: self.clone() };
        let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(sources));
        config.identity_cache(self.clone()).build()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// AWS has called this access key expired. Whether the call is worth another try: its credentials are fetched anew then,
    /// unless that was done and brought the same ones.
    fn refused(&self, key: &str) -> bool {
        let mut known = self.lock();
        if known.key.as_deref() != Some(key) {
            // Another call was told before this one.
            return true;
        }
        let is_news = known.refused.insert(key.to_owned());
        if is_news {
            known.key = None;
            known.cache = IdentityCache::lazy().build();
        }
        is_news
    }
}

impl ResolveCachedIdentity for Renewal {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        bag: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let cache = self.lock().cache.clone();
        IdentityFuture::new(async move { cache.resolve_cached_identity(resolver, components, bag).await })
    }
}

impl ClassifyRetry for Renewal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let answer = context.response().and_then(|answer| Some((answer.status().as_u16(), answer.body().bytes()?)));
        let signature = context.request().and_then(|request| request.headers().get("authorization"));
        match (answer, signature.and_then(key_of)) {
            (Some((status, body)), Some(key)) if is_expired(status, body) && self.refused(key) => {
                RetryAction::transient_error()
            }
            (_, _) => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "expired credentials are renewed"
    }
}

/// The sources of credentials that the configuration names.
struct Sources {
    /// As they were loaded first.
    first: Mutex<Option<SharedCredentialsProvider>>,
    again: Box<dyn Fn() -> ConfigLoader + Send + Sync>,
    renewal: Renewal,
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Sources {
    async fn fetch(&self) -> Fetched {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let provider = match first {
            Some(first) => Some(first),
            None => (self.again)().load().await.credentials_provider(),
        };
        let provider =
            provider.ok_or_else(|| CredentialsError::not_loaded("no source of credentials is configured"))?;
        let credentials: Credentials = provider.provide_credentials().await?;
        self.renewal.lock().key = Some(credentials.access_key_id().to_owned());
        Ok(credentials)
    }
}

impl ProvideCredentials for Sources {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.fetch())
    }
}

/// The id of the access key that signed a request (AWS Signature Version 4: `Credential=ID/date/region/service/aws4_request`).
fn key_of(signature: &str) -> Option<&str> {
    signature.split_once("Credential=")?.1.split('/').next()
}

/// Whether an answer says that the credentials' time is over. AWS tells a key that it no longer knows in other words.
fn is_expired(status: u16, body: &[u8]) -> bool {
    const CODES: [&str; 4] = ["ExpiredToken", "TokenRefreshRequired", "UnrecognizedClient", "InvalidClientTokenId"];
    let text = String::from_utf8_lossy(body);
    (400..500).contains(&status) && CODES.iter().any(|code| text.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_renewed_once() {
        let renewal = Renewal::new();
        let fetched = |key: &str| renewal.lock().key = Some(key.to_owned());
        fetched("ASIAONE");
        assert!(renewal.refused("ASIAONE"));
        // A call that was under way with it, while the next one is being fetched.
        assert!(renewal.refused("ASIAONE"));
        fetched("ASIATWO");
        assert!(renewal.refused("ASIAONE"));
        // The new one ends too, and then there is no other.
        assert!(renewal.refused("ASIATWO"));
        fetched("ASIATWO");
        assert!(!renewal.refused("ASIATWO"));
    }

    #[test]
    fn the_key_is_read_from_the_signature() {
        let signature = "AWS4-HMAC-SHA256 Credential=ASIAONE/20261130/us-east-1/sts/aws4_request, SignedHeaders=host";
        assert_eq!(key_of(signature), Some("ASIAONE"));
        assert_eq!(key_of("Bearer x"), None);
    }

    #[test]
    fn what_ends_credentials_is_told_by_its_code() {
        assert!(is_expired(403, b"<Error><Code>ExpiredToken</Code></Error>"));
        assert!(is_expired(400, b"{\"__type\":\"ExpiredTokenException\"}"));
        assert!(is_expired(400, b"{\"__type\":\"UnrecognizedClientException\"}"));
        assert!(!is_expired(403, b"<Error><Code>AccessDenied</Code></Error>"));
        assert!(!is_expired(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"));
        assert!(!is_expired(200, b"ExpiredToken"));
    }
}
