//! Buckets: made, looked up, listed, deleted.

use std::sync::Arc;

use time::OffsetDateTime;

use super::error::S3Error;
use super::receive::Content;
use super::request::Asked;
use super::xml::{NAMESPACE, Node, Xml};
use super::{Bucket, configuration, delete, key, list, receive, upload, version_list};
use crate::ACCOUNT;
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::{State, World};

impl Bucket {
    /// A new bucket, as S3 makes them: private and encrypted.
    pub(super) fn new(region: &str) -> Self {
        let created = OffsetDateTime::now_utc().unix_timestamp();
        Self { region: region.to_owned(), created, configuration: std::collections::BTreeMap::new() }
    }
}

/// Checks that the bucket is there, and in the region that the request was signed for.
pub(super) fn check(world: &World, name: &str, region: &str) -> Result<(), S3Error> {
    let found = world.read(|state| state.buckets.buckets.get(name).map(|bucket| bucket.region.clone()));
    let found = found.ok_or_else(|| S3Error::no_such_bucket(name))?;
    if found == region {
        return Ok(());
    }
    let message = format!("The authorization header is malformed; the region '{region}' is wrong; expecting '{found}'");
    Err(S3Error::new(400, "AuthorizationHeaderMalformed", message)
        .with("Region", &found)
        .header("x-amz-bucket-region", &found))
}

/// Answers a request for a bucket that is there.
pub(super) async fn answer(world: &Arc<World>, bucket: &str, asked: &Asked, body: Content) -> Result<Answer, S3Error> {
    match (asked.subresource()?, asked.method.as_str()) {
        (None, "HEAD") => {
            let region = asked.region.parse().map_err(S3Error::disk)?;
            let mut answer = whole(200, "application/xml", "");
            answer.headers_mut().insert("x-amz-bucket-region", region);
            Ok(answer)
        }
        (None, "GET") => list::objects(world, bucket, asked),
        (None, "DELETE") => {
            world.change(|state| remove(state, &world.store, bucket))?;
            Ok(whole(204, "application/xml", ""))
        }
        (Some("versions"), "GET") => version_list::answer(world, bucket, asked),
        (Some("uploads"), "GET") => upload::list(world, bucket),
        (Some("location"), "GET") => {
            let region = if asked.region == "us-east-1" { "" } else { &asked.region };
            let text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"{NAMESPACE}\">{region}</LocationConstraint>"
            );
            Ok(whole(200, "application/xml", text))
        }
        (Some("delete"), "POST") => delete::many(world, bucket, asked, body).await,
        (Some(name), "GET" | "PUT" | "DELETE") => {
            let body = receive::document(asked, body).await?;
            configuration::answer(world, bucket, name, &asked.method, &body)
        }
        (Some(name), method) => Err(S3Error::not_implemented(&format!("{method} of the sub-resource {name}"))),
        (None, _) => Err(S3Error::not_allowed()),
    }
}

/// CreateBucket.
pub(super) async fn create(world: &Arc<World>, name: &str, asked: &Asked, body: Content) -> Result<Answer, S3Error> {
    let body = receive::document(asked, body).await?;
    let constraint = if body.is_empty() {
        None
    } else {
        let document = Node::read(&body).filter(|node| node.name == "CreateBucketConfiguration");
        let document = document.ok_or_else(S3Error::malformed_xml)?;
        document.text_of("LocationConstraint").filter(|region| !region.is_empty()).map(str::to_owned)
    };
    let region = location(constraint.as_deref(), &asked.region)?;
    if !key::is_bucket_name(name) {
        return Err(
            S3Error::new(400, "InvalidBucketName", "The specified bucket is not valid.").with("BucketName", name)
        );
    }
    world.change(|state| match state.buckets.buckets.get(name) {
        // In us-east-1, and only there, making one's own bucket again succeeds.
        Some(found) if found.region == "us-east-1" && region == "us-east-1" => Ok(()),
        Some(_) => {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            Err(S3Error::new(409, "BucketAlreadyOwnedByYou", message).with("BucketName", name))
        }
        None => {
            std::fs::create_dir_all(world.store.bucket(name)).map_err(S3Error::disk)?;
            state.buckets.buckets.insert(name.to_owned(), Bucket::new(&region));
            Ok(())
        }
    })?;
    let mut answer = whole(200, "application/xml", "");
    if let Ok(location) = format!("/{name}").parse() {
        answer.headers_mut().insert("location", location);
    }
    Ok(answer)
}

/// The region of a new bucket (S3 API Reference, CreateBucket, `LocationConstraint`).
fn location(constraint: Option<&str>, region: &str) -> Result<String, S3Error> {
    let incompatible = |what: &str| {
        let message = format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        S3Error::new(400, "IllegalLocationConstraintException", message)
    };
    match (constraint, region) {
        (None, "us-east-1") => Ok(region.to_owned()),
        (None, _) => Err(incompatible("unspecified")),
        // us-east-1 is the one region that must not be named.
        (Some("us-east-1"), _) => {
            let message = "The specified location-constraint is not valid";
            Err(S3Error::new(400, "InvalidLocationConstraint", message).with("LocationConstraint", "us-east-1"))
        }
        (Some("EU"), "us-east-1" | "eu-west-1") => Ok("eu-west-1".to_owned()),
        // The endpoint of us-east-1 makes buckets everywhere.
        (Some(wanted), "us-east-1") => Ok(wanted.to_owned()),
        (Some(wanted), _) if wanted == region => Ok(region.to_owned()),
        (Some(wanted), _) => Err(incompatible(wanted)),
    }
}

/// Deletes a bucket, which must be empty.
pub(super) fn remove(state: &mut State, store: &super::Store, name: &str) -> Result<(), S3Error> {
    if !store.list(name, "").map_err(S3Error::disk)?.is_empty() || store.has_versions(name) {
        return Err(
            S3Error::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty").with("BucketName", name)
        );
    }
    store.remove_bucket(name).map_err(S3Error::disk)?;
    state.buckets.buckets.remove(name);
    Ok(())
}

/// ListBuckets.
pub(super) fn list_all(world: &World) -> Answer {
    let mut xml = Xml::document("ListAllMyBucketsResult", NAMESPACE);
    xml.element("Owner", |xml| {
        xml.text("ID", ACCOUNT).text("DisplayName", "sandbox");
    });
    xml.element("Buckets", |xml| {
        world.read(|state| {
            for (name, bucket) in &state.buckets.buckets {
                let created = OffsetDateTime::from_unix_timestamp(bucket.created).unwrap_or(OffsetDateTime::UNIX_EPOCH);
                xml.element("Bucket", |xml| {
                    xml.text("Name", name)
                        .text("CreationDate", &list::iso(created))
                        .text("BucketRegion", &bucket.region);
                });
            }
        });
    });
    whole(200, "application/xml", xml.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_constraints() {
        let code = |constraint, region| location(constraint, region).map_err(|error| error.code);
        assert_eq!(code(None, "us-east-1"), Ok("us-east-1".into()));
        assert_eq!(code(None, "eu-west-1"), Err("IllegalLocationConstraintException"));
        assert_eq!(code(Some("eu-west-1"), "eu-west-1"), Ok("eu-west-1".into()));
        assert_eq!(code(Some("eu-west-1"), "us-east-1"), Ok("eu-west-1".into()));
        assert_eq!(code(Some("eu-west-1"), "eu-central-1"), Err("IllegalLocationConstraintException"));
        assert_eq!(code(Some("us-east-1"), "us-east-1"), Err("InvalidLocationConstraint"));
    }
}
