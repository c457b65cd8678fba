//! A server as it should be, for tests to change one fact about.

use std::collections::BTreeMap;

use super::describe::Server;
use super::spec::{ProviderRefs, Spec, StackRefs};
use super::state::ServerState;
use crate::settings::Endpoint;

const URL: &str = "https://abc.execute-api.eu-west-1.amazonaws.com/prod";
const INVOCATION_ROLE: &str = "arn:aws:iam::111122223333:role/invoke";

pub(crate) fn spec() -> Spec {
    Spec {
        stack: StackRefs {
            identity_provider: ProviderRefs::Api { url: URL.into(), invocation_role: INVOCATION_ROLE.into() },
            logging_role: "arn:aws:iam::111122223333:role/log".into(),
            log_group_arn: "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/transfer/demo:*".into(),
        },
        authentication_methods: "PASSWORD",
        security_policy: "TransferSecurityPolicy-2025-03".into(),
        endpoint: Endpoint::Public,
        banner: String::new(),
        directory_listing_optimization: true,
        tags: BTreeMap::from([("team".into(), "data".into())]),
    }
}

pub(crate) fn server_as_wanted() -> Server {
    let spec = spec();
    Server {
        id: "s-0123456789abcdef0".into(),
        arn: "arn:aws:transfer:eu-west-1:111122223333:server/s-0123456789abcdef0".into(),
        state: ServerState::Online,
        identity_provider_type: "API_GATEWAY".into(),
        url: URL.into(),
        invocation_role: INVOCATION_ROLE.into(),
        function: String::new(),
        sftp_authentication_methods: "PASSWORD".into(),
        logging_role: spec.stack.logging_role,
        log_destinations: vec![spec.stack.log_group_arn],
        security_policy: spec.security_policy,
        endpoint_type: "PUBLIC".into(),
        vpc: None,
        subnets: Vec::new(),
        elastic_ips: Vec::new(),
        protocols: vec!["SFTP".into()],
        banner: String::new(),
        directory_listing_optimization: true,
        host_key_fingerprint: Some("SHA256:x".into()),
        tags: BTreeMap::from([("team".into(), "data".into()), ("cost-centre".into(), "7".into())]),
    }
}
