//! Buckets as CloudFormation makes them: AWS::S3::Bucket and AWS::S3::BucketPolicy.

use serde_json::Value;

use super::xml::{NAMESPACE, Xml};
use super::{Bucket, Store, bucket, key};
use crate::state::State;

/// Why a stack could not make or delete a bucket: the reason that its event tells.
pub(crate) type Reason = String;

/// Makes a bucket for a stack. `properties` are those of AWS::S3::Bucket.
pub(crate) fn create_bucket(
    state: &mut State,
    store: &Store,
    name: &str,
    region: &str,
    properties: &Value,
) -> Result<(), Reason> {
    if !key::is_bucket_name(name) {
        return Err("The specified bucket is not valid. (Service: S3, Status Code: 400)".to_owned());
    }
    if state.buckets.buckets.contains_key(name) {
        return Err(format!("{name} already exists (Service: S3, Status Code: 409, BucketAlreadyOwnedByYou)"));
    }
    std::fs::create_dir_all(store.bucket(name)).map_err(|error| format!("The sandbox's disk refuses: {error}"))?;
    state.buckets.buckets.insert(name.to_owned(), Bucket::new(region));
    update_bucket(state, name, properties);
    Ok(())
}

/// Takes over properties that an update of the stack changed.
pub(crate) fn update_bucket(state: &mut State, name: &str, properties: &Value) {
    let Some(bucket) = state.buckets.buckets.get_mut(name) else { return };
    let configurations: [(&str, Option<String>); 6] = [
        ("encryption", encryption(properties)),
        ("publicAccessBlock", public_access_block(properties)),
        ("ownershipControls", ownership(properties)),
        ("versioning", versioning(properties)),
        ("lifecycle", lifecycle(properties)),
        ("tagging", tagging(properties)),
    ];
    for (name, document) in configurations {
        match document {
            Some(document) => drop(bucket.configuration.insert(name.to_owned(), document)),
            None => drop(bucket.configuration.remove(name)),
        }
    }
}

/// The properties of a stack's bucket that are no longer what `properties` made of it, with what is there instead;
/// nothing where the bucket is gone.
pub(crate) fn changed_properties(state: &State, name: &str, properties: &Value) -> Option<Vec<(&'static str, Value)>> {
    let bucket = state.buckets.buckets.get(name)?;
    let made: [(&str, &'static str, Option<String>); 5] = [
        ("encryption", "BucketEncryption", encryption(properties)),
        ("publicAccessBlock", "PublicAccessBlockConfiguration", public_access_block(properties)),
        ("ownershipControls", "OwnershipControls", ownership(properties)),
        ("versioning", "VersioningConfiguration", versioning(properties)),
        ("lifecycle", "LifecycleConfiguration", lifecycle(properties)),
    ];
    let changed = made.into_iter().filter(|(name, _, made)| bucket.configuration.get(*name) != made.as_ref());
    Some(changed.map(|(name, property, _)| (property, Value::from(bucket.configuration.get(name).cloned()))).collect())
}

/// The policy of a bucket; nothing where it has none.
pub(crate) fn bucket_policy(state: &State, name: &str) -> Option<Value> {
    let policy = state.buckets.buckets.get(name)?.configuration.get("policy")?;
    serde_json::from_str(policy).ok()
}

/// Deletes a bucket, which must be empty.
pub(crate) fn delete_bucket(state: &mut State, store: &Store, name: &str) -> Result<(), Reason> {
    if !state.buckets.buckets.contains_key(name) {
        return Ok(());
    }
    bucket::remove(state, store, name)
        .map_err(|error| format!("{} (Service: S3, Status Code: {}, {})", error.message, error.status, error.code))
}

/// Sets or removes (AWS::S3::BucketPolicy) the policy of a bucket.
pub(crate) fn set_bucket_policy(state: &mut State, name: &str, policy: Option<&Value>) -> Result<(), Reason> {
    let missing = "The specified bucket does not exist (Service: S3, Status Code: 404, NoSuchBucket)";
    match (state.buckets.buckets.get_mut(name), policy) {
        (Some(bucket), Some(policy)) => {
            bucket.configuration.insert("policy".to_owned(), policy.to_string());
            Ok(())
        }
        (Some(bucket), None) => {
            bucket.configuration.remove("policy");
            Ok(())
        }
        (None, Some(_)) => Err(missing.to_owned()),
        (None, None) => Ok(()),
    }
}

/// Whether there is such a bucket.
pub(crate) fn bucket_exists(state: &State, name: &str) -> bool {
    state.buckets.buckets.contains_key(name)
}

/// Whether there is such an object.
pub(crate) fn object_exists(state: &State, store: &Store, bucket: &str, key: &str) -> bool {
    bucket_exists(state, bucket) && store.record(bucket, key).is_ok_and(|record| record.is_some())
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn rows<'a>(value: &'a Value, path: &str) -> Option<&'a Vec<Value>> {
    value.pointer(path)?.as_array()
}

