//! End-to-end tests: the real binary against a scripted Transfer endpoint and an AWS emulator, on loopback only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::use_debug,
    reason = "a test fails by panicking"
)]

mod artifact;
mod doctor;
mod main_story;
mod one_at_a_time;
mod pipelines;
mod proofs;
mod sandbox;
mod server_creation;
mod server_update;
mod stack_faults;
mod status;
mod support;
mod surroundings;
mod teardown;
