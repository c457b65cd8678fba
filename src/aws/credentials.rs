//! Credentials that AWS calls expired are fetched once more, and the call is made again with them. The SDK by itself renews
//! only those that say when they end, and some of its sources read their files once in the life of a process.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

use super::answers::{names_one_of, said};

/// How long a source may take: a program may ask a sign-in service, and that one a person.
const LONGEST_FETCH: Duration = Duration::from_secs(120);

/// What is known of the credentials in use, shared by all clients: their cache, and the judge of calls that were refused.
#[derive(Debug, Clone)]
pub(super) struct Renewal(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    /// Holds them until they end by their own word, or are called [expired](Renewal::expired).
    cache: SharedIdentityCache,
    /// The id of the access key in use; none while it is being fetched.
    key: Option<String>,
    /// Those that AWS called expired.
    refused: HashSet<String>,
}

impl Renewal {
    /// The configuration with credentials that can be renewed: `again` begins to load it once more, from the same sources.
    /// There is nothing to renew where it has none.
    pub(super) fn of(
        config: SdkConfig,
        again: impl Fn() -> ConfigLoader + Send + Sync + 'static,
    ) -> (SdkConfig, Option<Self>) {
        let Some(first) = config.credentials_provider() else { return (config, None) };
        let renewal = Self::new();
        let sources = Sources { first: Mutex::new(Some(first)), again: Box::new(again), renewal: renewal.clone() };
        let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(sources));
        (config.identity_cache(renewal.clone()).build(), Some(renewal))
    }

    fn new() -> Self {
        Self(Arc::new(Mutex::new(Known { cache: new_cache(), key: None, refused: HashSet::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// AWS has called the credentials in use expired. Whether the call is worth another try: they are fetched anew then,
    /// unless that was done and brought the same ones.
    fn expired(&self) -> bool {
        let mut known = self.lock();
        // Another call was told before this one, and the next one fetches them.
        let Some(key) = known.key.take() else { return true };
        if known.refused.contains(&key) {
            known.key = Some(key);
            return false;
        }
        known.refused.insert(key);
        known.cache = new_cache();
        true
    }
}

impl ResolveCachedIdentity for Renewal {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let (cache, components) = (self.lock().cache.clone(), components.clone());
        // In a task of its own: a call that is not looked after for a while, as while the lease is stale, would else hold up
        // every other call that waits for the same credentials, and the lease's renewal is one.
        let resolved = tokio::spawn(async move {
            let none = ConfigBag::base();
            cache.resolve_cached_identity(resolver, &components, &none).await
        });
        IdentityFuture::new(async move { resolved.await? })
    }
}

impl ClassifyRetry for Renewal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match said(context.response()) {
            Some((status, body)) if is_expired(status, body) && self.expired() => RetryAction::transient_error(),
            Some(_) | None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "expired credentials are renewed"
    }
}

fn new_cache() -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(LONGEST_FETCH).build()
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

/// Whether an answer says that the credentials' time is over. AWS tells a key that it no longer knows in other words.
fn is_expired(status: u16, body: &[u8]) -> bool {
    const CODES: [&str; 4] = ["ExpiredToken", "TokenRefreshRequired", "UnrecognizedClient", "InvalidClientTokenId"];
    (400..500).contains(&status) && names_one_of(&CODES, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_renewed_once() {
        let renewal = Renewal::new();
        let fetched = |key: &str| renewal.lock().key = Some(key.to_owned());
        fetched("ASIAONE");
        assert!(renewal.expired());
        // A call that was under way, while they are being fetched.
        assert!(renewal.expired());
        fetched("ASIATWO");
        // The new ones end too, and then there are no others.
        assert!(renewal.expired());
        fetched("ASIATWO");
        assert!(!renewal.expired());
        assert!(!renewal.expired());
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
