//! Asks the identity provider as Transfer does: `GET {Url}/servers/{serverId}/users/{username}/config`, signed for
//! `execute-api` as the server's invocation role; or the function itself, with Transfer's own event.
//!
//! Sources: AWS Transfer Family user guide, "Using Amazon API Gateway to integrate your identity provider" and "Using AWS
//! Lambda to integrate your identity provider".

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::json;

use crate::aws::transfer::Server;
use crate::state::World;
use crate::{function, gateway, signature};

/// Who wants to sign in. Not `Debug`: it holds the password.
#[derive(Clone)]
pub(crate) struct SignInRequest {
    /// The name as it was typed.
    pub(crate) user: String,
    /// The password; `None` asks for the user's public keys.
    pub(crate) password: Option<String>,
    /// `SFTP`.
    pub(crate) protocol: String,
    /// The client's address.
    pub(crate) source_ip: String,
}

/// What the identity provider answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInAnswer {
    /// The HTTP status. Anything but 200 is an error on the way, not a refusal.
    pub(crate) status: u16,
    /// The body as it came.
    pub(crate) body: String,
    /// The URL that was called; empty for a function.
    pub(crate) url: String,
    /// Why the provider could not be asked; empty when it was.
    pub(crate) message: String,
}
