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
use crate::metrics::Asked;
use crate::okta::{
    Detail, Directory, Judgement, OktaClient, OktaClientError, Question, ServiceAppClient, Spent, Timing, Typed, Whom,
};
use crate::person::Person;
use crate::reason::Reason;
use crate::request::{Form, Origin, Request, SignIn};
use crate::response::Response;
use crate::secret::Secret;
use crate::secrets_manager::{SecretsManager, SecretsManagerError};
use crate::settings::{Mfa, Settings, SettingsError};
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
    asked: Option<Asked>,
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
        let Course { origin, asked, rule, skipped_keys, spent } = course;
        let deployment = self.deployment.clone();
        let time = self.clock.wall();
        let elapsed = start.elapsed();
        Decision { origin, asked, judgement, rule, skipped_keys, spent, time, elapsed, deployment }.log(log);
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
        let asked = asked_about(sign_in.password.as_ref());
        course.asked = Some(asked);

        let authentication = self.settings.authentication;
        match asked {
            Asked::Password if !authentication.takes_passwords() => return Err(Reason::PasswordNotTaken.into()),
            Asked::Keys if !authentication.takes_keys() => return Err(Reason::KeyProbe.into()),
            Asked::Password | Asked::Keys => {}
        }
        // Nobody is asked about a sign-in that cannot be accepted anyway.
        let needs = access::needs(&self.settings, &attempt(&sign_in, None, None));
        let needs = needs.map_err(|refusal| why(refusal, asked))?;
        let tried = Try { asked, user: &sign_in.user, source: Source::of(sign_in.source_ip) };
        self.guard().check(tried, self.clock.monotonic())?;

        let decided = self.ask(sign_in.password.as_ref(), &sign_in, needs, until, course).await;
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
        password: Option<&Secret>,
        sign_in: &SignIn,
        expected: Needs,
        until: Instant,
        course: &mut Course,
    ) -> Result<(Judgement, UserConfig), Judgement> {
        let login = self.settings.okta_login(&sign_in.user);
        let (judgement, key) = match password {
            Some(password) => {
                let judged = pin!(self.judge_password(password, login, sign_in, until, &mut course.spent));
                let key = pin!(self.read_ahead(expected, until));
                while_waiting(judged, key).await
            }
            None => (Reason::Ok.into(), Ok(())),
        };
        if judgement.reason != Reason::Ok {
            return Err(judgement);
        }
        let refuse = |refusal| Judgement { reason: why(refusal, asked_about(password)), ..judgement.clone() };
        let mut person = None;
        let needs = access::needs(&self.settings, &attempt(sign_in, judgement.okta_id.as_deref(), None));
        let needs = needs.map_err(refuse)?;
        if needs.person || needs.groups {
            let Some(app) = &self.service_app else { return Err(Judgement::service_app(Detail::Secret)) };
            let of_this_sign_in = |failed| Judgement { factor: judgement.factor, ..failed };
            // What could not be read a moment ago is not read again for the same sign-in.
            key.map_err(of_this_sign_in)?;
            let directory = Directory { okta: &self.okta, app, clock: &self.clock, until };
            let whom = match judgement.okta_id.as_deref() {
                Some(id) => Whom::SignedIn { id, login },
                None => Whom::Login(login),
            };
            let read = directory.person(whom, needs, &mut course.spent).await;
            person = Some(read.map_err(of_this_sign_in)?);
        }
        if let (None, Some(person)) = (password, &person) {
            course.skipped_keys = access::skipped_keys(&self.settings, person);
        }
        let attempt = attempt(sign_in, judgement.okta_id.as_deref(), person.as_ref());
        let grant = access::decide(&self.settings, &attempt).map_err(refuse)?;
        course.rule = Some(grant.rule);
        match UserConfig::new(&grant, &self.user_role) {
            Ok(user_config) => Ok((judgement, user_config)),
            Err(_) => Err(Judgement { reason: Reason::SessionPolicy, ..judgement }),
        }
    }

    /// Reads the service app's key, while Okta looks at the password, if the directory will be asked.
    async fn read_ahead(&self, expected: Needs, until: Instant) -> Result<(), Judgement> {
        match &self.service_app {
            Some(app) if expected.person || expected.groups => app.read_ahead(&self.clock, until).await,
            Some(_) | None => Ok(()),
        }
    }

    async fn judge_password(
        &self,
        password: &Secret,
        login: &str,
        sign_in: &SignIn,
        until: Instant,
        spent: &mut Spent,
    ) -> Judgement {
        let okta = &self.settings.okta;
        let typed = Secret::new(password.expose().to_owned());
        let typed = match okta.mfa {
            Mfa::Off => Typed::whole(typed),
            Mfa::Auto | Mfa::Required => Typed::split(typed),
        };
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

fn asked_about(password: Option<&Secret>) -> Asked {
    if password.is_some() { Asked::Password } else { Asked::Keys }
}

fn attempt<'a>(sign_in: &'a SignIn, okta_id: Option<&'a str>, person: Option<&'a Person>) -> Attempt<'a> {
    let credential = if sign_in.password.is_some() { Credential::Password } else { Credential::PublicKey };
    let SignIn { user, source_ip, protocol, .. } = sign_in;
    Attempt { user, source_ip: *source_ip, protocol: *protocol, credential, okta_id, person }
}

/// The word for a refusal of the access rules.
fn why(refusal: Refusal, asked: Asked) -> Reason {
    match (refusal, asked) {
        (Refusal::CredentialNotTaken, Asked::Password) => Reason::PasswordNotTaken,
        (Refusal::CredentialNotTaken, Asked::Keys) => Reason::KeyProbe,
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
