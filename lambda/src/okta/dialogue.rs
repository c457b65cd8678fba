//! The order of a sign-in at Okta. Pure: an answer in, the next step out. The state of the transaction is looked at after
//! every step, and only `SUCCESS` is a sign-in.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use super::AUTHN_PATH;
use super::answer::{Answer, judge_error, judge_success, read, state};
use super::authn::verify_body;
use super::error_code::reason_of_verification;
use super::factor::{Choice, Factor, choose};
use super::judgement::{Detail, Judgement};
use super::transaction::{FactorResult, MfaChallenge, MfaRequired, TransactionState};
use crate::reason::Reason;
use crate::secret::Secret;
use crate::settings::{Mfa, MfaMethod};

/// The answer for a code that is plainly wrong, so that another factor may be the one it is for.
const WRONG_CODE: &str = "E0000068";

/// One authentication transaction, from the answer to the password on.
pub struct Dialogue<'a> {
    expected: &'a str,
    mfa: Mfa,
    methods: &'a [MfaMethod],
    code: Option<&'a Secret>,
    stage: Stage,
}

enum Stage {
    /// Okta judges the password.
    Password,
    /// Okta judges the code. With the other factors that it may be for.
    Code { state_token: Secret, factor: Factor, others: VecDeque<Factor> },
    /// Okta asks the user's phone.
    Push { state_token: Secret, factor: Factor },
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: this is what came of it.
    End(Judgement),
    /// Send [`Dialogue::request`] at once.
    Verify,
    /// Send [`Dialogue::request`] after a pause; if there is no time left for it, do what [`Dialogue::out_of_time`] says.
    Poll,
    /// Send [`Dialogue::cancellation`], whatever it is answered; this is what came of it.
    Cancel(Judgement),
}

impl<'a> Dialogue<'a> {
    /// Begins when the password has been sent. `expected` is the login that Okta must report back.
    #[must_use]
    pub fn new(expected: &'a str, mfa: Mfa, methods: &'a [MfaMethod], code: Option<&'a Secret>) -> Self {
        Self { expected, mfa, methods, code, stage: Stage::Password }
    }

    /// What the answer to the last request leads to.
    pub fn next(&mut self, answer: &Answer<'_>) -> Step {
        let step = match &mut self.stage {
            Stage::Password => self.judge_password(answer),
            Stage::Code { factor, others, .. } => {
                let verified = judge_code(answer, self.expected);
                let is_wrong = verified.error_code.as_deref() == Some(WRONG_CODE) && answer.status == 403;
                match others.pop_front().filter(|_| is_wrong) {
                    Some(other) => {
                        *factor = other;
                        Step::Verify
                    }
                    None => Step::End(verified),
                }
            }
            Stage::Push { .. } => judge_push(answer, self.expected),
        };
        self.with_factor(step, answer.status)
    }

    /// What is to be done when the time for a push has run out.
    #[must_use]
    pub fn out_of_time(&self) -> Step {
        self.with_factor(Step::Cancel(Reason::PushTimeout.into()), 200)
    }

    /// Path and body of the next request. None before a factor was chosen.
    #[must_use]
    pub fn request(&self) -> Option<(String, Zeroizing<Vec<u8>>)> {
        let (state_token, factor, code) = match &self.stage {
            Stage::Password => return None,
            Stage::Code { state_token, factor, .. } => (state_token, factor, self.code),
            Stage::Push { state_token, factor } => (state_token, factor, None),
        };
        // Never a link of an answer's: the path is built here, and the host is the org's.
        Some((format!("{AUTHN_PATH}/factors/{}/verify", factor.id), verify_body(state_token, code)))
    }

    /// Path and body of the request that ends the transaction.
    #[must_use]
    pub fn cancellation(&self) -> Option<(String, Zeroizing<Vec<u8>>)> {
        let state_token = match &self.stage {
            Stage::Password => return None,
            Stage::Code { state_token, .. } | Stage::Push { state_token, .. } => state_token,
        };
        Some((format!("{AUTHN_PATH}/cancel"), verify_body(state_token, None)))
    }

    /// What is to be done when no usable answer came to the last request. A push that nobody asks about any more is not left
    /// on somebody's phone.
    #[must_use]
    pub fn unanswered(&self, detail: Detail) -> Step {
        let judgement = Judgement { factor: self.factor(), ..Judgement::unavailable(detail) };
        if self.waits_for_push() { Step::Cancel(judgement) } else { Step::End(judgement) }
    }

