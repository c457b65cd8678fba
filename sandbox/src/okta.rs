//! A small Okta.

use std::sync::Arc;

use crate::state::World;
use crate::{SandboxError, User};

/// The org that answers.
#[derive(Debug, Clone)]
pub(crate) struct OktaOrg {
    /// Its URL.
    pub(crate) url: String,
}

/// Starts the org (or takes the real one of the options) and tells the world its URL.
pub(crate) async fn start(world: &Arc<World>) -> Result<OktaOrg, SandboxError> {
    let url = world.options.okta_org.clone().unwrap_or_default();
    world.set_okta_url(url.clone());
    Ok(OktaOrg { url })
}

/// Its users.
pub(crate) fn users() -> Vec<User> {
    Vec::new()
}
