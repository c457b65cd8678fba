//! A body on its way into a file, checked against everything that was said about it.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::Body;
use tokio::io::AsyncWriteExt;

use super::checksum::{Algorithm, Computed, Digests};
use super::chunked::{Chunked, Malformed};
use super::error::S3Error;
use super::record::hex;
use super::request::Asked;
use crate::signature;

/// S3's limit for one request.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;
/// The largest document of XML or JSON.
const LARGEST_DOCUMENT: usize = 2 * 1024 * 1024;

/// The body of a request, whatever it came in by.
pub(super) type Content = UnsyncBoxBody<Bytes, io::Error>;

/// Takes a body for what all of S3 reads.
pub(super) fn content<B>(body: B) -> Content
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Display,
{
    body.map_err(|error| io::Error::other(error.to_string())).boxed_unsync()
}

/// A body that came in whole, and is what it was said to be.
#[derive(Debug)]
pub(super) struct Received {
    /// The file. Whoever takes this must move or remove it.
    pub(super) path: PathBuf,
    /// MD5.
    pub(super) md5: Vec<u8>,
    /// The checksum that the client chose, or S3's own.
    pub(super) checksum: (Algorithm, String),
}

/// What the client says about its body.
struct Said {
    algorithm: Algorithm,
    /// In a header, or to come in a trailer.
    checksum: Option<String>,
    is_chunked: bool,
    length: Option<u64>,
}

/// Reads a body into `path`, which is removed when something is wrong with it.
pub(super) async fn to_file(asked: &Asked, body: Content, path: PathBuf) -> Result<Received, S3Error> {
    let received = copy(asked, body, &path).await;
    if received.is_err() {
        let _ = tokio::fs::remove_file(&path).await;
    }
    let (md5, checksum) = received?;
    Ok(Received { path, md5, checksum })
}

async fn copy(asked: &Asked, mut body: Content, path: &Path) -> Result<(Vec<u8>, (Algorithm, String)), S3Error> {
    let said = said(asked)?;
    let mut file = tokio::fs::File::create(path).await.map_err(S3Error::disk)?;
    let mut digests = Digests::new(signature::is_digest(&asked.payload), said.algorithm);
    let mut chunked = said.is_chunked.then(Chunked::default);
    let mut length: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| incomplete())?.into_data() else { continue };
        let pieces = match &mut chunked {
            Some(chunked) => chunked.feed(&piece).map_err(malformed)?,
            None => vec![piece],
        };
        for piece in pieces {
            digests.update(&piece);
            file.write_all(&piece).await.map_err(S3Error::disk)?;
            length += piece.len() as u64;
        }
        if length > LARGEST {
            let message = "Your proposed upload exceeds the maximum allowed size";
            return Err(S3Error::new(400, "EntityTooLarge", message));
        }
    }
    file.flush().await.map_err(S3Error::disk)?;
    let trailers = chunked.map(Chunked::end).transpose().map_err(malformed)?.unwrap_or_default();
    if said.length.is_some_and(|said| said != length) {
        return Err(incomplete());
    }
    let computed = digests.finish();
    let in_trailer = trailers.get(&said.algorithm.header()).cloned();
    compare(asked, &computed, said.checksum.or(in_trailer))?;
    let checksum = computed.checksum.ok_or_else(|| S3Error::disk("no checksum"))?;
    Ok((computed.md5, checksum))
}

fn said(asked: &Asked) -> Result<Said, S3Error> {
    let announced = asked.header("x-amz-trailer").map(str::to_ascii_lowercase).unwrap_or_default();
    let mut chosen = None;
    let mut checksum = None;
    for (name, value) in &asked.headers {
        let Some(kind) = name.as_str().strip_prefix("x-amz-checksum-") else { continue };
        if matches!(kind, "mode" | "algorithm" | "type") {
            continue;
        }
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == kind);
        let algorithm = algorithm.ok_or_else(|| S3Error::not_implemented(&format!("the checksum {kind}")))?;
        chosen = Some(algorithm);
        checksum = Some(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    if let Some(kind) = announced.trim().strip_prefix("x-amz-checksum-") {
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == kind);
        chosen = Some(algorithm.ok_or_else(|| S3Error::not_implemented(&format!("the checksum {kind}")))?);
    }
    let encoding = asked.header("content-encoding").unwrap_or_default();
    let is_chunked =
        asked.payload.starts_with("STREAMING-") || encoding.split(',').any(|one| one.trim() == "aws-chunked");
    let length = if is_chunked { "x-amz-decoded-content-length" } else { "content-length" };
    Ok(Said {
        algorithm: chosen.unwrap_or(Algorithm::Crc64Nvme),
        checksum,
        is_chunked,
        length: asked.header(length).and_then(|length| length.parse().ok()),
    })
}

/// Compares a body with what was said about it: the signature, Content-MD5, and the checksum.
fn compare(asked: &Asked, computed: &Computed, checksum: Option<String>) -> Result<(), S3Error> {
    if signature::is_digest(&asked.payload) && computed.sha256.as_deref().map(hex).as_ref() != Some(&asked.payload) {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(S3Error::new(400, "XAmzContentSHA256Mismatch", message));
    }
    if let Some(said) = asked.header("content-md5") {
        let decoded = STANDARD.decode(said).ok().filter(|digest| digest.len() == 16);
        let decoded =
            decoded.ok_or_else(|| S3Error::new(400, "InvalidDigest", "The Content-MD5 you specified is not valid."))?;
        if decoded != computed.md5 {
            let message = "The Content-MD5 you specified did not match what we received.";
            return Err(S3Error::new(400, "BadDigest", message));
        }
    }
    match (checksum, &computed.checksum) {
        (Some(said), Some((algorithm, computed))) if said != *computed => {
            let name = algorithm.name().to_ascii_uppercase();
            Err(S3Error::new(
                400,
                "BadDigest",
                format!("The {name} you specified did not match the calculated checksum."),
            ))
        }
        _ => Ok(()),
    }
}

/// Reads a small body: a document of XML or JSON.
pub(super) async fn document(asked: &Asked, body: Content) -> Result<Bytes, S3Error> {
    let said = said(asked)?;
    let body = Limited::new(body, LARGEST_DOCUMENT).collect().await.map_err(|_| incomplete())?.to_bytes();
    let (body, trailers) = if said.is_chunked {
        let mut chunked = Chunked::default();
        let body = Bytes::from(chunked.feed(&body).map_err(malformed)?.concat());
        (body, chunked.end().map_err(malformed)?)
    } else {
        (body, std::collections::BTreeMap::new())
    };
    let mut digests = Digests::new(signature::is_digest(&asked.payload), said.algorithm);
    digests.update(&body);
    let in_trailer = trailers.get(&said.algorithm.header()).cloned();
    compare(asked, &digests.finish(), said.checksum.or(in_trailer))?;
    Ok(body)
}

fn incomplete() -> S3Error {
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    S3Error::new(400, "IncompleteBody", message)
}

fn malformed(_: Malformed) -> S3Error {
    S3Error::new(400, "InvalidRequest", "The body is not encoded as aws-chunked, which the request says it is")
}
