//! One SFTP session: requests in, replies out. It blocks on the disk, and so runs off the async threads.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;

use super::home::{Place, Seen};
use super::objects::{self, FOLDER, Upload};
use super::replies::{Attributes, Replies};
use super::user::User;
use super::wire::{LONGEST_DATA, OpenFlags, Request, Status};
use crate::aws::s3;
use crate::state::World;

/// Handles that one session may have open.
const HANDLES: usize = 256;
/// Names in one reply to READDIR.
const NAMES: usize = 100;

/// What a handle stands for.
#[derive(Debug)]
enum Handle {
    Object(File),
    Upload(Box<Upload>),
    /// The names that were not told yet.
    Folder(std::vec::IntoIter<(String, Attributes)>),
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    world: Arc<World>,
    user: Arc<User>,
    ignores_setstat: bool,
    handles: BTreeMap<u32, Handle>,
    next: u32,
}

impl Drop for Session {
    /// What was uploaded when a connection broke stays, as a partial upload does on Transfer.
    fn drop(&mut self) {
        for (_, handle) in std::mem::take(&mut self.handles) {
            if let Handle::Upload(upload) = handle {
                let _ = upload.complete(&self.world);
            }
        }
    }
}

impl Session {
    pub(super) fn new(world: Arc<World>, user: Arc<User>, ignores_setstat: bool) -> Self {
        Self { world, user, ignores_setstat, handles: BTreeMap::new(), next: 0 }
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, id: u32, request: Request, out: &mut Replies) {
        let done = match request {
            Request::Init => return out.version(),
            Request::Read { handle, offset, length } => return self.read(id, &handle, offset, length, out),
            Request::Write { handle, offset, data } => self.write(&handle, offset, &data),
            Request::Close { handle } => self.close(&handle),
            Request::Stat { path } => match self.stat(&path) {
                Ok(attributes) => return out.attributes(id, attributes),
                Err(status) => Err(status),
            },
            Request::Fstat { handle } => match self.fstat(&handle) {
                Ok(attributes) => return out.attributes(id, attributes),
                Err(status) => Err(status),
            },
            Request::Open { path, flags } => match self.open(&path, flags) {
                Ok(handle) => return out.handle(id, handle),
                Err(status) => Err(status),
            },
            Request::OpenDir { path } => match self.open_folder(&path) {
                Ok(handle) => return out.handle(id, handle),
                Err(status) => Err(status),
            },
            Request::ReadDir { handle } => match self.read_folder(&handle) {
                Ok(names) => {
                    return out.names(id, names.iter().map(|(name, attributes)| (name.as_str(), *attributes)));
                }
                Err(status) => Err(status),
            },
            Request::RealPath { path } => match self.absolute(&path) {
                Ok(path) => return out.path(id, &format!("/{path}")),
                Err(status) => Err(status),
            },
            Request::Extended { name } if name.as_ref() == b"limits@openssh.com" => return out.limits(id, HANDLES),
            Request::SetStat { .. } | Request::FsetStat { .. } if self.ignores_setstat => Ok(()),
            Request::SetStat { .. }
            | Request::FsetStat { .. }
            | Request::ReadLink
            | Request::Symlink
            | Request::Extended { .. }
            | Request::Unknown => Err(Status::OpUnsupported),
            Request::Remove { path } => self.remove(&path),
            Request::MkDir { path } => self.make_folder(&path),
            Request::RmDir { path } => self.remove_folder(&path),
            Request::Rename { from, to } => self.rename(&from, &to),
            Request::Broken => Err(Status::BadMessage),
        };
        out.status(id, done.err().unwrap_or(Status::Ok));
    }

    /// The absolute path, without the first `/`.
    fn absolute(&self, path: &[u8]) -> Result<String, Status> {
        let path = std::str::from_utf8(path).map_err(|_| Status::Failure)?;
        self.user.home.absolute(path).ok_or(Status::Failure)
    }

