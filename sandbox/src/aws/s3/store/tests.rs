use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("buckets"));
    fs::create_dir_all(store.bucket("files")).unwrap();
    (folder, store)
}

fn keys(store: &Store, prefix: &str) -> Vec<String> {
    store.list("files", prefix).unwrap().into_iter().map(|entry| entry.key).collect()
}

#[test]
fn objects_are_files() {
    let (folder, store) = store();
    let put = store.put("files", "home/alice/a.txt", b"hello", Versioning::Off).unwrap().record.unwrap();
    assert_eq!(put.etag, "5d41402abc4b2a76b9719d911017c592");
    let path = folder.path().join("buckets/files/home/alice/a.txt");
    assert_eq!(fs::read(&path).unwrap(), b"hello");
    assert_eq!(store.path_of("files", "home/alice/a.txt").unwrap(), path);
    assert_eq!(store.record("files", "home/alice/a.txt").unwrap(), Some(put));

    // Changed by hand: the ETag follows.
    fs::write(&path, b"changed by hand").unwrap();
    let record = store.record("files", "home/alice/a.txt").unwrap().unwrap();
    assert_eq!((record.size, record.etag.as_str()), (15, hex(&md5::Md5::digest(b"changed by hand")).as_str()));
    fs::write(folder.path().join("buckets/files/by-hand"), b"").unwrap();
    assert_eq!(keys(&store, ""), ["by-hand", "home/alice/a.txt"]);
    assert_eq!(store.get("files", "by-hand").unwrap(), b"");
    assert!(store.delete("files", "home/alice/a.txt", None, Versioning::Off).unwrap().was_there);
    assert!(!store.delete("files", "home/alice/a.txt", None, Versioning::Off).unwrap().was_there);
    assert_eq!(keys(&store, ""), ["by-hand"]);
    assert!(!folder.path().join("buckets/files/home").exists(), "folders that nobody made go with what was in them");
}

#[test]
fn folders() {
    let (_folder, store) = store();
    store.put("files", "made/", b"", Versioning::Off).unwrap();
    store.put("files", "made/a", b"1", Versioning::Off).unwrap();
    store.put("files", "implied/b", b"2", Versioning::Off).unwrap();
    fs::create_dir(store.bucket("files").join("empty")).unwrap();
    assert_eq!(keys(&store, ""), ["empty/", "implied/b", "made/", "made/a"]);
    assert_eq!(keys(&store, "made"), ["made/", "made/a"]);
    assert_eq!(keys(&store, "made/"), ["made/", "made/a"]);
    assert_eq!(keys(&store, "ma"), ["made/", "made/a"]);
    assert_eq!(keys(&store, "implied/x"), [""; 0]);
    assert_eq!(keys(&store, "../"), [""; 0]);
    assert!(store.record("files", "implied/").unwrap().is_none());
    assert!(store.record("files", "made").unwrap().is_none());
    store.delete("files", "made/a", None, Versioning::Off).unwrap();
    assert_eq!(keys(&store, "made"), ["made/"], "a folder that was made stays");
    store.put("files", "made/a", b"1", Versioning::Off).unwrap();
    store.delete("files", "made/", None, Versioning::Off).unwrap();
    assert_eq!(keys(&store, "made"), ["made/a"], "what is in it stays");
}

#[test]
fn a_name_is_a_file_or_a_folder() {
    let (_folder, store) = store();
    store.put("files", "a", b"1", Versioning::Off).unwrap();
    for key in ["a/b", "a/", "a/b/c"] {
        assert!(matches!(store.put("files", key, b"", Versioning::Off), Err(StoreError::FileAndFolder)), "{key}");
        assert!(store.record("files", key).unwrap().is_none());
    }
    store.put("files", "d/e", b"1", Versioning::Off).unwrap();
    assert!(matches!(store.put("files", "d", b"1", Versioning::Off), Err(StoreError::FileAndFolder)));
    assert!(matches!(store.put("files", "f/", b"content", Versioning::Off), Err(StoreError::FileAndFolder)));
    assert_eq!(fs::read_dir(store.uploads()).unwrap().count(), 0, "nothing is left over");
}

