//! PutObject and CopyObject.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use percent_encoding::percent_decode_str;

use super::error::S3Error;
use super::receive::Content;
use super::target::{self, Target};
use super::xml::{NAMESPACE, Xml};
use super::{Record, change, hex, list, receive};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;

/// The header that tells which version was written.
pub(super) const VERSION: &str = "x-amz-version-id";
/// Headers that are kept with an object, beside `x-amz-meta-*`.
const KEPT: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];
/// S3's limit for all `x-amz-meta-*` together.
const LARGEST_METADATA: usize = 2048;

/// PutObject.
pub(super) async fn put(target: &Target<'_>, body: Content) -> Result<Answer, S3Error> {
    let condition = target.condition()?;
    let headers = kept(&target.asked.headers)?;
    target.check_key()?;
    let received = receive::to_file(target.asked, body, target.spool()?).await?;
    let (algorithm, checksum) = received.checksum;
    let checksums = BTreeMap::from([(algorithm.name().to_owned(), checksum.clone())]);
    let etag = hex(&received.md5);
    let record = Record { etag: etag.clone(), headers, checksums, ..Record::default() };
    let written = target.put(&received.path, record, condition.as_ref())?;
    let mut answer = whole(200, "application/xml", "");
    let mut told = vec![
        ("etag".to_owned(), format!("\"{etag}\"")),
        ("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()),
        ("x-amz-checksum-type".to_owned(), "FULL_OBJECT".to_owned()),
        (algorithm.header(), checksum),
    ];
    told.extend(written.version.map(|version| (VERSION.to_owned(), version)));
    tell(&mut answer, told);
    Ok(answer)
}

/// Where a copy comes from.
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
    /// The file of the object, or of an earlier version.
    pub(super) path: PathBuf,
    /// What is known of it.
    pub(super) record: Record,
}

impl Source {
    /// Finds what `x-amz-copy-source` names.
    pub(super) async fn find(target: &Target<'_>) -> Result<Self, S3Error> {
        let (world, asked) = (target.world, target.asked);
        let bad = || {
            let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            S3Error::new(400, "InvalidArgument", message)
        };
        let source = asked.header("x-amz-copy-source").unwrap_or_default();
        let (source, version) = match source.split_once("?versionId=") {
            Some((source, version)) => (source, Some(version)),
            None => (source, None),
        };
        let source = percent_decode_str(source).decode_utf8().map_err(|_| bad())?;
        let (bucket, key) = source.trim_start_matches('/').split_once('/').ok_or_else(bad)?;
        if !world.read(|state| state.buckets.buckets.contains_key(bucket)) {
            return Err(S3Error::no_such_bucket(bucket));
        }
        let (path, record, _) = target::stored(world, bucket, key, version).await?;
        if asked.header("x-amz-copy-source-if-match").is_some_and(|etag| etag.trim_matches('"') != record.etag) {
            let message = "At least one of the pre-conditions you specified did not hold";
            return Err(S3Error::new(412, "PreconditionFailed", message));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), path, record })
    }
}

/// CopyObject.
pub(super) async fn copy(target: &Target<'_>) -> Result<Answer, S3Error> {
    let source = Source::find(target).await?;
    let condition = target.condition()?;
    let is_replaced = target.asked.header("x-amz-metadata-directive") == Some("REPLACE");
    let is_version = target.asked.header("x-amz-copy-source").is_some_and(|source| source.contains("?versionId="));
    if !is_replaced && !is_version && (source.bucket.as_str(), source.key.as_str()) == (target.bucket, target.key) {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing the \
                       object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(S3Error::new(400, "InvalidRequest", message));
    }
    let headers = if is_replaced { kept(&target.asked.headers)? } else { source.record.headers.clone() };
    let record = Record { headers, ..source.record };
    let etag = record.etag.clone();
    let (world, bucket, key) = (Arc::clone(target.world), target.bucket.to_owned(), target.key.to_owned());
    let under = condition.clone();
    let copied = tokio::task::spawn_blocking(move || {
        change::copy(&world, &source.path, (&bucket, &key), record, under.as_ref())
    });
    let copied = copied.await.map_err(S3Error::disk)?.map_err(|error| target.refused(error, condition.as_ref()))?;
    let modified = copied.record.map_or(SystemTime::UNIX_EPOCH, |record| record.modified());
    let mut xml = Xml::document("CopyObjectResult", NAMESPACE);
    xml.text("LastModified", &list::iso(modified.into())).text("ETag", &format!("\"{etag}\""));
    let mut answer = whole(200, "application/xml", xml.end());
    tell(&mut answer, copied.version.map(|version| (VERSION.to_owned(), version)));
    Ok(answer)
}

/// Adds headers to an answer.
pub(super) fn tell(answer: &mut Answer, headers: impl IntoIterator<Item = (String, String)>) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            answer.headers_mut().insert(name, value);
        }
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
