//! `sftp-okta` deploys a managed SFTP service on AWS Transfer Family whose users sign in with Okta.
//!
//! The binary is a thin shell over this library; `ARCHITECTURE.md` is the map.

pub mod artifact;
pub mod aws;
pub mod cli;
pub mod commands;
mod digest;
pub mod doctor;
pub mod error;
pub mod exit_code;
pub mod organisation;
pub mod permissions;
pub mod plan;
pub mod prices;
pub mod progress;
pub mod report;
#[cfg(test)]
mod scripted;
pub mod server;
pub mod settings;
pub mod sign_in_log;
pub mod stack;
pub mod storage;
#[cfg(test)]
mod timed;
pub mod wait;
mod way_out;
