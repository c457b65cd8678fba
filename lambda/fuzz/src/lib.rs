//! What is fuzzed: one module a target, each with a `check` that takes any bytes and panics if a promise is broken. It says
//! whether the bytes were taken for what they may be, so that seeds that reach nothing are noticed.
//!
//! The fuzz targets call these, and so does the test that replays the seeds (`lambda/tests/it/seeds.rs`).

pub mod answers;
pub mod complete;
pub mod direct_event;
pub mod event;
pub mod home_and_policy;
pub mod name_and_password;
pub mod okta_authn;
pub mod okta_directory;
pub mod proxy_event;
pub mod service_app_key;
pub mod settings;
pub mod sign_in;
pub mod ssh_key;
pub mod stage;
