use super::*;

fn open(folder: &Path) -> Result<Arc<World>, SandboxError> {
    World::open(Options::new(folder), Failures::default(), SocketAddr::from(([127, 0, 0, 1], 1)))
}

#[test]
fn what_was_changed_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = open(folder.path()).unwrap();
    world.change(|state| state.sftp_ports.insert("s-1".into(), 2222));
    drop(world);
    let again = open(folder.path()).unwrap();
    assert_eq!(again.read(|state| state.sftp_ports.get("s-1").copied()), Some(2222));
}

/// A sandbox was killed while it wrote: the state before is whole, and nothing of the rest stays.
#[test]
fn what_was_half_written_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().change(|state| state.sftp_ports.insert("s-1".into(), 2222));
    let spooled = folder.path().join("uploads/1.incoming");
    fs::create_dir_all(folder.path().join("uploads/kept")).unwrap();
    for file in [folder.path().join("state.json.new"), spooled.clone(), folder.path().join("running.json")] {
        fs::write(file, "{\"sta").unwrap();
    }
    assert!(crate::client::find(folder.path()).is_none());
    let again = open(folder.path()).unwrap();
    assert_eq!(again.read(|state| state.sftp_ports.get("s-1").copied()), Some(2222));
    assert!(!spooled.exists() && folder.path().join("uploads/kept").exists());
}

#[test]
fn two_cannot_run_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(SandboxError::Busy { .. })));
    drop(first);
    assert!(open(folder.path()).is_ok());
}

#[test]
fn a_folder_that_was_removed_is_not_written_to() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("sandbox");
    let first = open(&folder).unwrap();
    assert!(first.has_its_folder());
    fs::remove_dir_all(&folder).unwrap();
    assert!(!first.has_its_folder());
    first.save();
    assert!(!folder.exists());
    // Another one in its place is not its own either.
    let second = open(&folder).unwrap();
    first.change(|state| state.sftp_ports.insert("s-1".into(), 2222));
    second.save();
    assert!(!first.has_its_folder());
    drop((first, second));
    assert_eq!(open(&folder).unwrap().read(|state| state.sftp_ports.len()), 0);
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(state_file(folder.path()), "nonsense").unwrap();
    assert!(matches!(open(folder.path()), Err(SandboxError::State { .. })));
    assert_eq!(fs::read(state_file(folder.path())).unwrap(), b"nonsense");
}
