//! Roles that were made a moment ago: waiting until they are seen, and knowing the refusal of one that is not usable yet.

use aws_sdk_iam::Client;

use crate::aws::{Refusal, refusal};
use crate::progress::Progress;
use crate::wait::{Backoff, Patience};

/// How many poll intervals this waits at most until they are seen: half a minute at the default.
const INTERVALS: u32 = 15;
/// How many poll intervals they get to become usable after that: two minutes at the default of two seconds.
const INTERVALS_TO_USE: u32 = 60;
/// What to do about a role that is refused even then.
pub(super) const STILL_REFUSED: &str = "the role was still refused after two minutes, so its trust policy is the likely \
    cause: deploy again to bring the stack back to its template";

/// How long a call is repeated whose role is not usable yet.
pub(super) fn patience(patience: &Patience) -> Patience {
    patience.at_most(patience.interval.saturating_mul(INTERVALS_TO_USE))
}

/// Whether a call was refused because of a role that Transfer cannot assume yet. IAM is eventually consistent; the
/// service's wording for it is not documented, so likeness decides.
pub(super) fn is_not_ready(refusal: &Refusal) -> bool {
    let message = refusal.message.to_ascii_lowercase();
    let about_a_role = message.contains("role")
        && ["assume", "trust", "not ready", "does not exist"].iter().any(|word| message.contains(word));
    about_a_role && matches!(refusal.code.as_str(), "InvalidRequestException" | "AccessDeniedException")
}

/// Waits until IAM shows roles that the stack has just made, by ARN. IAM is eventually consistent, and CreateServer
/// refuses a role that it cannot see.
///
/// Only advisory: whatever else IAM answers (the caller may lack `iam:GetRole`), CreateServer decides.
pub async fn wait_until_visible(client: &Client, role_arns: &[&str], patience: &Patience, progress: &Progress) {
    let patience = patience.at_most(patience.interval.saturating_mul(INTERVALS));
    for arn in role_arns {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let mut backoff = Backoff::from(patience.interval);
        loop {
            let answer = client.get_role().role_name(name).send().await;
            let missing =
                answer.is_err_and(|error| refusal(&error).is_some_and(|refusal| refusal.code == "NoSuchEntity"));
            if !missing || patience.is_over() {
                break;
            }
            progress.tick();
            patience.pause_for(backoff.next_pause()).await;
        }
    }
}
