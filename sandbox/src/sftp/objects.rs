//! Objects as SFTP needs them: straight from and to the files of the bucket's folder.
//!
//! [`Store::path_of`] is the one way from a key to a path. It looks at every part with `lstat` and refuses symbolic links; SFTP
//! users cannot make any. Between that look and the use of the path, somebody with an account on this machine who may write
//! to the sandbox's folder could put a link in place of a folder: that race remains. What was opened is compared with what was
//! looked at, so that the last part is safe from it too.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::home::Place;
use super::replies::Attributes;
use super::wire::Status;
use crate::aws::s3::{self, KeyError, Store, StoreError};
use crate::state::World;

/// How far behind the end of what was written a write may begin: requests overtake each other, but a file of holes is none.
const LARGEST_GAP: u64 = 16 * 1024 * 1024;
/// The largest object (S3 User Guide): 5 TiB.
const LARGEST: u64 = 5 << 40;

impl From<KeyError> for Status {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Link => Self::PermissionDenied,
            KeyError::TooLong | KeyError::Empty | KeyError::EmptyPart | KeyError::Dots | KeyError::Nul => Self::Failure,
        }
    }
}

impl From<io::Error> for Status {
    fn from(error: io::Error) -> Self {
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            Self::NoSuchFile
        } else {
            Self::Failure
        }
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Key(error) => error.into(),
            StoreError::Disk(error) => error.into(),
            StoreError::Absent => Self::NoSuchFile,
            StoreError::Condition | StoreError::FileAndFolder => Self::Failure,
        }
    }
}

fn path_of(store: &Store, place: &Place) -> Result<PathBuf, Status> {
    if !place.key.is_empty() {
        return Ok(store.path_of(&place.bucket, &place.key)?);
    }
    // The bucket itself: its name is checked with any key.
    let path = store.path_of(&place.bucket, "x")?.parent().map(Path::to_path_buf).ok_or(Status::Failure)?;
    if fs::symlink_metadata(&path)?.is_dir() { Ok(path) } else { Err(Status::PermissionDenied) }
}

/// Files and folders; whatever else somebody put on the disk is not there.
pub(super) fn attributes(found: &Metadata) -> Result<Attributes, Status> {
    if !(found.is_dir() || found.is_file()) {
        return Err(Status::PermissionDenied);
    }
    let since = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok(Attributes {
        is_folder: found.is_dir(),
        size: if found.is_dir() { 0 } else { found.len() },
        modified: u32::try_from(since.as_secs()).unwrap_or(u32::MAX),
    })
}

/// A folder that nobody made and that is there all the same.
pub(super) const FOLDER: Attributes = Attributes { is_folder: true, size: 0, modified: 0 };

/// Where a mapping points is a folder also before the first object is put there.
fn nothing_there(place: &Place, error: io::Error) -> Result<(), Status> {
    let status = Status::from(error);
    if status == Status::NoSuchFile && place.is_root { Ok(()) } else { Err(status) }
}

/// What is at a place.
pub(super) fn stat(store: &Store, place: &Place) -> Result<Attributes, Status> {
    match fs::symlink_metadata(path_of(store, place)?) {
        Ok(found) => attributes(&found),
        Err(error) => nothing_there(place, error).map(|()| FOLDER),
    }
}

/// The names in a folder, in order.
pub(super) fn list(store: &Store, place: &Place) -> Result<Vec<(String, Attributes)>, Status> {
    let mut names = Vec::new();
    let rows = match fs::read_dir(path_of(store, place)?) {
        Ok(rows) => rows,
        Err(error) => return nothing_there(place, error).map(|()| names),
    };
    for row in rows {
        let row = row?;
        // Neither names that no key can be, nor what is gone by now, nor links.
        let (Ok(name), Ok(found)) = (row.file_name().into_string(), row.metadata()) else { continue };
        if let Ok(attributes) = attributes(&found) {
            names.push((name, attributes));
        }
    }
    names.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(names)
}

/// Opens an object.
pub(super) fn open(store: &Store, place: &Place) -> Result<File, Status> {
    let path = path_of(store, place)?;
    let looked_at = fs::symlink_metadata(&path)?;
    if !looked_at.is_file() {
        return Err(if looked_at.is_dir() { Status::Failure } else { Status::PermissionDenied });
    }
    let file = File::open(&path)?;
    let opened = file.metadata()?;
    let is_same = (opened.dev(), opened.ino()) == (looked_at.dev(), looked_at.ino());
    if is_same { Ok(file) } else { Err(Status::PermissionDenied) }
}

/// Reads until the buffer is full or the file ends.
pub(super) fn read(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(filled).unwrap_or_default());
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// An upload: a file of its own until it is complete, as an object of S3 is not there before.
#[derive(Debug)]
pub(super) struct Upload {
    file: File,
    spooled: PathBuf,
    place: Place,
    end: u64,
    /// Whether a part was refused, by the disk or here: what is there is not what the client sent.
    is_broken: bool,
}

