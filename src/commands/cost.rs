//! What a deployment costs: of what is there, and of what a deploy would have running. Both ask the same table.

use crate::prices::{MonthlyCost, Running, RunningServer, RunningStack, monthly};
use crate::server::Server;
use crate::settings::{Authentication, Endpoint, Settings};
use crate::stack::{self, Desired, Stack, StackStatus};

/// What the server of `settings` and its stack as desired cost in a month.
pub(super) fn of_desired(settings: &Settings, stack: &Desired) -> MonthlyCost {
    let server = RunningServer {
        protocols: 1,
        in_vpc: matches!(settings.server.endpoint, Endpoint::Vpc { .. }),
        public_addresses: settings.server.endpoint.elastic_ips().len(),
        asks_for_keys: settings.server.authentication != Authentication::Password,
    };
    let stack = RunningStack { template: &stack.template, parameters: &stack.parameters };
    monthly([Running { servers: vec![server], stack: Some(stack) }])
}

/// What is there of one deployment, as far as it is billed. `template` is the stack's own where it was read; otherwise it is
/// taken to be this version's.
pub(super) fn running<'a>(
    stack: Option<&'a Stack>,
    template: Option<&'a str>,
    servers: impl IntoIterator<Item = &'a Server>,
) -> Running<'a> {
    Running {
        servers: servers.into_iter().map(server).collect(),
        stack: stack
            .filter(|stack| holds_something(&stack.status))
            .map(|stack| RunningStack { template: template.unwrap_or(stack::TEMPLATE), parameters: &stack.parameters }),
    }
}

fn server(server: &Server) -> RunningServer {
    RunningServer {
        protocols: server.protocols.len(),
        in_vpc: server.endpoint_type.starts_with("VPC"),
        public_addresses: server.elastic_ips.len(),
        asks_for_keys: server.sftp_authentication_methods.contains("PUBLIC_KEY"),
    }
}

/// Whether a stack may have resources. One that was never executed, or was rolled back to nothing, has none.
const fn holds_something(status: &StackStatus) -> bool {
    !matches!(
        status,
        StackStatus::ReviewInProgress
            | StackStatus::RollbackComplete
            | StackStatus::ImportRollbackComplete
            | StackStatus::DeleteComplete
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fixtures::server_as_wanted;
    use crate::settings::{ConfigFile, Given, Value, resolve};
    use crate::stack::CodeLocation;
    use crate::stack::fixtures::stack_in;

    fn settings(text: &str) -> Settings {
        let given = Given {
            name: Some(Value::flag("name", "demo")),
            okta_org: Some(Value::flag("okta-org", "https://acme.okta.com")),
            bucket: Some(Value::flag("bucket", "acme-files")),
            ..Given::default()
        };
        resolve(&given, Some(&ConfigFile { path: "f".into(), text: text.into() })).unwrap()
    }
    /// What is planned costs as much as what is there then, in every way to set it up.
    #[test]
    fn plan_and_status_tell_the_same() {
        for (text, endpoint, elastic_ips, expected) in [
            ("alarms.dashboard = false", "PUBLIC", 0, "225.00"),
            ("[server]\nidentity_provider = \"lambda\"", "PUBLIC", 0, "226.40"),
            (
                "[server]\nendpoint = { vpc = \"vpc-0123456789abcdef0\", subnets = [\"subnet-0123456789abcdef0\"], \
                 elastic_ips = [\"eipalloc-0123456789abcdef0\"] }",
                "VPC",
                1,
                "231.65",
            ),
        ] {
            let settings = settings(text);
            let desired = Desired {
                template: stack::template(&settings),
                parameters: stack::parameters(&settings, CodeLocation { bucket: "b", key: "k" }),
                ..Desired::default()
            };
            let planned = of_desired(&settings, &desired);
            let stack = stack_with(StackStatus::UpdateComplete, &desired);
            let server = Server {
                endpoint_type: endpoint.into(),
                elastic_ips: vec!["eipalloc-0123456789abcdef0".into(); elastic_ips],
                ..server_as_wanted()
            };
            assert_eq!(monthly([running(Some(&stack), Some(&desired.template), [&server])]), planned, "{text}");
            assert_eq!(monthly([running(Some(&stack), None, [&server])]), planned, "{text}");
            assert_eq!(planned.usd_per_month.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_stack_without_resources_costs_nothing() {
        for status in [StackStatus::ReviewInProgress, StackStatus::RollbackComplete] {
            let stack = stack_with(status, &Desired::default());
            assert_eq!(monthly([running(Some(&stack), None, [])]).items, []);
        }
        let stack = stack_with(StackStatus::UpdateRollbackFailed, &Desired::default());
        assert_ne!(monthly([running(Some(&stack), None, [])]).items, []);
    }

    fn stack_with(status: StackStatus, desired: &Desired) -> Stack {
        Stack { parameters: desired.parameters.clone(), ..stack_in(status) }
    }
}