    fn look_up(&self, path: &[u8]) -> Result<(String, Seen), Status> {
        let path = self.absolute(path)?;
        let seen = self.user.home.look_up(&path);
        if let Seen::Place(place) = &seen {
            // What is no bucket of the account is refused as on AWS: nobody may know whether it is there.
            if !self.world.read(|state| s3::bucket_exists(state, &place.bucket)) {
                return Err(Status::PermissionDenied);
            }
        }
        Ok((path, seen))
    }

    /// A place where something can be changed.
    fn place(&self, path: &[u8]) -> Result<Place, Status> {
        match self.look_up(path)? {
            (_, Seen::Place(place)) => Ok(place),
            (_, Seen::Between(_)) => Err(Status::PermissionDenied),
            (_, Seen::Nothing) => Err(Status::NoSuchFile),
        }
    }

    fn ensure(&self, action: &str, place: &Place, key: &str) -> Result<(), Status> {
        let allowed =
            self.world.read(|state| self.user.permission.allows_object(&state.resources, action, &place.bucket, key));
        if allowed { Ok(()) } else { Err(Status::PermissionDenied) }
    }

    fn lists(&self, place: &Place, prefix: &str) -> bool {
        self.world.read(|state| self.user.permission.lists(&state.resources, &place.bucket, prefix))
    }

    fn stat(&self, path: &[u8]) -> Result<Attributes, Status> {
        let (_, seen) = self.look_up(path)?;
        let place = match seen {
            Seen::Place(place) => place,
            Seen::Between(_) => return Ok(FOLDER),
            Seen::Nothing => return Err(Status::NoSuchFile),
        };
        let may_look = place.is_root
            || self.lists(&place, &place.key)
            || self.lists(&place, &format!("{}/", place.key))
            || self.ensure("s3:GetObject", &place, &place.key).is_ok();
        if may_look { objects::stat(&self.world.store, &place) } else { Err(Status::PermissionDenied) }
    }

    fn open_folder(&mut self, path: &[u8]) -> Result<u32, Status> {
        let (path, seen) = self.look_up(path)?;
        let mut names = match seen {
            Seen::Place(place) => {
                let prefix = if place.key.is_empty() { String::new() } else { format!("{}/", place.key) };
                if !self.lists(&place, &prefix) {
                    return Err(Status::PermissionDenied);
                }
                objects::list(&self.world.store, &place)?
            }
            Seen::Between(_) => Vec::new(),
            Seen::Nothing => return Err(Status::NoSuchFile),
        };
        for entry in self.user.home.entries_below(&path) {
            names.retain(|(name, _)| *name != entry);
            names.push((entry, FOLDER));
        }
        names.sort_by(|one, other| one.0.cmp(&other.0));
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        // What is above may be nothing that this user may look at, and is told as a folder all the same.
        let told = |path: &str| self.stat(format!("/{path}").as_bytes()).unwrap_or(FOLDER);
        let dots = [(".".to_owned(), told(&path)), ("..".to_owned(), told(above))];
        self.keep(Handle::Folder(dots.into_iter().chain(names).collect::<Vec<_>>().into_iter()))
    }

    fn read_folder(&mut self, handle: &[u8]) -> Result<Vec<(String, Attributes)>, Status> {
        match self.handle(handle)? {
            Handle::Folder(names) => {
                let some: Vec<_> = names.take(NAMES).collect();
                if some.is_empty() { Err(Status::Eof) } else { Ok(some) }
            }
            Handle::Object(_) | Handle::Upload(_) => Err(Status::Failure),
        }
    }

