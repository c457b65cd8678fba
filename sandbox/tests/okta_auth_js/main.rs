//! Okta's own client, `@okta/okta-auth-js`, walks the flows of the small Okta: it behaves as the real one does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sftp_okta_sandbox::{Options, start};

/// What a step needs that is not there.
const NEEDED: &str = "Node.js 20 or later with npm is needed";

#[tokio::test(flavor = "multi_thread")]
async fn password_code_and_push() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start(Options::new(folder.path())).await.unwrap();
    let status = sandbox.status();
    let bob = status.users.iter().find(|user| user.user == "bob").unwrap();
    let secret = bob.state.rsplit(' ').next().unwrap().to_owned();
    let org = status.okta_url.clone();
    let told = tokio::task::spawn_blocking(move || walk(&org, &secret)).await.unwrap();
    sandbox.stop().await;
    insta::assert_snapshot!(told);
}

fn walk(org: &str, secret: &str) -> String {
    output(Command::new("node").arg(client().join("walk.mjs")).args([org, secret]))
}

/// The folder of the client, installed on first use and whenever one of its files has changed.
fn client() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/okta_auth_js");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/okta-auth-js");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    fs::copy(source.join("walk.mjs"), folder.join("walk.mjs")).unwrap();
    let wanted = fs::read_to_string(source.join("package-lock.json")).unwrap();
    let marker = folder.join("installed.json");
    if !fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        output(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder));
        // Last, so that an installation that broke off is made anew.
        fs::write(&marker, wanted).unwrap();
    }
    folder
}

/// Runs one step to its end; what it wrote goes into the failure, since a test's log is all there is to look at.
fn output(command: &mut Command) -> String {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error} ({NEEDED})"));
    let stdout = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{command:?}: {}\n{stdout}{}", ran.status, String::from_utf8_lossy(&ran.stderr));
    stdout
}
