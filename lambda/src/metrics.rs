//! Metrics of sign-ins, in CloudWatch's embedded metric format (CloudWatch user guide, "Specification: Embedded metric
//! format"). They are members of the one log line of a decision, so that a metric and its line never disagree.
//!
//! Namespace [`NAMESPACE`] (`sftp-okta`). Dimension `DeploymentName` is the function's variable [`DEPLOYMENT_NAME`]
//! (`DEPLOYMENT_NAME`); without that variable the metrics have no such dimension.
//!
//! | Metric | Unit | Dimensions | Counted for | Value |
//! |---|---|---|---|---|
//! | `SignIns` | Count | `DeploymentName` | every password that was judged | 1 |
//! | `Refusals` | Count | `DeploymentName` | the same | 1 if refused, else 0: its average is the refusal rate |
//! | `Refusals` | Count | `DeploymentName`, `Reason` | every password that was refused | 1 |
//! | `SignInLatency` | Milliseconds | `DeploymentName` | every password that was judged | from the event to the answer, waiting for a push included |
//! | `KeyProbes` | Count | `DeploymentName` | every question for a user's public keys | 1 |
//! | `KeysGiven` | Count | `DeploymentName` | the same | 1 if answered with keys, else 0 |
//! | `OktaCalls` | Count | `DeploymentName` | whatever asked Okta | requests sent |
//! | `OktaLatency` | Milliseconds | `DeploymentName` | whatever asked Okta | time in these requests, pauses between polls not included |
//! | `OktaUnavailable` | Count | `DeploymentName` | everything | 1 if there was no usable answer of Okta's, else 0 |
//! | `OktaRateLimited` | Count | `DeploymentName` | everything | 1 if Okta's rate limit is the reason, else 0 |
//! | `Throttles` | Count | `DeploymentName` | everything | 1 if this function's own throttle refused a password, else 0 |
//! | `ConfigurationErrors` | Count | `DeploymentName` | everything | 1 if the reason's level is ERROR, else 0 |
//!
//! `Reason` is the word of the log's `reason`. A refused key probe is in `KeyProbes` and never in `Refusals` or `Throttles`:
//! clients that offer a key before their password cause one at each sign-in.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::access::Credential;
use crate::reason::{Level, Reason};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "sftp-okta";
/// The environment variable that holds the value of the dimension `DeploymentName`.
pub const DEPLOYMENT_NAME: &str = "DEPLOYMENT_NAME";

/// One decision, as far as it is measured.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// The value of the dimension `DeploymentName`.
    pub deployment: Option<&'a str>,
    /// What was asked about. None if the event could not be read.
    pub credential: Option<Credential>,
    /// How it ended.
    pub reason: Reason,
    /// When, by the time of day.
    pub time: SystemTime,
    /// From the event to the answer.
    pub elapsed: Duration,
    /// Requests to Okta.
    pub okta_calls: u32,
    /// Time in them.
    pub okta_time: Duration,
}

