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
    let put = store.put("files", "home/alice/a.txt", b"hello").unwrap();
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
    assert!(store.delete("files", "home/alice/a.txt", None).unwrap());
    assert!(!store.delete("files", "home/alice/a.txt", None).unwrap());
    assert_eq!(keys(&store, ""), ["by-hand"]);
    assert!(!folder.path().join("buckets/files/home").exists(), "folders that nobody made go with what was in them");
}

#[test]
fn folders() {
    let (_folder, store) = store();
    store.put("files", "made/", b"").unwrap();
    store.put("files", "made/a", b"1").unwrap();
    store.put("files", "implied/b", b"2").unwrap();
    fs::create_dir(store.bucket("files").join("empty")).unwrap();
    assert_eq!(keys(&store, ""), ["empty/", "implied/b", "made/", "made/a"]);
    assert_eq!(keys(&store, "made"), ["made/", "made/a"]);
    assert_eq!(keys(&store, "made/"), ["made/", "made/a"]);
    assert_eq!(keys(&store, "ma"), ["made/", "made/a"]);
    assert_eq!(keys(&store, "implied/x"), [""; 0]);
    assert_eq!(keys(&store, "../"), [""; 0]);
    assert!(store.record("files", "implied/").unwrap().is_none());
    assert!(store.record("files", "made").unwrap().is_none());
    store.delete("files", "made/a", None).unwrap();
    assert_eq!(keys(&store, "made"), ["made/"], "a folder that was made stays");
    store.put("files", "made/a", b"1").unwrap();
    store.delete("files", "made/", None).unwrap();
    assert_eq!(keys(&store, "made"), ["made/a"], "what is in it stays");
}

#[test]
fn a_name_is_a_file_or_a_folder() {
    let (_folder, store) = store();
    store.put("files", "a", b"1").unwrap();
    for key in ["a/b", "a/", "a/b/c"] {
        assert!(matches!(store.put("files", key, b""), Err(StoreError::FileAndFolder)), "{key}");
        assert!(store.record("files", key).unwrap().is_none());
    }
    store.put("files", "d/e", b"1").unwrap();
    assert!(matches!(store.put("files", "d", b"1"), Err(StoreError::FileAndFolder)));
    assert!(matches!(store.put("files", "f/", b"content"), Err(StoreError::FileAndFolder)));
    assert_eq!(fs::read_dir(store.uploads()).unwrap().count(), 0, "nothing is left over");
}

#[test]
fn conditions() {
    let (_folder, store) = store();
    let put = |key: &str, condition: Condition| {
        let spooled = store.spool().unwrap();
        fs::write(&spooled, b"new").unwrap();
        store.commit("files", key, &spooled, Record { etag: "e".into(), ..Record::default() }, Some(&condition))
    };
    assert!(matches!(put("a", Condition::Is("x".into())), Err(StoreError::Absent)));
    put("a", Condition::Absent).unwrap();
    assert!(matches!(put("a", Condition::Absent), Err(StoreError::Condition)));
    assert!(matches!(put("a", Condition::Is("\"x\"".into())), Err(StoreError::Condition)));
    put("a", Condition::Is("\"e\"".into())).unwrap();
    put("a", Condition::Is("*".into())).unwrap();
    assert!(matches!(store.delete("files", "a", Some(&Condition::Is("x".into()))), Err(StoreError::Condition)));
    assert!(store.delete("files", "a", Some(&Condition::Is("e".into()))).unwrap());
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
                    store.commit("files", "lease", &spooled, Record::default(), Some(&Condition::Absent)).is_ok()
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
    store.put("files", "a", b"hello").unwrap();
    let copied = store.copy(("files", "a"), ("files", "b/c"), None, None).unwrap();
    assert_eq!(
        (copied.etag.as_str(), store.get("files", "b/c").unwrap()),
        ("5d41402abc4b2a76b9719d911017c592", b"hello".to_vec())
    );
    assert!(matches!(store.copy(("files", "x"), ("files", "y"), None, None), Err(StoreError::Absent)));
    for key in ["../x", "/x", "a/../../x", "x\0"] {
        assert!(matches!(store.copy(("files", "a"), ("files", key), None, None), Err(StoreError::Key(_))), "{key:?}");
    }
    assert!(store.path_of("../files", "a").is_err());
}
