//! What no scanner sees in the stack's template, and the scanners themselves.
//!
//! A rule is a function from a template to findings. For each rule there is a test that breaks the template on purpose and
//! expects the rule to notice: a rule that cannot fail protects nothing.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected is to fail at once, and an absent key of a JSON value reads as null"
)]

mod access_log;
mod alarms;
mod api;
mod bucket;
mod contract;
mod deployment;
mod document;
mod function;
mod handlers;
mod logs;
mod partition;
mod policies;
mod references;
mod scanners;
mod tools;
mod trust;
