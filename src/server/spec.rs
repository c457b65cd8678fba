//! What the server should be, and how that differs from what it is.

use std::collections::BTreeMap;

use super::describe::Server;
use crate::settings::{self, Authentication, Endpoint, Settings};

/// The tag that shows a custom host name in the console (Transfer Family User Guide, "Working with custom hostnames").
const HOSTNAME_TAG: &str = "transfer:customHostname";

/// What the server needs of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRefs {
    /// What the server asks.
    pub identity_provider: ProviderRefs,
    /// The role with which the server writes logs.
    pub logging_role: String,
    /// Where it writes them.
    pub log_group_arn: String,
}

/// What the server asks, and what it needs for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderRefs {
    /// An API.
    Api {
        /// Its stage URL.
        url: String,
        /// The role with which the server calls it.
        invocation_role: String,
    },
    /// The function.
    Function {
        /// Its ARN.
        arn: String,
    },
}

/// The server as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// What it takes from the stack.
    pub stack: StackRefs,
    /// Which credentials SFTP users present, in Transfer's word. Always sent: the service's own default asks for keys too.
    pub authentication_methods: &'static str,
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
    /// UpdateServer while the server is stopped: nobody can connect meanwhile.
    Restart,
    /// TagResource.
    Tag,
    /// Nothing in place: only another server.
    Replace,
}

/// Transfer's word for a server that asks an API.
const API_GATEWAY: &str = "API_GATEWAY";
/// Transfer's word for a server that asks a function.
const AWS_LAMBDA: &str = "AWS_LAMBDA";