#[test]
fn conditions() {
    let (_folder, store) = store();
    let put = |key: &str, condition: Condition| {
        let spooled = store.spool().unwrap();
        fs::write(&spooled, b"new").unwrap();
        store.commit(
            "files",
            key,
            &spooled,
            Some(Record { etag: "e".into(), ..Record::default() }),
            Some(&condition),
            Versioning::Off,
        )
    };
    assert!(matches!(put("a", Condition::Is("x".into())), Err(StoreError::Absent)));
    put("a", Condition::Absent).unwrap();
    assert!(matches!(put("a", Condition::Absent), Err(StoreError::Condition)));
    assert!(matches!(put("a", Condition::Is("\"x\"".into())), Err(StoreError::Condition)));
    put("a", Condition::Is("\"e\"".into())).unwrap();
    put("a", Condition::Is("*".into())).unwrap();
    assert!(matches!(
        store.delete("files", "a", Some(&Condition::Is("x".into())), Versioning::Off),
        Err(StoreError::Condition)
    ));
    assert!(store.delete("files", "a", Some(&Condition::Is("e".into())), Versioning::Off).unwrap().was_there);
}

/// The lease rests on this: of many that write under a condition at once, one succeeds.
#[test]
fn one_of_many_wins() {
    let (_folder, store) = store();
    let won = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..8)
            .map(|number: u8| {
                let store = &store;
                scope.spawn(move || {
                    let spooled = store.spool().unwrap();
                    fs::write(&spooled, [number]).unwrap();
                    store.commit("files", "lease", &spooled, None, Some(&Condition::Absent), Versioning::Off).is_ok()
                })
            })
            .collect();
        tasks.into_iter().filter(|_| true).map(|task| task.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}

#[test]
fn copies() {
    let (_folder, store) = store();
    store.put("files", "a", b"hello", Versioning::Off).unwrap();
    let (from, record) = (store.path_of("files", "a").unwrap(), store.record("files", "a").unwrap().unwrap());
    let copy = |key: &str| store.copy(&from, ("files", key), record.clone(), None, Versioning::Off);
    let copied = copy("b/c").unwrap().record.unwrap();
    assert_eq!(
        (copied.etag.as_str(), store.get("files", "b/c").unwrap()),
        ("5d41402abc4b2a76b9719d911017c592", b"hello".to_vec())
    );
    for key in ["../x", "/x", "a/../../x", "x\0"] {
        assert!(matches!(copy(key), Err(StoreError::Key(_))), "{key:?}");
    }
    assert!(store.path_of("../files", "a").is_err());
}

/// Key, id, whether it is the latest, and size (nothing for a mark), of all versions.
fn versions(store: &Store) -> Vec<(String, String, bool, Option<u64>)> {
    let all = store.versions("files", "").unwrap();
    all.into_iter().map(|row| (row.key, row.id, row.is_latest, row.record.map(|record| record.size))).collect()
}

fn put(store: &Store, key: &str, bytes: &[u8], versioning: Versioning) -> Option<String> {
    store.put("files", key, bytes, versioning).unwrap().version
}

#[test]
fn what_is_overwritten_is_set_aside_without_a_copy() {
    use std::os::unix::fs::MetadataExt;
    let (_folder, store) = store();
    assert_eq!(put(&store, "a", b"1", Versioning::Off), None);
    let before = fs::metadata(store.path_of("files", "a").unwrap()).unwrap().ino();
    let second = put(&store, "a", b"22", Versioning::On).unwrap();
    let third = put(&store, "a", b"333", Versioning::On).unwrap();
    let row = |id: &str, latest, size| ("a".to_owned(), id.to_owned(), latest, Some(size));
    assert_eq!(versions(&store), [row(&third, true, 3), row(&second, false, 2), row("null", false, 1)]);
    let Some(Stored::Object(path, record, _)) = store.version("files", "a", Some("null")).unwrap() else {
        panic!("the first version is gone");
    };
    assert_eq!((fs::metadata(&path).unwrap().ino(), fs::read(&path).unwrap()), (before, b"1".to_vec()));
    assert_eq!(record.etag, hex(&md5::Md5::digest(b"1")));
    assert_eq!(store.version("files", "a", Some("../../files/a")).unwrap(), None);
}

