//! The real OpenSSH client against a listener whose identity provider is a function.

mod client;
mod faults;
mod files;
mod life;
mod packets;
mod sign_in;
mod stand;