impl Upload {
    /// Begins one.
    pub(super) fn begin(store: &Store, place: &Place) -> Result<Self, Status> {
        if place.is_root || place.key.is_empty() {
            return Err(Status::Failure);
        }
        path_of(store, place)?;
        let spooled = store.spool()?;
        let file = OpenOptions::new().write(true).create_new(true).open(&spooled)?;
        Ok(Self { file, spooled, place: place.clone(), end: 0, is_broken: false })
    }

    /// Writes a part. After one that is refused the upload cannot be completed.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), Status> {
        let written = self.write_part(offset, data);
        self.is_broken |= written.is_err();
        written
    }

    fn write_part(&mut self, offset: u64, data: &[u8]) -> Result<(), Status> {
        let length = u64::try_from(data.len()).map_err(|_| Status::Failure)?;
        let end = offset.checked_add(length).filter(|end| *end <= LARGEST).ok_or(Status::Failure)?;
        if offset > self.end + LARGEST_GAP {
            return Err(Status::OpUnsupported);
        }
        self.file.write_all_at(data, offset)?;
        self.end = self.end.max(end);
        Ok(())
    }

    /// What there is of it so far.
    pub(super) fn attributes(&self) -> Attributes {
        Attributes { is_folder: false, size: self.end, modified: 0 }
    }

    /// Puts it in its place. Folders on the way are made, as S3 needs none.
    pub(super) fn complete(self, world: &World) -> Result<(), Status> {
        if self.is_broken {
            let _ = fs::remove_file(&self.spooled);
            return Err(Status::Failure);
        }
        // What is in it is read when somebody asks S3 for its ETag: not now, which would make every upload slower.
        s3::put(world, &self.place.bucket, &self.place.key, &self.spooled, None, None)?;
        Ok(())
    }
}

/// Moves an object. Folders are not moved: Transfer cannot either, as S3 has none.
pub(super) fn rename(world: &World, from: &Place, to: &Place) -> Result<(), Status> {
    if stat(&world.store, from)?.is_folder || from.is_root {
        return Err(Status::OpUnsupported);
    }
    if to.is_root || to.key.is_empty() {
        return Err(Status::Failure);
    }
    Ok(s3::rename(world, (&from.bucket, &from.key), (&to.bucket, &to.key))?)
}

/// Makes a folder: an object whose key ends in `/`.
pub(super) fn make_folder(world: &World, place: &Place) -> Result<(), Status> {
    if fs::symlink_metadata(path_of(&world.store, place)?).is_ok() {
        return Err(Status::Failure);
    }
    s3::put_bytes(world, &place.bucket, &format!("{}/", place.key), b"")?;
    Ok(())
}

/// Removes an empty folder.
pub(super) fn remove_folder(world: &World, place: &Place) -> Result<(), Status> {
    let path = path_of(&world.store, place)?;
    if !fs::symlink_metadata(&path)?.is_dir() || place.is_root || fs::read_dir(&path)?.next().is_some() {
        return Err(Status::Failure);
    }
    s3::delete(world, &place.bucket, &format!("{}/", place.key), None)?;
    Ok(())
}

/// Removes an object.
pub(super) fn remove(world: &World, place: &Place) -> Result<(), Status> {
    if !fs::symlink_metadata(path_of(&world.store, place)?)?.is_file() {
        return Err(Status::Failure);
    }
    s3::delete(world, &place.bucket, &place.key, None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// What was there before is not replaced by a part of what was to come.
    #[test]
    fn an_upload_of_which_a_part_was_refused_leaves_what_was_there() {
        let fixture = fixture::empty(&[]);
        let world = &fixture.world;
        world.change(|state| {
            s3::create_bucket(state, &world.store, "files", "us-east-1", &serde_json::json!({})).unwrap();
        });
        s3::put_bytes(world, "files", "a", b"before").unwrap();
        let place = Place { bucket: "files".to_owned(), key: "a".to_owned(), is_root: false };
        let begun = || {
            let mut upload = Upload::begin(&world.store, &place).unwrap();
            upload.write(0, b"first").unwrap();
            upload
        };
        // As on a full disk: opened for reading only, it cannot be written to.
        let mut refused_by_disk = begun();
        refused_by_disk.file = File::open(&refused_by_disk.spooled).unwrap();
        assert_eq!(refused_by_disk.write(5, b"second"), Err(Status::Failure));
        let mut with_a_hole = begun();
        assert_eq!(with_a_hole.write(6 + LARGEST_GAP, b"second"), Err(Status::OpUnsupported));
        let mut too_large = begun();
        assert_eq!(too_large.write(LARGEST, b"second"), Err(Status::Failure));
        for upload in [refused_by_disk, with_a_hole, too_large] {
            assert_eq!(upload.complete(world), Err(Status::Failure));
            assert_eq!(world.store.get("files", "a").unwrap(), b"before");
        }
        assert_eq!(fs::read_dir(world.store.uploads()).unwrap().count(), 0, "nothing is left over");

        let mut whole = begun();
        whole.write(5 + LARGEST_GAP, b"second").unwrap();
        whole.complete(world).unwrap();
        let length = fs::metadata(world.store.path_of("files", "a").unwrap()).unwrap().len();
        assert_eq!(length, 11 + LARGEST_GAP);
    }
}
