//! Transfer Family: the servers and their life (Transfer API reference, API model 2018-11-05).

mod constraint;
mod endpoint;
mod host_key;
mod life;
mod model;
mod operations;
mod roles;
mod security_policy;
mod test_identity_provider;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wire::{Call, Refusal};
use crate::state::World;

pub(crate) use life::ServerState;

/// All servers, by id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Servers {
    servers: BTreeMap<String, Server>,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// `s-` and 17 hexadecimal digits.
    pub(crate) id: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// The region it was made in.
    pub(crate) region: String,
    /// Where it is in its life.
    pub(crate) state: ServerState,
    /// Counts the changes of `state`, so that a timer that was overtaken does nothing.
    turn: u64,
    /// Members of DescribedServer, those of the other fields left out.
    description: Map<String, Value>,
    tags: BTreeMap<String, String>,
    host_keys: Vec<host_key::HostKey>,
}

impl Servers {
    /// The server with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Server> {
        self.servers.get(id)
    }

    /// The servers that users can connect to.
    pub(crate) fn online(&self) -> Vec<Server> {
        self.servers.values().filter(|server| server.state == ServerState::Online).cloned().collect()
    }
}

impl Server {
    /// URL of the identity provider, for the type API_GATEWAY.
    pub(crate) fn url(&self) -> Option<&str> {
        self.detail("Url")
    }

    /// ARN of the role that calls it.
    pub(crate) fn invocation_role(&self) -> Option<&str> {
        self.detail("InvocationRole")
    }

    /// ARN of the function, for the type AWS_LAMBDA.
    pub(crate) fn function(&self) -> Option<&str> {
        self.detail("Function")
    }

    /// `API_GATEWAY`, `AWS_LAMBDA`, `SERVICE_MANAGED` or `AWS_DIRECTORY_SERVICE`.
    pub(crate) fn identity_provider_type(&self) -> &str {
        self.text("IdentityProviderType").unwrap_or("SERVICE_MANAGED")
    }

    /// `PASSWORD`, `PUBLIC_KEY`, `PUBLIC_KEY_OR_PASSWORD` or `PUBLIC_KEY_AND_PASSWORD`.
    pub(crate) fn methods(&self) -> &str {
        self.detail("SftpAuthenticationMethods").unwrap_or("PUBLIC_KEY_OR_PASSWORD")
    }

    /// What is shown before the sign-in.
    pub(crate) fn banner(&self) -> Option<&str> {
        self.text("PreAuthenticationLoginBanner")
    }

    /// Log group of the server's structured log, if it has one.
    pub(crate) fn log_group(&self) -> Option<&str> {
        let arn = self.description.get("StructuredLogDestinations")?.as_array()?.first()?.as_str()?;
        Some(arn.split_once(":log-group:")?.1.trim_end_matches(":*"))
    }

    /// Whether SETSTAT is answered with success and does nothing.
    pub(crate) fn ignores_setstat(&self) -> bool {
        self.description.get("ProtocolDetails").and_then(|details| details.get("SetStatOption"))
            == Some(&Value::from("ENABLE_NO_OP"))
    }

    /// The file that holds the server's host key, in OpenSSH's own format.
    pub(crate) fn host_key_file(&self, folder: &Path) -> PathBuf {
        host_key::file(folder, &self.id)
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.description.get(member)?.as_str()
    }

    fn detail(&self, member: &str) -> Option<&str> {
        self.description.get("IdentityProviderDetails")?.get(member)?.as_str()
    }
}

/// Answers a call (awsJson1.1, target `TransferService`).
pub(crate) async fn answer(world: &Arc<World>, call: &Call, input: &Value) -> Result<Value, Refusal> {
    operations::refuse_other_regions(world, &call.region, input)?;
    match call.action.as_str() {
        "TestIdentityProvider" => test_identity_provider::answer(world, input).await,
        _ => operations::answer(world, call, input),
    }
}

/// Goes on with servers that were starting or stopping when the sandbox ended.
pub(crate) fn resume(world: &Arc<World>) {
    life::resume(world);
}

#[cfg(test)]
#[path = "transfer/tests.rs"]
mod tests;
