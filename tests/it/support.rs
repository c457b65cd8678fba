//! What the tests run the deployer against, and how they run it.
#![allow(dead_code, reason = "the vocabulary is wider than what the tests of one day say with it")]

pub(crate) mod aws_proxy;
pub(crate) mod cli;
pub(crate) mod emulator;
pub(crate) mod fault;
pub(crate) mod loopback;
pub(crate) mod microburst;
pub(crate) mod ministack;
pub(crate) mod okta;
pub(crate) mod process;
pub(crate) mod sandbox;
pub(crate) mod sandbox_calls;
pub(crate) mod scope;
pub(crate) mod sigv4;
pub(crate) mod steady;
pub(crate) mod terminal;
pub(crate) mod transfer;
pub(crate) mod venv;
pub(crate) mod world;
