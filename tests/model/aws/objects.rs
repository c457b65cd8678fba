//! S3: buckets, conditional writes, and times to the second.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Answer, Asked, Aws, page};
use crate::invariant::Invariant;

/// The bucket of the tool.
pub(crate) const ARTIFACTS: &str = "sftp-okta-artifacts-000000000000-us-east-1";
/// Another bucket for the same, made by somebody.
pub(crate) const OTHER_ARTIFACTS: &str = "acme-artifacts";
/// When the model's clock begins.
const EPOCH: Duration = Duration::from_secs(1_800_000_000);

/// Everything S3 keeps.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) buckets: BTreeSet<String>,
    tags: BTreeMap<String, String>,
    pub(crate) objects: BTreeMap<String, Object>,
    writes: u64,
}

#[derive(Debug)]
pub(crate) struct Object {
    etag: String,
    body: Vec<u8>,
    written: Instant,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            buckets: BTreeSet::from([OTHER_ARTIFACTS.to_owned()]),
            tags: BTreeMap::new(),
            objects: BTreeMap::new(),
            writes: 0,
        }
    }
}

impl Objects {
    /// The keys of the deployment in a bucket, without the bucket's name.
    pub(crate) fn keys(&self, bucket: &str, prefix: &str) -> Vec<&str> {
        let prefix = format!("{bucket}/{prefix}");
        let ours = self.objects.keys().filter(|key| key.starts_with(&prefix));
        ours.filter_map(|key| key.strip_prefix(bucket)?.strip_prefix('/')).collect()
    }
}

fn error(status: u16, code: &str) -> Answer {
    Answer::new(status, format!("<Error><Code>{code}</Code><Message>m</Message></Error>"))
}

pub(super) fn answer(aws: &mut Aws, asked: &Asked) -> Answer {
    let date = |at: Instant| {
        let since = at.saturating_duration_since(aws.began);
        httpdate(SystemTime::UNIX_EPOCH + EPOCH + since)
    };
    let now = date(Instant::now());
    let objects = &mut aws.objects;
    let path = asked.path.trim_start_matches('/').to_owned();
    let (bucket, key) = path.split_once('/').map_or((path.as_str(), ""), |(bucket, key)| (bucket, key));
    let method = asked.action.split(' ').next().unwrap_or_default();
    let answer = if key.is_empty() {
        of_bucket(objects, &mut aws.crimes, asked, (method, bucket), aws.manners.page)
    } else if !objects.buckets.contains(bucket) {
        error(404, "NoSuchBucket")
    } else {
        if method != "GET" && method != "HEAD" && !key.starts_with("demo/") {
            aws.crimes.push((Invariant::I3, format!("{method} of somebody else's object {path}")));
        }
        let written = objects.objects.get(&path).map(|object| date(object.written));
        of_object(objects, asked, method, &path, written)
    };
    answer.with("date", now).with("x-amz-request-id", "r")
}

fn of_bucket(
    objects: &mut Objects,
    crimes: &mut Vec<(Invariant, String)>,
    asked: &Asked,
    (method, bucket): (&str, &str),
    size: usize,
) -> Answer {
    let there = objects.buckets.contains(bucket);
    let asks = |what: &str| asked.query.split('&').any(|part| part == what || part.starts_with(&format!("{what}=")));
    match method {
        "PUT" if !there && asked.query.is_empty() || method == "PUT" && !there && !asks("tagging") => {
            objects.buckets.insert(bucket.to_owned());
            Answer::new(200, "").with("location", format!("/{bucket}"))
        }
        _ if !there => error(404, "NoSuchBucket"),
        "HEAD" => Answer::new(200, "").with("x-amz-bucket-region", "us-east-1"),
        "GET" if asks("tagging") => match objects.tags.get(bucket) {
            None => error(404, "NoSuchTagSet"),
            Some(_) => Answer::new(
                200,
                "<Tagging><TagSet><Tag><Key>managed-by</Key><Value>sftp-okta</Value></Tag></TagSet></Tagging>",
            ),
        },
        "GET" => {
            let named = |wanted: &str| {
                let mut pairs = url::form_urlencoded::parse(asked.query.as_bytes());
                pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
            };
            let keys = objects.keys(bucket, &named("prefix").unwrap_or_default());
            let (keys, next) = page(&keys, named("continuation-token").as_ref(), size);
            let keys: String = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            let next = next.map(|next| format!("<NextContinuationToken>{next}</NextContinuationToken>"));
            let more = format!("<IsTruncated>{}</IsTruncated>{}", next.is_some(), next.unwrap_or_default());
            Answer::new(200, format!("<ListBucketResult>{more}{keys}</ListBucketResult>"))
        }
        "PUT" => {
            if bucket != ARTIFACTS {
                crimes.push((Invariant::I3, format!("bucket {bucket} was changed")));
            }
            if asks("tagging") {
                objects.tags.insert(bucket.to_owned(), String::from_utf8_lossy(&asked.body).into_owned());
            }
            Answer::new(200, "")
        }
        "POST" => {
            let body = String::from_utf8_lossy(&asked.body).into_owned();
            for key in body.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
                if !key.starts_with("demo/") {
                    crimes.push((Invariant::I3, format!("somebody else's object {key} deleted")));
                }
                objects.objects.remove(&format!("{bucket}/{key}"));
            }
            Answer::new(200, "<DeleteResult></DeleteResult>")
        }
        _ => error(405, "MethodNotAllowed"),
    }
}

fn of_object(objects: &mut Objects, asked: &Asked, method: &str, path: &str, written: Option<String>) -> Answer {
    let etag = objects.objects.get(path).map(|object| object.etag.clone());
    let wanted = asked.headers.get("if-match");
    let absent = asked.headers.contains_key("if-none-match");
    match (method, &etag) {
        ("GET" | "HEAD", None) => error(404, "NoSuchKey"),
        ("GET" | "HEAD", Some(etag)) => {
            let body = objects.objects.get(path).map(|object| object.body.clone()).unwrap_or_default();
            let length = body.len().to_string();
            let body = if method == "HEAD" { String::new() } else { String::from_utf8_lossy(&body).into_owned() };
            Answer::new(200, body)
                .with("etag", etag.clone())
                .with("content-length", length)
                .with("last-modified", written.unwrap_or_default())
        }
        (_, Some(_)) if absent => error(412, "PreconditionFailed"),
        (_, None) if wanted.is_some() => error(404, "NoSuchKey"),
        (_, Some(etag)) if wanted.is_some_and(|wanted| wanted != etag) => error(412, "PreconditionFailed"),
        ("PUT", _) => {
            objects.writes += 1;
            // Equal bytes have equal ETags.
            let etag = format!("\"{:016x}\"", fnv(&asked.body));
            let object = Object { etag: etag.clone(), body: asked.body.clone(), written: Instant::now() };
            objects.objects.insert(path.to_owned(), object);
            Answer::new(200, "").with("etag", etag)
        }
        ("DELETE", _) => {
            objects.objects.remove(path);
            Answer::new(204, "")
        }
        (_, _) => error(405, "MethodNotAllowed"),
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn httpdate(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let format = aws_smithy_types::date_time::Format::HttpDate;
    let time = aws_smithy_types::DateTime::from_secs(i64::try_from(seconds).unwrap_or_default());
    time.fmt(format).unwrap_or_default()
}
