//! The services, as the SDKs see them.

pub(crate) mod cloudformation;
pub(crate) mod iam;
pub(crate) mod logs;
pub(crate) mod port;
pub(crate) mod s3;
pub(crate) mod secrets_manager;
pub(crate) mod sts;
pub(crate) mod transfer;
pub(crate) mod wire;
