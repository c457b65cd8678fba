//! PutObject and CopyObject.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Body;
use percent_encoding::percent_decode_str;

use super::error::S3Error;
use super::request::Asked;
use super::xml::{NAMESPACE, Xml};
use super::{Condition, Record, hex, list, receive, versions};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// Headers that are kept with an object, beside `x-amz-meta-*`.
const KEPT: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];
/// S3's limit for all `x-amz-meta-*` together.
const LARGEST_METADATA: usize = 2048;

/// PutObject.
pub(super) async fn put<B>(
    world: &Arc<World>,
    bucket: &str,
    key: &str,
    asked: &Asked,
    body: B,
) -> Result<Answer, S3Error>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let condition = condition(asked)?;
    let headers = kept(&asked.headers)?;
    world.store.path_of(bucket, key).map_err(S3Error::of_key)?;
    let spooled = world.store.spool().map_err(S3Error::disk)?;
    let received = receive::to_file(asked, body, spooled).await?;
    let (algorithm, checksum) = received.checksum;
    let checksums = BTreeMap::from([(algorithm.name().to_owned(), checksum.clone())]);
    let record = Record { etag: hex(&received.md5), headers, checksums, ..Record::default() };
    if versions::is_on(world, bucket) {
        world.store.keep(bucket, key).map_err(|error| S3Error::of_store(error, key, None))?;
    }
    let committed = world.store.commit(bucket, key, &received.path, record, condition.as_ref());
    let record = committed.map_err(|error| S3Error::of_store(error, key, condition.as_ref()))?;
    let mut answer = whole(200, "application/xml", "");
    let told = [
        ("etag", format!("\"{}\"", record.etag)),
        ("x-amz-server-side-encryption", "AES256".to_owned()),
        ("x-amz-checksum-type", "FULL_OBJECT".to_owned()),
    ];
    for (name, value) in told {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    if let (Ok(name), Ok(value)) = (algorithm.header().parse::<hyper::header::HeaderName>(), checksum.parse()) {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

/// Where a copy comes from: bucket, key, and what is known of the object.
pub(super) fn source(world: &World, asked: &Asked) -> Result<(String, String, Record), S3Error> {
    let source = asked.header("x-amz-copy-source").unwrap_or_default();
    let bad = || {
        let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
        S3Error::new(400, "InvalidArgument", message)
    };
    let (source, version) =
        source.split_once("?versionId=").map_or((source, "null"), |(source, version)| (source, version));
    let source = percent_decode_str(source).decode_utf8().map_err(|_| bad())?;
    let (bucket, key) = source.trim_start_matches('/').split_once('/').ok_or_else(bad)?;
    if version != "null" {
        return Err(S3Error::new(404, "NoSuchVersion", "The specified version does not exist."));
    }
    if !world.read(|state| state.buckets.buckets.contains_key(bucket)) {
        return Err(S3Error::no_such_bucket(bucket));
    }
    let known = world.store.record(bucket, key).map_err(|error| S3Error::of_store(error, key, None))?;
    let known = known.ok_or_else(|| S3Error::no_such_key(key))?;
    if asked.header("x-amz-copy-source-if-match").is_some_and(|etag| etag.trim_matches('"') != known.etag) {
        let message = "At least one of the pre-conditions you specified did not hold";
        return Err(S3Error::new(412, "PreconditionFailed", message));
    }
    Ok((bucket.to_owned(), key.to_owned(), known))
}

/// CopyObject.
pub(super) async fn copy(world: &Arc<World>, bucket: &str, key: &str, asked: &Asked) -> Result<Answer, S3Error> {
    let (from_bucket, from_key, known) = source(world, asked)?;
    let condition = condition(asked)?;
    let is_replaced = asked.header("x-amz-metadata-directive") == Some("REPLACE");
    if !is_replaced && (from_bucket.as_str(), from_key.as_str()) == (bucket, key) {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing the \
                       object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(S3Error::new(400, "InvalidRequest", message));
    }
    let record = if is_replaced { Some(Record { headers: kept(&asked.headers)?, ..known }) } else { None };
    let (copied_world, to_bucket, to_key, under) =
        (Arc::clone(world), bucket.to_owned(), key.to_owned(), condition.clone());
    let keeps = versions::is_on(world, bucket);
    let copied = tokio::task::spawn_blocking(move || {
        if keeps {
            copied_world.store.keep(&to_bucket, &to_key)?;
        }
        copied_world.store.copy((&from_bucket, &from_key), (&to_bucket, &to_key), record, under.as_ref())
    });
    let copied = copied.await.map_err(S3Error::disk)?;
    let record = copied.map_err(|error| S3Error::of_store(error, key, condition.as_ref()))?;
    let mut xml = Xml::document("CopyObjectResult", NAMESPACE);
    xml.text("LastModified", &list::iso(record.modified().into())).text("ETag", &format!("\"{}\"", record.etag));
    Ok(whole(200, "application/xml", xml.end()))
}

/// What must be there, or must not, for a write to take place.
pub(super) fn condition(asked: &Asked) -> Result<Option<Condition>, S3Error> {
    match (asked.header("if-none-match"), asked.header("if-match")) {
        (None, None) => Ok(None),
        (Some("*"), None) => Ok(Some(Condition::Absent)),
        (None, Some(etag)) => Ok(Some(Condition::Is(etag.to_owned()))),
        (Some(_), None) => Err(S3Error::not_implemented("If-None-Match with anything but *")),
        (Some(_), Some(_)) => Err(S3Error::not_implemented("If-Match together with If-None-Match")),
    }
}

/// The headers that stay with the object.
pub(super) fn kept(headers: &HeaderMap) -> Result<BTreeMap<String, String>, S3Error> {
    let mut kept = BTreeMap::new();
    let mut metadata = 0;
    for (name, value) in headers {
        let (name, value) = (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        if let Some(own) = name.strip_prefix("x-amz-meta-") {
            metadata += own.len() + value.len();
        } else if name == "content-encoding" {
            let others: Vec<&str> = value.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
            if !others.is_empty() && !value.is_empty() {
                kept.insert(name.to_owned(), others.join(","));
            }
            continue;
        } else if !KEPT.contains(&name) {
            continue;
        }
        kept.insert(name.to_owned(), value);
    }
    if metadata > LARGEST_METADATA {
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(S3Error::new(400, "MetadataTooLarge", message));
    }
    Ok(kept)
}
