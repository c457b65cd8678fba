use std::fs;

use super::stand::Stand;

#[tokio::test]
async fn everyday_work() {
    let stand = Stand::new();
    fs::write(stand.local("hello"), "hello").unwrap();
    let batch = "pwd\nls -la\nput hello\nmkdir d\nput hello d/two\nls -1 d\nrename hello third\nget third back\nls -l\n\
        rm third\nrm d/two\nls -1 d\nrmdir d\nls -1\n";
    let ended = stand.sftp("alice", batch).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("Sandbox: nobody is watching"), "{ended:?}");
    assert!(ended.out.contains("Remote working directory: /\n"), "{ended:?}");
    assert!(ended.out.contains("-rw-r--r--") && ended.out.contains("drwxr-xr-x"), "{ended:?}");
    assert!(ended.out.contains("d/two"), "{ended:?}");
    assert_eq!(fs::read_to_string(stand.local("back")).unwrap(), "hello");
    assert!(!stand.object("home/alice").exists(), "a folder that nobody made outlives what was in it");
    // The home itself is there all the same.
    let ended = stand.sftp("alice", "cd /\nls\nput hello\n").await;
    assert!(ended.code == 0 && !ended.err.contains("No such"), "{ended:?}");
    assert_eq!(fs::read_dir(stand.world.store.uploads()).unwrap().count(), 0, "a spooled file was left");
}

#[tokio::test]
async fn what_fails_says_so() {
    let stand = Stand::new();
    stand.put("home/alice/d/x", b"x");
    fs::write(stand.local("hello"), "hello").unwrap();
    for (batch, says) in [
        ("get absent", "not found"),
        ("rm absent", "No such file"),
        ("rmdir d", "Failure"),
        ("rm d", "Failure"),
        ("mkdir d", "Failure"),
        ("rename d e", "Operation unsupported"),
        ("put hello d", ""),
        ("symlink d/x link", "Operation unsupported"),
        ("ln d/x link", "does not support"),
        ("chmod 600 d/x", "Operation unsupported"),
        ("reput hello d/x", "Operation unsupported"),
        ("cd absent", "No such file"),
    ] {
        let ended = stand.sftp("alice", batch).await;
        assert_eq!(ended.code == 0, says.is_empty(), "{batch}: {ended:?}");
        assert!(ended.err.contains(says), "{batch}: {ended:?}");
    }
    // `put` into a folder puts a file below it.
    assert_eq!(fs::read_to_string(stand.object("home/alice/d/hello")).unwrap(), "hello");
}

/// One bucket, two ways in: what one of them overwrites, moves or deletes, the other's list of versions shows.
#[tokio::test]
async fn a_bucket_with_versions_keeps_what_sftp_changes() {
    let stand = Stand::new();
    stand.world.change(|state| {
        let versioning = serde_json::json!({"VersioningConfiguration": {"Status": "Enabled"}});
        crate::aws::s3::update_bucket(state, "files", &versioning);
    });
    crate::aws::s3::put_bytes(&stand.world, "files", "home/alice/a", b"by S3").unwrap();
    for (name, content) in [("one", "1"), ("two", "22")] {
        fs::write(stand.local(name), content).unwrap();
    }
    let batch = "put one a\nput two a\nput one b\nrename b c\nmkdir d\nrmdir d\nrm a\nget a\n";
    let ended = stand.sftp("alice", batch).await;
    assert!(ended.code == 1 && ended.err.contains("\"/a\" not found"), "{ended:?}");
    let rows = || {
        let all = stand.world.store.versions("files", "home/alice/").unwrap();
        let row = |row: crate::aws::s3::Version| {
            let key = row.key.trim_start_matches("home/alice/").to_owned();
            (key, row.is_latest, row.record.map(|record| record.size))
        };
        all.into_iter().map(row).collect::<Vec<_>>()
    };
    let expected = [
        ("a", true, None),
        ("a", false, Some(2)),
        ("a", false, Some(1)),
        ("a", false, Some(5)),
        ("b", true, None),
        ("b", false, Some(1)),
        ("c", true, Some(1)),
        ("d/", true, None),
        ("d/", false, Some(0)),
    ];
    assert_eq!(rows(), expected.map(|(key, is_latest, size)| (key.to_owned(), is_latest, size)));
    let names = fs::read_dir(stand.object("home/alice")).unwrap().count();
    assert_eq!(names, 1, "versions are not among the files that a person sees");
}

