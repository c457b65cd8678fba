//! The service app: its key, and its access token (Okta guide, "Implement OAuth for Okta with a service app").

mod assertion;
mod key;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

pub use key::ServiceAppKey;

use super::LONGEST_ANSWER;
use super::answer::{Answer, judge_error, read};
use super::client::{OktaClient, told};
use super::judgement::{Detail, Judgement, Spent};
use super::key_error::ServiceAppKeyError;
use super::rate_limit::Bucket;
use crate::clock::Clock;
use crate::http::Reply;
use crate::reason::Reason;
use crate::secret::Secret;
use crate::secrets_manager::SecretsManager;
use crate::settings::ServiceApp;

/// The token endpoint of the org's own authorization server.
const TOKEN_PATH: &str = "/oauth2/v1/token";
/// Reading users and their groups needs this and no more.
const SCOPE: &str = "okta.users.read";
/// A token is not used in the last moments of its life.
const MARGIN: Duration = Duration::from_secs(60);
/// The longest life that is believed; Okta's is an hour.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
/// The secret is read again at most so often: a key that was replaced is found, a wrong one costs little.
const REREAD: Duration = Duration::from_secs(60);

/// Gets and keeps access tokens.
pub struct ServiceAppClient {
    settings: ServiceApp,
    secrets_manager: SecretsManager,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    key: Option<KeptKey>,
    token: Option<KeptToken>,
}

#[derive(Clone)]
struct KeptKey {
    key: Arc<ServiceAppKey>,
    read: Duration,
}

#[derive(Clone)]
struct KeptToken {
    token: Arc<Secret>,
    until: SystemTime,
}

/// A token endpoint's answer (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Token {
    access_token: Secret,
    token_type: String,
    expires_in: u64,
}

/// A token endpoint's refusal (RFC 6749 section 5.2). The description may repeat what was sent and is not read.
#[derive(Deserialize)]
struct TokenError {
    error: Option<String>,
}

/// What came of asking for a token.
enum TokenAnswer {
    Token(Token),
    /// The assertion was not taken: another key may have been registered.
    InvalidClient(Judgement),
    Refused(Judgement),
}

impl ServiceAppClient {
    /// Asks nobody yet.
    #[must_use]
    pub fn new(settings: ServiceApp, secrets_manager: SecretsManager) -> Self {
        Self { settings, secrets_manager, kept: Mutex::default() }
    }

    /// Reads the key if it is not kept, ahead of the question for which a token is needed.
    ///
    /// # Errors
    /// There is none; the judgement says why.
    pub async fn read_ahead(&self, clock: &Clock, until: Instant) -> Result<(), Judgement> {
        self.key(clock, until).await.map(|_| ())
    }

    /// A token that is good for a while: the kept one, or a new one.
    ///
    /// # Errors
    /// There is none; the judgement says why.
    pub(super) async fn token(
        &self,
        okta: &OktaClient,
        clock: &Clock,
        until: Instant,
        spent: &mut Spent,
    ) -> Result<Arc<Secret>, Judgement> {
        let kept = self.kept().token.clone();
        if let Some(kept) = kept.filter(|kept| clock.wall() < kept.until) {
            return Ok(kept.token);
        }
        let (key, is_fresh) = self.key(clock, until).await?;
        let token = match self.ask(okta, &key, clock, until, spent).await? {
            TokenAnswer::Token(token) => token,
            TokenAnswer::InvalidClient(judgement) => {
                if is_fresh || !self.forget_key(clock) {
                    return Err(judgement);
                }
                let (key, _) = self.key(clock, until).await?;
                match self.ask(okta, &key, clock, until, spent).await? {
                    TokenAnswer::Token(token) => token,
                    TokenAnswer::InvalidClient(judgement) | TokenAnswer::Refused(judgement) => return Err(judgement),
                }
            }
            TokenAnswer::Refused(judgement) => return Err(judgement),
        };
        let life = Duration::from_secs(token.expires_in).min(LONGEST_LIFE).saturating_sub(MARGIN);
        let kept = KeptToken { token: Arc::new(token.access_token), until: clock.wall() + life };
        self.kept().token = Some(kept.clone());
        Ok(kept.token)
    }

