//! Which calls are made again, and how often: throttled ones for as long as the command may wait, all others a few times.
//!
//! A storm of throttling says nothing about the call itself, so it only slows a command down. Everything else that the SDK
//! would repeat may be a sign that it will never work, and a person is told soon.

use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::answers::{names_one_of, said};

/// Attempts a call may take, the first included, where the SDK thinks it safe to repeat.
const MAX_ATTEMPTS: u32 = 5;
/// Attempts a throttled call may take: more than fit into any wait, at the SDK's longest pause of 20 seconds.
const THROTTLED_ATTEMPTS: u32 = 10_000;

/// How calls are repeated; `first` is the first pause.
pub(super) fn usual(first: Duration) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(first)
}

/// Lets a call whose last answer was throttling go on beyond [`MAX_ATTEMPTS`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ThrottledGoOn;

#[dyn_dispatch_hint]
impl Intercept for ThrottledGoOn {
    fn name(&self) -> &'static str {
        "throttled calls go on"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let throttled = said(context.response()).is_some_and(|(status, body)| is_throttled(status, body));
        let config = cfg.load::<RetryConfig>().cloned().unwrap_or_else(RetryConfig::standard);
        let attempts = attempts(config.max_attempts(), throttled);
        cfg.interceptor_state().store_put(config.with_max_attempts(attempts));
        Ok(())
    }
}

/// How many attempts there may be after this one. A call that must not be repeated stays one.
fn attempts(now: u32, throttled: bool) -> u32 {
    match (now, throttled) {
        (0 | 1, _) => now,
        (_, true) => THROTTLED_ATTEMPTS,
        (_, false) => MAX_ATTEMPTS,
    }
}

/// Whether an answer says that there were too many calls, as the SDK's own list of codes has it (aws-runtime,
/// `THROTTLING_ERRORS`, but for `LimitExceededException`, which is a full quota).
fn is_throttled(status: u16, body: &[u8]) -> bool {
    const CODES: [&str; 8] = [
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "SlowDown",
    ];
    status == 429 || status >= 400 && names_one_of(&CODES, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_throttling_outlasts_the_usual_attempts() {
        assert_eq!(attempts(MAX_ATTEMPTS, false), MAX_ATTEMPTS);
        assert_eq!(attempts(MAX_ATTEMPTS, true), THROTTLED_ATTEMPTS);
        assert_eq!(attempts(THROTTLED_ATTEMPTS, false), MAX_ATTEMPTS);
    }

    #[test]
    fn what_must_not_be_repeated_never_is() {
        assert_eq!((attempts(1, true), attempts(1, false)), (1, 1));
    }

    #[test]
    fn throttling_is_told_by_status_or_code() {
        assert!(is_throttled(429, b""));
        assert!(is_throttled(400, b"<Error><Code>Throttling</Code></Error>"));
        assert!(is_throttled(400, b"{\"__type\":\"ThrottlingException\"}"));
        assert!(is_throttled(503, b"<Error><Code>SlowDown</Code></Error>"));
        assert!(!is_throttled(400, b"<Error><Code>LimitExceededException</Code></Error>"));
        assert!(!is_throttled(500, b"<Error><Code>InternalFailure</Code></Error>"));
        assert!(!is_throttled(200, b"Throttling"));
    }
}
