//! The order of things in a sign-in: read the event, see whether Okta may be asked, ask it, read what the access rules need,
//! make the user configuration, log, answer.

use std::io::Write;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::time::Instant;

use crate::access::{self, Attempt, Credential, Needs, Refusal, SkippedKeys};
use crate::clock::Clock;
use crate::decision::Decision;
use crate::guard::{Guard, Try};
use crate::okta::{
    Detail, Directory, Found, Judgement, OktaClient, OktaClientError, Question, ServiceAppClient, Spent, Timing, Typed,
    Whom,
};
use crate::person::Person;
use crate::reason::Reason;
use crate::request::{Form, Origin, Request, SignIn};
use crate::response::Response;
use crate::secret::Secret;
use crate::secrets_manager::{SecretsManager, SecretsManagerError};
use crate::settings::{Settings, SettingsError};
use crate::throttle::Source;
use crate::user_config::{RoleArn, UserConfig};

/// The longest time for a sign-in, below the 29 s that API Gateway waits. The function's own limit may end it earlier.
pub const LONGEST: Duration = Duration::from_secs(27);
/// How long before the function's own limit a sign-in ends, so that a slow Okta ends in an answer.
pub const MARGIN: Duration = Duration::from_millis(500);

/// The identity provider of one deployment.
pub struct IdentityProvider {
    settings: Settings,
    user_role: RoleArn,
    deployment: Option<String>,
    okta: OktaClient,
    service_app: Option<ServiceAppClient>,
    guard: Mutex<Guard>,
    clock: Clock,
}

/// What an identity provider finds around it.
pub struct Surroundings<'a> {
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&'static str) -> Option<String>,
    /// How long things may take at Okta.
    pub timing: Timing,
    /// The clocks.
    pub clock: Clock,
}

