//! `sftp-okta` deploys a managed SFTP service on AWS Transfer Family whose users sign in with Okta.
//!
//! The binary is a thin shell over this library; `ARCHITECTURE.md` is the map.

pub mod artifact;
pub mod error;
pub mod exit_code;
pub mod settings;
