//! What a request asks for: bucket, key, sub-resource.

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use super::error::S3Error;

/// Parameters that are not a sub-resource.
const PLAIN: [&str; 24] = [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "marker",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "version-id-marker",
    "upload-id-marker",
    "max-uploads",
    "max-parts",
    "part-number-marker",
    "versionId",
    "uploadId",
    "partNumber",
    "x-id",
    "response-content-type",
    "response-content-disposition",
    "max-buckets",
    "bucket-region",
    "optionalObjectAttributes",
];

/// A request whose signature is right.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    /// The region it was signed for.
    pub(super) region: String,
    /// What was signed of the body.
    pub(super) payload: String,
    query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
}

impl Asked {
    /// Reads the request's head.
    pub(super) fn read(parts: Parts, region: String, payload: String) -> Result<Self, S3Error> {
        let bad = |what: &str| S3Error::new(400, "InvalidURI", format!("Couldn't parse the specified {what}."));
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let path = parts.uri.path().trim_start_matches('/');
        let (bucket, key) = match virtual_host(&parts) {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').map_or((path.to_owned(), ""), |(bucket, key)| (bucket.to_owned(), key)),
        };
        // A key may begin with what `trim_start_matches` took away; that is refused elsewhere.
        let key = match virtual_host(&parts) {
            Some(_) => parts.uri.path().strip_prefix('/').unwrap_or(key),
            None => key,
        };
        let key = decode(key).map_err(|_| bad("URI"))?;
        let mut query = Vec::new();
        for pair in parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(&value.replace('+', " ")).map_err(|_| bad("query"))?;
            query.push((decode(name).map_err(|_| bad("query"))?, value));
        }
        let some = |text: String| if text.is_empty() { None } else { Some(text) };
        let (bucket, key) = (some(bucket), some(key));
        Ok(Self { method: parts.method, bucket, key, region, payload, query, headers: parts.headers })
    }

    /// A query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The sub-resource, if one is named: such as `policy`, `versions` or `uploads`.
    pub(super) fn subresource(&self) -> Result<Option<&str>, S3Error> {
        let mut others = self.query.iter().map(|(name, _)| name.as_str()).filter(|name| !PLAIN.contains(name));
        match (others.next(), others.next()) {
            (Some(_), Some(second)) => Err(S3Error::not_implemented(&format!("the parameter {second} here"))),
            (one, _) => Ok(one),
        }
    }

    /// A number of the query, with S3's words for one that is none.
    pub(super) fn number(&self, name: &str, default: usize) -> Result<usize, S3Error> {
        let Some(text) = self.query(name) else { return Ok(default) };
        text.parse().map_err(|_| {
            let message = format!("Provided {name} not an integer or within integer range");
            S3Error::new(400, "InvalidArgument", message).with("ArgumentName", name).with("ArgumentValue", text)
        })
    }
}

/// The bucket in the host: `{bucket}.s3.…`, `{bucket}.localhost` or `{bucket}.127.0.0.1.…`.
fn virtual_host(parts: &Parts) -> Option<String> {
    let host = parts.headers.get("host")?.to_str().ok()?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let at = [".s3.", ".s3-", ".localhost"].iter().filter_map(|mark| host.find(mark)).min()?;
    host.get(..at).filter(|bucket| !bucket.is_empty()).map(str::to_owned)
}
