use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::finish;
use super::stand::Stand;

#[tokio::test]
async fn garbage_before_the_handshake() {
    let stand = Stand::new();
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 4096],
        &[255; 4096],
        b"SSH-2.0-x\r\n\x00\x00\x00\x00",
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", stand.port)).await.unwrap();
        let _ = stream.write_all(garbage).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the connection stayed open after {garbage:?}");
    }
    let ended = stand.sftp("alice", "pwd\n").await;
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test]
async fn silent_clients_do_not_keep_others_out() {
    let stand = Stand::new();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(("127.0.0.1", stand.port)).await.unwrap());
    }
    let ended = stand.sftp("alice", "pwd\n").await;
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test]
async fn a_server_that_stops() {
    let mut stand = Stand::new();
    let mut child = stand.start("alice");
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"pwd\n").await.unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("Remote working directory") {
        assert_ne!(out.read_buf(&mut seen).await.unwrap(), 0, "the session did not begin");
    }
    let silent = TcpStream::connect(("127.0.0.1", stand.port)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), stand.stop()).await.expect("it did not stop");
    drop(silent);
    assert!(TcpStream::connect(("127.0.0.1", stand.port)).await.is_err(), "it still listens");
    let _ = input.write_all(b"ls\n").await;
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
    assert!(!ended.expect("the session went on").unwrap().success());
}

#[tokio::test]
async fn a_dropped_listener_takes_its_sessions_along() {
    let mut stand = Stand::new();
    let child = stand.start("alice");
    let ended = tokio::spawn(finish(child, "pwd\n!sleep 2\nmkdir d\n"));
    while stand.asked.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(stand.listener.take());
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the session went on").unwrap();
    assert_ne!(ended.code, 0, "{ended:?}");
    assert!(!stand.object("home/alice/d").exists());
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_a_partial_upload() {
    let stand = Stand::new();
    let file = std::fs::File::create(stand.local("huge")).unwrap();
    file.set_len(2 << 30).unwrap();
    let mut child = stand.command("alice", super::stand::PASSWORD, &["-l", "80000"]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"put huge\n").await.unwrap();
    let arrived = || {
        let rows = std::fs::read_dir(stand.world.store.uploads()).into_iter().flatten();
        rows.flatten().any(|row| row.metadata().is_ok_and(|found| found.len() > 0))
    };
    while !arrived() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !stand.object("home/alice/huge").exists() {
        assert!(std::time::Instant::now() < deadline, "nothing was kept");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(std::fs::read_dir(stand.world.store.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn clients_that_vanish_while_they_read() {
    let stand = Stand::new();
    let file = std::fs::File::create(stand.local("huge")).unwrap();
    file.set_len(1 << 30).unwrap();
    stand.put("home/alice/x", b"x");
    std::fs::hard_link(stand.local("huge"), stand.object("home/alice/huge")).unwrap();
    let mut clients = Vec::new();
    for number in 0..4 {
        let mut child = stand.command("alice", super::stand::PASSWORD, &["-l", "80000"]).spawn().unwrap();
        let batch = format!("get huge got-{number}\n");
        child.stdin.take().unwrap().write_all(batch.as_bytes()).await.unwrap();
        clients.push((number, child));
    }
    for (number, mut child) in clients {
        while !std::fs::metadata(stand.local(&format!("got-{number}"))).is_ok_and(|found| found.len() > 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        child.kill().await.unwrap();
    }
    let ended = stand.sftp("alice", "get x\n").await;
    assert_eq!(ended.code, 0, "{ended:?}");
}
