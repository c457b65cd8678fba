//! What it means that CloudFormation did not take a request to change a stack.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode};

/// The error of a request to change a stack. What CloudFormation refuses of it (ValidationError and its like) is the stack's
/// failure; missing rights, credentials, throttling and CloudFormation's own troubles are what they are everywhere.
pub(super) fn refused_operation<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let told = failure(action, error);
    let refused = refusal(error).is_some_and(|refusal| refusal.status < 500 && !refusal.is_throttling());
    if refused && told.code == ErrorCode::Service { Error { code: ErrorCode::StackFailed, ..told } } else { told }
}

/// The same of a request that begins an operation: where its answer did not come, the operation may have begun.
pub(super) fn not_begun<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let told = refused_operation(action, error);
    if told.code != ErrorCode::Network {
        return told;
    }
    told.and_cause("CloudFormation may have begun the operation all the same")
}
