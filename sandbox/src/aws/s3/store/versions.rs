//! Versions of objects, in buckets that keep them: what was overwritten, deleted or moved away, by S3 or by SFTP.
//!
//! The newest version is the file in the bucket's folder. Before another takes its place it is set aside in a folder of its key,
//! as a hard link: nothing is copied, however large it is, and the key is never without a file. What somebody changes by hand,
//! past the sandbox, keeps no version.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::notes::{self, remove_if_there};
use super::{Store, StoreError};
use crate::aws::s3::Record;
use crate::state::World;

/// The id of a version that has none of its own: of an object that came while versioning was off, or by hand.
const NULL: &str = "null";

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versioning {
    /// Never turned on, or suspended: what got a version before keeps it.
    Off,
    /// Every change makes a version.
    On,
}

impl Versioning {
    /// Of a bucket.
    pub(crate) fn of(world: &World, bucket: &str) -> Self {
        let is_on = world.read(|state| {
            let set = state.buckets.buckets.get(bucket).and_then(|bucket| bucket.configuration.get("versioning"));
            set.is_some_and(|document| document.contains("<Status>Enabled</Status>"))
        });
        if is_on { Self::On } else { Self::Off }
    }
}

/// What takes the place of the newest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one.
    Object,
    /// The mark that the object was deleted.
    Marker,
}

/// A version, or the mark of a deletion, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) is_latest: bool,
    /// What is known of the object; nothing where this only says that it was deleted.
    pub(crate) record: Option<Record>,
    /// When it was made.
    pub(crate) modified: SystemTime,
}

/// A version that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Its file, what is known of it, and its id if it has one.
    Object(PathBuf, Record, Option<String>),
    /// It only says that the object was deleted.
    Marker,
}

/// All that is kept of a key.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    key: String,
    /// The id of the newest version; an object without one is `null`.
    newest: Option<String>,
    /// Oldest first.
    earlier: Vec<Earlier>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Earlier {
    id: String,
    /// For the mark of a deletion: when that was, in nanoseconds since 1970.
    deleted: Option<u64>,
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.newest.is_none() && self.earlier.is_empty()
    }

    /// The id under which the newest version is set aside.
    fn id_of_newest(&mut self) -> String {
        let has_null = self.earlier.iter().any(|version| version.id == NULL);
        self.newest.take().unwrap_or_else(|| if has_null { new_id() } else { NULL.to_owned() })
    }
}

impl Store {
    /// Sets the object aside, if there is one, before another or a mark takes its place. The id of what does; nothing where no
    /// version is kept. To be called under the lock.
    pub(super) fn set_aside(
        &self,
        bucket: &str,
        key: &str,
        versioning: Versioning,
        next: Next,
    ) -> Result<Option<String>, StoreError> {
        let mut kept = self.kept(bucket, key);
        if versioning == Versioning::Off && kept.is_empty() {
            return Ok(None);
        }
        let folder = self.folder_of(bucket, key);
        if versioning == Versioning::Off {
            // There is one version without an id at most.
            kept.earlier.retain(|version| version.id != NULL);
            remove_files(&folder, NULL)?;
        }
        match self.found(bucket, key)? {
            Some((path, _)) if versioning == Versioning::On || kept.newest.is_some() => {
                let id = kept.id_of_newest();
                fs::create_dir_all(&folder)?;
                let file = folder.join(&id);
                remove_files(&folder, &id)?;
                if key.ends_with('/') {
                    fs::write(&file, b"")?;
                } else if fs::hard_link(&path, &file).is_err() {
                    // Not every disk has hard links.
                    fs::copy(&path, &file)?;
                }
                if self.note_of(bucket, key).is_some() {
                    fs::copy(self.note_file(bucket, key), note_beside(&folder, &id))?;
                }
                kept.earlier.push(Earlier { id, deleted: None });
            }
            Some(_) | None => kept.newest = None,
        }
        let id = if versioning == Versioning::On { new_id() } else { NULL.to_owned() };
        match next {
            Next::Object => kept.newest = Some(id.clone()).filter(|id| id != NULL),
            Next::Marker => kept.earlier.push(Earlier { id: id.clone(), deleted: Some(now()) }),
        }
        self.save(bucket, key, kept)?;
        Ok(Some(id))
    }

    /// Deletes one version for good. Where that was the newest one, the one before it takes its place.
    pub(crate) fn delete_version(&self, bucket: &str, key: &str, id: &str) -> Result<(), StoreError> {
        let _writing = self.lock();
        let mut kept = self.kept(bucket, key);
        let folder = self.folder_of(bucket, key);
        let found = self.found(bucket, key)?;
        if let Some((path, _)) = found.filter(|_| kept.newest.as_deref().unwrap_or(NULL) == id) {
            kept.newest = None;
            self.remove(bucket, key, &path)?;
        } else if kept.earlier.iter().any(|version| version.id == id) {
            kept.earlier.retain(|version| version.id != id);
            remove_files(&folder, id)?;
        }
        if self.found(bucket, key)?.is_none()
            && let Some(last) = kept.earlier.pop_if(|last| last.deleted.is_none())
        {
            let record = notes::read(&note_beside(&folder, &last.id));
            self.put_in_place(bucket, key, &folder.join(&last.id), record.as_ref())?;
            remove_files(&folder, &last.id)?;
            kept.newest = Some(last.id).filter(|id| id != NULL);
        }
        Ok(self.save(bucket, key, kept)?)
    }

