//! `verify`: a real sign-in through the deployed server, and one or two that must be refused.

mod log_line;

use std::time::Duration;

use sftp_okta_lambda::secret::Secret;

use crate::error::{Error, ErrorCode, Result};
use crate::progress::clean;
use crate::report::{Outcome, VerifyReport};
use crate::server::{
    self, Answer, Credential, Found, Question, Server, ServerStep, Verdict, is_legal_user_name, test_identity_provider,
};
use crate::settings::Target;
use crate::sign_in_log::LogGroup;
use crate::stack;
use crate::wait::{Backoff, Patience};

use super::Run;
use super::password::Password;
use super::session::Session;
use log_line::Line;

/// How many poll intervals a new deployment gets until it can be asked at all: a minute at the default of two seconds.
/// The roles and the API of a new stack are not known everywhere at once.
const INTERVALS_UNTIL_READY: u32 = 30;

/// What is to be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Who must be able to sign in.
    pub user: String,
    /// Whether the password comes from stdin.
    pub password_stdin: bool,
    /// Whether a made-up user and a wrong password are tried too.
    pub negative_checks: bool,
    /// Whether the user's keys are asked for in place of a sign-in with a password.
    pub public_key: bool,
    /// The address that the client is to be taken for.
    pub source_ip: Option<String>,
}

/// A check that can be carried out: the password is there, or there is a terminal to ask on.
pub(super) struct Prepared<'a> {
    check: &'a Check,
    password: Option<Password>,
}

/// Checks a deployment.
///
/// # Errors
/// `VerifyFailed` when a sign-in that should work does not, or one that should not does; or what keeps it from finding out.
pub async fn run(target: &Target, check: &Check, run: &mut Run<'_>) -> Result<()> {
    let prepared = prepare(check, run)?;
    let session = Session::open(target, None, run).await?;
    run.progress.step("Looking for the server");
    let clients = &session.clients;
    let (stack, servers) = tokio::try_join!(
        stack::describe(&clients.cloudformation, &target.stack_name),
        server::find(&clients.transfer, &session.owner, None, None),
    )?;
    session.guard_stack(stack.as_ref())?;
    if let Some(stack) = &stack {
        run.report.saw_stack(stack);
    }
    let server = the_server(servers)?;
    run.report.saw_server(&server, &clients.region, session.url_suffix());
    of_server(&session, &server, prepared, &Patience::new(Duration::ZERO, run.options.poll_interval), run).await?;
    run.report.result = Outcome::Verified;
    Ok(())
}

/// Looks at what was typed, and takes the password where it need not be asked for.
///
/// # Errors
/// `Usage`.
pub(super) fn prepare<'a>(check: &'a Check, run: &Run<'_>) -> Result<Prepared<'a>> {
    if !is_legal_user_name(&check.user) {
        return Err(Error::new(ErrorCode::Usage, format!("{:?} is no user name that Transfer takes", check.user))
            .hint("3 to 100 of A-Z a-z 0-9 _ - . @, beginning with a letter, a digit or _"));
    }
    let password = if check.public_key { None } else { Some(Password::prepare(check.password_stdin, run)?) };
    Ok(Prepared { check, password })
}

/// The one server, ONLINE.
fn the_server(found: Found) -> Result<Server> {
    found.refuse_what_is_unclear()?;
    let absent = || {
        Error::new(ErrorCode::VerifyFailed, "there is no server to sign in to").hint("make it with `sftp-okta deploy`")
    };
    let server = found.owned.into_iter().next().ok_or_else(absent)?;
    match server.state.for_deploy() {
        ServerStep::Ready => Ok(server),
        ServerStep::Wait | ServerStep::Start | ServerStep::Failed { .. } => Err(Error::new(
            ErrorCode::VerifyFailed,
            format!("server {} is {}: nobody can sign in", server.id, server.state),
        )
        .resource(server.id)
        .hint("bring it back with `sftp-okta deploy`")),
    }
}

/// Checks one server. `until_ready` is how long a deployment that is new may take until it can be asked at all.
///
/// # Errors
/// Those of [`run`].
pub(super) async fn of_server(
    session: &Session,
    server: &Server,
    prepared: Prepared<'_>,
    until_ready: &Patience,
    run: &mut Run<'_>,
) -> Result<()> {
    let Prepared { check, password } = prepared;
    let user = check.user.as_str();
    let password = match password {
        Some(password) => Some(password.get(user, run).await?),
        None => None,
    };
    let asking = Asking { session, server, source_ip: check.source_ip.as_deref() };
    let mut told = VerifyReport::of(user);
    if check.negative_checks {
        run.progress.step("Trying a made-up user");
        let verdict = asking.made_up_user(user, password.is_some(), until_ready, run).await?;
        told.refused_unknown_user = Some(verdict == Verdict::Refused);
        run.report.verify = Some(told.clone());
        must_be_refused(verdict, "a user who does not exist", server)?;
        run.progress.done("A made-up user is refused");
    }

    run.progress.step(&format!("Signing in as {user}"));
    let group = run.report.stack.as_ref().and_then(|stack| stack.outputs.get("IdentityProviderLogGroup")).cloned();
    let log = group.as_deref().map(|name| LogGroup { client: &session.clients.logs, name });
    let before = log_line::known(log).await;
    let credential = if password.is_some() { Credential::Password } else { Credential::PublicKey };
    let verdict = asking.ask(user, password.as_ref()).await?.judge(credential);
    if let Verdict::Accepted(sign_in) = &verdict {
        told.accept(sign_in);
    }
    run.report.verify = Some(told.clone());
    if !matches!(verdict, Verdict::Broken(_)) {
        let expected = Line { server: &server.id, user, accepted: told.accepted };
        told.log = log_line::find(log, &before, &expected, run).await;
        run.report.verify = Some(told.clone());
    }
    must_be_accepted(&verdict, &told, server)?;
    run.progress.done(&format!("{user} is let in"));

    // After the right password: it has just set Okta's count of wrong ones back to none.
    if check.negative_checks && password.is_some() {
        run.progress.step("Trying a wrong password");
        let wrong = Secret::new(format!("wrong-{}", uuid::Uuid::new_v4()));
        let verdict = asking.ask(user, Some(&wrong)).await?.judge(Credential::Password);
        told.refused_wrong_password = Some(verdict == Verdict::Refused);
        run.report.verify = Some(told);
        must_be_refused(verdict, "a wrong password", server)?;
        run.progress.done("A wrong password is refused");
    }
    Ok(())
}

