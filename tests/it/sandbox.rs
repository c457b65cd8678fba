//! The sandbox: the same deploy code, template, zip and `bootstrap`, and OpenSSH's own client at the other end.

use std::fs;
use std::path::PathBuf;

use crate::support::sandbox::Sandbox;

#[test]
fn deploy_sign_in_upload_change_teardown() {
    let sandbox = Sandbox::new();
    let deployed = sandbox.deployer("deploy --yes --poll-interval 50ms");
    deployed.expect_code(0);
    let result = deployed.json();
    assert_eq!(result["result"], "deployed", "{}", deployed.stderr);
    assert_eq!(result["deployment"]["account"], "000000000000");

    // A password alone signs in; a wrong one, a locked user and one who would need a second factor do not.
    let file = sandbox.cli.write("report.txt", "all is well");
    let up = format!("mkdir in\nput {} in/report.txt\nls in\n", file.display());
    sandbox.sftp("alice", &sandbox.password("alice"), &up).expect_code(0);
    let folder = PathBuf::from(sandbox.status()["folder"].as_str().unwrap());
    let stored = folder.join("buckets/sandbox-files/home/alice@example.com/in/report.txt");
    assert_eq!(fs::read_to_string(&stored).unwrap(), "all is well");
    for (user, password) in [
        ("alice", "wrong".to_owned()),
        ("locked", sandbox.password("locked")),
        ("bob", sandbox.password("bob")),
        ("nobody", "x".to_owned()),
    ] {
        let refused = sandbox.sftp(user, &password, "ls\n");
        refused.expect_code(255);
        assert!(refused.stderr.contains("Permission denied"), "{user}: {}", refused.stderr);
    }
    // All else that a client does, under the policy that the real function gives.
    let back = sandbox.cli.folder().join("back.txt");
    let more = format!(
        "rename in/report.txt in/moved.txt\nget in/moved.txt {}\nrm in/moved.txt\nput {} in/report.txt\n",
        back.display(),
        file.display()
    );
    sandbox.sftp("alice", &sandbox.password("alice"), &more).expect_code(0);
    assert_eq!(fs::read_to_string(back).unwrap(), "all is well");
    assert!(!stored.with_file_name("moved.txt").exists());
    // Another user signs in and sees a home of his own; hers is out of reach, by whatever name.
    let own = sandbox.cli.write("own.txt", "partner's");
    let partner = |batch: &str| sandbox.sftp("partner", &sandbox.password("partner"), batch);
    let listed = partner(&format!("put {} own.txt\nls -1\n", own.display()));
    listed.expect_code(0);
    assert!(listed.stdout.ends_with("own.txt\n"), "{listed}");
    for there in ["/../alice@example.com", "/sandbox-files/home/alice@example.com", "/home/alice@example.com/in"] {
        let refused = partner(&format!("ls -1 {there}\n"));
        refused.expect_code(1);
        assert!(!refused.stdout.contains("report.txt"), "{refused}");
    }

    sandbox.deployer("status").expect_code(0);
    let again = sandbox.deployer("deploy --yes");
    assert_eq!(again.json()["result"], "unchanged", "{}", again.stdout);

    // Changed: what was read-write is read-only now.
    let changed = sandbox.deployer("deploy --yes --poll-interval 50ms --permissions read-only");
    assert_eq!(changed.json()["result"], "deployed", "{}", changed.stdout);
    let refused = sandbox.sftp("alice", &sandbox.password("alice"), &format!("put {} in/again.txt\n", file.display()));
    refused.expect_code(1);

    let removed = sandbox.deployer("teardown --yes --poll-interval 50ms");
    assert_eq!(removed.json()["result"], "removed", "{}", removed.stderr);
    sandbox.deployer("status").expect_code(7);
    assert_eq!(sandbox.status()["sftp"], serde_json::json!([]));

    // The bucket outlived its stack, and the next one takes it over with what is in it.
    let anew = sandbox.deployer("deploy --yes --poll-interval 50ms");
    assert_eq!(anew.json()["result"], "deployed", "{}", anew.stdout);
    sandbox.sftp("alice", &sandbox.password("alice"), "ls in/report.txt\n").expect_code(0);
}

