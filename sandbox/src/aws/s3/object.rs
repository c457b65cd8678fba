//! One object: read, described, and led to what writes it.

use std::io::SeekFrom;

use hyper::Response;
use tokio::io::AsyncSeekExt;

use super::error::S3Error;
use super::receive::Content;
use super::request::Asked;
use super::target::Target;
use super::{Record, body, delete, list, upload, write};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;

/// Answers a request for an object of a bucket that is there.
pub(super) async fn answer(target: &Target<'_>, body: Content) -> Result<Answer, S3Error> {
    let asked = target.asked;
    let upload = asked.query("uploadId");
    match (asked.subresource()?, asked.method.as_str(), upload) {
        (None, "GET" | "HEAD", None) => read(target).await,
        (None, "PUT", None) if asked.header("x-amz-copy-source").is_some() => write::copy(target).await,
        (None, "PUT", None) => write::put(target, body).await,
        (None, "DELETE", None) => delete::one(target),
        (Some("uploads"), "POST", None) => upload::create(target),
        (None, "PUT", Some(id)) if asked.header("x-amz-copy-source").is_some() => upload::part_copy(target, id).await,
        (None, "PUT", Some(id)) => upload::part(target, id, body).await,
        (None, "POST", Some(id)) => upload::complete(target, id, body).await,
        (None, "DELETE", Some(id)) => upload::abort(target, id),
        (None, "GET", Some(id)) => upload::parts(target, id),
        (Some(name), method, _) => Err(S3Error::not_implemented(&format!("{method} of the sub-resource {name}"))),
        (None, _, _) => Err(S3Error::not_allowed()),
    }
}

/// GetObject and HeadObject.
async fn read(target: &Target<'_>) -> Result<Answer, S3Error> {
    let asked = target.asked;
    let (path, record, version) = target.stored().await?;
    check(asked, &record)?;
    let range = asked.header("range").map(|range| range_of(range, record.size)).transpose()?.flatten();
    let (from, length) = range.unwrap_or((0, record.size));
    let content = if asked.method == hyper::Method::HEAD || length == 0 || target.key.ends_with('/') {
        // A body of no bytes whose length is told otherwise: that is what HEAD is.
        whole(200, "application/xml", "").into_body()
    } else {
        let mut file = tokio::fs::File::open(path).await.map_err(S3Error::disk)?;
        file.seek(SeekFrom::Start(from)).await.map_err(S3Error::disk)?;
        body::of_file(file, length)
    };
    let mut response = Response::builder().status(if range.is_some() { 206 } else { 200 });
    response = response
        .header("accept-ranges", "bytes")
        .header("content-length", length)
        .header("etag", format!("\"{}\"", record.etag))
        .header("last-modified", list::http_date(record.modified().into()))
        .header("x-amz-server-side-encryption", "AES256");
    if range.is_some() {
        response = response.header("content-range", format!("bytes {from}-{}/{}", from + length - 1, record.size));
    }
    if let Some(version) = version {
        response = response.header("x-amz-version-id", version);
    }
    if !record.headers.contains_key("content-type") {
        response = response.header("content-type", "binary/octet-stream");
    }
    for (name, value) in &record.headers {
        response = response.header(name, value);
    }
    if asked.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")) && range.is_none() {
        for (name, value) in &record.checksums {
            response = response.header(format!("x-amz-checksum-{name}"), value);
        }
        if !record.checksums.is_empty() {
            response = response.header("x-amz-checksum-type", "FULL_OBJECT");
        }
    }
    response.body(content).map_err(S3Error::disk)
}

/// Conditions on reading.
fn check(asked: &Asked, record: &Record) -> Result<(), S3Error> {
    let is_it =
        |etags: &str| etags.split(',').any(|etag| etag.trim() == "*" || etag.trim().trim_matches('"') == record.etag);
    if asked.header("if-match").is_some_and(|etags| !is_it(etags)) {
        let message = "At least one of the pre-conditions you specified did not hold";
        return Err(S3Error::new(412, "PreconditionFailed", message).with("Condition", "If-Match"));
    }
    if asked.header("if-none-match").is_some_and(is_it) {
        return Err(S3Error::new(304, "NotModified", "Not Modified").header("etag", &format!("\"{}\"", record.etag)));
    }
    Ok(())
}

/// Start and length of a range; `None` for what is to be ignored (RFC 9110, section 14.2).
pub(super) fn range_of(range: &str, size: u64) -> Result<Option<(u64, u64)>, S3Error> {
    let unsatisfiable = || {
        S3Error::new(416, "InvalidRange", "The requested range is not satisfiable")
            .with("RangeRequested", range)
            .with("ActualObjectSize", &size.to_string())
            .header("content-range", &format!("bytes */{size}"))
    };
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let (first, last) = match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (None, Some(0)) => return Err(unsatisfiable()),
        (None, Some(tail)) if first.is_empty() => (size.saturating_sub(tail), size),
        (Some(first), None) if last.is_empty() => (first, size),
        (Some(first), Some(last)) if last >= first => (first, size.min(last.saturating_add(1))),
        (None | Some(_), None | Some(_)) => return Ok(None),
    };
    if first >= size { Err(unsatisfiable()) } else { Ok(Some((first, last - first))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |range: &str| range_of(range, 10).map_err(|error| error.status);
        for (range, expected) in [
            ("bytes=0-4", Ok(Some((0, 5)))),
            ("bytes=5-", Ok(Some((5, 5)))),
            ("bytes=-3", Ok(Some((7, 3)))),
            ("bytes=-30", Ok(Some((0, 10)))),
            ("bytes=8-100", Ok(Some((8, 2)))),
            ("bytes=10-", Err(416)),
            ("bytes=-0", Err(416)),
            ("bytes=4-2", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("lines=0-1", Ok(None)),
            ("bytes=18446744073709551615-18446744073709551615", Err(416)),
        ] {
            assert_eq!(of(range), expected, "{range}");
        }
    }
}
