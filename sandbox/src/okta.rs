//! A small Okta org on a loopback port of its own: sign-in with all transaction states, factors, users, groups and the token
//! of a service app (Okta developer documentation, Authentication API, Core Okta API, "OAuth for Okta with a service app").
//!
//! It differs from Okta in what nobody here can see: no sessions, no consoles, no mail. Its rate limit for the whole org is
//! far higher, so that a machine can be measured.

mod access_token;
mod authn;
mod directory;
mod error;
mod factors;
mod http;
mod jwt;
mod message;
mod org;
mod rate_limit;
mod routes;
mod token;
mod totp;
mod transaction;
mod users_api;

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::clock::now;
use crate::state::World;
use crate::{SandboxError, ServiceApp, User};

/// Starts the org (or takes the real one of the options) and tells the world its URL.
///
/// It ends with the world's wish to stop.
pub(crate) async fn start(world: &Arc<World>) -> Result<(), SandboxError> {
    if let Some(url) = world.options.okta_org.clone() {
        world.set_okta_url(url);
        return Ok(());
    }
    let port = world.options.okta_port;
    let listener = listen(port, world.read(|state| state.okta_port)).await?;
    let address = listener.local_addr().map_err(|source| SandboxError::Port { port, source })?;
    world.change(|state| state.okta_port = Some(address.port()));
    let folder = service_app_folder(world.folder());
    token::prepare(&folder).map_err(|source| SandboxError::Folder { folder: folder.clone(), source })?;
    let url = format!("http://{address}");
    let org = Arc::new(org::Org::new(&url, &folder));
    let waiting = Arc::clone(world);
    tokio::spawn(http::serve(org, listener, async move { waiting.asked_to_stop().await }));
    world.set_okta_url(url);
    Ok(())
}

/// Opens the port that was asked for; where any will do (0), the one of the last time if it is still free.
async fn listen(port: u16, last: Option<u16>) -> Result<TcpListener, SandboxError> {
    if let (0, Some(last)) = (port, last)
        && let Ok(listener) = crate::listen(last).await
    {
        return Ok(listener);
    }
    crate::listen(port).await
}

/// Its users.
pub(crate) fn users() -> Vec<User> {
    let now = now();
    directory::SAMPLES.iter().map(|sample| sample.told(now)).collect()
}

/// The service app that can be configured here. None where a real org is used: its apps are not known.
pub(crate) fn service_app() -> ServiceApp {
    ServiceApp {
        client_id: token::CLIENT_ID.to_owned(),
        key_id: token::KEY_ID.to_owned(),
        private_key_secret: crate::aws::secrets_manager::arn(crate::REGION),
    }
}

/// The private key of the service app, in PEM.
pub(crate) fn service_app_key(folder: &Path) -> Option<String> {
    std::fs::read_to_string(service_app_folder(folder).join(token::PEM)).ok()
}

/// Where the service app's private key and the public keys that the org knows are.
fn service_app_folder(folder: &Path) -> std::path::PathBuf {
    folder.join("okta")
}

#[cfg(test)]
mod tests;
