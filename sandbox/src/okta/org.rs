//! The org: what it remembers, and which path leads where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hyper::Method;
use serde_json::{Value, json};

use super::Millis;
use super::error::OktaError;
use super::http::{Asked, Reply, random_id};
use super::rate_limit::{self, Bucket, RateLimits};
use super::token::AccessTokens;
use super::transaction::Transaction;
use super::{authn, factors, token, users_api};

/// The most transactions that are kept.
const TRANSACTIONS: usize = 10_000;

/// A running org.
pub(super) struct Org {
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
    /// Where the keys of the service app are.
    pub(super) folder: PathBuf,
    memory: Mutex<Memory>,
}

/// What it remembers. Gone with the process: a restart unlocks everybody.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) transactions: BTreeMap<String, Transaction>,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) access_tokens: AccessTokens,
    pub(super) limits: RateLimits,
}

/// What was counted for one login.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) wrong_passwords: u32,
    pub(super) wrong_codes: u32,
    /// Until when the account is locked.
    pub(super) locked_until: Millis,
    /// The last code that was taken, as its step.
    pub(super) last_step: u64,
}

impl Memory {
    /// Keeps a transaction and gives its token.
    pub(super) fn begin(&mut self, transaction: Transaction, now: Millis) -> String {
        if self.transactions.len() >= TRANSACTIONS {
            self.transactions.retain(|_, other| other.expires > now);
        }
        if self.transactions.len() >= TRANSACTIONS {
            self.transactions.pop_first();
        }
        let token = random_id("00");
        self.transactions.insert(token.clone(), transaction);
        token
    }

    /// Whether an account is locked now.
    pub(super) fn is_locked(&self, login: &str, now: Millis) -> bool {
        self.accounts.get(login).is_some_and(|account| account.locked_until > now)
    }
}

/// Which of the org's calls a path is.
enum Call<'a> {
    Authn,
    Verify(&'a str),
    Cancel,
    Skip,
    Previous,
    Organization,
    Token,
    User(&'a str),
    Groups(&'a str),
}

impl<'a> Call<'a> {
    fn of(path: &'a str) -> Option<Self> {
        Some(match path {
            "/api/v1/authn" => Self::Authn,
            "/api/v1/authn/cancel" => Self::Cancel,
            "/api/v1/authn/skip" => Self::Skip,
            "/api/v1/authn/previous" => Self::Previous,
            "/.well-known/okta-organization" => Self::Organization,
            "/oauth2/v1/token" => Self::Token,
            _ => {
                if let Some(rest) = path.strip_prefix("/api/v1/authn/factors/") {
                    return rest.strip_suffix("/verify").filter(|id| is_segment(id)).map(Self::Verify);
                }
                let rest = path.strip_prefix("/api/v1/users/")?;
                match rest.strip_suffix("/groups") {
                    Some(id) if is_segment(id) => Self::Groups(id),
                    None if is_segment(rest) => Self::User(rest),
                    Some(_) | None => return None,
                }
            }
        })
    }

    fn method(&self) -> Method {
        match self {
            Self::Authn | Self::Verify(_) | Self::Cancel | Self::Skip | Self::Previous | Self::Token => Method::POST,
            Self::Organization | Self::User(_) | Self::Groups(_) => Method::GET,
        }
    }

    /// The bucket that the call is counted in.
    fn bucket(&self) -> &'static str {
        match self {
            Self::Authn => "/api/v1/authn",
            Self::Verify(_) | Self::Cancel | Self::Skip | Self::Previous => "/api/v1/authn/factors",
            Self::Organization => "/.well-known",
            Self::Token => "/oauth2/v1/token",
            Self::User(_) | Self::Groups(_) => "/api/v1/users",
        }
    }
}

fn is_segment(id: &str) -> bool {
    !id.is_empty() && !id.contains('/')
}

impl Org {
    /// An org that answers at `url`.
    pub(super) fn new(url: &str, folder: &Path) -> Self {
        Self { url: url.to_owned(), folder: folder.to_owned(), memory: Mutex::default() }
    }

    /// Answers a request. Every answer has a request id and the headers of its bucket.
    pub(super) fn answer(&self, asked: &Asked, now: Millis) -> Reply {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let call = Call::of(&asked.path);
        let kind = call.as_ref().map_or("other", Call::bucket);
        let org = memory.limits.org(kind, rate_limit::ORG, now);
        let (reply, bucket) = match call {
            _ if org.is_over => (OktaError::RateLimit.reply(), org),
            None => (OktaError::NotFound.reply(), org),
            Some(call) if call.method() != asked.method => (OktaError::Method.reply(), org),
            Some(call) => self.respond(&mut memory, &call, asked, now, org),
        };
        reply
            .with("x-okta-request-id", random_id("Z"))
            .with("x-rate-limit-limit", bucket.limit)
            .with("x-rate-limit-remaining", bucket.remaining)
            .with("x-rate-limit-reset", bucket.reset)
    }

    fn respond(
        &self,
        memory: &mut Memory,
        call: &Call<'_>,
        asked: &Asked,
        now: Millis,
        org: Bucket,
    ) -> (Reply, Bucket) {
        let body = || {
            let body = serde_json::from_slice::<Value>(&asked.body).ok();
            body.filter(Value::is_object).ok_or_else(|| OktaError::NotJson.reply())
        };
        let reply = match call {
            Call::Organization => Ok(self.organization()),
            Call::Token => Ok(token::answer(self, memory, asked, now)),
            Call::User(id) => Ok(users_api::user(self, memory, asked, id, now)),
            Call::Groups(id) => Ok(users_api::groups(self, memory, asked, id, now)),
            Call::Verify(factor) => body().map(|body| factors::verify(self, memory, factor, &body, now)),
            Call::Cancel => body().map(|body| authn::cancel(memory, &body, now)),
            Call::Skip => body().map(|body| authn::skip(memory, &body, now)),
            Call::Previous => body().map(|body| authn::previous(self, memory, &body, now)),
            Call::Authn => match body() {
                Ok(body) => {
                    let (reply, bucket) = authn::primary(self, memory, &body, now);
                    return (reply, bucket.unwrap_or(org));
                }
                Err(reply) => Err(reply),
            },
        };
        (reply.unwrap_or_else(|refusal| refusal), org)
    }

    fn organization(&self) -> Reply {
        Reply::json(
            200,
            &json!({
                "id": "00osandbox",
                "pipeline": "idx",
                "settings": {"analyticsCollectionEnabled": false, "bugReportingEnabled": false, "omEnabled": false},
                "_links": {"organization": {"href": self.url}},
            }),
        )
    }
}
