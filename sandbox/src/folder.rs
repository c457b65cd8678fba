//! The folder of a sandbox: made for its user alone, and known by what lies in it.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::process::geteuid;

/// The file that is locked as long as a sandbox runs in the folder. It holds the id of the process.
pub(crate) const LOCK: &str = "lock";
/// The file with everything that outlives a restart.
pub(crate) const STATE: &str = "state.json";
/// What a sandbox that was started and did not come far leaves behind.
const REMAINS: [&str; 2] = ["sandbox.log", "result.json"];

/// Makes the folder, for this user alone. One that stands already is closed to others too. It has to be this user's: what
/// lies in it is run. One with other things in it is none: `reset` would take them for the sandbox's.
///
/// # Errors
/// It cannot be made, or is another's.
pub fn prepare(folder: &Path) -> io::Result<()> {
    match fs::metadata(folder) {
        Ok(found) if found.uid() != geteuid().as_raw() => {
            return Err(io::Error::other("it belongs to another user"));
        }
        Ok(_) | Err(_) => {}
    }
    if !is_own(folder)? {
        return Err(io::Error::other("it holds files that are not a sandbox's"));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
        // Whoever does not own it cannot change that, and learns of it where something has to be written.
        let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    }
    Ok(())
}

/// Whether the folder is a sandbox's to empty: it is not there, has nothing in it, or bears a sandbox's marks.
///
/// # Errors
/// It cannot be read.
pub fn is_own(folder: &Path) -> io::Result<bool> {
    let rows = match fs::read_dir(folder) {
        Ok(rows) => rows,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut is_only_remains = true;
    for row in rows {
        let row = row?;
        let name = row.file_name();
        let is_file = row.file_type()?.is_file();
        if is_file && (name == LOCK || name == STATE) {
            return Ok(true);
        }
        is_only_remains &= is_file && REMAINS.iter().any(|known| name == *known);
    }
    Ok(is_only_remains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sandbox_s_folder_is_its_own() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("folder");
        assert!(is_own(&folder).unwrap(), "absent");
        fs::create_dir(&folder).unwrap();
        assert!(is_own(&folder).unwrap(), "empty");
        fs::write(folder.join("sandbox.log"), "").unwrap();
        assert!(is_own(&folder).unwrap(), "a start that failed");
        fs::write(folder.join("thesis.txt"), "mine").unwrap();
        assert!(!is_own(&folder).unwrap(), "another's");
        fs::create_dir(folder.join(LOCK)).unwrap();
        assert!(!is_own(&folder).unwrap(), "a folder is no mark");
        fs::write(folder.join(STATE), "{}").unwrap();
        assert!(is_own(&folder).unwrap(), "a sandbox's");
    }

    #[test]
    fn nobody_else_looks_into_it() {
        let above = tempfile::tempdir().unwrap();
        let mode = |folder: &Path| fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        let folder = above.path().join("folder");
        prepare(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join("thesis.txt"), "mine").unwrap();
        prepare(&folder).unwrap_err();
        assert_eq!(mode(&folder), 0o755, "another's stays as it is");
        fs::write(folder.join(STATE), "{}").unwrap();
        prepare(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_folder_of_another_user_is_none() {
        let above = tempfile::tempdir().unwrap();
        let folder = if geteuid().is_root() {
            let folder = above.path().join("folder");
            prepare(&folder).unwrap();
            fs::write(folder.join(STATE), "{}").unwrap();
            std::os::unix::fs::chown(&folder, Some(65_534), None).unwrap();
            folder
        } else {
            "/usr".into()
        };
        assert_eq!(prepare(&folder).unwrap_err().to_string(), "it belongs to another user");
    }
}
