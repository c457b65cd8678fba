//! Lists of objects: both versions of the operation.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;

use super::error::S3Error;
use super::request::Asked;
use super::store::Entry;
use super::xml::{NAMESPACE, Xml};
use crate::ACCOUNT;
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// The most rows of a page.
pub(super) const PAGE: usize = 1000;
/// What stays as it is with `encoding-type=url`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/');

/// A row: an object, or what many have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Row {
    Object(Entry),
    Prefix(String),
}

/// Rows, and where to go on.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    rows: Vec<Row>,
    /// The last key or prefix, if there are more.
    last: Option<String>,
}

/// ListObjects and ListObjectsV2.
pub(super) fn objects(world: &World, bucket: &str, asked: &Asked) -> Result<Answer, S3Error> {
    let is_second = asked.query("list-type") == Some("2");
    let token = asked.query("continuation-token").map(from_token).transpose()?;
    let after = if is_second { token.as_deref().or(asked.query("start-after")) } else { asked.query("marker") };
    let size = asked.number("max-keys", PAGE)?.min(PAGE);
    let page = page(world, bucket, asked, after, size)?;
    let encode = encoder(asked)?;

    let mut xml = Xml::document("ListBucketResult", NAMESPACE);
    xml.text("Name", bucket).text("Prefix", &encode(asked.query("prefix").unwrap_or_default()));
    if let Some(delimiter) = asked.query("delimiter").filter(|delimiter| !delimiter.is_empty()) {
        xml.text("Delimiter", &encode(delimiter));
    }
    xml.text("MaxKeys", &size.to_string());
    if asked.query("encoding-type").is_some() {
        xml.text("EncodingType", "url");
    }
    xml.text("IsTruncated", if page.last.is_some() { "true" } else { "false" });
    if is_second {
        xml.text("KeyCount", &page.rows.len().to_string());
        if let Some(token) = asked.query("continuation-token") {
            xml.text("ContinuationToken", token);
        }
        if let Some(after) = asked.query("start-after") {
            xml.text("StartAfter", &encode(after));
        }
        if let Some(last) = &page.last {
            xml.text("NextContinuationToken", &to_token(last));
        }
    } else {
        xml.text("Marker", &encode(asked.query("marker").unwrap_or_default()));
        if let Some(last) = page.last.as_ref().filter(|_| asked.query("delimiter").is_some()) {
            xml.text("NextMarker", &encode(last));
        }
    }
    let with_owner = !is_second || asked.query("fetch-owner") == Some("true");
    rows(world, bucket, &page, &mut xml, &encode, with_owner)?;
    Ok(whole(200, "application/xml", xml.end()))
}

fn page(world: &World, bucket: &str, asked: &Asked, after: Option<&str>, size: usize) -> Result<Page, S3Error> {
    let prefix = asked.query("prefix").unwrap_or_default();
    let entries = world.store.list(bucket, prefix).map_err(S3Error::disk)?;
    let delimiter = asked.query("delimiter").filter(|delimiter| !delimiter.is_empty());
    Ok(cut(entries, prefix, delimiter, after, size))
}

/// The rows after a key or prefix, and no more than `size` of them.
fn cut(entries: Vec<Entry>, prefix: &str, delimiter: Option<&str>, after: Option<&str>, size: usize) -> Page {
    let mut rows: Vec<Row> = Vec::new();
    let mut last: Option<String> = None;
    for entry in entries {
        let common = delimiter.and_then(|delimiter| {
            let rest = entry.key.strip_prefix(prefix)?;
            let (front, _) = rest.split_once(delimiter)?;
            Some(format!("{prefix}{front}{delimiter}"))
        });
        let name = common.as_ref().unwrap_or(&entry.key);
        // A prefix that was told stands for all below it.
        if after.is_some_and(|after| name.as_str() <= after) || (common.is_some() && common == last) {
            continue;
        }
        if rows.len() == size {
            // A page of no rows at all does not promise more.
            return Page { rows, last: last.filter(|_| size > 0) };
        }
        last = Some(name.clone());
        rows.push(common.map_or(Row::Object(entry), Row::Prefix));
    }
    Page { rows, last: None }
}

