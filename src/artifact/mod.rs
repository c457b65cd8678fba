//! The function's zip: what is in it, where its binary comes from, and the bucket that keeps it.

pub mod bootstrap;
pub mod bucket;
pub mod elf;
pub mod last_seen;
pub mod upload;
pub mod zip;
