use std::os::unix::fs::PermissionsExt;

use russh::keys::ssh_key::LineEnding;

use super::stand::{PASSWORD, Stand, key};
use crate::sftp::user::Methods;

fn asked(stand: &Stand) -> Vec<(String, bool)> {
    std::mem::take(&mut *stand.asked.lock().unwrap())
        .into_iter()
        .map(|(user, with_password, address)| {
            assert_eq!(address, "127.0.0.1");
            (user, with_password)
        })
        .collect()
}

#[tokio::test]
async fn passwords() {
    let stand = Stand::new();
    for (user, password, works, question) in [
        ("alice", PASSWORD, true, true),
        ("alice@example.com", PASSWORD, true, true),
        ("alice", "wrong", false, true),
        ("alice", "", false, false),
        ("failing", PASSWORD, false, true),
        ("blank", PASSWORD, false, true),
        ("al", PASSWORD, false, false),
        ("root", PASSWORD, false, false),
        (".alice", PASSWORD, false, false),
        ("ali ce", PASSWORD, false, false),
    ] {
        let ended = stand.run(user, password, &[], "pwd\n").await;
        assert_eq!(ended.code, if works { 0 } else { 255 }, "{user}: {ended:?}");
        assert_eq!(ended.err.contains("Permission denied"), !works, "{user}: {ended:?}");
        let expected = if question { vec![(user.to_owned(), true)] } else { Vec::new() };
        assert_eq!(asked(&stand), expected, "{user}");
    }
}

#[tokio::test]
async fn three_tries() {
    let stand = Stand::new();
    let ended = stand.run("alice", "wrong", &["-o", "NumberOfPasswordPrompts=9"], "pwd\n").await;
    assert_eq!(ended.code, 255, "{ended:?}");
    assert_eq!(asked(&stand).len(), 3);
}

/// Writes the private key with this seed for the client.
fn identity(stand: &Stand, seed: u8) -> String {
    let path = stand.local(&format!("id-{seed}"));
    std::fs::write(&path, key(seed).to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_and_passwords() {
    for (methods, user, seed, password, works, questions) in [
        (Methods::PublicKey, "keyed", 7, "", true, &[false][..]),
        (Methods::PublicKey, "keyed", 8, PASSWORD, false, &[false]),
        (Methods::PublicKey, "alice", 7, PASSWORD, false, &[false]),
        (Methods::PublicKeyOrPassword, "keyed", 7, "", true, &[false]),
        (Methods::PublicKeyOrPassword, "alice", 7, PASSWORD, true, &[false, true]),
        (Methods::PublicKeyOrPassword, "alice", 7, "wrong", false, &[false, true]),
        (Methods::PublicKeyAndPassword, "keyed", 7, PASSWORD, true, &[false, true]),
        (Methods::PublicKeyAndPassword, "keyed", 7, "wrong", false, &[false, true]),
        (Methods::PublicKeyAndPassword, "keyed", 8, PASSWORD, false, &[false]),
        (Methods::Password, "keyed", 7, PASSWORD, true, &[true]),
    ] {
        let stand = Stand::with_methods(methods);
        let ended = stand.run(user, password, &["-i", &identity(&stand, seed)], "pwd\n").await;
        assert_eq!(ended.code == 0, works, "{methods:?} {user} {seed}: {ended:?}");
        let asked: Vec<_> = asked(&stand).into_iter().map(|(_, with_password)| with_password).collect();
        assert_eq!(asked, questions, "{methods:?} {user} {seed}");
    }
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed() {
    let stand = Stand::with(Methods::Password, false);
    let ended = stand.sftp("alice", "pwd\n").await;
    assert_eq!(ended.code, 255, "{ended:?}");
    let stand = Stand::new();
    let ended = stand.sftp("roleless", "pwd\n").await;
    assert_eq!(ended.code, 255, "{ended:?}");
}

#[tokio::test]
async fn settings_change_for_the_next_client() {
    let stand = Stand::new();
    let mut settings = super::stand::settings(&stand.world, &stand.asked, Methods::PublicKey);
    settings.banner = Some("Changed".to_owned());
    stand.listener.as_ref().unwrap().set(settings);
    let ended = stand.sftp("alice", "pwd\n").await;
    assert!(ended.code == 255 && ended.err.contains("Changed"), "{ended:?}");
}

#[tokio::test]
async fn neither_shells_nor_commands() {
    let stand = Stand::new();
    let command = stand.command("alice", PASSWORD, &["-s", "/bin/sh"]);
    let ended = super::client::finish({ command }.spawn().unwrap(), "pwd\n").await;
    assert_eq!(ended.code, 255, "{ended:?}");
}
