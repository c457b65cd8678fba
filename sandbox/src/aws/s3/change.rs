//! What changes objects, for S3 and for SFTP alike: where the bucket keeps versions, none of it loses anything.

use std::path::Path;

use super::Record;
use super::store::{Condition, Deleted, StoreError, Versioning, Written};
use crate::state::World;

/// Puts a file that came in whole in its place, if the condition holds. The file is gone afterwards in any case. `record` is
/// what is known of it, if anybody has read it.
pub(crate) fn put(
    world: &World,
    bucket: &str,
    key: &str,
    file: &Path,
    record: Option<Record>,
    condition: Option<&Condition>,
) -> Result<Written, StoreError> {
    world.store.commit(bucket, key, file, record, condition, Versioning::of(world, bucket))
}

/// Writes a small object. One of no bytes whose key ends in `/` is a folder.
pub(crate) fn put_bytes(world: &World, bucket: &str, key: &str, bytes: &[u8]) -> Result<Written, StoreError> {
    world.store.put(bucket, key, bytes, Versioning::of(world, bucket))
}

/// Copies a file to a key, if the condition holds.
pub(super) fn copy(
    world: &World,
    from: &Path,
    to: (&str, &str),
    record: Record,
    condition: Option<&Condition>,
) -> Result<Written, StoreError> {
    world.store.copy(from, to, record, condition, Versioning::of(world, to.0))
}

/// Moves an object. Both are bucket and key.
pub(crate) fn rename(world: &World, from: (&str, &str), to: (&str, &str)) -> Result<(), StoreError> {
    let with = |(bucket, key)| (bucket, key, Versioning::of(world, bucket));
    world.store.rename(with(from), with(to))
}

/// Deletes an object, if the condition holds: where versions are kept it is only marked.
pub(crate) fn delete(
    world: &World,
    bucket: &str,
    key: &str,
    condition: Option<&Condition>,
) -> Result<Deleted, StoreError> {
    world.store.delete(bucket, key, condition, Versioning::of(world, bucket))
}
