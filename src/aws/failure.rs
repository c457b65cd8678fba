//! What an SDK error means to a person. `SdkError`'s own text is only a class ("dispatch failure"), so it is never shown.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{Error, ErrorCode};

/// What a service refused, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The error code, such as `ValidationError`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The HTTP status; 0 where the service never answered.
    pub status: u16,
    /// The request id.
    pub request_id: Option<String>,
}

impl Refusal {
    /// Whether the service asked to be called less often. It has then done nothing.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        matches!(
            self.code.as_str(),
            "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "TooManyRequestsException"
                | "RequestLimitExceeded"
                | "SlowDown"
                | "PriorRequestNotComplete"
        ) || self.status == 429
    }

    /// Whether the caller lacks the permission.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(
            self.code.as_str(),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "UnauthorizedAccess" | "Forbidden"
        )
    }
}

/// The service's answer inside an SDK error, where there is one.
#[must_use]
pub fn refusal<E>(error: &SdkError<E, HttpResponse>) -> Option<Refusal>
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(context) = error else { return None };
    let metadata = context.err().meta();
    Some(Refusal {
        code: metadata.code().unwrap_or_default().to_owned(),
        message: metadata.message().unwrap_or_default().to_owned(),
        status: context.raw().status().as_u16(),
        request_id: request_id(context.raw(), metadata),
    })
}

/// Turns an SDK error into ours. `action` says what could not be done.
#[must_use]
pub fn failure<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match error {
        SdkError::ServiceError(context) if context.err().meta().code().is_none() && has_body(context.raw()) => {
            answered_by_another(action, context.raw(), "it carries no error code")
        }
        SdkError::ServiceError(_) => refused(action, &refusal(error).unwrap_or_default()),
        SdkError::ResponseError(context) => answered_by_another(action, context.raw(), &innermost(error)),
        SdkError::TimeoutError(_) => Error::new(ErrorCode::Network, action)
            .cause("no answer in time")
            .hint("check the network and whether a proxy is needed (HTTPS_PROXY), then run the same command again"),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => undelivered(action, error),
        _ => Error::new(ErrorCode::Unexpected, action).cause(innermost(error)),
    }
}

/// Whether there is more than a status. A service answers HEAD without words, anything else with an error code.
fn has_body(response: &HttpResponse) -> bool {
    response.body().bytes().is_some_and(|body| !body.is_empty())
}

/// The answer of something that stands between: a proxy's page, or another service.
fn answered_by_another(action: &str, response: &HttpResponse, why: &str) -> Error {
    let status = response.status().as_u16();
    Error::new(ErrorCode::Network, action)
        .cause(format!("the answer (HTTP {status}) is not one of this service: {why}"))
        .hint("a proxy or a wrong endpoint may have answered; check AWS_ENDPOINT_URL and the proxy settings")
}

