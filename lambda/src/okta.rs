//! Okta: the Authentication API, the service app's token, users and groups; and a strict reading of every answer.
//!
//! HTTP 200 does not mean signed in: every transaction state is answered with 200, and only `SUCCESS` is a sign-in (Okta
//! developer documentation, Authentication API).

mod answer;
mod authn;
#[cfg(feature = "runtime")]
mod client;
mod dialogue;
#[cfg(feature = "runtime")]
mod directory;
mod error_code;
mod factor;
mod judgement;
mod key_error;
mod passcode;
mod rate_limit;
#[cfg(feature = "runtime")]
mod service_app;
mod transaction;

#[cfg(feature = "runtime")]
pub use client::{OktaClient, OktaClientError, Question, Timing};
#[cfg(feature = "runtime")]
pub use directory::{Directory, Found, Whom};
#[cfg(feature = "runtime")]
pub use service_app::{ServiceAppClient, ServiceAppKey};

pub use answer::Answer;
pub use authn::{AuthnRequest, authn_body};
pub use dialogue::{Cancellation, Dialogue, Step};
pub use factor::{Factor, FactorKind};
pub use judgement::{Detail, Judgement, Spent};
pub use key_error::ServiceAppKeyError;
pub use passcode::Typed;
pub use rate_limit::{Bucket, HoldOff, RateLimit};
pub use transaction::{FactorResult, TransactionState};

/// The path of primary authentication.
pub const AUTHN_PATH: &str = "/api/v1/authn";
/// The longest answer that is read, in bytes.
pub const LONGEST_ANSWER: usize = 64 * 1024;