fn encryption(properties: &Value) -> Option<String> {
    let rules = rows(properties, "/BucketEncryption/ServerSideEncryptionConfiguration")?;
    let mut xml = Xml::document("ServerSideEncryptionConfiguration", NAMESPACE);
    for rule in rules {
        xml.element("Rule", |xml| {
            xml.element("ApplyServerSideEncryptionByDefault", |xml| {
                xml.text("SSEAlgorithm", &text(rule.pointer("/ServerSideEncryptionByDefault/SSEAlgorithm")));
                if let Some(key) = rule.pointer("/ServerSideEncryptionByDefault/KMSMasterKeyID") {
                    xml.text("KMSMasterKeyID", &text(Some(key)));
                }
            });
            if let Some(is_enabled) = rule.get("BucketKeyEnabled") {
                xml.text("BucketKeyEnabled", &text(Some(is_enabled)));
            }
        });
    }
    Some(xml.end())
}

fn public_access_block(properties: &Value) -> Option<String> {
    let block = properties.get("PublicAccessBlockConfiguration")?;
    let mut xml = Xml::document("PublicAccessBlockConfiguration", NAMESPACE);
    for name in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] {
        let value = text(block.get(name));
        xml.text(name, if value.is_empty() { "false" } else { &value });
    }
    Some(xml.end())
}

fn ownership(properties: &Value) -> Option<String> {
    let rules = rows(properties, "/OwnershipControls/Rules")?;
    let mut xml = Xml::document("OwnershipControls", NAMESPACE);
    for rule in rules {
        xml.element("Rule", |xml| {
            xml.text("ObjectOwnership", &text(rule.get("ObjectOwnership")));
        });
    }
    Some(xml.end())
}

fn versioning(properties: &Value) -> Option<String> {
    let status = properties.pointer("/VersioningConfiguration/Status")?;
    let mut xml = Xml::document("VersioningConfiguration", NAMESPACE);
    xml.text("Status", &text(Some(status)));
    Some(xml.end())
}

fn lifecycle(properties: &Value) -> Option<String> {
    let rules = rows(properties, "/LifecycleConfiguration/Rules")?;
    let mut xml = Xml::document("LifecycleConfiguration", NAMESPACE);
    for rule in rules {
        xml.element("Rule", |xml| {
            xml.text("ID", &text(rule.get("Id"))).text("Status", &text(rule.get("Status")));
            xml.element("Filter", |xml| {
                xml.text("Prefix", &text(rule.get("Prefix")));
            });
            if let Some(days) = rule.get("ExpirationInDays") {
                xml.element("Expiration", |xml| {
                    xml.text("Days", &text(Some(days)));
                });
            }
            if let Some(days) = rule.pointer("/AbortIncompleteMultipartUpload/DaysAfterInitiation") {
                xml.element("AbortIncompleteMultipartUpload", |xml| {
                    xml.text("DaysAfterInitiation", &text(Some(days)));
                });
            }
        });
    }
    Some(xml.end())
}

fn tagging(properties: &Value) -> Option<String> {
    let tags = rows(properties, "/Tags")?;
    let mut xml = Xml::document("Tagging", NAMESPACE);
    xml.element("TagSet", |xml| {
        for tag in tags {
            xml.element("Tag", |xml| {
                xml.text("Key", &text(tag.get("Key"))).text("Value", &text(tag.get("Value")));
            });
        }
    });
    Some(xml.end())
}
