//! What the server should be, and how that differs from what it is.

use std::collections::BTreeMap;

use super::describe::Server;
use crate::settings::{self, Endpoint, Settings};

/// The tag that shows a custom host name in the console (Transfer Family User Guide, "Working with custom hostnames").
const HOSTNAME_TAG: &str = "transfer:customHostname";

/// What the server needs of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRefs {
    /// The API's stage URL.
    pub url: String,
    /// The role with which the server calls it.
    pub invocation_role: String,
    /// The role with which the server writes logs.
    pub logging_role: String,
    /// Where it writes them.
    pub log_group_arn: String,
}

/// The server as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// What it takes from the stack.
    pub stack: StackRefs,
    /// The security policy. Always sent: the service's own default depends on who asks.
    pub security_policy: String,
    /// Where it can be reached.
    pub endpoint: Endpoint,
    /// Shown before sign-in; empty for none.
    pub banner: String,
    /// Whether directory listings are optimised.
    pub directory_listing_optimization: bool,
    /// Tags beside those that tell ownership.
    pub tags: BTreeMap<String, String>,
}

/// Something about the server that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, in the service's words.
    pub field: &'static str,
    /// How it is.
    pub now: String,
    /// How it should be.
    pub wanted: String,
    /// What mends it.
    pub remedy: Remedy,
}

/// What mends a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// UpdateServer.
    Update,
    /// TagResource.
    Tag,
    /// Nothing in place: only another server.
    Replace,
}

impl Spec {
    /// The server that `settings` ask for, on the stack that was deployed for it.
    #[must_use]
    pub fn new(settings: &Settings, stack: StackRefs) -> Self {
        let mut tags = settings.tags.clone();
        if let Some(hostname) = &settings.server.hostname {
            tags.insert(HOSTNAME_TAG.to_owned(), hostname.clone());
        }
        let settings::Server { security_policy, endpoint, banner, directory_listing_optimization, .. } =
            &settings.server;
        Self {
            stack,
            security_policy: security_policy.clone(),
            endpoint: endpoint.clone(),
            banner: banner.clone().unwrap_or_default(),
            directory_listing_optimization: *directory_listing_optimization,
            tags,
        }
    }

    /// What about `server` is not as it should be. Tags that others put there are left alone.
    #[must_use]
    pub fn differences(&self, server: &Server) -> Vec<Difference> {
        let (endpoint_type, vpc, subnets) = match &self.endpoint {
            Endpoint::Public => ("PUBLIC", None, Vec::new()),
            Endpoint::Vpc { vpc, subnets, .. } => {
                let mut subnets = subnets.clone();
                subnets.sort();
                ("VPC", Some(vpc.clone()), subnets)
            }
        };
        let on = |enabled: bool| if enabled { "ENABLED" } else { "DISABLED" }.to_owned();
        let fields = [
            // The identity provider's type could be changed in place, but users of another provider would lose access.
            ("IdentityProviderType", server.identity_provider_type.clone(), "API_GATEWAY".to_owned(), Remedy::Replace),
            ("Url", server.url.clone(), self.stack.url.clone(), Remedy::Update),
            ("InvocationRole", server.invocation_role.clone(), self.stack.invocation_role.clone(), Remedy::Update),
            (
                "SftpAuthenticationMethods",
                server.sftp_authentication_methods.clone(),
                "PASSWORD".to_owned(),
                Remedy::Update,
            ),
            ("LoggingRole", server.logging_role.clone(), self.stack.logging_role.clone(), Remedy::Update),
            (
                "StructuredLogDestinations",
                server.log_destinations.join(", "),
                self.stack.log_group_arn.clone(),
                Remedy::Update,
            ),
            ("SecurityPolicyName", server.security_policy.clone(), self.security_policy.clone(), Remedy::Update),
            ("Protocols", server.protocols.join(", "), "SFTP".to_owned(), Remedy::Update),
            ("PreAuthenticationLoginBanner", server.banner.clone(), self.banner.clone(), Remedy::Update),
            (
                "DirectoryListingOptimization",
                on(server.directory_listing_optimization),
                on(self.directory_listing_optimization),
                Remedy::Update,
            ),
            // Changing the endpoint needs the server stopped, and a VPC can never be changed.
            ("EndpointType", server.endpoint_type.clone(), endpoint_type.to_owned(), Remedy::Replace),
            ("VpcId", server.vpc.clone().unwrap_or_default(), vpc.unwrap_or_default(), Remedy::Replace),
            ("SubnetIds", server.subnets.join(", "), subnets.join(", "), Remedy::Replace),
        ];
        let tags = self.tags.iter().map(|(key, value)| {
            let now = server.tags.get(key).map(|now| format!("{key}={now}")).unwrap_or_default();
            ("Tags", now, format!("{key}={value}"), Remedy::Tag)
        });
        fields
            .into_iter()
            .chain(tags)
            .filter(|(_, now, wanted, _)| now != wanted)
            .map(|(field, now, wanted, remedy)| Difference { field, now, wanted, remedy })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{server_as_wanted, spec};
    use super::*;

    #[test]
    fn a_server_as_wanted_differs_in_nothing() {
        assert_eq!(spec().differences(&server_as_wanted()), []);
    }

    #[test]
    fn each_difference_names_its_field_and_remedy() {
        let mut server = server_as_wanted();
        server.security_policy = "TransferSecurityPolicy-2018-11".into();
        server.endpoint_type = "VPC".into();
        server.tags.clear();
        let told: Vec<_> = spec().differences(&server).into_iter().map(|found| (found.field, found.remedy)).collect();
        assert_eq!(
            told,
            [("SecurityPolicyName", Remedy::Update), ("EndpointType", Remedy::Replace), ("Tags", Remedy::Tag)]
        );
    }
}