#[tokio::test]
async fn a_large_file_byte_for_byte() {
    let stand = Stand::new();
    let bytes: Vec<u8> =
        (0..8_u64 << 20).flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    assert_eq!(bytes.len(), 64 << 20);
    fs::write(stand.local("large"), &bytes).unwrap();
    let ended = stand.sftp("alice", "put large\nget large back\n").await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(fs::read(stand.object("home/alice/large")).unwrap() == bytes, "put changed the file");
    assert!(fs::read(stand.local("back")).unwrap() == bytes, "get changed the file");
}

#[tokio::test]
async fn eight_clients_at_once() {
    let stand = Stand::new();
    let mut runs = Vec::new();
    for number in 0..8 {
        fs::write(stand.local(&format!("in-{number}")), vec![b'0' + number; 1 << 20]).unwrap();
        let child = stand.start("alice");
        let batch = format!("mkdir d{number}\nput in-{number} d{number}/x\nget d{number}/x out-{number}\n");
        runs.push(tokio::spawn(async move { super::client::finish(child, &batch).await }));
    }
    for (number, run) in (0..8).zip(runs) {
        let ended = run.await.unwrap();
        assert_eq!(ended.code, 0, "{number}: {ended:?}");
        assert!(fs::read(stand.local(&format!("out-{number}"))).unwrap() == vec![b'0' + number; 1 << 20]);
    }
}

#[tokio::test]
async fn other_homes_are_out_of_reach() {
    let stand = Stand::new();
    stand.put("home/bob/secret", b"secret");
    stand.put("home/alice/own", b"own");
    fs::write(stand.local("state"), "x").unwrap();
    for batch in [
        "get ../bob/secret stolen",
        "get /../bob/secret stolen",
        "get /home/bob/secret stolen",
        "get ../../../../../../../etc/passwd stolen",
        "get /etc/passwd stolen",
        "cd ../bob",
        "rename own ../bob/mine",
    ] {
        let ended = stand.sftp("alice", batch).await;
        // A rename upwards stays in alice's home, as `..` ends at the top.
        assert_eq!(ended.code == 0, batch.starts_with("rename"), "{batch}: {ended:?}");
        assert!(!stand.local("stolen").exists(), "{batch}");
    }
    assert!(stand.object("home/alice/bob/mine").exists());
    assert_eq!(fs::read_dir(stand.object("home/bob")).unwrap().count(), 1);
    // A PATH home shows the bucket; the session policy is what confines it.
    for (batch, works) in [
        ("get own mine", true),
        ("get /files/home/alice/bob/mine mine", true),
        ("get /files/home/bob/secret stolen", false),
        ("ls /files/home/bob", false),
        ("ls /files", false),
        ("ls /other", false),
        ("ls /absent", false),
        ("rm /files/home/bob/secret", false),
    ] {
        if batch == "get own mine" {
            stand.put("home/alice/own", b"own");
        }
        let ended = stand.sftp("pathly", batch).await;
        assert!(ended.code == 0 || !works, "{batch}: {ended:?}");
        let err = ended.err.to_lowercase();
        assert_eq!(err.contains("permission denied") || err.contains("not found"), !works, "{batch}: {ended:?}");
    }
    assert!(!stand.local("stolen").exists());
}

