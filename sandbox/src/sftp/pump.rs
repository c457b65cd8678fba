//! Carries requests from a channel to its session and replies back, many at a time, with the disk on a thread of its own.
//!
//! Three things go on at once: the channel is emptied, a batch of requests is worked on, replies are sent. The channel is
//! emptied also while replies wait, since russh sends nothing while it cannot hand over what came in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelWriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};

use super::replies::Replies;
use super::session::Session;
use super::wire::{self, Request};

/// Bytes of requests that may wait; beyond it the client is slowed down.
const WAITING_REQUESTS: usize = 2 * 1024 * 1024;
/// Bytes of replies that may wait; beyond it no request is begun.
const WAITING_REPLIES: usize = 1024 * 1024;
/// Bytes that one batch reads or writes.
const BATCH: usize = 256 * 1024;
/// Requests in one batch.
const BATCH_REQUESTS: usize = 256;

/// Exit status of a session that ended well, and of one whose client sent what is not SFTP.
const WELL: u32 = 0;
const NOT_SFTP: u32 = 255;

/// Replies on their way.
#[derive(Debug, Default)]
struct Backlog {
    bytes: AtomicUsize,
    fell: Notify,
}

/// Runs a session until its client ends it.
pub(super) async fn run(channel: Channel<Msg>, session: Session) {
    let (mut incoming, outgoing) = channel.split();
    let backlog = Arc::new(Backlog::default());
    let (replies, waiting) = mpsc::unbounded_channel();
    let sending = tokio::spawn(send(outgoing, waiting, Arc::clone(&backlog)));

    let mut buffer = BytesMut::new();
    let mut session = Some(session);
    let mut job: Option<JoinHandle<(Session, Replies)>> = None;
    let mut is_over = false;
    let mut status = WELL;
    loop {
        let has_room = backlog.bytes.load(Ordering::Acquire) < WAITING_REPLIES;
        if has_room && let Some(worker) = session.take() {
            match batch(&mut buffer) {
                Ok(requests) if requests.is_empty() && is_over => break,
                Ok(requests) if requests.is_empty() => session = Some(worker),
                Ok(requests) => job = Some(spawn_blocking(move || work(worker, requests))),
                Err(()) => {
                    status = NOT_SFTP;
                    break;
                }
            }
        }
        let is_working = job.is_some();
        tokio::select! {
            message = incoming.wait(), if !is_over && buffer.len() < WAITING_REQUESTS => match message {
                Some(ChannelMsg::Data { data }) => buffer.extend_from_slice(&data),
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => is_over = true,
                // Window changes and signals say nothing to SFTP.
                Some(_) => {}
            },
            done = finish(&mut job), if is_working => {
                job = None;
                // A session that panicked is over.
                let Some((worker, out)) = done else { break };
                session = Some(worker);
                backlog.bytes.fetch_add(out.len(), Ordering::AcqRel);
                if replies.send(Ok(Bytes::from(out.0))).is_err() {
                    break;
                }
            }
            () = backlog.fell.notified(), if !has_room => {}
            () = replies.closed() => break,
        }
    }
    // Uploads that were begun are completed on the thread that may block.
    let _ = spawn_blocking(move || drop(session)).await;
    let _ = replies.send(Err(status));
    drop(replies);
    let _ = sending.await;
}

async fn finish(job: &mut Option<JoinHandle<(Session, Replies)>>) -> Option<(Session, Replies)> {
    match job {
        Some(job) => job.await.ok(),
        None => std::future::pending().await,
    }
}

/// Takes whole requests off the front.
fn batch(buffer: &mut BytesMut) -> Result<Vec<(u32, Request)>, ()> {
    let mut requests = Vec::new();
    let mut bytes = 0;
    while bytes < BATCH && requests.len() < BATCH_REQUESTS {
        let Some(packet) = wire::packet(buffer)? else { break };
        let (id, request) = wire::request(packet);
        bytes += request.weight();
        requests.push((id, request));
    }
    Ok(requests)
}

fn work(mut session: Session, requests: Vec<(u32, Request)>) -> (Session, Replies) {
    let mut out = Replies::default();
    for (id, request) in requests {
        session.answer(id, request, &mut out);
    }
    (session, out)
}

/// Sends replies in their order, and at last the exit status, without which a batch client ends in an error.
async fn send(
    outgoing: ChannelWriteHalf<Msg>,
    mut waiting: mpsc::UnboundedReceiver<Result<Bytes, u32>>,
    backlog: Arc<Backlog>,
) {
    while let Some(next) = waiting.recv().await {
        match next {
            Ok(bytes) => {
                let length = bytes.len();
                if outgoing.data_bytes(bytes).await.is_err() {
                    return;
                }
                backlog.bytes.fetch_sub(length, Ordering::AcqRel);
                backlog.fell.notify_one();
            }
            Err(status) => {
                let _ = outgoing.exit_status(status).await;
                let _ = outgoing.eof().await;
                let _ = outgoing.close().await;
                return;
            }
        }
    }
}
