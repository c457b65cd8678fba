//! The head of the function's zip: the packed bootstrap, before settings and list of files. It is the same in every deployment,
//! so a run neither copies nor hashes it. `build.rs` uses this file too: it hashes it once.

use std::io::Cursor;

use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;
use zip::result::{ZipError, ZipResult};

/// Where the head of a zip ends, and SHA-256 there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashedHead {
    length: usize,
    /// The state of SHA-256 after it, as the library writes it down.
    state: Vec<u8>,
}

impl HashedHead {
    /// Finds and hashes the head of `zip`.
    ///
    /// # Errors
    /// When that is no zip.
    pub(crate) fn of(zip: &[u8]) -> ZipResult<Self> {
        let start = ZipArchive::new(Cursor::new(zip))?.central_directory_start();
        let cut = usize::try_from(start).ok().and_then(|length| zip.split_at_checked(length));
        let (head, _) = cut.ok_or(ZipError::InvalidArchive("its list of files is outside of it".into()))?;
        Ok(Self { length: head.len(), state: Sha256::new_with_prefix(head).serialize().to_vec() })
    }

    /// Cuts the zip, whose head this is, behind the head.
    ///
    /// # Errors
    /// When it is another one, and shorter.
    pub(crate) fn cut<'zip>(&self, zip: &'zip [u8]) -> ZipResult<(&'zip [u8], &'zip [u8])> {
        zip.split_at_checked(self.length).ok_or(ZipError::InvalidArchive("it is shorter than its head".into()))
    }

    /// SHA-256 that has read the head. Nothing where its state cannot be read.
    pub(crate) fn after_head(&self) -> Option<Sha256> {
        let state = SerializedState::<Sha256>::try_from(self.state.as_slice()).ok()?;
        Sha256::deserialize(&state).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::packed;
    use super::*;

    #[test]
    fn what_comes_behind_is_hashed_as_if_the_head_had_been_too() {
        // Around SHA-256's blocks of 64 bytes.
        for size in 0..130 {
            let zip = packed(&vec![7; size]).unwrap();
            let head: HashedHead =
                serde_json::from_slice(&serde_json::to_vec(&HashedHead::of(&zip).unwrap()).unwrap()).unwrap();
            let (before, behind) = head.cut(&zip).unwrap();
            assert!(before.starts_with(b"PK\x03\x04") && behind.starts_with(b"PK\x01\x02"), "{size}");
            assert_eq!(head.after_head().unwrap().chain_update(behind).finalize(), Sha256::digest(&zip), "{size}");
        }
    }

    #[test]
    fn what_is_no_head_is_told() {
        assert!(HashedHead::of(b"").is_err());
        assert!(HashedHead::of(b"\x7fELF").is_err());
        let odd = HashedHead { length: 3, state: vec![1, 2] };
        assert_eq!((odd.after_head().is_some(), odd.cut(b"PK").is_ok()), (false, false));
    }
}
