//! Verification of a factor: codes and pushes (Authentication API, "Verify factor").

use serde_json::Value;

use super::directory::{Factor, Person, Primary};
use super::error::OktaError;
use super::message::Reply;
use super::org::{Memory, Org};
use super::transaction::{LIFE, Stage, Transaction, success};
use super::{authn, totp};
use crate::clock::Millis;

/// How long a phone takes to answer a push.
pub(super) const ANSWER: Millis = 1_500;
/// How long a push stays open.
pub(super) const PUSH_LIFE: Millis = 60_000;
/// Wrong codes until the account is locked.
pub(super) const TRIES: u32 = 5;
/// A code this many steps away is known to be one of another time.
const NEARBY: u64 = 10;

/// What became of a code.
enum Code {
    Right(u64),
    Replayed,
    OfAnotherTime,
    Wrong,
}

/// Answers `POST /api/v1/authn/factors/{factorId}/verify`.
pub(super) fn verify(org: &Org, memory: &mut Memory, factor: &str, body: &Value, now: Millis) -> Reply {
    let (token, found) = match authn::transaction(memory, body, now) {
        Ok((token, transaction)) => (token, transaction.clone()),
        Err(error) => return error.reply(),
    };
    if memory.limits.state_token(&token, now).is_over {
        return OktaError::RateLimit.reply();
    }
    if !matches!(found.stage, Stage::MfaRequired | Stage::MfaChallenge { .. }) {
        return OktaError::State.reply();
    }
    let person = &found.person;
    let Some(factor) = person.sample().factors.iter().copied().find(|known| known.id(person) == factor) else {
        return OktaError::NotFound.reply();
    };
    if memory.is_locked(&person.login(), now) {
        return OktaError::Locked.reply();
    }
    let code = body.get("passCode").and_then(Value::as_str);
    match (factor, code) {
        (Factor::PushApproves | Factor::PushRejects | Factor::PushNever | Factor::PushNumber, _) => {
            push(org, memory, &token, &found, factor, now)
        }
        (Factor::Totp | Factor::GoogleTotp, Some(code)) => type_code(org, memory, &token, &found, code, now),
        // A message is sent and shown to nobody, so that no code is the right one.
        (Factor::Sms | Factor::Email | Factor::Question, Some(_)) => wrong(memory, person, now).reply(),
        (Factor::Sms | Factor::Email | Factor::Question | Factor::Totp | Factor::GoogleTotp, None) => {
            challenge(org, memory, &token, &found, factor, now, None)
        }
    }
}

fn type_code(org: &Org, memory: &mut Memory, token: &str, found: &Transaction, code: &str, now: Millis) -> Reply {
    let person = &found.person;
    let last = memory.accounts.get(&person.login()).map_or(0, |account| account.last_step);
    match look_up(&person.sample().totp_secret(), code, now, last) {
        Code::Right(step) => {
            let account = memory.accounts.entry(person.login()).or_default();
            (account.last_step, account.wrong_codes) = (step, 0);
            verified(org, memory, token, person, now)
        }
        Code::Replayed => OktaError::Replayed.reply(),
        Code::OfAnotherTime => wrong(memory, person, now).instead(OktaError::Window).reply(),
        Code::Wrong => wrong(memory, person, now).reply(),
    }
}

/// One step before and behind are taken, as clocks differ.
fn look_up(secret: &[u8], code: &str, now: Millis, last: u64) -> Code {
    let step = now / 1000 / totp::STEP;
    let is = |step: u64| totp::code(secret, step, 6) == code;
    if let Some(step) = (step.saturating_sub(1)..=step + 1).find(|step| is(*step)) {
        return if step <= last { Code::Replayed } else { Code::Right(step) };
    }
    if (step.saturating_sub(NEARBY)..=step + NEARBY).any(is) { Code::OfAnotherTime } else { Code::Wrong }
}

impl OktaError {
    /// Another error in place of the one for a wrong code; a lock stays one.
    fn instead(self, other: Self) -> Self {
        if self == Self::WrongCode { other } else { self }
    }
}

/// Counts a wrong code.
fn wrong(memory: &mut Memory, person: &Person, now: Millis) -> OktaError {
    let account = memory.accounts.entry(person.login()).or_default();
    account.wrong_codes += 1;
    if account.wrong_codes >= TRIES {
        (account.wrong_codes, account.locked_until) = (0, now + authn::LOCKED);
        return OktaError::Locked;
    }
    OktaError::WrongCode
}

/// A factor was verified: that ends the transaction, or shows what else is wrong.
fn verified(org: &Org, memory: &mut Memory, token: &str, person: &Person, now: Millis) -> Reply {
    if person.sample().primary == Primary::MfaThenExpired {
        let stage = Stage::Other("PASSWORD_EXPIRED");
        let transaction = Transaction { person: person.clone(), stage, expires: now + LIFE };
        memory.transactions.insert(token.to_owned(), transaction.clone());
        return transaction.reply(token, &org.url, None);
    }
    memory.transactions.remove(token);
    success(person, now)
}

/// The first call sends the push, all others ask what became of it.
fn push(org: &Org, memory: &mut Memory, token: &str, found: &Transaction, factor: Factor, now: Millis) -> Reply {
    let since = match found.stage {
        Stage::MfaChallenge { factor: asked, since } if asked == factor => since,
        Stage::MfaChallenge { .. }
        | Stage::MfaRequired
        | Stage::MfaEnroll { .. }
        | Stage::PasswordWarn
        | Stage::Other(_) => return challenge(org, memory, token, found, factor, now, Some("WAITING")),
    };
    let waited = now.saturating_sub(since);
    let result = if factor == Factor::PushApproves && waited >= ANSWER {
        return verified(org, memory, token, &found.person, now);
    } else if factor == Factor::PushRejects && waited >= ANSWER {
        "REJECTED"
    } else if waited >= PUSH_LIFE {
        "TIMEOUT"
    } else {
        "WAITING"
    };
    found.reply(token, &org.url, Some(result))
}

fn challenge(
    org: &Org,
    memory: &mut Memory,
    token: &str,
    found: &Transaction,
    factor: Factor,
    now: Millis,
    result: Option<&str>,
) -> Reply {
    let stage = Stage::MfaChallenge { factor, since: now };
    let transaction = Transaction { stage, expires: now + LIFE, ..found.clone() };
    memory.transactions.insert(token.to_owned(), transaction.clone());
    transaction.reply(token, &org.url, result)
}
