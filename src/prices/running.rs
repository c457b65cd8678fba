//! What of a deployment is billed: its servers as they are described, its stack by template and parameters.

use std::collections::BTreeMap;

use super::{ByUse, MonthlyCost, Priced, sum};

/// Metrics that the function writes for sign-ins with a password (`lambda/src/metrics.rs`, its table).
const METRICS_OF_PASSWORDS: usize = 9;
/// Those that questions for a user's keys add.
const METRICS_OF_KEYS: usize = 2;
/// Metrics of a method without a cache: calls, two latencies, two kinds of errors (API Gateway Developer Guide, "Amazon API
/// Gateway dimensions and metrics").
const METRICS_OF_A_METHOD: usize = 5;

/// A deployment, or what there is of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running<'a> {
    /// Its servers: each is billed.
    pub servers: Vec<RunningServer>,
    /// Its stack.
    pub stack: Option<RunningStack<'a>>,
}

/// A server, as far as it is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningServer {
    /// How many protocols it speaks.
    pub protocols: usize,
    /// Whether it is reached through an endpoint in a VPC.
    pub in_vpc: bool,
    /// How many public addresses of the account's own it has.
    pub public_addresses: usize,
    /// Whether it asks for users' keys.
    pub asks_for_keys: bool,
}

/// A stack, as far as it is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningStack<'a> {
    /// Its template.
    pub template: &'a str,
    /// The values of its parameters.
    pub parameters: &'a BTreeMap<String, String>,
}

/// What all these deployments cost in a month.
#[must_use]
pub fn monthly<'a>(deployments: impl IntoIterator<Item = Running<'a>>) -> MonthlyCost {
    let (mut things, mut by_use) = (Vec::new(), Vec::new());
    for deployment in deployments {
        things.extend(deployment.by_time());
        by_use.extend(deployment.by_use());
    }
    let mut told: Vec<ByUse> = Vec::new();
    for row in by_use {
        if !told.contains(&row) {
            told.push(row);
        }
    }
    sum(things, told)
}

impl Running<'_> {
    fn by_time(&self) -> Vec<Priced> {
        let mut things = Vec::new();
        for server in &self.servers {
            things.extend(vec![Priced::TransferServer; server.protocols.max(1)]);
            things.extend(vec![Priced::PublicIpv4; server.public_addresses]);
        }
        let Some(stack) = &self.stack else { return things };
        things.extend(stack.resources().filter_map(Priced::of_resource_type));
        // Nobody signs in without a server, and without sign-ins there are no metrics.
        if !self.servers.is_empty() {
            let keys = self.servers.iter().any(|server| server.asks_for_keys);
            let metrics = METRICS_OF_PASSWORDS + if keys { METRICS_OF_KEYS } else { 0 };
            things.extend(vec![Priced::Metric; metrics]);
            things.extend(vec![Priced::MethodMetric; stack.methods() * METRICS_OF_A_METHOD]);
        }
        things
    }

    fn by_use(&self) -> Vec<ByUse> {
        let mut rows = Vec::new();
        if !self.servers.is_empty() {
            rows.push(ByUse::DATA);
        }
        if self.servers.iter().any(|server| server.in_vpc) {
            rows.push(ByUse::VPC_ENDPOINT);
        }
        let Some(stack) = &self.stack else { return rows };
        if stack.methods_made() > 0 {
            rows.push(ByUse::API_CALLS);
        }
        rows.extend([ByUse::FUNCTION_CALLS, ByUse::REASONS, ByUse::LOGS, ByUse::KEY_CALLS, ByUse::FILES]);
        if stack.parameters.get("ServiceAppSecretArn").is_some_and(|arn| !arn.is_empty()) {
            rows.push(ByUse::SECRET);
        }
        rows
    }
}

impl<'a> RunningStack<'a> {
    /// The type of every resource that is made with these parameters. Lines are enough of a parser for our own template,
    /// whose resources stand at two spaces and their keys at four.
    fn resources(&self) -> impl Iterator<Item = &'a str> {
        let parameters = self.parameters;
        let mut found: Vec<(&'a str, bool)> = Vec::new();
        for line in self.template.lines() {
            if let Some(kind) = line.strip_prefix("    Type: ") {
                found.push((kind.trim(), true));
            } else if let (Some(condition), Some(last)) = (line.strip_prefix("    Condition: "), found.last_mut()) {
                last.1 = is_met(condition.trim(), parameters);
            }
        }
        found.into_iter().filter(|(_, made)| *made).map(|(kind, _)| kind)
    }

    fn methods_made(&self) -> usize {
        self.resources().filter(|kind| *kind == "AWS::ApiGateway::Method").count()
    }

    /// The methods with metrics of their own.
    fn methods(&self) -> usize {
        if self.template.contains("MetricsEnabled: true") { self.methods_made() } else { 0 }
    }
}

