//! DeleteObject and DeleteObjects.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Body;

use super::error::S3Error;
use super::request::Asked;
use super::xml::{NAMESPACE, Node, Xml};
use super::{Condition, receive, versions};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// S3's limit for one request.
const MOST: usize = 1000;

/// DeleteObject. One that is not there is deleted already.
pub(super) fn one(world: &World, bucket: &str, key: &str, asked: &Asked) -> Result<Answer, S3Error> {
    let condition = asked.header("if-match").map(|etag| Condition::Is(etag.to_owned()));
    let deleted = delete(world, bucket, key, asked.query("versionId"), condition.as_ref())?;
    let mut answer = whole(204, "application/xml", "");
    if let Some(id) = deleted.and_then(|id| id.parse().ok()) {
        answer.headers_mut().insert("x-amz-version-id", id);
        if asked.query("versionId").is_none() {
            answer.headers_mut().insert("x-amz-delete-marker", hyper::header::HeaderValue::from_static("true"));
        }
    }
    Ok(answer)
}

/// Deletes a version for good, or the object: where versions are kept it is then only marked. The id of version or mark.
fn delete(
    world: &World,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    condition: Option<&Condition>,
) -> Result<Option<String>, S3Error> {
    let keeps = versions::is_on(world, bucket);
    let deleted = match version {
        Some(id) if keeps => world.store.delete_version(bucket, key, id).map(|()| Some(id.to_owned())),
        Some(id) if id != versions::NULL => {
            return Err(S3Error::new(404, "NoSuchVersion", "The specified version does not exist."));
        }
        None if keeps => world.store.mark_deleted(bucket, key).map(Some),
        Some(_) | None => world.store.delete(bucket, key, condition).map(|_| None),
    };
    deleted.map_err(|error| S3Error::of_store(error, key, condition))
}

/// DeleteObjects.
pub(super) async fn many<B>(world: &Arc<World>, bucket: &str, asked: &Asked, body: B) -> Result<Answer, S3Error>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
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
