//! What a deployment is, after flags, environment, file and defaults. Pure: values in, values out.
//!
//! [`file::read`] is the one place here that touches the disk; [`resolve`] and [`resolve_target`] only compute.

mod check;
#[cfg(test)]
mod combination_tests;
mod document;
pub mod file;
mod given;
mod layout;
mod lookup;
#[cfg(test)]
mod name_tests;
mod origin;
#[cfg(test)]
mod refusal_tests;
mod resolve;
#[cfg(test)]
mod resolve_tests;

mod resolved;
mod sandbox;
mod starter;
mod warnings;

pub use file::ConfigFile;
pub use given::{FLAGS, Given, Value};
pub use origin::{Origin, environment_variable};
pub use resolve::{resolve, resolve_target};
pub use resolved::{
    Alarms, Api, Architecture, Authentication, Endpoint, IdentityProvider, Lambda, Okta, Server, Settings, Storage,
    Target, Throttle,
};
pub use sandbox::{SANDBOX_ACCOUNT, SANDBOX_REGION, in_sandbox};
pub use starter::{refusal_of, starter};