/// The patience for a deployment that this run has just made or changed.
pub(super) fn until_ready(interval: Duration) -> Patience {
    Patience::new(interval.saturating_mul(INTERVALS_UNTIL_READY), interval)
}

struct Asking<'a> {
    session: &'a Session,
    server: &'a Server,
    source_ip: Option<&'a str>,
}

impl Asking<'_> {
    async fn ask(&self, user: &str, password: Option<&Secret>) -> Result<Answer> {
        let question = Question { user, password, source_ip: self.source_ip };
        test_identity_provider(&self.session.clients.transfer, &self.server.id, question).await
    }

    /// Asks for somebody who does not exist: another name each time, so that no account is ever locked by it.
    async fn made_up_user(
        &self,
        user: &str,
        with_password: bool,
        until_ready: &Patience,
        run: &Run<'_>,
    ) -> Result<Verdict> {
        let mut backoff = Backoff::from(until_ready.interval);
        loop {
            let random = uuid::Uuid::new_v4().simple().to_string();
            let name = made_up(user, &random);
            let password = with_password.then(|| Secret::new(random));
            let credential = if with_password { Credential::Password } else { Credential::PublicKey };
            let verdict = self.ask(&name, password.as_ref()).await?.judge(credential);
            match &verdict {
                Verdict::Broken(why) if !until_ready.is_over() => {
                    run.progress.note(&format!("The identity provider cannot be asked yet: {why}"));
                    until_ready.pause_for(backoff.next_pause()).await;
                }
                Verdict::Broken(_) | Verdict::Accepted(_) | Verdict::Refused => return Ok(verdict),
            }
        }
    }
}

/// A user name that nobody has, of the same domain as `user`.
fn made_up(user: &str, random: &str) -> String {
    let name: String = format!("nobody-{random}").chars().take(23).collect();
    match user.rsplit_once('@') {
        Some((_, domain)) if name.len() + 1 + domain.len() <= 100 => format!("{name}@{domain}"),
        Some(_) | None => name,
    }
}

fn must_be_refused(verdict: Verdict, who: &str, server: &Server) -> Result<()> {
    let failed = |message: String| Error::new(ErrorCode::VerifyFailed, message).resource(server.id.clone());
    match verdict {
        Verdict::Refused => Ok(()),
        Verdict::Accepted(sign_in) => Err(failed(format!("{who} was let in"))
            .cause(format!("the answer holds the role {}", clean(&sign_in.role)))
            .hint("take the server offline now (`aws transfer stop-server`), then see `sftp-okta logs` and what answers at its identity provider")),
        Verdict::Broken(why) => Err(broken(&why, server)),
    }
}

fn must_be_accepted(verdict: &Verdict, told: &VerifyReport, server: &Server) -> Result<()> {
    match verdict {
        Verdict::Accepted(_) => Ok(()),
        Verdict::Broken(why) => Err(broken(why, server)),
        Verdict::Refused => {
            let refused = Error::new(ErrorCode::VerifyFailed, format!("{} was refused", told.user))
                .resource(server.id.clone())
                .hint("see `sftp-okta logs`, and what its reasons mean in the README, \"Reading the sign-in log\"");
            Err(match &told.log {
                Some(line) => refused.cause(format!("the reason is {}", clean(line.reason()))),
                None => refused.cause("the reason is in the function's log"),
            })
        }
    }
}

fn broken(why: &str, server: &Server) -> Error {
    Error::new(ErrorCode::VerifyFailed, "the identity provider cannot be asked")
        .cause(clean(why))
        .resource(server.id.clone())
        .hint("run `sftp-okta status` for what differs from the configuration, and `sftp-okta deploy` to mend it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_are_legal_and_of_the_same_domain() {
        let random = "0123456789abcdef0123456789abcdef";
        assert_eq!(made_up("alice", random), "nobody-0123456789abcdef");
        assert_eq!(made_up("alice@acme.com", random), "nobody-0123456789abcdef@acme.com");
        let long = format!("a@{}", "d".repeat(98));
        for user in ["alice", "alice@acme.com", &long] {
            assert!(is_legal_user_name(&made_up(user, random)), "{user}");
        }
    }
}
