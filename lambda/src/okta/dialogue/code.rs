//! The code that was typed, and the factors that it may be for.

use std::collections::VecDeque;

use super::{Step, told, verified};
use crate::okta::answer::{Answer, judge_success, read};
use crate::okta::authn::AuthnRequest;
use crate::okta::factor::Factor;
use crate::okta::judgement::Judgement;
use crate::okta::transaction::{FactorResult, MfaChallenge, TransactionState};
use crate::reason::Reason;
use crate::secret::Secret;

/// The answer for a code that is plainly wrong, so that another factor may be the one it is for.
const WRONG_CODE: &str = "E0000068";

/// Okta judges the code for one factor.
pub(super) struct Code<'a> {
    state_token: Secret,
    code: &'a Secret,
    factor: Factor,
    others: VecDeque<Factor>,
}

impl<'a> Code<'a> {
    pub(super) fn new(state_token: Secret, code: &'a Secret, factor: Factor, others: VecDeque<Factor>) -> Self {
        Self { state_token, code, factor, others }
    }

    pub(super) fn request(&self) -> AuthnRequest {
        AuthnRequest::verify(&self.factor.id, &self.state_token, Some(self.code))
    }

    pub(super) fn told(&self, judgement: Judgement, status: Option<u16>) -> Judgement {
        told(judgement, &self.factor, status)
    }

    pub(super) fn next(&mut self, answer: &Answer<'_>, expected: &str) -> Step {
        let judgement = judge(answer, expected);
        let is_wrong = judgement.error_code.as_deref() == Some(WRONG_CODE) && answer.status == 403;
        match self.others.pop_front().filter(|_| is_wrong) {
            Some(other) => {
                self.factor = other;
                Step::Verify(self.request())
            }
            None => Step::End(self.told(judgement, Some(answer.status))),
        }
    }
}

fn judge(answer: &Answer<'_>, expected: &str) -> Judgement {
    match verified(answer) {
        Ok(TransactionState::Success) => judge_success(answer, expected),
        Ok(TransactionState::MfaChallenge) => {
            let result = read::<MfaChallenge>(answer).map_or(FactorResult::Unknown, |challenge| challenge.result());
            Judgement { factor_result: Some(result), ..Reason::MfaFailed.into() }
        }
        Ok(other) => other.reason().into(),
        Err(judgement) => judgement,
    }
}
