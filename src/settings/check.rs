//! The rules of the services for single values: each says what is wrong and what to write instead.

pub(super) mod access;
pub(super) mod arn;
pub(super) mod bucket;
pub(super) mod lambda;
pub(super) mod name;
pub(super) mod okta;
pub(super) mod server;
pub(super) mod tag;
