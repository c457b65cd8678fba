//! The order of things in a sign-in: read the event, ask Okta, make the user configuration, log, answer.

use std::io::Write;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::decision::Decision;
use crate::okta::{Judgement, OktaClient, OktaClientError};
use crate::reason::Reason;
use crate::request::{Origin, ProxyRequest};
use crate::settings::{AccessRule, Authentication, Mfa, Settings, SettingsError};
use crate::user_config::{ProxyResponse, RoleArn, UserConfig};

/// The time for the exchange with Okta: below the function's own limit of 15 s, so that a slow Okta ends in an answer.
pub const OKTA_TIMEOUT: Duration = Duration::from_secs(10);

/// The identity provider of one deployment.
pub struct IdentityProvider {
    settings: Settings,
    user_role: RoleArn,
    okta: OktaClient,
}

/// Why an identity provider cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings would make sign-ins fail.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The settings ask for what this function does not do.
    #[error("settings ask for {0}, which this version does not do")]
    NotYet(&'static str),
    /// No client of Okta.
    #[error(transparent)]
    Okta(#[from] OktaClientError),
}

impl IdentityProvider {
    /// Made once, when the function starts; a sign-in may take `okta_timeout` at Okta.
    ///
    /// # Errors
    /// The settings do not pass [`Settings::check`] or ask for what this version does not do, or the client of Okta cannot be made.
    pub fn new(settings: Settings, user_role: RoleArn, okta_timeout: Duration) -> Result<Self, StartError> {
        settings.check()?;
        if let Some(what) = not_yet(&settings) {
            return Err(StartError::NotYet(what));
        }
        let okta = OktaClient::new(&settings.okta.org_url, okta_timeout)?;
        Ok(Self { settings, user_role, okta })
    }

    /// Answers one proxy event, and writes one line to the log. Never fails: whatever is wrong is a refusal.
    pub async fn answer(&self, event: &[u8], log: &mut impl Write) -> ProxyResponse {
        let start = Instant::now();
        let mut origin = Origin::default();
        let (judgement, user_config) = self.decide(event, &mut origin).await;
        Decision { origin, judgement, elapsed: start.elapsed() }.log(log);
        user_config.as_ref().map_or_else(ProxyResponse::refused, ProxyResponse::accepted)
    }

    async fn decide(&self, event: &[u8], origin: &mut Origin) -> (Judgement, Option<UserConfig>) {
        let request = match ProxyRequest::from_json(event) {
            Ok(request) => request,
            Err(error) => return (Reason::from(error).into(), None),
        };
        *origin = request.origin();
        let sign_in = match request.sign_in(self.settings.okta.login_domain.as_deref()) {
            Ok(sign_in) => sign_in,
            Err(error) => return (Reason::from(error).into(), None),
        };
        origin.login = Some(sign_in.user.as_str().to_owned());

        let judgement = self.okta.authn(&sign_in).await;
        if judgement.reason != Reason::Ok {
            return (judgement, None);
        }
        match UserConfig::new(&self.settings, &self.user_role, &sign_in.user) {
            Ok(user_config) => (judgement, Some(user_config)),
            Err(_) => (Judgement { reason: Reason::SessionPolicy, ..judgement }, None),
        }
    }
}

/// What of the settings is not heeded: never started with, as a user would get more than they say.
fn not_yet(settings: &Settings) -> Option<&'static str> {
    let Settings { okta, authentication, access, .. } = settings;
    let rule = |has: fn(&AccessRule) -> bool| access.iter().any(has);
    let asked_for = [
        (okta.mfa != Mfa::Off, "a second factor"),
        (okta.service_app.is_some(), "a service app"),
        (okta.ssh_keys_attribute.is_some() || *authentication != Authentication::Password, "public keys"),
        (okta.forward_source_ip, "forwarding the source address"),
        (!okta.aliases.is_empty(), "aliases"),
        (rule(|rule| !(rule.groups.is_empty() && rule.users.is_empty())), "rules for groups or users"),
        (rule(|rule| !(rule.allow_from.is_empty() && rule.protocols.is_empty())), "rules for networks or protocols"),
        (rule(|rule| rule.home.is_none() || !rule.folders.is_empty()), "several folders"),
    ];
    asked_for.into_iter().find_map(|(asked_for, what)| asked_for.then_some(what))
}
