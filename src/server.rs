//! The Transfer Family server: whose it is, what it should be, and how it gets there.
//!
//! It is made by API after the stack, because CreateServer has no idempotency token (Transfer Family API reference):
//! the ownership tags are written in the create call itself and are the only way to find the server again.

mod answer;
mod create;
#[cfg(test)]
mod create_tests;
mod delete;
mod describe;
mod elastic_ips;
mod ensure;
mod find;
#[cfg(test)]
mod find_tests;
#[cfg(test)]
pub(crate) mod fixtures;
mod ownership;
#[cfg(test)]
mod pace_tests;
mod rights;
mod roles;
mod spec;
mod state;
mod test_identity_provider;
mod update;

pub use answer::{Answer, Credential, Folder, SignIn, Verdict};
pub use delete::delete;
pub use describe::{Server, describe};
pub use ensure::{Change, Ensured, ensure};
pub use find::{Everyone, Found, describe_all, find, not_made_by_us};
pub use ownership::{Claim, Owner};
pub use rights::{Right, in_words};
pub use roles::wait_until_visible;
pub use spec::{Difference, ProviderRefs, Remedy, Spec, StackRefs};
pub use state::{ElasticIpStep, ServerState, ServerStep};
pub use test_identity_provider::{Question, is_legal_user_name, test_identity_provider};
pub use update::{refuse_failed, refuse_replacement};
