//! Taking the lease: where nobody holds it, or once another run's has expired.

use std::time::Duration;

use aws_sdk_s3::primitives::DateTime;
use tokio::time::{Instant, sleep};

use super::object::{LeaseObject, Note, Write};
use super::{Holder, LONGEST};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;

/// S3 tells times to the second.
const GRANULARITY: Duration = Duration::from_secs(1);

impl LeaseObject {
    /// Takes it. Another run that is alive is waited for until `patience` ends, one that is not alive any more is waited out.
    pub(super) async fn take(
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
