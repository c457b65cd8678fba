//! What can be set on a bucket: kept and given back as it was sent, and nothing more. Only `policy` and `versioning` are read
//! elsewhere.

use bytes::Bytes;
use hyper::Method;

use super::error::S3Error;
use super::xml::{NAMESPACE, Node};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// What is told of a configuration that was never set.
enum Unset {
    /// A document, as of a new bucket.
    Default(&'static str),
    /// An error: code and message.
    Error(&'static str, &'static str),
}

/// The configurations there are.
fn unset(name: &str) -> Option<Unset> {
    Some(match name {
        "policy" => Unset::Error("NoSuchBucketPolicy", "The bucket policy does not exist"),
        "tagging" => Unset::Error("NoSuchTagSet", "The TagSet does not exist"),
        "lifecycle" => Unset::Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        "cors" => Unset::Error("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        "encryption" => Unset::Default(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
             </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>\
             </ServerSideEncryptionConfiguration>",
        ),
        "publicAccessBlock" => Unset::Default(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
             <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
             </PublicAccessBlockConfiguration>",
        ),
        "ownershipControls" => Unset::Default(
            "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
        ),
        "versioning" => Unset::Default("<VersioningConfiguration></VersioningConfiguration>"),
        "logging" => Unset::Default("<BucketLoggingStatus></BucketLoggingStatus>"),
        "notification" => Unset::Default("<NotificationConfiguration></NotificationConfiguration>"),
        _ => return None,
    })
}

/// The name of the document, for those that are XML.
fn root(name: &str) -> &'static str {
    match name {
        "tagging" => "Tagging",
        "lifecycle" => "LifecycleConfiguration",
        "cors" => "CORSConfiguration",
        "encryption" => "ServerSideEncryptionConfiguration",
        "publicAccessBlock" => "PublicAccessBlockConfiguration",
        "ownershipControls" => "OwnershipControls",
        "versioning" => "VersioningConfiguration",
        "logging" => "BucketLoggingStatus",
        _ => "NotificationConfiguration",
    }
}

/// Answers a request for one of them.
pub(super) fn answer(
    world: &World,
    bucket: &str,
    name: &str,
    method: &Method,
    body: &Bytes,
) -> Result<Answer, S3Error> {
    let unset = unset(name).ok_or_else(|| S3Error::not_implemented(&format!("the sub-resource {name}")))?;
    match method.as_str() {
        "GET" => {
            let set = world.read(|state| state.buckets.buckets.get(bucket)?.configuration.get(name).cloned());
            match (set, unset) {
                (Some(set), _) if name == "policy" => Ok(whole(200, "application/json", set)),
                (Some(set), _) => Ok(whole(200, "application/xml", set)),
                (None, Unset::Default(document)) => {
                    let document = document.replacen('>', &format!(" xmlns=\"{NAMESPACE}\">"), 1);
                    Ok(whole(200, "application/xml", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}")))
                }
                (None, Unset::Error(code, message)) => Err(S3Error::new(404, code, message).with("BucketName", bucket)),
            }
        }
        "PUT" => {
            let text = check(name, body)?;
            set(world, bucket, name, Some(text));
            Ok(whole(if matches!(name, "policy" | "tagging") { 204 } else { 200 }, "application/xml", ""))
        }
        _ => {
            set(world, bucket, name, None);
            Ok(whole(204, "application/xml", ""))
        }
    }
}

fn check(name: &str, body: &Bytes) -> Result<String, S3Error> {
    let text = String::from_utf8(body.to_vec()).map_err(|_| S3Error::malformed_xml())?;
    if name == "policy" {
        let document = serde_json::from_str::<serde_json::Value>(&text).ok();
        let is_policy = document.as_ref().and_then(crate::policy::Document::from_json).is_some();
        let malformed = || S3Error::new(400, "MalformedPolicy", "This policy contains invalid Json");
        return if is_policy { Ok(text) } else { Err(malformed()) };
    }
    let is_document = Node::read(body).is_some_and(|node| node.name == root(name));
    if is_document { Ok(text) } else { Err(S3Error::malformed_xml()) }
}

fn set(world: &World, bucket: &str, name: &str, text: Option<String>) {
    world.change(|state| {
        let Some(bucket) = state.buckets.buckets.get_mut(bucket) else { return };
        match text {
            Some(text) => drop(bucket.configuration.insert(name.to_owned(), text)),
            None => drop(bucket.configuration.remove(name)),
        }
    });
}
