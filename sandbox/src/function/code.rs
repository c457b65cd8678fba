//! A function's code: the zip in the bucket, unpacked once below `functions/{name}/{digest}`.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::FunctionError;
use crate::aws::s3::{digest_of, hex};
use crate::state::World;

/// Lambda's limit for the unpacked code.
const LARGEST: u64 = 250 * 1024 * 1024;
/// More files than any function of this kind has.
const MOST_FILES: usize = 10_000;

/// The folder with the unpacked code. It is made when the object in the bucket is new. Code whose object was deleted later can
/// still be run, as on AWS.
pub(super) async fn unpacked(
    world: &Arc<World>,
    name: &str,
    bucket: &str,
    key: &str,
) -> Result<PathBuf, FunctionError> {
    let (world, name, bucket, key) = (Arc::clone(world), name.to_owned(), bucket.to_owned(), key.to_owned());
    let done = tokio::task::spawn_blocking(move || from_bucket(&world, &name, &bucket, &key)).await;
    done.unwrap_or_else(|_| Err("the code could not be read".to_owned())).map_err(FunctionError::Code)
}

fn from_bucket(world: &World, name: &str, bucket: &str, key: &str) -> Result<PathBuf, String> {
    let folder = world.folder().join("functions").join(hex(&Sha256::digest(name)).get(..16).unwrap_or_default());
    let folder = if is_plain(name) { folder.with_file_name(name) } else { folder };
    // What was unpacked from here before: the object's ETag and the folder.
    let note = folder.join(format!("{}.from", hex(&Sha256::digest(format!("{bucket}/{key}")))));
    let known = fs::read_to_string(&note).unwrap_or_default();
    let (known_etag, known_digest) = known.split_once(' ').unwrap_or_default();
    let known_folder = folder.join(known_digest);
    let is_known = !known_digest.is_empty() && known_folder.join("bootstrap").is_file();
    let record = world.store.record(bucket, key).map_err(|error| format!("s3://{bucket}/{key}: {error}"))?;
    match record {
        Some(record) if is_known && record.etag == known_etag => Ok(known_folder),
        None if is_known => Ok(known_folder),
        None => Err(format!("the code is missing: there is no s3://{bucket}/{key}")),
        Some(record) => {
            let path = world.store.path_of(bucket, key).map_err(|error| error.to_string())?;
            let digest = fs::File::open(&path).and_then(|zip| digest_of::<Sha256>(zip, |_| Ok(())));
            let digest = digest.map_err(|error| error.to_string())?;
            let target = folder.join(&digest);
            if !target.join("bootstrap").is_file() {
                let file = fs::File::open(&path).map_err(|error| error.to_string())?;
                unpack(file, &target).map_err(|why| format!("s3://{bucket}/{key} cannot be run: {why}"))?;
            }
            fs::write(&note, format!("{} {digest}", record.etag)).map_err(|error| error.to_string())?;
            Ok(target)
        }
    }
}

/// Whether this name is safe as the name of a folder.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= 140 && name != "running" && name.bytes().all(plain)
}

/// Unpacks a zip, all of it or nothing. Nothing it holds can land outside `target`.
pub(super) fn unpack(zip: impl Read + io::Seek, target: &Path) -> Result<(), String> {
    let parent = target.parent().unwrap_or(target);
    let working = parent.join(format!("{}.unpacking", uuid::Uuid::new_v4()));
    let done = unpack_to(zip, &working).and_then(|()| match fs::rename(&working, target) {
        // Another call may have been faster.
        Err(_) if target.join("bootstrap").is_file() => Ok(()),
        other => other.map_err(|error| error.to_string()),
    });
    let _ = fs::remove_dir_all(&working);
    done
}

