//! Okta's Authentication API: one request, and a strict reading of its answer.
//!
//! HTTP 200 does not mean signed in: every transaction state is answered with 200, and only `SUCCESS` is a sign-in (Okta
//! developer documentation, Authentication API).

mod answer;
mod authn;
#[cfg(feature = "runtime")]
mod client;
mod error_code;
mod judgement;
mod transaction;

#[cfg(feature = "runtime")]
pub use client::{OktaClient, OktaClientError};

pub use answer::{Answer, judge};
pub use authn::authn_body;
pub use judgement::{Detail, Judgement};
pub use transaction::TransactionState;

/// The path of primary authentication.
pub const AUTHN_PATH: &str = "/api/v1/authn";
/// The longest answer that is read, in bytes.
pub const LONGEST_ANSWER: usize = 64 * 1024;