    fn open(&mut self, path: &[u8], flags: OpenFlags) -> Result<u32, Status> {
        let place = self.place(path)?;
        if !flags.writes() {
            self.ensure("s3:GetObject", &place, &place.key)?;
            let file = objects::open(&self.world.store, &place)?;
            return self.keep(Handle::Object(file));
        }
        self.ensure("s3:PutObject", &place, &place.key)?;
        if flags.reads() || flags.appends() {
            return Err(Status::OpUnsupported);
        }
        match objects::stat(&self.world.store, &place) {
            Ok(found) if found.is_folder || flags.is_exclusive() => return Err(Status::Failure),
            // An object is written whole: what is there cannot be changed in parts.
            Ok(found) if !flags.truncates() && found.size > 0 => return Err(Status::OpUnsupported),
            Err(Status::NoSuchFile) if flags.creates() => {}
            Ok(_) => {}
            Err(status) => return Err(status),
        }
        let upload = Upload::begin(&self.world.store, &place)?;
        self.keep(Handle::Upload(Box::new(upload)))
    }

    fn read(&mut self, id: u32, handle: &[u8], offset: u64, length: u32, out: &mut Replies) {
        match self.handle(handle) {
            Ok(Handle::Object(file)) => {
                out.data(id, length.min(LONGEST_DATA), |buffer| objects::read(file, buffer, offset));
            }
            Ok(Handle::Upload(_) | Handle::Folder(_)) => out.status(id, Status::Failure),
            Err(status) => out.status(id, status),
        }
    }

    fn write(&mut self, handle: &[u8], offset: u64, data: &Bytes) -> Result<(), Status> {
        match self.handle(handle)? {
            Handle::Upload(upload) => upload.write(offset, data),
            Handle::Object(_) | Handle::Folder(_) => Err(Status::PermissionDenied),
        }
    }

    fn fstat(&mut self, handle: &[u8]) -> Result<Attributes, Status> {
        match self.handle(handle)? {
            Handle::Object(file) => objects::attributes(&file.metadata()?),
            Handle::Upload(upload) => Ok(upload.attributes()),
            Handle::Folder(_) => Ok(FOLDER),
        }
    }

    fn close(&mut self, handle: &[u8]) -> Result<(), Status> {
        let number = number(handle)?;
        match self.handles.remove(&number).ok_or(Status::Failure)? {
            Handle::Upload(upload) => upload.complete(&self.world),
            Handle::Object(_) | Handle::Folder(_) => Ok(()),
        }
    }

    fn remove(&mut self, path: &[u8]) -> Result<(), Status> {
        let place = self.place(path)?;
        self.ensure("s3:DeleteObject", &place, &place.key)?;
        objects::remove(&self.world, &place)
    }

    fn make_folder(&mut self, path: &[u8]) -> Result<(), Status> {
        let place = self.place(path)?;
        if place.key.is_empty() {
            return Err(Status::Failure);
        }
        self.ensure("s3:PutObject", &place, &format!("{}/", place.key))?;
        objects::make_folder(&self.world, &place)
    }

    fn remove_folder(&mut self, path: &[u8]) -> Result<(), Status> {
        let place = self.place(path)?;
        self.ensure("s3:DeleteObject", &place, &format!("{}/", place.key))?;
        objects::remove_folder(&self.world, &place)
    }

    /// S3 knows no renaming: it is a copy, and then a deletion.
    fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Status> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        self.ensure("s3:GetObject", &from, &from.key)?;
        self.ensure("s3:PutObject", &to, &to.key)?;
        self.ensure("s3:DeleteObject", &from, &from.key)?;
        objects::rename(&self.world, &from, &to)
    }

    fn keep(&mut self, handle: Handle) -> Result<u32, Status> {
        if self.handles.len() >= HANDLES {
            return Err(Status::Failure);
        }
        self.next = self.next.wrapping_add(1);
        self.handles.insert(self.next, handle);
        Ok(self.next)
    }

    fn handle(&mut self, handle: &[u8]) -> Result<&mut Handle, Status> {
        self.handles.get_mut(&number(handle)?).ok_or(Status::Failure)
    }
}

fn number(handle: &[u8]) -> Result<u32, Status> {
    std::str::from_utf8(handle).ok().and_then(|text| text.parse().ok()).ok_or(Status::Failure)
}
