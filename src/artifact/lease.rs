//! One run at a time per deployment: a lease, which is an object in the artifact bucket.
//!
//! It is taken and renewed by conditional writes (S3 User Guide, "Conditional writes"), so two runs can never both hold
//! it. It expires when it is not renewed, so a run that was killed strands nobody. No clock of this machine takes part.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::bucket::ArtifactBucket;
use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;

/// A lease lives this many poll intervals after its last renewal: 30 s at the default of two seconds.
const INTERVALS: u32 = 15;
/// It is renewed this often while it lives.
const RENEWALS: u32 = 3;
/// The longest a lease is believed to live, whatever its text says.
const LONGEST: Duration = Duration::from_secs(600);
/// S3 tells times to the second.
const GRANULARITY: Duration = Duration::from_secs(1);
/// How long giving it back may take when the run was interrupted.
const HURRY: Duration = Duration::from_secs(1);

/// What the object says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    run: String,
    command: String,
    caller: String,
    lives_ms: u64,
    /// Counts the writes: S3 gives equal bytes an equal ETag, and a renewal has to be seen.
    renewal: u64,
}

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
    place: Place,
    etag: Arc<Mutex<String>>,
    renewal: tokio::task::JoinHandle<()>,
    lost: Arc<Notify>,
}

#[derive(Debug, Clone)]
struct Place {
    client: Client,
    bucket: ArtifactBucket,
    key: String,
    note: Note,
    lives: Duration,
}

