//! Renewing the lease for as long as the run lasts, and how that stands.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::LONGEST;
use super::object::{LeaseObject, Write};
use crate::error::{Error, ErrorCode, Result};

/// It is renewed this often while it lives.
const RENEWALS: u32 = 3;
/// How often one renewal writes, where it finds an earlier write of this run that it did not know of.
const TRIES: usize = 3;

/// Whether the lease is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tenure {
    /// Surely.
    Held,
    /// Perhaps: it was not renewed in time.
    Stale,
    /// Not any more.
    Lost(Error),
}

/// Renews until `ended` is told or nobody is left to tell it, or until somebody else has taken over. `tenure` tells how that
/// stands. It ends between two writes, so that the last ETag is the known one.
///
/// While renewals fail, the lease may be another run's by now: it is stale once it was not renewed for as long as it lives.
/// A renewal that succeeds after all proves that nobody took it, for its condition is our own last write.
pub(super) async fn renew(
    mut object: LeaseObject,
    etag: Arc<Mutex<String>>,
    tenure: watch::Sender<Tenure>,
    mut ended: oneshot::Receiver<()>,
) {
    let pause = object.lives / RENEWALS;
    let mut renewed = Instant::now();
    loop {
        tokio::select! {
            _ = &mut ended => return,
            () = sleep(pause) => {}
        }
        object.note.renewal += 1;
        let known = etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = Instant::now();
        let mut renewal = pin!(object.renew(known));
        let outcome = match timeout_at(renewed + object.lives, &mut renewal).await {
            Ok(outcome) => outcome,
            Err(_) => {
                tenure.send_replace(Tenure::Stale);
                renewal.await
            }
        };
        match outcome {
            Ok(Some(fresh)) => {
                *etag.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                renewed = sent;
                tenure.send_replace(Tenure::Held);
            }
            Ok(None) => {
                tenure.send_replace(Tenure::Lost(taken_over()));
                return;
            }
            Err(error)
                if renewed.elapsed() >= LONGEST || !error.code.may_pass() && renewed.elapsed() >= object.lives =>
            {
                tenure.send_replace(Tenure::Lost(error));
                return;
            }
            Err(_) if renewed.elapsed() >= object.lives => {
                tenure.send_replace(Tenure::Stale);
            }
            Err(_) => {}
        }
    }
}

pub(super) fn taken_over() -> Error {
    Error::new(ErrorCode::Busy, "another run took this deployment over")
        .cause("this run could not renew its lease in time")
        .hint("run the same command again: it goes on from what is there")
}

impl LeaseObject {
    /// Writes the object anew where it still is the one with `etag`; `None` where it is another run's by now.
    async fn renew(&self, etag: String) -> Result<Option<String>> {
        let mut etag = etag;
        for _ in 0..TRIES {
            if let Write::Done(fresh) = self.write(Some(etag)).await? {
                return Ok(Some(fresh));
            }
            let Some((fresh, Some(note), _)) = self.read().await? else { return Ok(None) };
            if note.run != self.note.run {
                return Ok(None);
            }
            // The answer to this very renewal may have been lost, and the SDK repeated it.
            if note == self.note {
                return Ok(Some(fresh));
            }
            // All answers to an earlier one may have been: it took effect then, and only a write of now proves that the lease
            // is ours from now on.
            etag = fresh;
        }
        Err(Error::new(ErrorCode::Service, "could not renew this deployment's lease").resource(&self.key))
    }
}