#[tokio::test]
async fn names_of_every_kind() {
    let stand = Stand::new();
    fs::write(stand.local("hello"), "hello").unwrap();
    let longest = "l".repeat(255);
    for name in ["ünïcødé 文件 😀", "it's -rf", "...", " . ", longest.as_str()] {
        let ended = stand.sftp("alice", &format!("put hello \"./{name}\"\n")).await;
        assert_eq!(ended.code, 0, "{name}: {ended:?}");
        assert_eq!(fs::read_to_string(stand.object(&format!("home/alice/{name}"))).unwrap(), "hello", "{name}");
        fs::remove_file(stand.object(&format!("home/alice/{name}"))).unwrap();
    }
    let (part, deep) = ("l".repeat(256), "deep/".repeat(300));
    for name in [part.as_str(), &format!("{deep}x")] {
        let ended = stand.sftp("alice", &format!("put hello {name}\n")).await;
        assert_ne!(ended.code, 0, "{ended:?}");
    }
}

#[tokio::test]
async fn links_are_not_followed() {
    let stand = Stand::new();
    fs::write(stand.local("secret"), "secret").unwrap();
    fs::create_dir(stand.local("folder")).unwrap();
    fs::write(stand.local("folder/inside"), "secret").unwrap();
    stand.put("home/alice/own", b"own");
    std::os::unix::fs::symlink(stand.local("secret"), stand.object("home/alice/link")).unwrap();
    std::os::unix::fs::symlink(stand.local("folder"), stand.object("home/alice/away")).unwrap();
    for batch in [
        "get link stolen",
        "get away/inside stolen",
        "ls away",
        "cd away",
        "put secret away/new",
        "put secret link",
        "rm away/inside",
        "rename own away/own",
        "rename away/inside here",
        "mkdir away/d",
        "rmdir away",
    ] {
        let ended = stand.sftp("alice", batch).await;
        assert_ne!(ended.code, 0, "{batch}: {ended:?}");
    }
    assert!(!stand.local("stolen").exists());
    assert_eq!(fs::read_dir(stand.local("folder")).unwrap().count(), 1);
    let ended = stand.sftp("alice", "ls -1").await;
    assert!(!ended.out.contains("link") && !ended.out.contains("away") && ended.out.contains("own"), "{ended:?}");
}

#[tokio::test]
async fn policies_are_kept() {
    let stand = Stand::new();
    fs::write(stand.local("hello"), "hello").unwrap();
    for user in ["reader", "writer"] {
        stand.put(&format!("home/{user}/there"), b"there");
    }
    for (user, batch, works) in [
        ("reader", "ls", true),
        ("reader", "get there got", true),
        ("reader", "put hello", false),
        ("reader", "rm there", false),
        ("reader", "mkdir d", false),
        ("reader", "rename there here", false),
        ("writer", "put hello", true),
        ("writer", "put hello d/hello", true),
        ("writer", "mkdir e", true),
        ("writer", "ls", true),
        ("writer", "get there stolen", false),
        ("writer", "rm there", false),
        ("writer", "rename there here", false),
        ("forbidden", "ls", false),
        ("forbidden", "put hello", false),
        ("outside", "ls", false),
    ] {
        let ended = stand.sftp(user, batch).await;
        // For `ls` the client says what is wrong and ends well.
        assert_eq!(ended.code == 0, works || batch == "ls", "{user} {batch}: {ended:?}");
        assert_eq!(ended.err.to_lowercase().contains("permission denied"), !works, "{user} {batch}: {ended:?}");
    }
    assert!(!stand.local("stolen").exists());
}

#[tokio::test]
async fn several_folders() {
    let stand = Stand::new();
    fs::write(stand.local("hello"), "hello").unwrap();
    let ended = stand
        .sftp("folders", "ls -1\nput hello inbox/x\nput hello deep/out/y\nls -1 deep\nrename inbox/x deep/out/z")
        .await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("\ninbox") && ended.out.contains("\ndeep"), "{ended:?}");
    assert!(stand.object("out/y").exists() && stand.object("out/z").exists() && !stand.object("in/x").exists());
    for batch in ["put hello", "put hello deep/x", "mkdir d", "rmdir inbox", "ls /files", "rm inbox"] {
        let ended = stand.sftp("folders", batch).await;
        assert_ne!(ended.code, 0, "{batch}: {ended:?}");
    }
}
