//! S3: REST and XML, path style and virtual-host style; the objects are plain files ([`Store`]).
//!
//! A request is read ([`request`]), its signature checked, and led to a bucket, one of its configurations, an object, a list
//! or an upload in parts. What the sandbox does not have is `NotImplemented`, naming it. Buckets
//! whose versioning is on keep what was overwritten or deleted, by S3 or by SFTP ([`change`]).

mod body;
mod bucket;
mod change;
mod checksum;
mod chunked;
mod configuration;
mod delete;
mod error;
mod key;
mod list;
mod object;
mod receive;
mod record;
mod request;
mod stack;
mod store;
mod target;
mod upload;
mod version_list;
mod write;
mod xml;

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request};
use serde::{Deserialize, Serialize};

use super::wire::Answer;
use crate::ACCOUNT;
use crate::signature::{self, SignatureError};
use crate::state::World;
use error::S3Error;
use receive::Content;
use request::Asked;
use target::Target;

pub(crate) use change::{delete, put, put_bytes, rename};
pub(crate) use key::KeyError;
pub(crate) use record::{Record, digest_of, hex};
pub(crate) use stack::{
    bucket_exists, bucket_policy, changed_properties, create_bucket, delete_bucket, object_exists, set_bucket_policy,
    update_bucket,
};
#[cfg(test)]
pub(crate) use store::Version;
pub(crate) use store::{Condition, Store, StoreError};

/// All buckets, by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Buckets {
    buckets: BTreeMap<String, Bucket>,
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    region: String,
    /// In seconds since 1970.
    created: i64,
    /// What was set (`policy`, `tagging`, …), as it was sent.
    configuration: BTreeMap<String, String>,
}

/// Answers a request in REST and XML.
pub(crate) async fn answer(world: &Arc<World>, request: Request<Incoming>, _region: &str) -> Answer {
    respond(world, request.map(receive::content)).await
}

async fn respond(world: &Arc<World>, request: Request<Content>) -> Answer {
    let request_id =
        uuid::Uuid::new_v4().simple().to_string().to_ascii_uppercase().chars().take(16).collect::<String>();
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let path = parts.uri.path().to_owned();
    let mut answer = match lead(world, parts, body).await {
        Ok(answer) => answer,
        Err(error) => error.answer(&path, &request_id, is_head),
    };
    let headers = answer.headers_mut();
    for (name, value) in [("x-amz-request-id", request_id.as_str()), ("x-amz-id-2", "sandbox"), ("server", "AmazonS3")]
    {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    answer
}

async fn lead(world: &Arc<World>, parts: hyper::http::request::Parts, body: Content) -> Result<Answer, S3Error> {
    let signed = world.read(|state| signature::verify(&state.resources, &parts, None)).map_err(refused)?;
    if signed.service != "s3" {
        return Err(S3Error::new(
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; incorrect service",
        ));
    }
    let asked = Asked::read(parts, signed.region, signed.payload)?;
    if asked.header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != ACCOUNT) {
        return Err(S3Error::denied());
    }
    let Some(bucket) = asked.bucket.clone() else {
        return match asked.method {
            Method::GET => Ok(bucket::list_all(world)),
            _ => Err(S3Error::not_allowed()),
        };
    };
    if asked.key.is_none() && asked.method == Method::PUT && asked.subresource()?.is_none() {
        return bucket::create(world, &bucket, &asked, body).await;
    }
    bucket::check(world, &bucket, &asked.region)?;
    match &asked.key {
        None => bucket::answer(world, &bucket, &asked, body).await,
        Some(key) => object::answer(&Target { world, bucket: &bucket, key, asked: &asked }, body).await,
    }
}

fn refused(error: SignatureError) -> S3Error {
    let (status, code) = match error {
        SignatureError::Missing => return S3Error::denied(),
        SignatureError::Incomplete => (400, "AuthorizationHeaderMalformed"),
        SignatureError::UnknownKey => {
            return S3Error::new(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            );
        }
        SignatureError::ExpiredKey => (400, "ExpiredToken"),
        SignatureError::Skewed => (403, "RequestTimeTooSkewed"),
        SignatureError::Mismatch => (403, "SignatureDoesNotMatch"),
    };
    S3Error::new(status, code, error.to_string())
}

#[cfg(test)]
#[path = "s3/tests.rs"]
mod tests;
