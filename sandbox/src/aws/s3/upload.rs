//! Uploads in parts. Until it is completed an upload is a folder of its own, which no list of objects shows.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::error::S3Error;
use super::receive::Content;
use super::record::digest_of;
use super::request::Asked;
use super::target::Target;
use super::xml::{NAMESPACE, Node, Xml};
use super::{Record, hex, list, object, receive, write};
use crate::aws::wire::Answer;
use crate::aws::wire::answer::whole;
use crate::state::World;

/// The smallest part but the last.
const SMALLEST: u64 = 5 * 1024 * 1024;
/// The highest number of a part.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Upload {
    bucket: String,
    key: String,
    headers: BTreeMap<String, String>,
    began: i64,
    parts: BTreeMap<usize, Part>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Part {
    etag: String,
    size: u64,
    written: i64,
}

/// CreateMultipartUpload.
pub(super) fn create(target: &Target<'_>) -> Result<Answer, S3Error> {
    target.check_key()?;
    let Target { world, bucket, key, asked } = *target;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        headers: write::kept(&asked.headers)?,
        began: OffsetDateTime::now_utc().unix_timestamp(),
        parts: BTreeMap::new(),
    };
    let folder = world.store.uploads().join(&id);
    fs::create_dir_all(&folder).and_then(|()| save(&folder, &upload)).map_err(S3Error::disk)?;
    let mut xml = Xml::document("InitiateMultipartUploadResult", NAMESPACE);
    xml.text("Bucket", bucket).text("Key", key).text("UploadId", &id);
    Ok(whole(200, "application/xml", xml.end()))
}

/// UploadPart.
pub(super) async fn part(target: &Target<'_>, id: &str, body: Content) -> Result<Answer, S3Error> {
    let number = number(target.asked)?;
    open(target, id)?;
    let received = receive::to_file(target.asked, body, target.spool()?).await?;
    let etag = hex(&received.md5);
    take(target, id, number, &received.path, &etag)?;
    let mut answer = whole(200, "application/xml", "");
    let (algorithm, checksum) = received.checksum;
    write::tell(&mut answer, [("etag".to_owned(), format!("\"{etag}\"")), (algorithm.header(), checksum)]);
    Ok(answer)
}

/// UploadPartCopy.
pub(super) async fn part_copy(target: &Target<'_>, id: &str) -> Result<Answer, S3Error> {
    let number = number(target.asked)?;
    open(target, id)?;
    let source = write::Source::find(target).await?;
    let size = source.record.size;
    let range = target.asked.header("x-amz-copy-source-range").map(|range| object::range_of(range, size));
    let (from, length) = range.transpose()?.flatten().unwrap_or((0, size));
    let spooled = target.spool()?;
    let file = spooled.clone();
    let copied = tokio::task::spawn_blocking(move || piece(&source.path, from, length, &file));
    let etag = match copied.await.map_err(S3Error::disk)? {
        Ok(etag) => etag,
        Err(error) => {
            let _ = fs::remove_file(&spooled);
            return Err(S3Error::disk(error));
        }
    };
    take(target, id, number, &spooled, &etag)?;
    let mut xml = Xml::document("CopyPartResult", NAMESPACE);
    xml.text("LastModified", &list::iso(OffsetDateTime::now_utc())).text("ETag", &format!("\"{etag}\""));
    Ok(whole(200, "application/xml", xml.end()))
}

/// The number of a part.
fn number(asked: &Asked) -> Result<usize, S3Error> {
    let number = asked.number("partNumber", 0)?;
    if (1..=MOST).contains(&number) {
        return Ok(number);
    }
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    Err(S3Error::new(400, "InvalidArgument", message).with("ArgumentName", "partNumber"))
}

/// Takes a file as a part; it is gone from its place in any case.
fn take(target: &Target<'_>, id: &str, number: usize, file: &Path, etag: &str) -> Result<(), S3Error> {
    // Parts come in side by side, and all of them change the same note.
    let taken = target.world.change(|_| {
        let (folder, mut upload) = open(target, id)?;
        let size = fs::metadata(file).map_err(S3Error::disk)?.len();
        fs::rename(file, folder.join(number.to_string())).map_err(S3Error::disk)?;
        let written = OffsetDateTime::now_utc().unix_timestamp();
        upload.parts.insert(number, Part { etag: etag.to_owned(), size, written });
        save(&folder, &upload).map_err(S3Error::disk)
    });
    if taken.is_err() {
        let _ = fs::remove_file(file);
    }
    taken
}

/// Copies a piece of a file, and gives its MD5.
fn piece(source: &Path, from: u64, length: u64, target: &Path) -> io::Result<String> {
    let mut source = fs::File::open(source)?;
    source.seek(SeekFrom::Start(from))?;
    let mut target = fs::File::create(target)?;
    digest_of::<Md5>(source.take(length), |bytes| target.write_all(bytes))
}