    /// A version by its id; the newest one where none is given.
    pub(crate) fn version(&self, bucket: &str, key: &str, id: Option<&str>) -> Result<Option<Stored>, StoreError> {
        let path = self.path_of(bucket, key)?;
        let kept = self.kept(bucket, key);
        if id.is_none_or(|id| kept.newest.as_deref().unwrap_or(NULL) == id)
            && let Some(record) = self.record(bucket, key)?
        {
            return Ok(Some(Stored::Object(path, record, kept.newest)));
        }
        // What a client sent never names a file: only ids that are in the list do.
        let Some(version) = kept.earlier.into_iter().find(|version| Some(version.id.as_str()) == id) else {
            return Ok(None);
        };
        if version.deleted.is_some() {
            return Ok(Some(Stored::Marker));
        }
        let folder = self.folder_of(bucket, key);
        let record = self.record_beside(&folder, &version.id)?;
        Ok(Some(Stored::Object(folder.join(&version.id), record, Some(version.id))))
    }

    /// All versions of objects whose keys begin with `prefix`: by key, the newest of a key first.
    pub(crate) fn versions(&self, bucket: &str, prefix: &str) -> Result<Vec<Version>, StoreError> {
        let mut kept: BTreeMap<String, Kept> = self.all_kept(bucket).map(|kept| (kept.key.clone(), kept)).collect();
        kept.retain(|key, _| key.starts_with(prefix));
        let mut versions = Vec::new();
        for entry in self.list(bucket, prefix)? {
            // It may have vanished meanwhile.
            let Some(record) = self.record(bucket, &entry.key)? else { continue };
            let id = kept.get(&entry.key).and_then(|kept| kept.newest.clone()).unwrap_or_else(|| NULL.to_owned());
            let modified = record.modified();
            versions.push(Version { key: entry.key, id, is_latest: true, record: Some(record), modified });
        }
        let there: BTreeSet<String> = versions.iter().map(|version| version.key.clone()).collect();
        for (key, kept) in kept {
            let folder = self.folder_of(bucket, &key);
            let mut is_latest = !there.contains(&key);
            for Earlier { id, deleted } in kept.earlier.into_iter().rev() {
                let record = if deleted.is_some() { None } else { Some(self.record_beside(&folder, &id)?) };
                let modified = match (&record, deleted) {
                    (Some(record), _) => record.modified(),
                    (None, since) => UNIX_EPOCH + Duration::from_nanos(since.unwrap_or_default()),
                };
                versions.push(Version { key: key.clone(), id, is_latest, record, modified });
                is_latest = false;
            }
        }
        // Stable: the newest of a key stay first.
        versions.sort_by(|one, other| one.key.as_bytes().cmp(other.key.as_bytes()));
        Ok(versions)
    }

    /// Whether any version is kept of a bucket whose folder is empty.
    pub(crate) fn has_versions(&self, bucket: &str) -> bool {
        self.all_kept(bucket).any(|kept| !kept.earlier.is_empty())
    }

    fn folder_of(&self, bucket: &str, key: &str) -> PathBuf {
        self.kept.join(bucket).join(notes::name_of(key))
    }

    fn kept(&self, bucket: &str, key: &str) -> Kept {
        read(&self.folder_of(bucket, key)).unwrap_or_default()
    }

    fn all_kept(&self, bucket: &str) -> impl Iterator<Item = Kept> + use<> {
        let rows = fs::read_dir(self.kept.join(bucket)).into_iter().flatten().flatten();
        rows.filter_map(|row| read(&row.path()))
    }

    fn save(&self, bucket: &str, key: &str, kept: Kept) -> io::Result<()> {
        let folder = self.folder_of(bucket, key);
        if kept.is_empty() {
            let _ = fs::remove_dir_all(folder);
            return Ok(());
        }
        self.write_whole(&folder.join(LIST), &serde_json::to_vec(&Kept { key: key.to_owned(), ..kept })?)
    }

    /// What is known of an earlier version. Of a file that came over SFTP that is found out when somebody asks.
    fn record_beside(&self, folder: &Path, id: &str) -> io::Result<Record> {
        let (file, note) = (folder.join(id), note_beside(folder, id));
        let found = fs::metadata(&file)?;
        if let Some(record) = notes::read(&note).filter(|record| record.is_of(&found)) {
            return Ok(record);
        }
        let record = Record::of_file(&file, &found)?;
        self.write_whole(&note, &serde_json::to_vec(&record)?)?;
        Ok(record)
    }
}

/// The list of what is kept of a key, in the folder of the key.
const LIST: &str = "versions.json";

fn read(folder: &Path) -> Option<Kept> {
    serde_json::from_slice(&fs::read(folder.join(LIST)).ok()?).ok()
}

fn note_beside(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.note"))
}

fn remove_files(folder: &Path, id: &str) -> io::Result<()> {
    remove_if_there(&folder.join(id))?;
    remove_if_there(&note_beside(folder, id))
}

fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(0)
}