/// Elastic IPs, put in and taken out: the server stops for each, and serves its users afterwards.
#[test]
fn elastic_ips_put_in_and_taken_out() {
    let sandbox = Sandbox::new();
    let endpoint = |more: &str| {
        let text = format!("[server.endpoint]\nvpc = \"vpc-1a2b3c4d\"\nsubnets = [\"subnet-1a2b3c4d\"]\n{more}");
        sandbox.cli.write("sftp-okta.toml", &text);
    };
    endpoint("elastic_ips = [\"eipalloc-1a2b3c4d\"]");
    sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
    let status = sandbox.deployer("status").json();
    assert_eq!(status["server"]["elastic_ips"], serde_json::json!(["eipalloc-1a2b3c4d"]), "{status}");
    assert!(status["cost"].to_string().contains("public IPv4 address"), "{status}");
    sandbox.sftp("alice", &sandbox.password("alice"), "ls\n").expect_code(0);

    endpoint("");
    let plan = sandbox.deployer("plan").json();
    assert_eq!(plan["changes"][0]["interrupts"], true, "{plan}");
    let changed = sandbox.deployer("deploy --yes --poll-interval 50ms");
    changed.expect_code(0);
    assert_eq!(changed.json()["server"]["elastic_ips"], serde_json::Value::Null, "{}", changed.stdout);
    assert_eq!(changed.json()["server"]["id"], status["server"]["id"]);
    sandbox.sftp("alice", &sandbox.password("alice"), "ls\n").expect_code(0);
    assert_eq!(sandbox.deployer("deploy --yes").json()["result"], "unchanged");

    // The address outlives its server, and its bill goes on.
    endpoint("elastic_ips = [\"eipalloc-1a2b3c4d\"]");
    sandbox.deployer("deploy --yes --poll-interval 50ms").expect_code(0);
    let removed = sandbox.deployer("teardown --yes --poll-interval 50ms").json();
    let kept = removed["kept"].as_array().unwrap();
    let address = kept.iter().find(|kept| kept["kind"] == "AWS::EC2::EIP").unwrap();
    assert_eq!(address["name"], "eipalloc-1a2b3c4d");
    assert_eq!(removed["cost"]["usd_per_month"], 3.65, "{removed}");
}

/// What users overwrite or delete can be brought back, and goes with the bucket.
#[test]
fn versions_of_what_users_change() {
    const BUCKET: &str = "sandbox-files";
    let sandbox = Sandbox::deployed("");
    let password = sandbox.password("alice");
    let (first, second) = (sandbox.cli.write("first", "1"), sandbox.cli.write("second", "22"));
    let batch = format!("put {} report\nput {} report\nrm report\n", first.display(), second.display());
    sandbox.sftp("alice", &password, &batch).expect_code(0);

    let (aws, key) = (sandbox.aws(), "home/alice@example.com/report");
    let listed = aws.json(&format!("s3api list-object-versions --bucket {BUCKET} --prefix {key}"));
    let sizes: Vec<_> = listed["Versions"].as_array().unwrap().iter().map(|version| &version["Size"]).collect();
    assert_eq!((sizes, listed["DeleteMarkers"].as_array().map(Vec::len)), (vec![&2.into(), &1.into()], Some(1)));
    let mark = &listed["DeleteMarkers"][0];
    assert_eq!(mark["IsLatest"], true, "{listed}");
    let undo = ["s3api", "delete-object", "--bucket", BUCKET, "--key", key, "--version-id"];
    aws.run(&[&undo[..], &[mark["VersionId"].as_str().unwrap()]].concat()).expect_code(0);
    let got = sandbox.cli.folder().join("got");
    sandbox.sftp("alice", &password, &format!("get report {}\n", got.display())).expect_code(0);
    assert_eq!(fs::read_to_string(got).unwrap(), "22");

    let removed = sandbox.deployer(&format!("teardown --yes --poll-interval 50ms --delete-data {BUCKET}"));
    assert_eq!(removed.json()["result"], "removed", "{}", removed.stderr);
    for kept in ["buckets", "bucket-versions", "bucket-index"] {
        assert!(!sandbox.folder().join(kept).join(BUCKET).exists(), "{kept}");
    }
}

#[test]
fn it_is_found_again_stopped_and_emptied() {
    let sandbox = Sandbox::new();
    sandbox.run("sandbox status").expect_code(7);
    sandbox.run("sandbox start --detach").expect_code(0);
    let endpoint = sandbox.status()["endpoint_url"].clone();
    sandbox.run("sandbox start --detach").expect_code(9);
    sandbox.deployer("status").expect_code(7);
    assert_eq!(sandbox.status()["endpoint_url"], endpoint, "the running one is used");
    sandbox.run("sandbox stop").expect_code(0);
    sandbox.run("sandbox stop").expect_code(0);
    sandbox.run("sandbox status").expect_code(7);
    sandbox.run("sandbox reset").expect_code(0);
}

/// The API's policy, in both positions of its switch and back again: the server's role gets through.
#[test]
fn users_get_in_whichever_callers_the_api_refuses() {
    let sandbox = Sandbox::new();
    for restrict in ["", " --restrict-to-invocation-role", ""] {
        let deployed = sandbox.deployer(&format!("deploy --yes --poll-interval 50ms{restrict}"));
        assert_eq!(deployed.json()["result"], "deployed", "{deployed}");
        sandbox.sftp("alice", &sandbox.password("alice"), "ls\n").expect_code(0);
    }
}
