//! Okta identity provider for AWS Transfer Family.
//!
//! Transfer asks, itself or through API Gateway, whether a user name and password are right, or which keys a user has; this
//! crate asks Okta and answers with the user's role, home and session policy, or with nothing. Every refusal looks the same
//! from outside; its reason is in the log.
//!
//! Without the feature `runtime` everything that talks to the network or to Lambda is left out. The deployer takes the
//! crate that way, for [`settings`], [`org_url`] and [`access`].

mod checked_text;
mod json;

pub mod access;
#[cfg(feature = "runtime")]
pub mod clock;
pub mod decision;
pub mod guard;
pub mod home;
#[cfg(feature = "runtime")]
mod http;
#[cfg(feature = "runtime")]
pub mod identity_provider;
pub mod metrics;
pub mod okta;
pub mod org_url;
pub mod permissions;
pub mod person;
pub mod reason;
pub mod request;
pub mod response;
pub mod secret;
#[cfg(feature = "runtime")]
pub mod secrets_manager;
pub mod session_policy;
pub mod settings;
pub mod ssh_key;
pub mod throttle;
pub mod user_config;
pub mod user_name;
