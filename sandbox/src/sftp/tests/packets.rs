//! Clients that do not behave, over russh's own client.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{Config, Handle, Handler};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelMsg, client::Msg};

use super::stand::{PASSWORD, Stand};

struct Anyone;

impl Handler for Anyone {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

async fn connect(stand: &Stand) -> Handle<Anyone> {
    let config = Arc::new(Config::default());
    let mut handle = russh::client::connect(config, ("127.0.0.1", stand.port), Anyone).await.unwrap();
    assert!(handle.authenticate_password("alice", PASSWORD).await.unwrap().success());
    handle
}

async fn session(handle: &Handle<Anyone>) -> Channel<Msg> {
    let channel = handle.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "sftp").await.unwrap();
    channel
}

/// Everything until the channel is closed: bytes, and the exit status.
async fn rest(channel: &mut Channel<Msg>) -> (Vec<u8>, Option<u32>) {
    let (mut bytes, mut status) = (Vec::new(), None);
    let all = async {
        while let Some(message) = channel.wait().await {
            if let ChannelMsg::Data { data } = &message {
                bytes.extend_from_slice(data);
            }
            if let ChannelMsg::ExitStatus { exit_status } = message {
                status = Some(exit_status);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("the channel stayed open");
    (bytes, status)
}

fn packet(kind: u8, rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(rest.len() + 1).unwrap();
    [&length.to_be_bytes()[..], &[kind], rest].concat()
}

#[tokio::test]
async fn garbage_in_a_session_ends_it() {
    let stand = Stand::new();
    let handle = connect(&stand).await;
    for garbage in [&[0_u8; 64][..], &[255; 64], b"\x7f\xff\xff\xffx"] {
        let mut channel = session(&handle).await;
        channel.data_bytes(garbage.to_vec()).await.unwrap();
        let (bytes, status) = rest(&mut channel).await;
        assert_eq!((bytes.len(), status), (0, Some(255)));
    }
    // The connection itself goes on.
    let mut channel = session(&handle).await;
    channel.data_bytes(packet(1, &3_u32.to_be_bytes())).await.unwrap();
    channel.eof().await.unwrap();
    let (bytes, status) = rest(&mut channel).await;
    assert_eq!((bytes.get(4), status), (Some(&2), Some(0)));
}

/// Ids and codes of replies that are all STATUS.
fn statuses(mut bytes: &[u8]) -> Vec<(u8, u8)> {
    let mut statuses = Vec::new();
    while let Some((length, after)) = bytes.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap();
        assert_eq!(after[0], 101);
        statuses.push((after[4], after[8]));
        bytes = &after[length..];
    }
    statuses
}

#[tokio::test]
async fn broken_and_unknown_requests_are_answered() {
    let stand = Stand::new();
    let handle = connect(&stand).await;
    let mut channel = session(&handle).await;
    let mut requests = Vec::new();
    for (kind, rest) in [
        (3, &b"\0\0\0\x01\0\0\0\xffab"[..]),
        (5, b"\0\0\0\x02\0\0\0\x019"),
        (250, b"\0\0\0\x03"),
        (16, b"\0\0\0\x04\0\0\0\x02\xff\xfe"),
        (17, b"\0\0\0\x05\0\0\0\x03a\0b"),
        (4, b"\0\0\0\x06\0\0\0\x01x"),
        (7, b""),
        (200, b"\0\0\0\x08\0\0\0\x01x"),
    ] {
        requests.extend(packet(kind, rest));
    }
    channel.data_bytes(requests).await.unwrap();
    channel.eof().await.unwrap();
    let (bytes, status) = rest(&mut channel).await;
    assert_eq!(status, Some(0));
    assert_eq!(statuses(&bytes), [(1, 5), (2, 5), (3, 8), (4, 4), (5, 4), (6, 4), (0, 5), (8, 8)]);
}

/// Names that no client lets a person type: a newline is part of a name, and what is not UTF-8 is none.
#[tokio::test]
async fn names_that_are_no_text() {
    let stand = Stand::new();
    let handle = connect(&stand).await;
    let mut channel = session(&handle).await;
    let mut requests = Vec::new();
    let mut make = |id: u32, name: &[u8]| {
        let length = u32::try_from(name.len()).unwrap();
        let rest = [&id.to_be_bytes()[..], &length.to_be_bytes(), name, &[0; 4]].concat();
        requests.extend(packet(14, &rest));
    };
    for (id, name) in (1..).zip([
        &b"two\nlines"[..],
        b"\x1b[31mred",
        b"not \xff\xfe text",
        b"nul\0nul",
        b"a/../../../up",
        b"\"*?\\\" $(x)",
    ]) {
        make(id, name);
    }
    channel.data_bytes(requests).await.unwrap();
    channel.eof().await.unwrap();
    let (bytes, status) = rest(&mut channel).await;
    assert_eq!((statuses(&bytes), status), (vec![(1, 0), (2, 0), (3, 4), (4, 4), (5, 0), (6, 0)], Some(0)));
    let rows = std::fs::read_dir(stand.object("home/alice")).unwrap();
    let mut names: Vec<_> = rows.map(|row| row.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["\u{1b}[31mred", "\"*?\\\" $(x)", "two\nlines", "up"]);
}

#[tokio::test]
async fn a_flood_that_nobody_reads_is_held_back_and_then_answered() {
    const REQUESTS: usize = 100_000;
    let stand = Stand::new();
    let handle = connect(&stand).await;
    let mut channel = session(&handle).await;
    let one = packet(16, b"\0\0\0\x01\0\0\0\x01.");
    for _ in 0..100 {
        channel.data_bytes(one.repeat(REQUESTS / 100)).await.unwrap();
    }
    channel.eof().await.unwrap();
    let (bytes, status) = rest(&mut channel).await;
    // One name of REALPATH: 4 + 1 + 4 + 4 + (4 + 1) * 2 + 4 bytes.
    assert_eq!((bytes.len(), status), (REQUESTS * 27, Some(0)));
}

#[tokio::test]
async fn ten_sessions_on_a_connection() {
    let stand = Stand::new();
    let handle = connect(&stand).await;
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(session(&handle).await);
    }
    assert!(handle.channel_open_session().await.is_err());
    let mut one = sessions.pop().unwrap();
    one.eof().await.unwrap();
    rest(&mut one).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while handle.channel_open_session().await.is_err() {
        assert!(std::time::Instant::now() < deadline, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn two_hundred_clients_at_once() {
    const CLIENTS: usize = 200;
    let stand = Arc::new(Stand::new());
    let all_in = Arc::new(tokio::sync::Barrier::new(CLIENTS));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (stand, all_in) = (Arc::clone(&stand), Arc::clone(&all_in));
        clients.spawn(async move {
            let handle = connect(&stand).await;
            let mut channel = session(&handle).await;
            // Nobody leaves before all are in.
            all_in.wait().await;
            channel.data_bytes(packet(16, b"\0\0\0\x01\0\0\0\x01.")).await.unwrap();
            channel.eof().await.unwrap();
            rest(&mut channel).await
        });
    }
    let ended =
        tokio::time::timeout(Duration::from_secs(120), clients.join_all()).await.expect("some are still waiting");
    assert!(ended.iter().all(|(bytes, status)| (bytes.len(), *status) == (27, Some(0))), "{ended:?}");
    assert_eq!(stand.asked.lock().unwrap().len(), CLIENTS);
}

/// A client that asks for the time of what it has open keeps it on its own side.
#[tokio::test]
async fn an_open_object_has_the_time_of_its_path() {
    let stand = Stand::new();
    let handle = connect(&stand).await;
    let mut channel = session(&handle).await;
    let request = |kind: u8, id: u32, text: &[u8], rest: &[u32]| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        let rest: Vec<u8> = rest.iter().flat_map(|word| word.to_be_bytes()).collect();
        packet(kind, &[&id.to_be_bytes()[..], &length, text, &rest].concat())
    };
    let requests = [
        packet(1, &3_u32.to_be_bytes()),
        request(3, 1, b"report", &[0x1a, 0]),
        request(4, 2, b"1", &[]),
        request(3, 3, b"report", &[0x01, 0]),
        request(8, 4, b"2", &[]),
        request(17, 5, b"report", &[]),
    ];
    channel.data_bytes(requests.concat()).await.unwrap();
    channel.eof().await.unwrap();
    let (bytes, _) = rest(&mut channel).await;
    let (mut bytes, mut attributes) = (bytes.as_slice(), Vec::new());
    while let Some((length, after)) = bytes.split_first_chunk::<4>() {
        let (reply, others) = after.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap());
        if reply[0] == 105 {
            attributes.push(reply[5..].to_vec());
        }
        bytes = others;
    }
    assert_eq!(attributes.len(), 2);
    assert_eq!(attributes[0], attributes[1]);
    assert_ne!(attributes[0][attributes[0].len() - 4..], [0; 4]);
}