/// What a client must present, in Transfer's word (Transfer API reference, `SftpAuthenticationMethods`).
const fn authentication_methods(authentication: Authentication) -> &'static str {
    match authentication {
        Authentication::Password => "PASSWORD",
        Authentication::PublicKey => "PUBLIC_KEY",
        Authentication::PublicKeyOrPassword => "PUBLIC_KEY_OR_PASSWORD",
        Authentication::PublicKeyAndPassword => "PUBLIC_KEY_AND_PASSWORD",
    }
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
            authentication_methods: authentication_methods(settings.server.authentication),
            security_policy: security_policy.clone(),
            endpoint: endpoint.clone(),
            banner: banner.clone().unwrap_or_default(),
            directory_listing_optimization: *directory_listing_optimization,
            tags,
        }
    }

    /// The identity provider's type, in Transfer's word.
    pub(super) fn provider_type(&self) -> &'static str {
        match &self.stack.identity_provider {
            ProviderRefs::Api { .. } => API_GATEWAY,
            ProviderRefs::Function { .. } => AWS_LAMBDA,
        }
    }

    /// The API's URL; empty where the function is asked.
    fn url(&self) -> &str {
        match &self.stack.identity_provider {
            ProviderRefs::Api { url, .. } => url,
            ProviderRefs::Function { .. } => "",
        }
    }

    /// The role with which the API is called; empty where the function is asked.
    fn invocation_role(&self) -> &str {
        match &self.stack.identity_provider {
            ProviderRefs::Api { invocation_role, .. } => invocation_role,
            ProviderRefs::Function { .. } => "",
        }
    }

    /// The function's ARN; empty where an API is asked.
    fn function(&self) -> &str {
        match &self.stack.identity_provider {
            ProviderRefs::Api { .. } => "",
            ProviderRefs::Function { arn } => arn,
        }
    }

    /// The roles that Transfer must be able to assume before the server can be made.
    #[must_use]
    pub fn roles(&self) -> Vec<&str> {
        let roles = [self.invocation_role(), self.stack.logging_role.as_str()];
        roles.into_iter().filter(|role| !role.is_empty()).collect()
    }

    /// Those of [`Self::roles`] that `server` does not have yet.
    #[must_use]
    pub fn roles_new_to(&self, server: &Server) -> Vec<&str> {
        let has = [server.invocation_role.as_str(), server.logging_role.as_str()];
        let mut roles = self.roles();
        roles.retain(|role| !has.contains(role));
        roles
    }

    /// The fields that come from the stack, in the service's words.
    #[must_use]
    pub const fn fields_of_stack(&self) -> &'static [&'static str] {
        match &self.stack.identity_provider {
            ProviderRefs::Api { .. } => &["Url", "InvocationRole", "LoggingRole", "StructuredLogDestinations"],
            ProviderRefs::Function { .. } => &["Function", "LoggingRole", "StructuredLogDestinations"],
        }
    }

    /// The allocation ids of the elastic IPs, sorted.
    pub(super) fn elastic_ips(&self) -> Vec<String> {
        let mut ids = self.endpoint.elastic_ips().to_vec();
        ids.sort();
        ids
    }

    /// Whether the server has other elastic IPs than it should.
    pub(super) fn has_other_elastic_ips(&self, server: &Server) -> bool {
        self.elastic_ips() != server.elastic_ips
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
            (
                "IdentityProviderType",
                server.identity_provider_type.clone(),
                self.provider_type().to_owned(),
                Remedy::Replace,
            ),
            ("Url", server.url.clone(), self.url().to_owned(), Remedy::Update),
            ("InvocationRole", server.invocation_role.clone(), self.invocation_role().to_owned(), Remedy::Update),
            ("Function", server.function.clone(), self.function().to_owned(), Remedy::Update),
            (
                "SftpAuthenticationMethods",
                server.sftp_authentication_methods.clone(),
                self.authentication_methods.to_owned(),
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
            ("AddressAllocationIds", server.elastic_ips.join(", "), self.elastic_ips().join(", "), Remedy::Restart),
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
    fn a_server_that_asks_the_function_names_it_and_no_api() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:sftp-okta-demo";
        let mut direct = spec();
        direct.stack.identity_provider = ProviderRefs::Function { arn: arn.into() };
        let mut server = server_as_wanted();
        let told =
            |server: &Server| direct.differences(server).into_iter().map(|found| found.field).collect::<Vec<_>>();
        assert_eq!(told(&server), ["IdentityProviderType", "Url", "InvocationRole", "Function"]);
        server.identity_provider_type = "AWS_LAMBDA".into();
        (server.url, server.invocation_role) = (String::new(), String::new());
        assert_eq!(told(&server), ["Function"]);
        server.function = arn.into();
        assert_eq!(direct.differences(&server), []);
        assert_eq!(direct.roles(), ["arn:aws:iam::111122223333:role/log"]);
        assert_eq!(spec().roles().len(), 2);
        assert_eq!(direct.roles_new_to(&server), [""; 0]);
        server.logging_role = "arn:aws:iam::111122223333:role/old".into();
        assert_eq!(direct.roles_new_to(&server), direct.roles());
    }

    #[test]
    fn a_server_as_wanted_differs_in_nothing() {
        assert_eq!(spec().differences(&server_as_wanted()), []);
        assert_eq!(spec().roles_new_to(&server_as_wanted()), [""; 0]);
    }

    #[test]
    fn elastic_ips_are_compared_whatever_their_order() {
        let mut spec = spec();
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        spec.endpoint = Endpoint::Vpc {
            vpc: "vpc-1".into(),
            subnets: ids(&["subnet-2", "subnet-1"]),
            security_groups: ids(&["sg-1"]),
            elastic_ips: ids(&["eipalloc-2", "eipalloc-1"]),
        };
        let mut server = Server {
            endpoint_type: "VPC".into(),
            vpc: Some("vpc-1".into()),
            subnets: ids(&["subnet-1", "subnet-2"]),
            elastic_ips: ids(&["eipalloc-1", "eipalloc-2"]),
            ..server_as_wanted()
        };
        assert_eq!(spec.differences(&server), []);
        server.elastic_ips = ids(&["eipalloc-1", "eipalloc-3"]);
        let told = spec.differences(&server);
        assert_eq!(
            told,
            [Difference {
                field: "AddressAllocationIds",
                now: "eipalloc-1, eipalloc-3".into(),
                wanted: "eipalloc-1, eipalloc-2".into(),
                remedy: Remedy::Restart
            }]
        );
        assert!(spec.has_other_elastic_ips(&server));
        // Taken out of the configuration, or never put in.
        let Endpoint::Vpc { elastic_ips, .. } = &mut spec.endpoint else { panic!("it is in a VPC") };
        elastic_ips.clear();
        assert_eq!(spec.differences(&server)[0].wanted, "");
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
