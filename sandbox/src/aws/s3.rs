//! S3.

use std::path::PathBuf;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};

use super::wire::Answer;
use super::wire::answer::whole;
use crate::state::{State, World};

/// All buckets.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Buckets {}

/// The objects, as files.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Objects below `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

/// Answers a request in REST and XML.
pub(crate) async fn answer(world: &Arc<World>, request: Request<Incoming>, region: &str) -> Answer {
    let _ = (world, request, region);
    whole(501, "application/xml", "")
}

/// Why a stack could not make or delete a bucket: the reason that its event tells.
pub(crate) type Reason = String;

/// Makes a bucket for a stack. `properties` are those of AWS::S3::Bucket.
pub(crate) fn create_bucket(
    state: &mut State,
    store: &Store,
    name: &str,
    region: &str,
    properties: &serde_json::Value,
) -> Result<(), Reason> {
    let _ = (state, store, name, region, properties);
    Ok(())
}

/// Takes over properties that an update of the stack changed.
pub(crate) fn update_bucket(state: &mut State, name: &str, properties: &serde_json::Value) {
    let _ = (state, name, properties);
}

/// Deletes a bucket, which must be empty.
pub(crate) fn delete_bucket(state: &mut State, store: &Store, name: &str) -> Result<(), Reason> {
    let _ = (state, store, name);
    Ok(())
}

/// Sets or removes (AWS::S3::BucketPolicy) the policy of a bucket.
pub(crate) fn set_bucket_policy(
    state: &mut State,
    name: &str,
    policy: Option<&serde_json::Value>,
) -> Result<(), Reason> {
    let _ = (state, name, policy);
    Ok(())
}

/// Whether there is such a bucket.
pub(crate) fn bucket_exists(state: &State, name: &str) -> bool {
    let _ = (state, name);
    false
}

/// Whether there is such an object.
pub(crate) fn object_exists(state: &State, store: &Store, bucket: &str, key: &str) -> bool {
    let _ = (state, store, bucket, key);
    true
}