    /// Whether the last request was to send a push, or asked what came of it.
    #[must_use]
    pub const fn waits_for_push(&self) -> bool {
        matches!(self.stage, Stage::Push { .. })
    }

    fn judge_password(&mut self, answer: &Answer<'_>) -> Step {
        let state = match state(answer) {
            Ok(state) => state,
            Err(judgement) => return Step::End(judgement),
        };
        match (state, self.mfa) {
            (TransactionState::Success, Mfa::Required) => Step::End(Reason::MfaNotAsked.into()),
            (TransactionState::Success, Mfa::Off | Mfa::Auto) => Step::End(judge_success(answer, self.expected)),
            (TransactionState::MfaRequired, Mfa::Auto | Mfa::Required) => self.begin_factor(answer),
            (other, _) => Step::End(other.reason().into()),
        }
    }

    fn begin_factor(&mut self, answer: &Answer<'_>) -> Step {
        let Some(MfaRequired { state_token, embedded }) = read::<MfaRequired>(answer) else {
            return Step::End(Judgement::unavailable(Detail::NotJson));
        };
        self.stage = match choose(embedded.known(), self.methods, self.code.is_some()) {
            Ok(Choice::Code(factor, others)) => Stage::Code { state_token, factor, others },
            Ok(Choice::Push(factor)) => Stage::Push { state_token, factor },
            Err(reason) => return Step::End(reason.into()),
        };
        Step::Verify
    }

    fn factor(&self) -> Option<super::FactorKind> {
        match &self.stage {
            Stage::Password => None,
            Stage::Code { factor, .. } | Stage::Push { factor, .. } => Some(factor.kind),
        }
    }

    fn with_factor(&self, step: Step, status: u16) -> Step {
        let told = |judgement| Judgement { status: Some(status), factor: self.factor(), ..judgement };
        match step {
            Step::End(judgement) => Step::End(told(judgement)),
            Step::Cancel(judgement) => Step::Cancel(told(judgement)),
            Step::Verify => Step::Verify,
            Step::Poll => Step::Poll,
        }
    }
}

fn judge_code(answer: &Answer<'_>, expected: &str) -> Judgement {
    match verified(answer) {
        Ok(TransactionState::Success) => judge_success(answer, expected),
        Ok(TransactionState::MfaChallenge) => {
            let result = challenge(answer).map_or(FactorResult::Unknown, |challenge| challenge.result());
            Judgement { factor_result: Some(result), ..Reason::MfaFailed.into() }
        }
        Ok(other) => other.reason().into(),
        Err(judgement) => judgement,
    }
}

fn judge_push(answer: &Answer<'_>, expected: &str) -> Step {
    let challenge = match verified(answer) {
        Ok(TransactionState::MfaChallenge) => challenge(answer),
        Ok(TransactionState::Success) => return Step::End(judge_success(answer, expected)),
        Ok(other) => return Step::End(other.reason().into()),
        Err(judgement) => return Step::End(judgement),
    };
    let Some(challenge) = challenge else { return Step::End(Judgement::unavailable(Detail::NotJson)) };
    match challenge.result() {
        FactorResult::Waiting if challenge.wants_a_number() => Step::Cancel(Reason::PushNumberChallenge.into()),
        FactorResult::Waiting => Step::Poll,
        other @ (FactorResult::Success
        | FactorResult::Rejected
        | FactorResult::Timeout
        | FactorResult::Cancelled
        | FactorResult::Error
        | FactorResult::PasscodeReplayed
        | FactorResult::TimeWindowExceeded
        | FactorResult::Unknown) => Step::End(Judgement { factor_result: Some(other), ..other.reason().into() }),
    }
}

fn challenge(answer: &Answer<'_>) -> Option<MfaChallenge> {
    read(answer)
}

/// The state after a factor was verified. An error is read as one of the transaction's.
fn verified(answer: &Answer<'_>) -> Result<TransactionState, Judgement> {
    state(answer).map_err(|judgement| match answer.status {
        400..=599 => {
            let error = judge_error(answer);
            let reason = reason_of_verification(error.error_code.as_deref(), answer.status);
            let detail = (reason == Reason::OktaUnavailable).then_some(Detail::Status);
            Judgement { reason, detail, ..error }
        }
        _ => judgement,
    })
}

#[cfg(test)]
mod tests;
