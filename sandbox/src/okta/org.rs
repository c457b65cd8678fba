//! The org: where it is, and what it remembers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::access_token::AccessTokens;
use super::message::random_id;
use super::rate_limit::RateLimits;
use super::transaction::Transaction;
use crate::clock::Millis;

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

impl Org {
    /// An org that answers at `url`.
    pub(super) fn new(url: &str, folder: &Path) -> Self {
        Self { url: url.to_owned(), folder: folder.to_owned(), memory: Mutex::default() }
    }

    /// Its memory, for the time of one answer.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
