//! Primary authentication, and the ways out of a transaction (Authentication API, sections "Primary authentication" and
//! "State management operations").

use serde_json::{Value, json};

use super::directory::{Person, Primary};
use super::error::OktaError;
use super::message::Reply;
use super::org::{Memory, Org};
use super::rate_limit::Bucket;
use super::transaction::{LIFE, Stage, Transaction, locked_out, success};
use crate::clock::Millis;

/// Wrong passwords until an account is locked: Okta's default.
const TRIES: u32 = 10;
/// How long it stays so.
pub(super) const LOCKED: Millis = 5 * 60 * 1000;

/// Answers `POST /api/v1/authn`. With the bucket of the user name, where that one is empty.
pub(super) fn primary(org: &Org, memory: &mut Memory, body: &Value, now: Millis) -> (Reply, Option<Bucket>) {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (Some(username), Some(password)) = (text("username"), text("password")) else {
        return match text("stateToken") {
            Some(token) => (state(org, memory, token, now), None),
            None => (OktaError::Validation.reply(), None),
        };
    };
    if body.get("audience").is_some() {
        // Not supported on Identity Engine.
        return (OktaError::Validation.reply(), None);
    }
    let bucket = memory.limits.user(username, now);
    if bucket.is_over {
        return (OktaError::RateLimit.reply(), Some(bucket));
    }
    let wants_warning = body.pointer("/options/warnBeforePasswordExpired") == Some(&json!(true));
    (judge(org, memory, username, password, wants_warning, now), None)
}

fn judge(org: &Org, memory: &mut Memory, username: &str, password: &str, wants_warning: bool, now: Millis) -> Reply {
    let Some(person) = Person::by_name(username) else { return OktaError::Authentication.reply() };
    let sample = person.sample();
    if memory.is_locked(&person.login(), now) {
        return OktaError::Authentication.reply();
    }
    match sample.primary {
        Primary::LockedOut => return locked_out(&org.url),
        Primary::RateLimited => return OktaError::RateLimit.reply(),
        Primary::Broken => return OktaError::Internal.reply(),
        Primary::Denied => return OktaError::Authentication.reply(),
        Primary::Success
        | Primary::Mfa
        | Primary::MfaThenExpired
        | Primary::Enroll { .. }
        | Primary::Warn
        | Primary::State(_) => {}
    }
    let account = memory.accounts.entry(person.login()).or_default();
    if password != sample.password {
        account.wrong_passwords += 1;
        if account.wrong_passwords >= TRIES {
            (account.wrong_passwords, account.locked_until) = (0, now + LOCKED);
        }
        return OktaError::Authentication.reply();
    }
    account.wrong_passwords = 0;
    let stage = match sample.primary {
        Primary::Mfa | Primary::MfaThenExpired => Stage::MfaRequired,
        Primary::Enroll { skip } => Stage::MfaEnroll { skip },
        Primary::Warn if wants_warning => Stage::PasswordWarn,
        Primary::State(status) => Stage::Other(status),
        Primary::Success
        | Primary::Warn
        | Primary::LockedOut
        | Primary::Denied
        | Primary::RateLimited
        | Primary::Broken => return success(&person, now),
    };
    let transaction = Transaction { person, stage, expires: now + LIFE };
    let token = memory.begin(transaction.clone(), now);
    transaction.reply(&token, &org.url, None)
}

/// The transaction of a body's state token, its life begun anew.
pub(super) fn transaction<'a>(
    memory: &'a mut Memory,
    body: &Value,
    now: Millis,
) -> Result<(String, &'a mut Transaction), OktaError> {
    let token = body.get("stateToken").and_then(Value::as_str).ok_or(OktaError::Validation)?;
    let found = memory.transactions.get_mut(token).filter(|transaction| transaction.expires > now);
    let transaction = found.ok_or(OktaError::Token)?;
    transaction.expires = now + LIFE;
    Ok((token.to_owned(), transaction))
}

fn state(org: &Org, memory: &mut Memory, token: &str, now: Millis) -> Reply {
    match transaction(memory, &json!({"stateToken": token}), now) {
        Ok((token, transaction)) => transaction.reply(&token, &org.url, None),
        Err(error) => error.reply(),
    }
}

/// Answers `POST /api/v1/authn/cancel`: the token is worth nothing afterwards.
pub(super) fn cancel(memory: &mut Memory, body: &Value, now: Millis) -> Reply {
    match transaction(memory, body, now).map(|(token, _)| token) {
        Ok(token) => {
            memory.transactions.remove(&token);
            Reply::json(200, &json!({}))
        }
        Err(error) => error.reply(),
    }
}

/// Answers `POST /api/v1/authn/skip`.
pub(super) fn skip(memory: &mut Memory, body: &Value, now: Millis) -> Reply {
    let (token, person) = match transaction(memory, body, now) {
        Ok((token, transaction)) => match transaction.stage {
            Stage::MfaEnroll { skip: true } | Stage::PasswordWarn => (token, transaction.person.clone()),
            Stage::MfaEnroll { skip: false } | Stage::MfaRequired | Stage::MfaChallenge { .. } | Stage::Other(_) => {
                return OktaError::State.reply();
            }
        },
        Err(error) => return error.reply(),
    };
    memory.transactions.remove(&token);
    success(&person, now)
}

/// Answers `POST /api/v1/authn/previous`: from a challenge back to the choice of a factor.
pub(super) fn previous(org: &Org, memory: &mut Memory, body: &Value, now: Millis) -> Reply {
    match transaction(memory, body, now) {
        Ok((token, transaction)) if matches!(transaction.stage, Stage::MfaChallenge { .. }) => {
            transaction.stage = Stage::MfaRequired;
            transaction.reply(&token, &org.url, None)
        }
        Ok(_) => OktaError::State.reply(),
        Err(error) => error.reply(),
    }
}