#[test]
fn a_condition_that_does_not_hold_makes_no_version() {
    let (_folder, store) = store();
    let id = put(&store, "a", b"1", Versioning::On).unwrap();
    let spooled = store.spool().unwrap();
    fs::write(&spooled, b"2").unwrap();
    let refused = store.commit("files", "a", &spooled, None, Some(&Condition::Absent), Versioning::On);
    assert!(matches!(refused, Err(StoreError::Condition)));
    let refused = store.delete("files", "a", Some(&Condition::Is("x".into())), Versioning::On);
    assert!(matches!(refused, Err(StoreError::Condition)));
    assert_eq!(versions(&store), [("a".to_owned(), id, true, Some(1))]);
}

#[test]
fn a_deletion_is_undone_by_deleting_its_mark() {
    let (_folder, store) = store();
    for key in ["d/a", "d/"] {
        let id = put(&store, key, b"", Versioning::On).unwrap();
        let mark = store.delete("files", key, None, Versioning::On).unwrap().marker.unwrap();
        assert!(store.record("files", key).unwrap().is_none());
        let row = |id: &str, latest, size| (key.to_owned(), id.to_owned(), latest, size);
        assert_eq!(versions(&store), [row(&mark, true, None), row(&id, false, Some(0))]);
        assert_eq!(store.version("files", key, Some(&mark)).unwrap(), Some(Stored::Marker));
        assert!(store.has_versions("files"));
        store.delete_version("files", key, &mark).unwrap();
        assert_eq!(versions(&store), [row(&id, true, Some(0))], "it is back, with its id");
        store.delete_version("files", key, &id).unwrap();
        assert_eq!(versions(&store), []);
        assert!(!store.has_versions("files"));
    }
    assert_eq!(fs::read_dir(store.kept.join("files")).unwrap().count(), 0, "nothing is left over");
}

#[test]
fn a_move_makes_a_version_there_and_a_mark_here() {
    let (_folder, store) = store();
    let (from, over) = (put(&store, "d/a", b"1", Versioning::On), put(&store, "b", b"22", Versioning::On));
    store.rename(("files", "d/a", Versioning::On), ("files", "b", Versioning::On)).unwrap();
    let rows = versions(&store);
    let sizes: Vec<_> = rows.iter().map(|(key, _, latest, size)| (key.as_str(), *latest, *size)).collect();
    assert_eq!(sizes, [("b", true, Some(1)), ("b", false, Some(2)), ("d/a", true, None), ("d/a", false, Some(1))]);
    assert_eq!((Some(rows[1].1.clone()), Some(rows[3].1.clone())), (over, from));
    assert!(!store.bucket("files").join("d").exists());
    let again = store.rename(("files", "d/a", Versioning::On), ("files", "b", Versioning::On));
    assert!(matches!(again, Err(StoreError::Absent)));
    store.rename(("files", "b", Versioning::On), ("files", "b", Versioning::On)).unwrap();
    assert_eq!(versions(&store), rows);
}

/// As S3 does when versioning is suspended: one version has no id, and those that have one stay.
#[test]
fn suspended_versioning_keeps_what_has_a_version() {
    let (_folder, store) = store();
    let first = put(&store, "a", b"1", Versioning::On).unwrap();
    put(&store, "a", b"22", Versioning::Off);
    put(&store, "a", b"333", Versioning::Off);
    let row = |id: &str, latest, size| ("a".to_owned(), id.to_owned(), latest, size);
    assert_eq!(versions(&store), [row("null", true, Some(3)), row(&first, false, Some(1))]);
    store.delete("files", "a", None, Versioning::Off).unwrap();
    assert_eq!(versions(&store), [row("null", true, None), row(&first, false, Some(1))]);
    put(&store, "a", b"4444", Versioning::Off);
    assert_eq!(versions(&store), [row("null", true, Some(4)), row(&first, false, Some(1))]);
}
