//! End-to-end tests: the real binary against a scripted Transfer endpoint and an AWS emulator, on loopback only;
//! and against the sandbox, with clients that nobody here wrote.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::use_debug,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod artifact;
mod direct;
mod doctor;
mod every_fault;
mod example_session;
mod explain;
mod few_calls;
mod logs;
mod main_story;
mod microburst;
mod one_at_a_time;
mod outsiders;
mod pipelines;
mod plan;
mod policies;
mod preflight;
mod proofs;
mod real_okta;
mod sandbox;
mod sandbox_faults;
mod saved_plan;
mod server_creation;
mod server_update;
mod sign_ins;
mod stack_faults;
mod status;
mod support;
mod surroundings;
mod teardown;
mod teardown_data;
mod terminal;
mod verify;
