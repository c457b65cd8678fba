//! The function's zip: what is in it, where its binary comes from, and the bucket that keeps it.

mod behind;
pub mod bootstrap;
pub mod bucket;
#[cfg(test)]
mod bucket_tests;
pub mod elf;
mod entry;
pub mod head;
pub mod last_seen;
pub mod lease;
#[cfg(test)]
mod lease_tests;
pub mod program;
pub mod upload;
#[cfg(test)]
mod upload_tests;
pub mod zip;
