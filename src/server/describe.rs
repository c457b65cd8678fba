//! Reading a server: one call, one struct of ours.

use std::collections::BTreeMap;

use aws_sdk_transfer::Client;
use aws_sdk_transfer::types::{DescribedServer, DirectoryListingOptimization, Protocol};

use super::state::ServerState;
use crate::aws::{Refusal, failure, refusal};
use crate::error::{Error, ErrorCode, Result};

/// A server as Transfer Family describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Such as `s-0123456789abcdef0`.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The state.
    pub state: ServerState,
    /// Such as `API_GATEWAY`.
    pub identity_provider_type: String,
    /// The identity provider's URL.
    pub url: String,
    /// The role with which the URL is called.
    pub invocation_role: String,
    /// The identity provider's function.
    pub function: String,
    /// Which credentials SFTP users present, such as `PASSWORD`.
    pub sftp_authentication_methods: String,
    /// The role with which logs are written.
    pub logging_role: String,
    /// Where structured logs go.
    pub log_destinations: Vec<String>,
    /// The security policy's name.
    pub security_policy: String,
    /// `PUBLIC` or `VPC`.
    pub endpoint_type: String,
    /// The VPC, for an endpoint inside one.
    pub vpc: Option<String>,
    /// The subnets, sorted.
    pub subnets: Vec<String>,
    /// The allocation ids of its elastic IPs, sorted: which of them a subnet gets is not told.
    pub elastic_ips: Vec<String>,
    /// Such as `SFTP`.
    pub protocols: Vec<String>,
    /// Shown before sign-in.
    pub banner: String,
    /// Whether directory listings are optimised.
    pub directory_listing_optimization: bool,
    /// Base64 SHA-256 of the host key, as `ssh-keygen -l` prints it.
    pub host_key_fingerprint: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Server {
    /// The error of a server whose state needs a person first; `{server}` in `next` stands for its id.
    pub(super) fn failed(&self, why: &str, next: &str) -> Error {
        Error::new(ErrorCode::ServerFailed, format!("server {} is {}", self.id, self.state))
            .cause(why)
            .hint(next.replace("{server}", &self.id))
            .resource(&self.id)
    }
}

/// Describes a server; `None` when there is none with this id.
///
/// # Errors
/// What Transfer Family says. Lacking the permission is not "there is none".
pub async fn describe(client: &Client, id: &str) -> Result<Option<Server>> {
    match client.describe_server().server_id(id).send().await {
        Ok(answer) => Ok(answer.server.map(|server| from_sdk(id, server))),
        Err(error) if refusal(&error).is_some_and(|refusal| is_missing(&refusal)) => Ok(None),
        Err(error) => Err(failure(&format!("could not describe server {id}"), &error).resource(id)),
    }
}

pub(super) fn is_missing(refusal: &Refusal) -> bool {
    refusal.code == "ResourceNotFoundException"
}

fn from_sdk(id: &str, server: DescribedServer) -> Server {
    let provider = server.identity_provider_details;
    let of_provider = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let endpoint = server.endpoint_details;
    let mut subnets = endpoint.as_ref().map(|endpoint| endpoint.subnet_ids().to_vec()).unwrap_or_default();
    subnets.sort();
    let mut elastic_ips =
        endpoint.as_ref().map(|endpoint| endpoint.address_allocation_ids().to_vec()).unwrap_or_default();
    elastic_ips.sort();
    Server {
        id: server.server_id.unwrap_or_else(|| id.to_owned()),
        arn: server.arn,
        state: ServerState::parse(server.state.as_ref().map_or("", |state| state.as_str())),
        identity_provider_type: server.identity_provider_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        url: of_provider(provider.as_ref().and_then(|provider| provider.url())),
        invocation_role: of_provider(provider.as_ref().and_then(|provider| provider.invocation_role())),
        function: of_provider(provider.as_ref().and_then(|provider| provider.function())),
        sftp_authentication_methods: provider
            .as_ref()
            .and_then(|provider| provider.sftp_authentication_methods())
            .map(|methods| methods.as_str().to_owned())
            .unwrap_or_default(),
        logging_role: server.logging_role.unwrap_or_default(),
        log_destinations: server.structured_log_destinations.unwrap_or_default(),
        security_policy: server.security_policy_name.unwrap_or_default(),
        endpoint_type: server.endpoint_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        vpc: endpoint.as_ref().and_then(|endpoint| endpoint.vpc_id()).map(ToOwned::to_owned),
        subnets,
        elastic_ips,
        protocols: server
            .protocols
            .unwrap_or_default()
            .iter()
            .map(|protocol: &Protocol| protocol.as_str().to_owned())
            .collect(),
        banner: server.pre_authentication_login_banner.unwrap_or_default(),
        directory_listing_optimization: server
            .s3_storage_options
            .and_then(|options| options.directory_listing_optimization)
            .is_some_and(|choice| choice == DirectoryListingOptimization::Enabled),
        host_key_fingerprint: server.host_key_fingerprint,
        tags: server.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
    }
}
