//! Waiting for roles that were made a moment ago.

use aws_sdk_iam::Client;

use crate::aws::refusal;
use crate::progress::Progress;
use crate::wait::{Backoff, Patience};

/// How many poll intervals this waits at most: half a minute at the default. CreateServer has a budget of its own after it.
const INTERVALS: u32 = 15;

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
