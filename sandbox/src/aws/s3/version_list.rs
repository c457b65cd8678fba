//! The list of all versions of a bucket's objects.

use super::error::S3Error;
use super::list::{PAGE, encoder, iso};
use super::request::Asked;
use super::store::Version;
use super::xml::{NAMESPACE, Xml};
use crate::ACCOUNT;
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// ListObjectVersions.
pub(super) fn answer(world: &World, bucket: &str, asked: &Asked) -> Result<Answer, S3Error> {
    if asked.query("delimiter").is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(S3Error::not_implemented("a delimiter in a list of versions"));
    }
    let size = asked.number("max-keys", PAGE)?.min(PAGE);
    let prefix = asked.query("prefix").unwrap_or_default();
    let all = world.store.versions(bucket, prefix).map_err(|error| S3Error::of_store(error, prefix, None))?;
    let (key, id) = (asked.query("key-marker"), asked.query("version-id-marker").filter(|id| !id.is_empty()));
    let begin = match (key, id) {
        (None, _) => 0,
        (Some(key), None) => all.iter().take_while(|row| row.key.as_str() <= key).count(),
        (Some(key), Some(id)) => match all.iter().position(|row| row.key == key && row.id == id) {
            Some(place) => place + 1,
            // That version is gone: the list goes on with the rows of its key that are left.
            None => all.iter().take_while(|row| row.key.as_str() < key).count(),
        },
    };
    let rows: Vec<&Version> = all.iter().skip(begin).take(size).collect();
    let is_truncated = size > 0 && begin + rows.len() < all.len();
    let encode = encoder(asked)?;
    let mut xml = Xml::document("ListVersionsResult", NAMESPACE);
    xml.text("Name", bucket).text("Prefix", &encode(prefix));
    xml.text("KeyMarker", &encode(key.unwrap_or_default()));
    xml.text("VersionIdMarker", id.unwrap_or_default());
    xml.text("MaxKeys", &size.to_string());
    if asked.query("encoding-type").is_some() {
        xml.text("EncodingType", "url");
    }
    xml.text("IsTruncated", if is_truncated { "true" } else { "false" });
    if let Some(last) = rows.last().filter(|_| is_truncated) {
        xml.text("NextKeyMarker", &encode(&last.key)).text("NextVersionIdMarker", &last.id);
    }
    for row in rows {
        xml.element(if row.record.is_some() { "Version" } else { "DeleteMarker" }, |xml| {
            xml.text("Key", &encode(&row.key)).text("VersionId", &row.id);
            xml.text("IsLatest", if row.is_latest { "true" } else { "false" })
                .text("LastModified", &iso(row.modified.into()));
            if let Some(record) = &row.record {
                xml.text("ETag", &format!("\"{}\"", record.etag)).text("Size", &record.size.to_string());
            }
            xml.element("Owner", |xml| {
                xml.text("ID", ACCOUNT).text("DisplayName", "sandbox");
            });
            if row.record.is_some() {
                xml.text("StorageClass", "STANDARD");
            }
        });
    }
    Ok(whole(200, "application/xml", xml.end()))
}