fn rows(
    world: &World,
    bucket: &str,
    page: &Page,
    xml: &mut Xml,
    encode: &dyn Fn(&str) -> String,
    with_owner: bool,
) -> Result<(), S3Error> {
    for row in &page.rows {
        let Row::Object(entry) = row else { continue };
        let record =
            world.store.record(bucket, &entry.key).map_err(|error| S3Error::of_store(error, &entry.key, None))?;
        // It vanished meanwhile.
        let Some(record) = record else { continue };
        xml.element("Contents", |xml| {
            xml.text("Key", &encode(&entry.key));
            xml.text("LastModified", &iso(record.modified().into()));
            xml.text("ETag", &format!("\"{}\"", record.etag)).text("Size", &record.size.to_string());
            if with_owner {
                xml.element("Owner", |xml| {
                    xml.text("ID", ACCOUNT).text("DisplayName", "sandbox");
                });
            }
            xml.text("StorageClass", "STANDARD");
        });
    }
    for row in &page.rows {
        if let Row::Prefix(prefix) = row {
            xml.element("CommonPrefixes", |xml| {
                xml.text("Prefix", &encode(prefix));
            });
        }
    }
    Ok(())
}

pub(super) type Encoder = Box<dyn Fn(&str) -> String>;

/// How keys are written: as they are, or as in a URL.
pub(super) fn encoder(asked: &Asked) -> Result<Encoder, S3Error> {
    match asked.query("encoding-type") {
        None => Ok(Box::new(str::to_owned)),
        Some("url") => Ok(Box::new(|text| Cow::from(utf8_percent_encode(text, PLAIN)).into_owned())),
        Some(_) => Err(S3Error::new(400, "InvalidArgument", "Invalid Encoding Method specified in Request")),
    }
}

/// Tokens are opaque, and can stand in a query as they are.
fn to_token(last: &str) -> String {
    super::hex(last.as_bytes())
}

fn from_token(token: &str) -> Result<String, S3Error> {
    let bad = || S3Error::new(400, "InvalidArgument", "The continuation token provided is incorrect");
    let digits: Vec<u32> = token.chars().map(|c| c.to_digit(16)).collect::<Option<_>>().ok_or_else(bad)?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(bad());
    }
    let bytes = pairs.map(|pair| pair.iter().fold(0, |all, digit| all * 16 + digit)).map(u8::try_from);
    let bytes = bytes.collect::<Result<Vec<u8>, _>>().map_err(|_| bad())?;
    String::from_utf8(bytes).map_err(|_| bad())
}

/// Such as `2026-11-23T19:39:34.000Z`.
pub(super) fn iso(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");
    time.format(format).unwrap_or_default()
}

/// Such as `Mon, 23 Nov 2026 19:39:34 GMT`.
pub(super) fn http_date(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(keys: &[&str]) -> Vec<Entry> {
        let modified = std::time::SystemTime::UNIX_EPOCH;
        keys.iter().map(|key| Entry { key: (*key).to_owned(), size: 0, modified }).collect()
    }

    fn names(page: &Page) -> Vec<String> {
        let name = |row: &Row| match row {
            Row::Object(entry) => entry.key.clone(),
            Row::Prefix(prefix) => format!("{prefix}…"),
        };
        page.rows.iter().map(name).collect()
    }

    #[test]
    fn pages_with_and_without_a_delimiter() {
        let keys = ["a", "b/1", "b/2", "b/3", "c/d/e", "f"];
        let all = cut(entries(&keys), "", Some("/"), None, 1000);
        assert_eq!((names(&all), &all.last), (vec!["a".into(), "b/…".into(), "c/…".into(), "f".to_owned()], &None));
        for size in 1..=4 {
            let (mut after, mut seen): (Option<String>, Vec<String>) = (None, Vec::new());
            loop {
                let page = cut(entries(&keys), "", Some("/"), after.as_deref(), size);
                seen.extend(names(&page));
                after = page.last;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, names(&all), "{size}");
        }
        assert_eq!(names(&cut(entries(&["b/1", "b/2"]), "b/", Some("/"), Some("b/1"), 10)), ["b/2"]);
        assert_eq!(cut(entries(&keys), "", None, None, 0), Page { rows: Vec::new(), last: None });
        assert_eq!(cut(entries(&keys), "", None, None, 6).last, None);
        assert_eq!(cut(entries(&keys), "", None, None, 5).last.as_deref(), Some("c/d/e"));
    }

    #[test]
    fn tokens() {
        assert_eq!(from_token(&to_token("b/ü")).unwrap(), "b/ü");
        for bad in ["x", "a", "ff", "6ü"] {
            assert!(from_token(bad).is_err(), "{bad}");
        }
    }
}