/// The request never reached the service: no credentials, or no way there.
fn undelivered(action: &str, error: &(dyn StdError + 'static)) -> Error {
    let credentials = chain(error).find_map(|link| link.downcast_ref::<CredentialsError>());
    match credentials {
        Some(CredentialsError::CredentialsNotLoaded(_)) => match missing_profile(error) {
            Some(profile) => Error::new(ErrorCode::Credentials, action)
                .cause(format!("there is no AWS profile {profile}"))
                .hint("correct --profile or AWS_PROFILE; `aws configure list-profiles` shows those there are"),
            None => Error::new(ErrorCode::Credentials, action)
                .cause("no AWS credentials were found in the environment, the profile, or the instance")
                .hint("set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"),
        },
        Some(_) => Error::new(ErrorCode::Credentials, action)
            .cause(innermost(error))
            .hint("renew the credentials (for SSO: `aws sso login`), then run the same command again"),
        None => Error::new(ErrorCode::Network, action).cause(innermost(error)).hint(
            "check the network, the region's name, the proxy (HTTPS_PROXY) and AWS_ENDPOINT_URL, then run the same command again",
        ),
    }
}

/// The profile that was asked for and is in no file. The SDK tells it in words only.
fn missing_profile(error: &(dyn StdError + 'static)) -> Option<String> {
    let text = innermost(error);
    let (name, _) = text.split_once("profile `")?.1.split_once("` was not defined")?;
    Some(name.to_owned())
}

fn refused(action: &str, refusal: &Refusal) -> Error {
    let cause = match (refusal.code.as_str(), refusal.message.as_str()) {
        ("", "") => format!("HTTP {}", refusal.status),
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    let (code, hint) = match refusal.code.as_str() {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => (
            ErrorCode::Credentials,
            Some("the credentials have expired: renew them, then run the same command again".to_owned()),
        ),
        "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId" | "AuthFailure" => (
            ErrorCode::Credentials,
            Some("these credentials are not known to AWS: check the profile, the partition and the region".to_owned()),
        ),
        "RequestTimeTooSkewed" | "SignatureDoesNotMatch" | "InvalidSignatureException" => (
            ErrorCode::Credentials,
            Some(
                "check this machine's clock first (signatures are valid for five minutes), then the secret key"
                    .to_owned(),
            ),
        ),
        _ if refusal.is_denied() => (ErrorCode::Permission, Some(permission_hint(&refusal.message))),
        _ if refusal.is_throttling() => (
            ErrorCode::Service,
            Some("AWS limits how often it is called: run the same command again in a minute".to_owned()),
        ),
        _ => (ErrorCode::Service, None),
    };
    let error = Error::new(code, action).cause(cause).request_id(refusal.request_id.clone());
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Names the permission to grant, where the message tells it ("… is not authorized to perform: X on resource: Y …").
fn permission_hint(message: &str) -> String {
    let after = |text: &str, mark: &str| {
        text.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next()).map(ToOwned::to_owned)
    };
    match (after(message, "not authorized to perform: "), after(message, "on resource: ")) {
        (Some(action), Some(resource)) => format!("grant {action} on {resource} to the caller"),
        (Some(action), None) => format!("grant {action} to the caller"),
        (None, _) => "grant the caller the permission for this call".to_owned(),
    }
}

fn request_id(response: &HttpResponse, metadata: &aws_smithy_types::error::ErrorMetadata) -> Option<String> {
    ["x-amzn-requestid", "x-amz-request-id"]
        .iter()
        .find_map(|name| response.headers().get(*name))
        .or_else(|| metadata.extra("aws_request_id"))
        .map(ToOwned::to_owned)
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut link = Some(error);
    std::iter::from_fn(move || {
        let present = link?;
        link = present.source();
        Some(present)
    })
}

/// The text at the end of the chain: the outer links only name classes.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal_of(code: &str, message: &str) -> Refusal {
        Refusal { code: code.into(), message: message.into(), status: 400, request_id: None }
    }

    #[test]
    fn each_refusal_has_its_kind() {
        for (code, kind) in [
            ("ExpiredToken", ErrorCode::Credentials),
            ("ExpiredTokenException", ErrorCode::Credentials),
            ("InvalidClientTokenId", ErrorCode::Credentials),
            ("RequestTimeTooSkewed", ErrorCode::Credentials),
            ("AccessDenied", ErrorCode::Permission),
            ("AccessDeniedException", ErrorCode::Permission),
            ("Throttling", ErrorCode::Service),
            ("ValidationError", ErrorCode::Service),
        ] {
            assert_eq!(refused("no", &refusal_of(code, "m")).code, kind, "{code}");
        }
    }

    #[test]
    fn a_denied_call_names_the_permission_to_grant() {
        let message = "User: arn:aws:iam::1:user/ci is not authorized to perform: transfer:CreateServer on resource: * because no";
        assert_eq!(permission_hint(message), "grant transfer:CreateServer on * to the caller");
        assert_eq!(permission_hint("no"), "grant the caller the permission for this call");
    }
}