/// Whether a condition of the template holds. One that decides about nothing that is billed counts as met: rather too much
/// is told than too little.
fn is_met(condition: &str, parameters: &BTreeMap<String, String>) -> bool {
    let is = |name: &str, value: &str| parameters.get(name).is_some_and(|found| found == value);
    match condition {
        "ThroughApi" => !is("IdentityProviderType", "lambda"),
        "MakeDashboard" => !is("CreateDashboard", "false"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::TEMPLATE;

    const SERVER: RunningServer =
        RunningServer { protocols: 1, in_vpc: false, public_addresses: 0, asks_for_keys: false };

    fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn told(server: Option<RunningServer>, pairs: Option<&[(&str, &str)]>) -> String {
        let parameters = parameters(pairs.unwrap_or_default());
        let stack = pairs.map(|_| RunningStack { template: TEMPLATE, parameters: &parameters });
        let cost = monthly([Running { servers: server.into_iter().collect(), stack }]);
        format!("{}\n{}", cost.sentence(), cost.on_top().join("\n"))
    }

    #[test]
    fn a_whole_deployment() {
        insta::assert_snapshot!(told(Some(SERVER), Some(&[])), @"
        about USD 228.00 a month (Transfer server 219.00, CloudWatch dashboard 3.00, 9 × CloudWatch metric 2.70, 5 × API method metric 1.50, KMS key 1.00, 8 × CloudWatch alarm 0.80)
        transferred data 0.04 per GB each way
        API calls 3.50 per million
        function calls 0.20 per million and 0.0000167 per GB and second
        a metric for each reason of refusals 0.30 a month
        logs 0.50 per GB written and 0.03 per GB and month kept
        key calls 0.03 per 10,000
        stored files 0.023 per GB and month
        ");
    }

    #[test]
    fn without_an_api_and_a_dashboard() {
        let pairs = [("IdentityProviderType", "lambda"), ("CreateDashboard", "false")];
        insta::assert_snapshot!(told(Some(SERVER), Some(&pairs)), @"
        about USD 223.40 a month (Transfer server 219.00, 9 × CloudWatch metric 2.70, KMS key 1.00, 7 × CloudWatch alarm 0.70)
        transferred data 0.04 per GB each way
        function calls 0.20 per million and 0.0000167 per GB and second
        a metric for each reason of refusals 0.30 a month
        logs 0.50 per GB written and 0.03 per GB and month kept
        key calls 0.03 per 10,000
        stored files 0.023 per GB and month
        ");
    }

    #[test]
    fn keys_a_vpc_two_addresses_and_a_secret() {
        let server = RunningServer { protocols: 2, in_vpc: true, public_addresses: 2, asks_for_keys: true };
        insta::assert_snapshot!(told(Some(server), Some(&[("ServiceAppSecretArn", "arn:aws:s")])), @"
        about USD 454.90 a month (2 × Transfer server 438.00, 2 × public IPv4 address 7.30, 11 × CloudWatch metric 3.30, CloudWatch dashboard 3.00, 5 × API method metric 1.50, KMS key 1.00, 8 × CloudWatch alarm 0.80)
        transferred data 0.04 per GB each way
        the VPC endpoint, if it is billed apart 0.01 an hour and subnet and 0.01 per GB
        API calls 3.50 per million
        function calls 0.20 per million and 0.0000167 per GB and second
        a metric for each reason of refusals 0.30 a month
        logs 0.50 per GB written and 0.03 per GB and month kept
        key calls 0.03 per 10,000
        stored files 0.023 per GB and month
        the service app's secret, which is your own 0.40 a month
        ");
    }

    #[test]
    fn half_of_it() {
        insta::assert_snapshot!(told(Some(SERVER), None), @"
        about USD 219.00 a month (Transfer server 219.00)
        transferred data 0.04 per GB each way
        ");
        insta::assert_snapshot!(told(None, Some(&[])), @"
        about USD 4.80 a month (CloudWatch dashboard 3.00, KMS key 1.00, 8 × CloudWatch alarm 0.80)
        API calls 3.50 per million
        function calls 0.20 per million and 0.0000167 per GB and second
        a metric for each reason of refusals 0.30 a month
        logs 0.50 per GB written and 0.03 per GB and month kept
        key calls 0.03 per 10,000
        stored files 0.023 per GB and month
        ");
        insta::assert_snapshot!(told(None, None), @"nothing that is billed by the hour or the month");
    }

    #[test]
    fn rows_by_use_are_told_once_for_all() {
        let none = BTreeMap::new();
        let one =
            || Running { servers: vec![SERVER], stack: Some(RunningStack { template: TEMPLATE, parameters: &none }) };
        let (alone, both) = (monthly([one()]), monthly([one(), one()]));
        assert_eq!(alone.by_use, both.by_use);
        assert_eq!(alone.usd_per_month + alone.usd_per_month, both.usd_per_month);
    }

    /// Every condition on which something billed by time hangs is one that is decided here.
    #[test]
    fn no_condition_is_overlooked() {
        let mut kind = "";
        for line in TEMPLATE.lines() {
            if let Some(found) = line.strip_prefix("    Type: ") {
                kind = found;
            } else if let Some(condition) = line.strip_prefix("    Condition: ")
                && (Priced::of_resource_type(kind).is_some() || kind == "AWS::ApiGateway::Method")
            {
                assert!(["ThroughApi", "MakeDashboard"].contains(&condition), "{kind}: {condition}");
            }
        }
    }

    /// The numbers are those of the function's own table.
    #[test]
    fn the_functions_metrics_are_counted() {
        let source = include_str!("../../lambda/src/metrics.rs");
        let rows = source.lines().filter(|line| line.starts_with("//! | `") && line.contains("| `DeploymentName` |"));
        assert_eq!(rows.count(), METRICS_OF_PASSWORDS + METRICS_OF_KEYS);
    }
}