    /// Forgets the kept token, which Okta no longer takes.
    pub(super) fn forget_token(&self) {
        self.kept().token = None;
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key, and whether it was read only now.
    async fn key(&self, clock: &Clock, until: Instant) -> Result<(Arc<ServiceAppKey>, bool), Judgement> {
        if let Some(kept) = self.kept().key.clone() {
            return Ok((kept.key, false));
        }
        let secret = self.secrets_manager.get(&self.settings.private_key_secret, clock.wall(), until).await;
        let secret = secret.map_err(|_| Judgement::service_app(Detail::Secret))?;
        let key = ServiceAppKey::parse(&secret).map_err(|error| Judgement::service_app(Detail::Key(error)))?;
        let kept = KeptKey { key: Arc::new(key), read: clock.monotonic() };
        self.kept().key = Some(kept.clone());
        Ok((kept.key, true))
    }

    /// Forgets the key, so that it is read again. Not if it was read a moment ago.
    fn forget_key(&self, clock: &Clock) -> bool {
        let now = clock.monotonic();
        let mut kept = self.kept();
        let may = kept.key.as_ref().is_some_and(|key| now.saturating_sub(key.read) >= REREAD);
        if may {
            kept.key = None;
        }
        may
    }

    async fn ask(
        &self,
        okta: &OktaClient,
        key: &ServiceAppKey,
        clock: &Clock,
        until: Instant,
        spent: &mut Spent,
    ) -> Result<TokenAnswer, Judgement> {
        let url = format!("{}{TOKEN_PATH}", okta.org_url());
        let assertion = assertion::signed(key, &self.settings, &url, clock.unix_seconds());
        let Some(assertion) = assertion else {
            // Kept, a key that is damaged so that it signs nothing would be kept for good.
            self.kept().key = None;
            return Err(Judgement::service_app(Detail::Key(ServiceAppKeyError::Damaged)));
        };
        let form = Zeroizing::new(
            [
                "grant_type=client_credentials&scope=",
                SCOPE,
                "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=",
                assertion.expose(),
            ]
            .concat()
            .into_bytes(),
        );
        let request = Request::post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let reply = okta.send(request, Bytes::from_owner(form), LONGEST_ANSWER, until, spent).await;
        let reply = reply.map_err(Judgement::unavailable)?;
        Ok(told_of(judge_token(&reply.answer()), &reply))
    }
}

fn told_of(answer: TokenAnswer, reply: &Reply) -> TokenAnswer {
    let told = |judgement| told(judgement, reply, Bucket::Directory);
    match answer {
        TokenAnswer::Token(token) => TokenAnswer::Token(token),
        TokenAnswer::InvalidClient(judgement) => TokenAnswer::InvalidClient(told(judgement)),
        TokenAnswer::Refused(judgement) => TokenAnswer::Refused(told(judgement)),
    }
}

fn judge_token(answer: &Answer<'_>) -> TokenAnswer {
    let refused = |judgement| TokenAnswer::Refused(judgement);
    match answer.status {
        200 => match read::<Token>(answer) {
            Some(token)
                if token.token_type.eq_ignore_ascii_case("bearer") && !token.access_token.expose().is_empty() =>
            {
                TokenAnswer::Token(token)
            }
            Some(token) if token.token_type.eq_ignore_ascii_case("dpop") => {
                refused(Judgement::service_app(Detail::Dpop))
            }
            Some(_) => refused(Judgement::service_app(Detail::Token)),
            None => refused(Judgement::unavailable(Detail::NotJson)),
        },
        300..=399 => refused(Judgement::unavailable(Detail::Redirect)),
        400 | 401 | 403 => {
            let error = read::<TokenError>(answer).and_then(|refusal| refusal.error);
            match error.as_deref() {
                Some("invalid_client") => TokenAnswer::InvalidClient(Judgement::service_app(Detail::Token)),
                // Okta guide, "Configure OAuth 2.0 Demonstrating Proof-of-Possession".
                Some("invalid_dpop_proof" | "use_dpop_nonce") => refused(Judgement::service_app(Detail::Dpop)),
                Some("invalid_scope") => refused(Judgement::service_app(Detail::Scope)),
                Some(_) | None => refused(Judgement::service_app(Detail::Token)),
            }
        }
        429 => refused(Reason::RateLimited.into()),
        404 => refused(Judgement::service_app(Detail::Token)),
        _ => refused(judge_error(answer)),
    }
}
