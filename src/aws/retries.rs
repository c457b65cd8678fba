//! Which calls are made again, and how often: throttled ones for as long as the command may wait, all others a few times.
//!
//! A storm of throttling says nothing about the call itself, so it only slows a command down. Everything else that the SDK
//! would repeat may be a sign that it will never work, and a person is told soon.

use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_smithy_runtime_api::client::retries::classifiers::{RetryClassifierPriority, RetryReason};
use aws_smithy_types::retry::ErrorKind;

use std::time::Duration;

/// Attempts a call may take, the first included, where the SDK thinks it safe to repeat.
const MAX_ATTEMPTS: u32 = 5;
/// Attempts a throttled call may take: more than fit into any wait, at the SDK's longest pause of 20 seconds.
const THROTTLED_ATTEMPTS: u32 = 10_000;
/// The header in which the SDK counts attempts (AWS SDKs and Tools Reference, "Retry behavior").
const ATTEMPT: &str = "amz-sdk-request";

/// How calls are repeated, but for throttled ones; `first` is the first pause. Also what finds the credentials goes by it.
pub(super) fn usual(first: Duration) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(first)
}

/// The same for calls that [`OnlyThrottledGoOn`] watches.
pub(super) fn patient(usual: Option<&RetryConfig>) -> RetryConfig {
    usual.cloned().unwrap_or_else(RetryConfig::standard).with_max_attempts(THROTTLED_ATTEMPTS)
}

/// Ends the attempts of a call that is not throttled after [`MAX_ATTEMPTS`].
#[derive(Debug, Clone, Copy)]
pub(super) struct OnlyThrottledGoOn;

impl ClassifyRetry for OnlyThrottledGoOn {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let attempt = context.request().and_then(|request| request.headers().get(ATTEMPT)).and_then(attempt_in);
        if is_enough(previous, attempt.unwrap_or(u32::MAX)) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "only throttled calls go on"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // Whatever the others found is known then.
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// `attempt=3; max=10000`.
fn attempt_in(header: &str) -> Option<u32> {
    header.split(';').find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok())
}

fn is_enough(previous: &RetryAction, attempt: u32) -> bool {
    let throttled = matches!(
        previous,
        RetryAction::RetryIndicated(RetryReason::RetryableError { kind: ErrorKind::ThrottlingError, .. })
    );
    attempt >= MAX_ATTEMPTS && !throttled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_throttling_outlasts_the_usual_attempts() {
        let failed = RetryAction::retryable_error(ErrorKind::TransientError);
        let throttled = RetryAction::retryable_error(ErrorKind::ThrottlingError);
        for (attempt, of_failed) in [(1, false), (4, false), (5, true), (900, true)] {
            assert_eq!(is_enough(&failed, attempt), of_failed, "{attempt}");
            assert!(!is_enough(&throttled, attempt), "{attempt}");
        }
    }

    #[test]
    fn the_attempt_stands_in_the_header() {
        assert_eq!(attempt_in("attempt=3; max=10000"), Some(3));
        assert_eq!(attempt_in("ttl=20261123T000000Z; attempt=12; max=5"), Some(12));
        assert_eq!(attempt_in("max=5"), None);
    }
}
