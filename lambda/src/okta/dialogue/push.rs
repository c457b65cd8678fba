//! A push: sent once, then asked about until the user has answered it, or there is no time left.

use super::{Cancellation, Step, told, verified};
use crate::okta::answer::{Answer, judge_success, read};
use crate::okta::authn::AuthnRequest;
use crate::okta::error_code::reason_of_status;
use crate::okta::factor::Factor;
use crate::okta::judgement::{Detail, Judgement};
use crate::okta::transaction::{FactorResult, MfaChallenge, TransactionState};
use crate::reason::Reason;
use crate::secret::Secret;

/// Okta asks the user's phone.
pub(super) struct Push {
    state_token: Secret,
    factor: Factor,
    /// Whether Okta has said that it waits for the phone.
    is_sent: bool,
}

/// What an answer means.
enum Turn {
    End(Judgement),
    /// Okta is asked again; if there is no time for it, this is what came of it.
    Poll(Judgement),
    Cancel(Judgement),
}

impl Push {
    pub(super) fn new(state_token: Secret, factor: Factor) -> Self {
        Self { state_token, factor, is_sent: false }
    }

    /// The same request sends the push and asks what came of it.
    pub(super) fn request(&self) -> AuthnRequest {
        AuthnRequest::verify(&self.factor.id, &self.state_token, None)
    }

    pub(super) fn cancellation(&self, judgement: Judgement, status: Option<u16>) -> Cancellation {
        let judgement = told(judgement, &self.factor, status);
        Cancellation { request: AuthnRequest::cancel(&self.state_token), judgement }
    }

    pub(super) fn next(&mut self, answer: &Answer<'_>, expected: &str) -> Step {
        let status = Some(answer.status);
        match judge(answer, expected, self.is_sent) {
            Turn::End(judgement) => Step::End(told(judgement, &self.factor, status)),
            Turn::Poll(judgement) => {
                self.is_sent = true;
                Step::Poll { request: self.request(), too_late: self.cancellation(judgement, status) }
            }
            Turn::Cancel(judgement) => Step::Cancel(self.cancellation(judgement, status)),
        }
    }
}

fn judge(answer: &Answer<'_>, expected: &str, is_sent: bool) -> Turn {
    let challenge = match verified(answer) {
        Ok(TransactionState::MfaChallenge) => read::<MfaChallenge>(answer),
        Ok(TransactionState::Success) => return Turn::End(judge_success(answer, expected)),
        Ok(other) => return Turn::End(other.reason().into()),
        Err(judgement) => return without_state(answer.status, judgement, is_sent),
    };
    let Some(challenge) = challenge else { return Turn::Cancel(Judgement::unavailable(Detail::NotJson)) };
    match challenge.result() {
        FactorResult::Waiting if challenge.wants_a_number() => Turn::Cancel(Reason::PushNumberChallenge.into()),
        FactorResult::Waiting => Turn::Poll(Reason::PushTimeout.into()),
        other @ (FactorResult::Success
        | FactorResult::Rejected
        | FactorResult::Timeout
        | FactorResult::Cancelled
        | FactorResult::Error
        | FactorResult::PasscodeReplayed
        | FactorResult::TimeWindowExceeded
        | FactorResult::Unknown) => Turn::End(Judgement { factor_result: Some(other), ..other.reason().into() }),
    }
}

/// An answer that tells no state of the transaction.
fn without_state(status: u16, judgement: Judgement, is_sent: bool) -> Turn {
    match status {
        // It says nothing about the push, which still waits: Okta is asked again. Not before the push was sent, since the
        // same request would send it, and perhaps a second time. That nobody answered is not the user's failed try then.
        429 | 500..=599 if is_sent => {
            let reason = reason_of_status(status);
            let detail = (reason == Reason::OktaUnavailable).then_some(Detail::Status);
            Turn::Poll(Judgement { reason, detail, ..judgement })
        }
        // Okta has ended the transaction, or begun none.
        400..=499 => Turn::End(judgement),
        // Nobody knows what became of the push: it is not left on somebody's phone.
        _ => Turn::Cancel(judgement),
    }
}