/// Why an identity provider cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings would make sign-ins fail.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No client of Okta.
    #[error(transparent)]
    Okta(#[from] OktaClientError),
    /// No client of Secrets Manager.
    #[error(transparent)]
    SecretsManager(#[from] SecretsManagerError),
}

/// How a sign-in ended, as it fills up.
#[derive(Default)]
struct Course {
    origin: Origin,
    credential: Option<Credential>,
    rule: Option<usize>,
    skipped_keys: SkippedKeys,
    spent: Spent,
}

impl IdentityProvider {
    /// Made once, when the function starts. Asks nobody yet.
    ///
    /// # Errors
    /// The settings do not pass [`Settings::check`], or a client cannot be made.
    pub fn new(settings: Settings, user_role: RoleArn, surroundings: Surroundings<'_>) -> Result<Self, StartError> {
        let Surroundings { variable, timing, clock } = surroundings;
        settings.check()?;
        let okta = OktaClient::new(&settings.okta.org_url, timing)?;
        let service_app = match &settings.okta.service_app {
            Some(app) => {
                let secrets_manager = SecretsManager::new(&app.private_key_secret, variable)?;
                Some(ServiceAppClient::new(app.clone(), secrets_manager))
            }
            None => None,
        };
        let deployment = variable(crate::metrics::DEPLOYMENT_NAME).filter(|name| !name.is_empty());
        let guard = Mutex::new(Guard::new(settings.throttle));
        Ok(Self { settings, user_role, deployment, okta, service_app, guard, clock })
    }

    /// Answers one event within `time`, and writes one line to the log. Never fails: whatever is wrong is a refusal.
    pub async fn answer(&self, event: &[u8], time: Duration, log: &mut impl Write) -> Response {
        let start = Instant::now();
        let mut course = Course::default();
        let (form, decided) = match Request::from_json(event) {
            Ok(request) => (request.form(), self.decide(&request, start + time.min(LONGEST), &mut course).await),
            Err(error) => (Form::Proxy, Err(Reason::from(error).into())),
        };
        let (judgement, user_config) = match decided {
            Ok((judgement, user_config)) => (judgement, Some(user_config)),
            Err(judgement) => (judgement, None),
        };
        let Course { origin, credential, rule, skipped_keys, spent } = course;
        let deployment = self.deployment.clone();
        let time = self.clock.wall();
        let elapsed = start.elapsed();
        Decision { origin, credential, judgement, rule, skipped_keys, spent, time, elapsed, deployment }.log(log);
        Response::new(form, user_config)
    }

    /// The judgement of an accepted sign-in and what the user gets, or the judgement of a refused one.
    async fn decide(
        &self,
        request: &Request,
        until: Instant,
        course: &mut Course,
    ) -> Result<(Judgement, UserConfig), Judgement> {
        course.origin = request.origin();
        let sign_in = request.sign_in(self.settings.okta.login_domain.as_deref());
        let sign_in = sign_in.map_err(Reason::from)?;
        course.origin.login = Some(sign_in.user.as_str().to_owned());
        let credential = sign_in.credential();
        course.credential = Some(credential);

        let authentication = self.settings.authentication;
        match credential {
            Credential::Password if !authentication.takes_passwords() => return Err(Reason::PasswordNotTaken.into()),
            Credential::PublicKey if !authentication.takes_keys() => return Err(Reason::KeyProbe.into()),
            Credential::Password | Credential::PublicKey => {}
        }
        // Nobody is asked about a sign-in that cannot be accepted anyway.
        let needs = access::needs(&self.settings, &attempt(&sign_in, None, None));
        let needs = needs.map_err(|refusal| why(refusal, credential))?;
        let login = self.settings.canonical_login(&sign_in.user);
        let tried = Try { credential, login: &login, source: Source::of(sign_in.source_ip), needs };
        self.guard().check(tried, self.clock.monotonic())?;

        let decided = self.ask(&sign_in, needs, until, course).await;
        if course.spent.calls > 0 {
            let judgement = match &decided {
                Ok((judgement, _)) | Err(judgement) => judgement,
            };
            self.guard().note(tried, judgement, self.clock.monotonic(), self.clock.wall());
        }
        decided
    }

    /// Asks Okta. `expected` is what the access rules need, as far as that is known before.
    async fn ask(
        &self,
        sign_in: &SignIn,
        expected: Needs,
        until: Instant,
        course: &mut Course,
    ) -> Result<(Judgement, UserConfig), Judgement> {
        let (mut judgement, read_ahead) = match &sign_in.password {
            Some(password) => {
                let judged = pin!(self.judge_password(password, sign_in, until, &mut course.spent));
                let read_ahead = pin!(self.read_ahead(expected, until));
                while_waiting(judged, read_ahead).await
            }
            None => (Reason::Ok.into(), Ok(())),
        };
        if judgement.reason != Reason::Ok {
            return Err(judgement);
        }
        let okta_id = judgement.okta_id.clone();
        let refused = |judgement: &Judgement, refusal| {
            let reason = why(refusal, sign_in.credential());
            Judgement { reason, ..judgement.clone() }
        };
        let needs = access::needs(&self.settings, &attempt(sign_in, okta_id.as_deref(), None));
        let needs = needs.map_err(|refusal| refused(&judgement, refusal))?;
        let mut person = None;
        if needs.directory() {
            let read = match read_ahead {
                Ok(()) => self.read_person(sign_in, okta_id.as_deref(), needs, until, &mut course.spent).await,
                // What could not be read a moment ago is not read again for the same sign-in.
                Err(failed) => Err(failed),
            };
            let found = read.map_err(|failed| Judgement { factor: judgement.factor, ..failed })?;
            // The line joins Okta's System Log by the password, and where there is none by the last that was read.
            judgement.request_id = judgement.request_id.or(found.request_id);
            person = Some(found.person);
        }
        if let (Credential::PublicKey, Some(person)) = (sign_in.credential(), &person) {
            course.skipped_keys = access::skipped_keys(&self.settings, person);
        }
        let attempt = attempt(sign_in, okta_id.as_deref(), person.as_ref());
        let grant = access::decide(&self.settings, &attempt).map_err(|refusal| refused(&judgement, refusal))?;
        course.rule = Some(grant.rule);
        match UserConfig::new(&grant, &self.user_role) {
            Ok(user_config) => Ok((judgement, user_config)),
            Err(_) => Err(Judgement { reason: Reason::SessionPolicy, ..judgement }),
        }
    }

    /// Reads what is needed of who signs in. `okta_id` is known once a password was right.
    async fn read_person(
        &self,
        sign_in: &SignIn,
        okta_id: Option<&str>,
        needs: Needs,
        until: Instant,
        spent: &mut Spent,
    ) -> Result<Found, Judgement> {
        let Some(app) = &self.service_app else { return Err(Judgement::service_app(Detail::Secret)) };
        let login = self.settings.okta_login(&sign_in.user);
        let whom = match okta_id {
            Some(id) => Whom::SignedIn { id, login },
            None => Whom::Login(login),
        };
        Directory { okta: &self.okta, app, clock: &self.clock, until }.person(whom, needs, spent).await
    }

    /// Reads the service app's key, while Okta looks at the password, if the directory will be asked.
    async fn read_ahead(&self, expected: Needs, until: Instant) -> Result<(), Judgement> {
        match &self.service_app {
            Some(app) if expected.directory() => app.read_ahead(&self.clock, until).await,
            Some(_) | None => Ok(()),
        }
    }

    async fn judge_password(
        &self,
        password: &Secret,
        sign_in: &SignIn,
        until: Instant,
        spent: &mut Spent,
    ) -> Judgement {
        let okta = &self.settings.okta;
        let login = self.settings.okta_login(&sign_in.user);
        let typed = Typed::read(Secret::new(password.expose().to_owned()), okta.mfa, &okta.mfa_methods);
        let forwarded_for = sign_in.source_ip.filter(|_| okta.forward_source_ip);
        let question = Question { login, typed: &typed, forwarded_for, mfa: okta.mfa, methods: &okta.mfa_methods };
        self.okta.sign_in(&question, until, spent).await
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The judgement, and what came of what is done meanwhile. It is waited for only if the sign-in goes on.
async fn while_waiting(
    mut judged: Pin<&mut impl Future<Output = Judgement>>,
    mut meanwhile: Pin<&mut impl Future<Output = Result<(), Judgement>>>,
) -> (Judgement, Result<(), Judgement>) {
    tokio::select! {
        biased;
        judgement = &mut judged => {
            let done = if judgement.reason == Reason::Ok { meanwhile.await } else { Ok(()) };
            (judgement, done)
        }
        done = &mut meanwhile => (judged.await, done),
    }
}

fn attempt<'a>(sign_in: &'a SignIn, okta_id: Option<&'a str>, person: Option<&'a Person>) -> Attempt<'a> {
    let SignIn { user, source_ip, protocol, .. } = sign_in;
    let credential = sign_in.credential();
    Attempt { user, source_ip: *source_ip, protocol: *protocol, credential, okta_id, person }
}

/// The word for a refusal of the access rules.
fn why(refusal: Refusal, credential: Credential) -> Reason {
    match (refusal, credential) {
        (Refusal::CredentialNotTaken, Credential::Password) => Reason::PasswordNotTaken,
        (Refusal::CredentialNotTaken, Credential::PublicKey) => Reason::KeyProbe,
        (Refusal::NoRule, _) => Reason::NoRule,
        (Refusal::SourceAddress, _) => Reason::SourceAddress,
        (Refusal::Protocol, _) => Reason::ProtocolNotAllowed,
        (Refusal::NotRead, _) => Reason::ServiceApp,
        (Refusal::OtherPerson, _) => Reason::LoginMismatch,
        (Refusal::NotActive, _) => Reason::UserNotActive,
        (Refusal::Attribute, _) => Reason::Attribute,
        (Refusal::NoKeys, _) => Reason::NoKeys,
    }
}
