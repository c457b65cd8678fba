//! One run at a time per deployment: a lease, which is an object in the artifact bucket.
//!
//! It is taken and renewed by conditional writes (S3 User Guide, "Conditional writes"), so two runs can never both hold
//! it. It expires when it is not renewed, so a run that was killed strands nobody. No clock of this machine takes part.

mod object;
mod renewal;
mod taking;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::bucket::ArtifactBucket;
use crate::error::Result;
use crate::progress::Progress;

use object::{LeaseObject, Note};
use renewal::{Tenure, taken_over};

/// A lease lives this many poll intervals after its last renewal: 30 s at the default of two seconds.
const INTERVALS: u32 = 15;
/// The longest a lease is believed to live, whatever its text says.
const LONGEST: Duration = Duration::from_secs(600);
/// How long giving it back may take when the run was interrupted.
const HURRY: Duration = Duration::from_secs(1);
/// How long giving it back waits for a renewal that is under way. In a hurry as much is left for the call itself.
const LAST_RENEWAL: Duration = Duration::from_millis(500);

/// Who takes the lease, and for what.
#[derive(Debug, Clone)]
pub struct Holder<'a> {
    /// The deployment.
    pub deployment: &'a str,
    /// This run.
    pub run: &'a str,
    /// The command.
    pub command: &'a str,
    /// The caller's ARN.
    pub caller: &'a str,
}

/// The lease that a run may hold. Shared, so that whoever hears a signal can give it back.
#[derive(Debug, Clone, Default)]
pub struct LeaseSlot(Arc<Mutex<Option<Held>>>);

/// A lease that is held, and renewed by a task of its own.
#[derive(Debug)]
struct Held {
    object: LeaseObject,
    etag: Arc<Mutex<String>>,
    renewal: tokio::task::JoinHandle<()>,
    /// Dropped, it lets the renewal end after the write that is under way.
    ending: oneshot::Sender<()>,
    tenure: watch::Receiver<Tenure>,
}

impl LeaseSlot {
    /// Takes the lease. Another run that is alive makes it wait `patience_for_others`, then fail; one that is not alive
    /// any more is waited out.
    ///
    /// # Errors
    /// `Busy`, naming who holds it, or what S3 says.
    pub async fn take(
        &self,
        client: &Client,
        bucket: &ArtifactBucket,
        holder: &Holder<'_>,
        interval: Duration,
        patience_for_others: Duration,
        progress: &Progress,
    ) -> Result<()> {
        let lives = interval.saturating_mul(INTERVALS).min(LONGEST);
        let note = Note {
            run: holder.run.to_owned(),
            command: holder.command.to_owned(),
            caller: holder.caller.to_owned(),
            lives_ms: u64::try_from(lives.as_millis()).unwrap_or(u64::MAX),
            renewal: 0,
        };
        let object = LeaseObject {
            client: client.clone(),
            bucket: bucket.clone(),
            key: format!("{}/lease.json", holder.deployment),
            note,
            lives,
        };
        let etag = object.take(holder, interval, patience_for_others, progress).await?;
        self.lock().replace(Held::renewing(object, etag));
        Ok(())
    }

    /// Does `work` for as long as the lease is held. While it is stale the work stands still: what is under way at AWS
    /// goes on, and nothing new is begun.
    ///
    /// # Errors
    /// What `work` says; `Busy` when the lease was lost to another run meanwhile.
    pub async fn hold<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let tenure = self.lock().as_ref().map(|held| held.tenure.clone());
        let result = match tenure {
            None => work.await,
            Some(mut tenure) => {
                let mut work = pin!(work);
                loop {
                    let holds = match &*tenure.borrow_and_update() {
                        Tenure::Held => true,
                        Tenure::Stale => false,
                        Tenure::Lost(why) => break Err(why.clone()),
                    };
                    tokio::select! {
                        biased;
                        changed = tenure.changed() => if changed.is_err() {
                            let Tenure::Lost(why) = tenure.borrow().clone() else { break Err(taken_over()) };
                            break Err(why);
                        },
                        result = &mut work, if holds => break result,
                    }
                }
            }
        };
        self.give_back().await;
        result
    }

    /// Gives the lease back in a hurry, where one is held.
    pub async fn give_back_at_once(&self) {
        let _ = timeout(HURRY, self.give_back()).await;
    }

    /// Gives the lease back. A failure is no matter: it expires.
    async fn give_back(&self) {
        let Some(Held { object, etag, mut renewal, ending, .. }) = self.lock().take() else { return };
        drop(ending);
        if timeout(LAST_RENEWAL, &mut renewal).await.is_err() {
            renewal.abort();
        }
        let known = etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if object.remove(known).await.is_ok() {
            return;
        }
        // A renewal whose answer did not come any more may have taken effect.
        if let Ok(Some((etag, Some(note), _))) = object.read().await
            && note.run == object.note.run
        {
            object.remove(etag).await.ok();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn renewing(object: LeaseObject, etag: String) -> Self {
        let etag = Arc::new(Mutex::new(etag));
        let (teller, tenure) = watch::channel(Tenure::Held);
        let (ending, ended) = oneshot::channel();
        let renewal = tokio::spawn(renewal::renew(object.clone(), Arc::clone(&etag), teller, ended));
        Self { object, etag, renewal, ending, tenure }
    }
}