/// What an attempt to write came to.
enum Write {
    Done(String),
    /// Somebody else's object is there. The service's time, where it told.
    Taken(Option<DateTime>),
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
        let place = Place {
            client: client.clone(),
            bucket: bucket.clone(),
            key: format!("{}/lease.json", holder.deployment),
            note,
            lives,
        };
        let etag = place.take(holder, interval, patience_for_others, progress).await?;
        self.lock().replace(Held::renewing(place, etag));
        Ok(())
    }

    /// Does `work` for as long as the lease is held.
    ///
    /// # Errors
    /// What `work` says; `Busy` when the lease was lost to another run meanwhile.
    pub async fn hold<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let lost = self.lock().as_ref().map(|held| Arc::clone(&held.lost));
        let result = match lost {
            None => work.await,
            Some(lost) => tokio::select! {
                result = work => result,
                () = lost.notified() => Err(Error::new(ErrorCode::Busy, "another run took this deployment over")
                    .cause("this run could not renew its lease in time")
                    .hint("run the same command again: it goes on from what is there")),
            },
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
        let Some(held) = self.lock().take() else { return };
        held.renewal.abort();
        let known = held.etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if held.place.remove(known).await.is_ok() {
            return;
        }
        // A renewal whose answer did not come any more may have taken effect.
        if let Ok(Some((etag, Some(note), _))) = held.place.read().await
            && note.run == held.place.note.run
        {
            held.place.remove(etag).await.ok();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn renewing(place: Place, etag: String) -> Self {
        let etag = Arc::new(Mutex::new(etag));
        let lost = Arc::new(Notify::new());
        let renewal = tokio::spawn(renew(place.clone(), Arc::clone(&etag), Arc::clone(&lost)));
        Self { place, etag, renewal, lost }
    }
}

/// Renews until it cannot. An error that may pass is tried again while the lease still lives.
async fn renew(mut place: Place, etag: Arc<Mutex<String>>, lost: Arc<Notify>) {
    let pause = place.lives / RENEWALS;
    let mut renewed = Instant::now();
    loop {
        sleep(pause).await;
        place.note.renewal += 1;
        let known = etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match place.write(Some(known)).await {
            Ok(Write::Done(fresh)) => {
                *etag.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                renewed = Instant::now();
            }
            // The answer to this very renewal may have been lost, and the SDK repeated it.
            Ok(Write::Taken(_)) => match place.read().await {
                Ok(Some((fresh, Some(note), _))) if note == place.note => {
                    *etag.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                    renewed = Instant::now();
                }
                Ok(_) | Err(_) => break,
            },
            Err(_) if renewed.elapsed() < place.lives => {}
            Err(_) => break,
        }
    }
    lost.notify_one();
}

impl Place {
    async fn take(
        &self,
        holder: &Holder<'_>,
        interval: Duration,
        patience: Duration,
        progress: &Progress,
    ) -> Result<String> {
        let began = Instant::now();
        let mut watched: Option<(String, Instant, Duration)> = None;
        let mut told = false;
        loop {
            let service_time = match self.write(None).await? {
                Write::Done(etag) => return Ok(etag),
                Write::Taken(time) => time,
            };
            let Some((etag, note, written)) = self.read().await? else { continue };
            if note.as_ref().is_some_and(|note| *note == self.note) {
                // Our own: the answer to the write was lost, and the SDK repeated it.
                return Ok(etag);
            }
            let lives = note.as_ref().map_or(self.lives, |note| Duration::from_millis(note.lives_ms).min(LONGEST));
            let renewed_meanwhile = watched.as_ref().is_some_and(|(known, _, _)| *known != etag);
            let since = match &watched {
                Some((known, since, age)) if *known == etag => since.elapsed() + *age,
                Some(_) | None => {
                    let age = age(service_time, written);
                    watched = Some((etag.clone(), Instant::now(), age));
                    age
                }
            };
            if since >= lives {
                if let Write::Done(etag) = self.write(Some(etag)).await? {
                    progress.note("An earlier run ended without giving its lease back: going on in its place");
                    return Ok(etag);
                }
                continue;
            }
            if renewed_meanwhile && began.elapsed() >= patience {
                return Err(busy(holder, note.as_ref()));
            }
            if !told {
                let who = note.as_ref().map_or("another run", |note| note.caller.as_str());
                progress.note(&format!("{who} holds this deployment: waiting for the end of that run"));
                told = true;
            }
            progress.tick();
            sleep(interval).await;
        }
    }

    /// Writes the object: where none is, or where it still is the one with `etag`.
    async fn write(&self, etag: Option<String>) -> Result<Write> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .expected_bucket_owner(&self.bucket.account)
            .body(ByteStream::from(serde_json::to_vec(&self.note).unwrap_or_default()));
        let call = match etag {
            Some(etag) => call.if_match(etag),
            None => call.if_none_match("*"),
        };
        match call.send().await {
            Ok(written) => Ok(Write::Done(written.e_tag.unwrap_or_default())),
            Err(error) => {
                let time = error
                    .raw_response()
                    .and_then(|response| response.headers().get("date"))
                    .and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
                match refusal(&error) {
                    // 412: there is one. 409: another write was under way. 404: the one to replace is gone.
                    Some(refusal) if matches!(refusal.status, 404 | 409 | 412) && refusal.code != "NoSuchBucket" => {
                        Ok(Write::Taken(time))
                    }
                    Some(_) | None => {
                        Err(failure("could not take this deployment's lease", &error).resource(&self.key))
                    }
                }
            }
        }
    }

    /// Deletes the object where it still is the one with `etag`.
    async fn remove(&self, etag: String) -> Result<()> {
        let call = self.client.delete_object().bucket(&self.bucket.name).key(&self.key).if_match(etag);
        match call.expected_bucket_owner(&self.bucket.account).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failure("could not give this deployment's lease back", &error).resource(&self.key)),
        }
    }

    /// Who holds it: the object's version, its text where that can be read, and when it was written.
    async fn read(&self) -> Result<Option<(String, Option<Note>, Option<DateTime>)>> {
        let call = self.client.get_object().bucket(&self.bucket.name).key(&self.key);
        match call.expected_bucket_owner(&self.bucket.account).send().await {
            Ok(object) => {
                let (etag, written) = (object.e_tag.unwrap_or_default(), object.last_modified);
                let note =
                    object.body.collect().await.ok().and_then(|bytes| serde_json::from_slice(&bytes.into_bytes()).ok());
                Ok(Some((etag, note, written)))
            }
            Err(error) if refusal(&error).is_some_and(|refusal| refusal.status == 404) => Ok(None),
            Err(error) => Err(failure("could not read this deployment's lease", &error).resource(&self.key)),
        }
    }
}

/// How old the object surely is, by the service's own clock.
fn age(now: Option<DateTime>, written: Option<DateTime>) -> Duration {
    let (Some(now), Some(written)) = (now, written) else { return Duration::ZERO };
    let seconds = u64::try_from(now.secs().saturating_sub(written.secs())).unwrap_or(0);
    Duration::from_secs(seconds).saturating_sub(GRANULARITY)
}

fn busy(holder: &Holder<'_>, note: Option<&Note>) -> Error {
    let who = note.map_or_else(|| "another run".to_owned(), |note| format!("`{}` by {}", note.command, note.caller));
    Error::new(ErrorCode::Busy, format!("{who} is working on deployment {}", holder.deployment))
        .cause("only one run at a time may change a deployment")
        .hint("wait for its end and run the same command again, or let this one wait: --wait-for-lock 15m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_never_overrated() {
        let at = |seconds| Some(DateTime::from_secs(seconds));
        assert_eq!(age(at(100), at(60)), Duration::from_secs(39));
        assert_eq!(age(at(60), at(60)), Duration::ZERO);
        assert_eq!(age(at(50), at(60)), Duration::ZERO);
        assert_eq!(age(None, at(60)), Duration::ZERO);
    }
}