/// CompleteMultipartUpload.
pub(super) async fn complete(target: &Target<'_>, id: &str, body: Content) -> Result<Answer, S3Error> {
    let condition = target.condition()?;
    let body = receive::document(target.asked, body).await?;
    let (folder, upload) = open(target, id)?;
    let chosen = chosen(&body, &upload)?;
    let mut digest = Md5::new();
    for (_, part) in &chosen {
        digest.update(bytes_of(&part.etag));
    }
    let etag = format!("{}-{}", hex(&digest.finalize()), chosen.len());
    let spooled = target.spool()?;
    let (files, file) = (chosen.iter().map(|(number, _)| folder.join(number.to_string())).collect(), spooled.clone());
    let joined = tokio::task::spawn_blocking(move || join(files, &file)).await.map_err(S3Error::disk)?;
    if let Err(error) = joined {
        let _ = fs::remove_file(&spooled);
        return Err(S3Error::disk(error));
    }
    let record = Record { etag: etag.clone(), headers: upload.headers, parts: Some(chosen.len()), ..Record::default() };
    let written = target.put(&spooled, record, condition.as_ref())?;
    let _ = fs::remove_dir_all(folder);
    let Target { world, bucket, key, .. } = *target;
    let mut xml = Xml::document("CompleteMultipartUploadResult", NAMESPACE);
    xml.text("Location", &format!("{}/{bucket}/{key}", world.endpoint())).text("Bucket", bucket).text("Key", key);
    xml.text("ETag", &format!("\"{etag}\""));
    let mut answer = whole(200, "application/xml", xml.end());
    write::tell(&mut answer, written.version.map(|version| (write::VERSION.to_owned(), version)));
    Ok(answer)
}

/// The parts that were named, all of them there and in order.
fn chosen(body: &[u8], upload: &Upload) -> Result<Vec<(usize, Part)>, S3Error> {
    let document = Node::read(body).filter(|node| node.name == "CompleteMultipartUpload");
    let document = document.ok_or_else(S3Error::malformed_xml)?;
    let mut chosen: Vec<(usize, Part)> = Vec::new();
    for named in document.all("Part") {
        let number = named.text_of("PartNumber").and_then(|number| number.parse::<usize>().ok());
        let number = number.ok_or_else(S3Error::malformed_xml)?;
        if chosen.last().is_some_and(|(last, _)| *last >= number) {
            let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(S3Error::new(400, "InvalidPartOrder", message));
        }
        let etag = named.text_of("ETag").unwrap_or_default().trim_matches('"');
        let part = upload.parts.get(&number).filter(|part| part.etag == etag).ok_or_else(|| {
            let message = "One or more of the specified parts could not be found. The part may not have been uploaded, or the \
                           specified entity tag may not match the part's entity tag.";
            S3Error::new(400, "InvalidPart", message).with("PartNumber", &number.to_string())
        })?;
        chosen.push((number, part.clone()));
    }
    let all_but_last = chosen.len().checked_sub(1).ok_or_else(S3Error::malformed_xml)?;
    if chosen.iter().take(all_but_last).any(|(_, part)| part.size < SMALLEST) {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(S3Error::new(400, "EntityTooSmall", message));
    }
    Ok(chosen)
}

/// AbortMultipartUpload.
pub(super) fn abort(target: &Target<'_>, id: &str) -> Result<Answer, S3Error> {
    let (folder, _) = open(target, id)?;
    fs::remove_dir_all(folder).map_err(S3Error::disk)?;
    Ok(whole(204, "application/xml", ""))
}

/// ListParts.
pub(super) fn parts(target: &Target<'_>, id: &str) -> Result<Answer, S3Error> {
    let (_, upload) = open(target, id)?;
    let mut xml = Xml::document("ListPartsResult", NAMESPACE);
    xml.text("Bucket", target.bucket).text("Key", target.key).text("UploadId", id);
    xml.text("MaxParts", &MOST.to_string()).text("IsTruncated", "false");
    for (number, part) in &upload.parts {
        xml.element("Part", |xml| {
            xml.text("PartNumber", &number.to_string()).text("LastModified", &time(part.written));
            xml.text("ETag", &format!("\"{}\"", part.etag)).text("Size", &part.size.to_string());
        });
    }
    Ok(whole(200, "application/xml", xml.end()))
}

/// ListMultipartUploads.
pub(super) fn list(world: &World, bucket: &str) -> Result<Answer, S3Error> {
    let mut xml = Xml::document("ListMultipartUploadsResult", NAMESPACE);
    xml.text("Bucket", bucket).text("MaxUploads", "1000").text("IsTruncated", "false");
    for row in fs::read_dir(world.store.uploads()).into_iter().flatten().flatten() {
        let Some(upload) = load(&row.path()).filter(|upload| upload.bucket == bucket) else { continue };
        xml.element("Upload", |xml| {
            xml.text("Key", &upload.key).text("UploadId", &row.file_name().to_string_lossy());
            xml.text("StorageClass", "STANDARD").text("Initiated", &time(upload.began));
        });
    }
    Ok(whole(200, "application/xml", xml.end()))
}

fn open(target: &Target<'_>, id: &str) -> Result<(PathBuf, Upload), S3Error> {
    // The id is the name of a folder.
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let folder = target.world.store.uploads().join(id);
    let upload = if is_id { load(&folder) } else { None };
    let upload = upload.filter(|upload| upload.bucket == target.bucket && upload.key == target.key).ok_or_else(|| {
        let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted \
                       or completed.";
        S3Error::new(404, "NoSuchUpload", message).with("UploadId", id)
    })?;
    Ok((folder, upload))
}

fn load(folder: &Path) -> Option<Upload> {
    serde_json::from_slice(&fs::read(folder.join("upload.json")).ok()?).ok()
}

fn save(folder: &Path, upload: &Upload) -> io::Result<()> {
    let new = folder.join("upload.json.new");
    fs::write(&new, serde_json::to_vec(upload)?)?;
    fs::rename(new, folder.join("upload.json"))
}

fn join(parts: Vec<PathBuf>, target: &Path) -> io::Result<()> {
    let mut whole = fs::File::create(target)?;
    for part in parts {
        io::copy(&mut fs::File::open(part)?, &mut whole)?;
    }
    Ok(())
}

/// The bytes of an ETag of ours.
fn bytes_of(etag: &str) -> Vec<u8> {
    let digits: Vec<u8> = etag.chars().filter_map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |all, digit| all << 4 | digit)).collect()
}

fn time(seconds: i64) -> String {
    list::iso(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
}
