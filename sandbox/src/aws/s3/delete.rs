//! DeleteObject and DeleteObjects.

use std::sync::Arc;

use hyper::header::HeaderValue;

use super::error::S3Error;
use super::receive::Content;
use super::request::Asked;
use super::target::Target;
use super::xml::{NAMESPACE, Node, Xml};
use super::{Condition, change, receive};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// S3's limit for one request.
const MOST: usize = 1000;

/// What a deletion left: the id of the version that is gone, or that of the mark.
enum Gone {
    Version(String),
    Marked(String),
    /// No version is kept.
    Wholly,
}

/// DeleteObject. One that is not there is deleted already.
pub(super) fn one(target: &Target<'_>) -> Result<Answer, S3Error> {
    let condition = target.asked.header("if-match").map(|etag| Condition::Is(etag.to_owned()));
    let version = target.asked.query("versionId");
    let (id, is_marked) = match delete(target.world, target.bucket, target.key, version, condition.as_ref())? {
        Gone::Version(id) => (id, false),
        Gone::Marked(id) => (id, true),
        Gone::Wholly => return Ok(whole(204, "application/xml", "")),
    };
    let mut answer = whole(204, "application/xml", "");
    answer.headers_mut().insert("x-amz-version-id", id.parse().map_err(S3Error::disk)?);
    if is_marked {
        answer.headers_mut().insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    }
    Ok(answer)
}

/// Deletes a version for good, or the object.
fn delete(
    world: &World,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    condition: Option<&Condition>,
) -> Result<Gone, S3Error> {
    let gone = match version {
        Some(id) => world.store.delete_version(bucket, key, id).map(|()| Gone::Version(id.to_owned())),
        None => change::delete(world, bucket, key, condition)
            .map(|deleted| deleted.marker.map_or(Gone::Wholly, Gone::Marked)),
    };
    gone.map_err(|error| S3Error::of_store(error, key, condition))
}

/// DeleteObjects.
pub(super) async fn many(world: &Arc<World>, bucket: &str, asked: &Asked, body: Content) -> Result<Answer, S3Error> {
    let body = receive::document(asked, body).await?;
    let document = Node::read(&body).filter(|node| node.name == "Delete").ok_or_else(S3Error::malformed_xml)?;
    let is_quiet = document.text_of("Quiet") == Some("true");
    let objects: Vec<&Node> = document.all("Object").collect();
    if objects.is_empty() || objects.len() > MOST {
        return Err(S3Error::malformed_xml());
    }
    let mut xml = Xml::document("DeleteResult", NAMESPACE);
    for object in objects {
        // Not trimmed: white space is part of a key.
        let key = object.child("Key").map(|key| key.text.as_str()).ok_or_else(S3Error::malformed_xml)?;
        let condition = object.text_of("ETag").map(|etag| Condition::Is(etag.to_owned()));
        let deleted = delete(world, bucket, key, object.text_of("VersionId"), condition.as_ref());
        match deleted {
            Ok(_) if is_quiet => {}
            Ok(_) => {
                xml.element("Deleted", |xml| {
                    xml.text("Key", key);
                });
            }
            Err(error) => {
                xml.element("Error", |xml| {
                    xml.text("Key", key).text("Code", error.code).text("Message", &error.message);
                });
            }
        }
    }
    Ok(whole(200, "application/xml", xml.end()))
}
