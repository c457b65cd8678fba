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
//! | `Throttles` | Count | `DeploymentName` | everything | 1 if this function's own throttle refused, else 0 |
//! | `ConfigurationErrors` | Count | `DeploymentName` | everything | 1 if the reason's level is ERROR, else 0 |
//!
//! `Reason` is the word of the log's `reason`. A refused key probe is in `KeyProbes` and never in `Refusals`: clients that
//! offer a key before their password cause one at each sign-in.

/// The namespace of all metrics.
pub const NAMESPACE: &str = "sftp-okta";
/// The environment variable that holds the value of the dimension `DeploymentName`.
pub const DEPLOYMENT_NAME: &str = "DEPLOYMENT_NAME";