fn unpack_to(zip: impl Read + io::Seek, folder: &Path) -> Result<(), String> {
    let mut zip = ZipArchive::new(zip).map_err(|error| format!("it is no zip file ({error})"))?;
    if zip.len() > MOST_FILES {
        return Err(format!("it holds more than {MOST_FILES} files"));
    }
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut left = LARGEST;
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        let inside = entry.enclosed_name().filter(|path| path.components().next().is_some() && !name.contains('\\'));
        let path = inside.ok_or_else(|| format!("the name {name:?} leads out of it"))?;
        let path = folder.join(path);
        if entry.is_symlink() {
            return Err(format!("{name:?} is a symbolic link"));
        }
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| error.to_string())?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        }
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o755 | 0o400;
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&path);
        let mut file = file.map_err(|error| format!("{name:?}: {error}"))?;
        // What the zip says about sizes is not believed.
        let written =
            io::copy(&mut (&mut entry).take(left + 1), &mut file).map_err(|error| format!("{name:?}: {error}"))?;
        left = left.checked_sub(written).ok_or_else(|| format!("it is larger than {LARGEST} bytes when unpacked"))?;
        file.set_permissions(fs::Permissions::from_mode(mode)).map_err(|error| error.to_string())?;
    }
    let bootstrap = fs::metadata(folder.join("bootstrap")).ok().filter(fs::Metadata::is_file);
    let bootstrap = bootstrap.ok_or("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")?;
    if bootstrap.permissions().mode() & 0o111 == 0 {
        return Err("its bootstrap is not executable: set the mode 755 in the zip".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip(files: &[(&str, u32)]) -> Cursor<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, mode) in files {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            zip.write_all(b"#!/bin/sh\n").unwrap();
        }
        zip.finish().unwrap()
    }

    #[test]
    fn good_code_is_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("code");
        unpack(zip(&[("bootstrap", 0o4777), ("settings.json", 0o600), ("lib/a/b", 0o644)]), &target).unwrap();
        let mode = |name: &str| fs::metadata(target.join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("bootstrap"), mode("settings.json"), mode("lib/a/b")), (0o755, 0o600, 0o644));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn bad_code_is_refused_whole() {
        let mut link = ZipWriter::new(Cursor::new(Vec::new()));
        link.add_symlink("bootstrap", "/bin/sh", SimpleFileOptions::default()).unwrap();
        let mut half = zip(&[("bootstrap", 0o755)]).into_inner();
        half.truncate(40);
        for (zip, expected) in [
            (Cursor::new(b"text".to_vec()), "it is no zip file"),
            (Cursor::new(half), "it is no zip file"),
            (zip(&[]), "Couldn't find valid bootstrap"),
            (zip(&[("a/bootstrap", 0o755)]), "Couldn't find valid bootstrap"),
            (zip(&[("bootstrap", 0o644)]), "its bootstrap is not executable"),
            (zip(&[("bootstrap", 0o755), ("../out", 0o644)]), "leads out of it"),
            (zip(&[("bootstrap", 0o755), ("a/../../out", 0o644)]), "leads out of it"),
            (zip(&[("bootstrap", 0o755), ("..\\out", 0o644)]), "leads out of it"),
            (link.finish().unwrap(), "is a symbolic link"),
            (zip(&[("bootstrap", 0o755), ("bootstrap/x", 0o644)]), ""),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("deep/code");
            fs::create_dir(folder.path().join("deep")).unwrap();
            let why = unpack(zip, &target).unwrap_err();
            assert!(why.contains(expected), "{why}");
            assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 0, "{why}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{why}");
        }
        // An absolute name is taken as one below.
        let folder = tempfile::tempdir().unwrap();
        let _ = unpack(zip(&[("bootstrap", 0o755), ("/tmp/sandbox-unpacked", 0o644)]), &folder.path().join("code"));
        assert!(!Path::new("/tmp/sandbox-unpacked").exists());
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let zeros = vec![0; 1024 * 1024];
        for name in ["bootstrap", "more"] {
            zip.start_file(name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
            for _ in 0..130 {
                zip.write_all(&zeros).unwrap();
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let why = unpack(zip.finish().unwrap(), &folder.path().join("code")).unwrap_err();
        assert!(why.contains("larger than"), "{why}");
    }
}
