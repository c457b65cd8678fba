//! SDK configuration and clients: the only place that loads them, and the one that turns SDK errors into ours.

mod answers;
mod credentials;
mod failure;
mod retries;

use std::env;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;

use crate::error::{Error, ErrorCode, Result};
use crate::way_out;

use answers::NoPages;
use credentials::Renewal;
pub use failure::{Refusal, failure, refusal};
use retries::{ThrottledGoOn, usual};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one attempt of one call may take. CloudFormation answers a large template in a few seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// The SDK's own first pause before it repeats a call; each further one is about twice as long.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// One client a service, built from one configuration.
#[derive(Debug, Clone)]
pub struct Clients {
    /// AWS CloudFormation.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// AWS Transfer Family.
    pub transfer: aws_sdk_transfer::Client,
    /// AWS Identity and Access Management.
    pub iam: aws_sdk_iam::Client,
    /// Amazon CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Amazon S3.
    pub s3: aws_sdk_s3::Client,
    /// AWS Security Token Service.
    pub sts: aws_sdk_sts::Client,
    /// The region every call goes to.
    pub region: String,
    /// The endpoint that stands in for AWS, where one is configured.
    pub endpoint: Option<String>,
}

/// Who the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The twelve-digit account id.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The partition the account lives in: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
}

/// Where the calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// To AWS, or where the SDK's own environment says. Both override it.
    Aws {
        /// The region.
        region: Option<String>,
        /// The profile.
        profile: Option<String>,
    },
    /// To the sandbox, whatever the environment says.
    Sandbox {
        /// Its endpoint.
        endpoint: String,
        /// Its region.
        region: String,
    },
}

/// How calls are made.
#[derive(Debug, Clone)]
pub struct Calls {
    /// How often a command looks: where that is less than a second, repeated calls come as soon as that too.
    pub interval: Duration,
    /// How long a call that is throttled is repeated.
    pub longest: Duration,
    /// What carries the calls, where it is not the SDK's own client.
    pub http: Option<SharedHttpClient>,
}

/// Builds the clients. On AWS the SDK's own environment and profiles work unaided.
///
/// # Errors
/// `Configuration` when no region is set anywhere.
pub async fn connect(place: &Place, calls: &Calls) -> Result<Clients> {
    match place {
        Place::Aws { region, profile } => {
            let (region, profile, calls) = (region.clone(), profile.clone(), calls.clone());
            let again = move || {
                let mut loader = loader(&calls);
                if let Some(region) = &region {
                    loader = loader.region(Region::new(region.clone()));
                }
                if let Some(profile) = &profile {
                    loader = loader.profile_name(profile);
                }
                loader
            };
            let config = again().load().await;
            let endpoint = endpoint_override(&config, |name| env::var(name).ok());
            let (config, renewal) = Renewal::of(config, again);
            clients(&config, renewal.as_ref(), endpoint, None)
        }
        Place::Sandbox { endpoint, region } => {
            let keys = Credentials::from_keys("test", "test", None);
            let config = loader(calls).region(Region::new(region.clone())).credentials_provider(keys).load().await;
            clients(&config, None, Some(endpoint.clone()), Some(endpoint))
        }
    }
}

/// The configuration that the SDK loads, but for where it points.
fn loader(calls: &Calls) -> ConfigLoader {
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(usual(calls.interval.min(FIRST_BACKOFF)))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(calls.longest.max(ATTEMPT_TIMEOUT))
                .build(),
        )
        .http_client(calls.http.clone().unwrap_or_else(way_out::http_client));
    match AppName::new(concat!("sftp-okta-", env!("CARGO_PKG_VERSION"))) {
        Ok(name) => loader.app_name(name),
        Err(_) => loader,
    }
}

