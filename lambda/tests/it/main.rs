//! The identity provider as a whole: against an Okta on loopback, and as the real program under a Lambda Runtime API.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

mod bootstrap;
mod directory;
mod event;
mod guard;
mod okta;
mod properties;
mod read_ahead;
mod rules;
mod second_factor;
mod seeds;
mod stand_in;