/// The members of a log line that make it a metric, too.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metrics<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_name: Option<&'a str>,
    #[serde(rename = "Reason")]
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_ins: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusals: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in_latency: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_probes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_given: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    okta_calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    okta_latency: Option<f64>,
    okta_unavailable: u32,
    okta_rate_limited: u32,
    throttles: u32,
    configuration_errors: u32,
    #[serde(rename = "_aws")]
    aws: Aws,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Aws {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: [Vec<&'static str>; 1],
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

impl<'a> Metrics<'a> {
    /// The metrics of a decision.
    #[must_use]
    pub fn of(measured: &Measured<'a>) -> Self {
        let Measured { deployment, credential, reason, time, elapsed, okta_calls, okta_time } = *measured;
        let is_accepted = reason == Reason::Ok;
        // What cannot be read is a sign-in that was refused: nobody knows better.
        let is_password = credential != Some(Credential::PublicKey);
        let when = |condition: bool, value: u32| condition.then_some(value);
        let refused = is_password && !is_accepted;
        let calls = when(okta_calls > 0, okta_calls);
        let mut metrics = Self {
            deployment_name: deployment,
            reason,
            sign_ins: when(is_password, 1),
            refusals: when(is_password, u32::from(!is_accepted)),
            sign_in_latency: is_password.then(|| milliseconds(elapsed)),
            key_probes: when(!is_password, 1),
            keys_given: when(!is_password, u32::from(is_accepted)),
            okta_calls: calls,
            okta_latency: calls.map(|_| milliseconds(okta_time)),
            okta_unavailable: u32::from(reason == Reason::OktaUnavailable),
            okta_rate_limited: u32::from(reason == Reason::RateLimited),
            throttles: u32::from(is_password && matches!(reason, Reason::ThrottledUser | Reason::ThrottledSource)),
            configuration_errors: u32::from(reason.level() == Level::Error),
            aws: Aws { timestamp: unix_milliseconds(time), cloud_watch_metrics: Vec::new() },
        };
        metrics.aws.cloud_watch_metrics.push(metrics.directive());
        if refused {
            let by_reason = deployment.map(|_| "DeploymentName").into_iter().chain(["Reason"]).collect();
            let refusals = vec![Metric { name: "Refusals", unit: "Count" }];
            let directive = Directive { namespace: NAMESPACE, dimensions: [by_reason], metrics: refusals };
            metrics.aws.cloud_watch_metrics.push(directive);
        }
        metrics
    }

    /// Declares every metric that is there.
    fn directive(&self) -> Directive {
        let declared = [
            ("SignIns", "Count", self.sign_ins.is_some()),
            ("Refusals", "Count", self.refusals.is_some()),
            ("SignInLatency", "Milliseconds", self.sign_in_latency.is_some()),
            ("KeyProbes", "Count", self.key_probes.is_some()),
            ("KeysGiven", "Count", self.keys_given.is_some()),
            ("OktaCalls", "Count", self.okta_calls.is_some()),
            ("OktaLatency", "Milliseconds", self.okta_latency.is_some()),
            ("OktaUnavailable", "Count", true),
            ("OktaRateLimited", "Count", true),
            ("Throttles", "Count", true),
            ("ConfigurationErrors", "Count", true),
        ];
        let there = declared.into_iter().filter(|(_, _, is_there)| *is_there);
        Directive {
            namespace: NAMESPACE,
            dimensions: [self.deployment_name.map(|_| "DeploymentName").into_iter().collect()],
            metrics: there.map(|(name, unit, _)| Metric { name, unit }).collect(),
        }
    }
}

/// With three decimals: what a cold start is measured in.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn unix_milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::Value;

    use super::{Credential, Measured, Metrics};
    use crate::reason::Reason;

    fn metrics(deployment: Option<&str>, credential: Option<Credential>, reason: Reason, okta_calls: u32) -> Value {
        let measured = Measured {
            deployment,
            credential,
            reason,
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_893_456_000_123),
            elapsed: Duration::from_micros(41_900),
            okta_calls,
            okta_time: Duration::from_micros(40_123),
        };
        serde_json::to_value(Metrics::of(&measured)).unwrap_or_default()
    }

    #[test]
    fn whole_members() {
        let password = Some(Credential::Password);
        insta::assert_json_snapshot!("accepted", metrics(Some("partners"), password, Reason::Ok, 1));
        insta::assert_json_snapshot!("refused", metrics(Some("partners"), password, Reason::BadCredentials, 1));
        insta::assert_json_snapshot!("without_a_name", metrics(None, password, Reason::ThrottledUser, 0));
        insta::assert_json_snapshot!(
            "key_probe",
            metrics(Some("partners"), Some(Credential::PublicKey), Reason::KeyProbe, 0)
        );
    }

    /// CloudWatch takes a line for metrics only if every declared name is a member, numbers for metrics, texts for
    /// dimensions.
    #[test]
    fn what_is_declared_is_there() {
        let all = [None, Some(Credential::Password), Some(Credential::PublicKey)];
        for (credential, reason) in all.into_iter().flat_map(|credential| {
            [Reason::Ok, Reason::KeyProbe, Reason::OktaUnavailable, Reason::Config].map(|reason| (credential, reason))
        }) {
            let metrics = metrics(Some("partners"), credential, reason, 2);
            let directives = metrics["_aws"]["CloudWatchMetrics"].as_array().cloned().unwrap_or_default();
            assert!(!directives.is_empty());
            for directive in directives {
                assert_eq!(directive["Namespace"], "sftp-okta");
                for metric in directive["Metrics"].as_array().into_iter().flatten() {
                    let name = metric["Name"].as_str().unwrap_or_default();
                    assert!(metrics[name].is_number(), "{name}");
                }
                for dimension in
                    directive["Dimensions"].as_array().into_iter().flatten().flat_map(|set| set.as_array()).flatten()
                {
                    let name = dimension.as_str().unwrap_or_default();
                    assert!(metrics[name].is_string(), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_refused_key_probe_is_no_refusal() {
        for reason in [Reason::KeyProbe, Reason::NoKeys, Reason::UserUnknown, Reason::OktaUnavailable] {
            let metrics = metrics(Some("partners"), Some(Credential::PublicKey), reason, 0);
            assert!(metrics["Refusals"].is_null() && metrics["SignIns"].is_null(), "{metrics}");
            assert!(!metrics["_aws"].to_string().contains("Refusals"));
            assert_eq!((&metrics["KeyProbes"], &metrics["KeysGiven"]), (&1.into(), &0.into()));
        }
        assert_eq!(metrics(None, Some(Credential::PublicKey), Reason::OktaUnavailable, 1)["OktaUnavailable"], 1);
        // Somebody tries many passwords: that is what the alarm is for.
        for (credential, throttles) in [(Credential::PublicKey, 0), (Credential::Password, 1)] {
            for reason in [Reason::ThrottledUser, Reason::ThrottledSource] {
                assert_eq!(metrics(None, Some(credential), reason, 0)["Throttles"], throttles);
            }
        }
    }
}