/// One client a service. `forced` is an endpoint that wins over everything that environment and profile say of endpoints.
fn clients(
    config: &SdkConfig,
    renewal: Option<&Renewal>,
    endpoint: Option<String>,
    forced: Option<&str>,
) -> Result<Clients> {
    let region = config.region().map(ToString::to_string).ok_or_else(no_region)?;
    let forced = || forced.map(ToOwned::to_owned);
    let mut cloudformation = aws_sdk_cloudformation::config::Builder::from(config);
    let mut transfer = aws_sdk_transfer::config::Builder::from(config);
    let mut iam = aws_sdk_iam::config::Builder::from(config);
    let mut logs = aws_sdk_cloudwatchlogs::config::Builder::from(config);
    let mut sts = aws_sdk_sts::config::Builder::from(config);
    // Another endpoint than AWS rarely answers to bucket.host names: address buckets by path there.
    let mut s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(endpoint.is_some());
    // Attempts are counted by the call; the SDK's budget over all calls of a process would end a storm early.
    let partition = RetryPartition::custom("sftp-okta").token_bucket(TokenBucket::unlimited()).build();
    macro_rules! patiently {
        ($($builder:ident)*) => {$(
            $builder.set_retry_partition(Some(partition.clone()));
            $builder.push_interceptor(SharedInterceptor::new(ThrottledGoOn));
            if let Some(renewal) = renewal {
                $builder.push_retry_classifier(SharedRetryClassifier::new(renewal.clone()));
            }
        )*};
    }
    patiently!(cloudformation transfer iam logs sts s3);
    s3.push_interceptor(SharedInterceptor::new(NoPages));
    if forced().is_some() {
        cloudformation.set_endpoint_url(forced());
        transfer.set_endpoint_url(forced());
        iam.set_endpoint_url(forced());
        logs.set_endpoint_url(forced());
        sts.set_endpoint_url(forced());
        s3.set_endpoint_url(forced());
    }
    Ok(Clients {
        cloudformation: aws_sdk_cloudformation::Client::from_conf(cloudformation.build()),
        transfer: aws_sdk_transfer::Client::from_conf(transfer.build()),
        iam: aws_sdk_iam::Client::from_conf(iam.build()),
        logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs.build()),
        s3: aws_sdk_s3::Client::from_conf(s3.build()),
        sts: aws_sdk_sts::Client::from_conf(sts.build()),
        region,
        endpoint,
    })
}

/// Asks whose credentials these are. This is the first call of every command: it costs nothing, changes nothing, and
/// tells missing or expired credentials apart from everything that follows.
///
/// # Errors
/// `Credentials`, `Network`, or what STS says.
pub async fn caller(clients: &Clients) -> Result<Caller> {
    let answer =
        clients.sts.get_caller_identity().send().await.map_err(|error| {
            failure("could not find out whose credentials these are (sts:GetCallerIdentity)", &error)
        })?;
    let (Some(account), Some(arn)) = (answer.account, answer.arn) else {
        return Err(Error::new(ErrorCode::Network, "STS answered without an account or an ARN")
            .cause("the answer was cut off, or something else than AWS gave it")
            .hint("run the same command again; if that does not help, check AWS_ENDPOINT_URL and the proxy settings"));
    };
    let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
    Ok(Caller { account, arn, partition })
}

/// Refuses any account but the expected one.
///
/// # Errors
/// `WrongAccount` when `expected` is set and differs.
pub fn guard_account(caller: &Caller, expected: Option<&str>) -> Result<()> {
    match expected {
        Some(expected) if expected != caller.account => Err(Error::new(
            ErrorCode::WrongAccount,
            format!("these credentials belong to account {}, but the configuration expects {expected}", caller.account),
        )
        .resource(caller.arn.clone())
        .hint("use credentials of the expected account (--profile, AWS_PROFILE), or correct `account`")),
        Some(_) | None => Ok(()),
    }
}

fn no_region() -> Error {
    Error::new(ErrorCode::Configuration, "no region is set")
        .hint("set --region, SFTP_OKTA_REGION, `region` in sftp-okta.toml, AWS_REGION, or a region in the AWS profile")
}

/// The endpoint that replaces AWS, by the SDK's own rules for `AWS_ENDPOINT_URL` and its forms for one service.
fn endpoint_override(config: &SdkConfig, environment: impl Fn(&str) -> Option<String>) -> Option<String> {
    let ignored =
        environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let one_service = ["CLOUDFORMATION", "TRANSFER", "S3", "STS", "IAM", "CLOUDWATCH_LOGS"]
        .iter()
        .find_map(|service| environment(&format!("AWS_ENDPOINT_URL_{service}")))
        .filter(|_| !ignored);
    config.endpoint_url().map(ToOwned::to_owned).or(one_service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller_of(account: &str) -> Caller {
        Caller { account: account.into(), arn: format!("arn:aws:iam::{account}:root"), partition: "aws".into() }
    }

    #[test]
    fn the_guard_lets_only_the_expected_account_pass() {
        assert_eq!(guard_account(&caller_of("111122223333"), None), Ok(()));
        assert_eq!(guard_account(&caller_of("111122223333"), Some("111122223333")), Ok(()));
        let refused = guard_account(&caller_of("111122223333"), Some("444455556666"));
        assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::WrongAccount));
    }

    #[test]
    fn an_endpoint_for_one_service_counts_unless_ignored() {
        let config = SdkConfig::builder().build();
        let one = |name: &str| (name == "AWS_ENDPOINT_URL_S3").then(|| "http://127.0.0.1:1".to_owned());
        assert_eq!(endpoint_override(&config, one).as_deref(), Some("http://127.0.0.1:1"));
        let ignored = |name: &str| match name {
            "AWS_ENDPOINT_URL_S3" => Some("http://127.0.0.1:1".to_owned()),
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" => Some("true".to_owned()),
            _ => None,
        };
        assert_eq!(endpoint_override(&config, ignored), None);
    }
}
