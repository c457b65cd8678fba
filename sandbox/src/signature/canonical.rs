//! The canonical request and its signature.

use hmac::{Hmac, KeyInit, Mac};
use hyper::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::aws::s3::hex;

/// What stays as it is in a query.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What stays as it is in a path.
const IN_PATH: &AsciiSet = &IN_QUERY.remove(b'/');

/// The digest of a body, as it stands in headers.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The forms in which a path can have been signed. For S3 it is encoded once: some sign what they send, and some what they
/// should have sent. For the other services what is encoded on the wire is encoded once more.
pub(super) fn paths(path: &str, is_s3: bool) -> Vec<String> {
    if is_s3 {
        let decoded: Vec<u8> = percent_decode_str(path).collect();
        vec![path.to_owned(), percent_encode(&decoded, IN_PATH).to_string()]
    } else {
        vec![percent_encode(normal(path).as_bytes(), IN_PATH).to_string()]
    }
}

/// The canonical request.
pub(super) fn request(parts: &Parts, path: &str, signed_headers: &[String], payload: &str) -> String {
    let again = |text: &str| {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&decoded, IN_QUERY).to_string()
    };
    let mut query: Vec<(String, String)> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (again(name), again(value)))
        .collect();
    query.sort();
    let query = query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let mut headers = String::new();
    for name in signed_headers {
        let values = parts.headers.get_all(name.as_str()).iter();
        let values = values.map(|value| one_space(&String::from_utf8_lossy(value.as_bytes())));
        headers.push_str(&format!("{name}:{}\n", values.collect::<Vec<_>>().join(",")));
    }
    format!("{}\n{path}\n{query}\n{headers}\n{}\n{payload}", parts.method, signed_headers.join(";"))
}

/// The signature of a canonical request. `scope` is date, region and service.
pub(super) fn signature(secret: &str, stamp: &str, scope: [&str; 3], request: &str) -> String {
    let key =
        scope.iter().chain(&["aws4_request"]).fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{}/aws4_request\n{}", scope.join("/"), digest(request.as_bytes()));
    hex(&mac(&key, &text))
}

/// HMAC with SHA-256. It takes keys of any length, so that it cannot fail.
pub(super) fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A path without `.`, `..` and empty parts, as it is signed for every service but S3.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}", parts.join("/"))
}

fn one_space(text: &str) -> String {
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").trim().to_owned()
}
