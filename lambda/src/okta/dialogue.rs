//! The order of a sign-in at Okta. Pure: an answer in, the next step out. The state of the transaction is looked at after
//! every step, and only `SUCCESS` is a sign-in.

mod code;
mod push;

use self::code::Code;
use self::push::Push;
use super::answer::{Answer, judge_error, judge_success, read, state};
use super::authn::AuthnRequest;
use super::error_code::reason_of_verification;
use super::factor::{Choice, Factor, choose};
use super::judgement::{Detail, Judgement};
use super::transaction::{MfaRequired, TransactionState};
use crate::reason::Reason;
use crate::secret::Secret;
use crate::settings::{Mfa, MfaMethod};

/// One authentication transaction, from the answer to the password on.
pub struct Dialogue<'a> {
    expected: &'a str,
    mfa: Mfa,
    methods: &'a [MfaMethod],
    code: Option<&'a Secret>,
    stage: Stage<'a>,
}

enum Stage<'a> {
    /// Okta judges the password.
    Password,
    /// Okta judges the code.
    Code(Code<'a>),
    /// Okta asks the user's phone.
    Push(Push),
}

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// Nothing: this is what came of it.
    End(Judgement),
    /// Send this at once.
    Verify(AuthnRequest),
    /// Send this after a pause.
    Poll {
        /// What is to be sent.
        request: AuthnRequest,
        /// What is to be done if there is no time left for it.
        too_late: Cancellation,
    },
    /// End the transaction.
    Cancel(Cancellation),
}

/// The end of a transaction that Okta would go on with.
#[derive(Debug)]
pub struct Cancellation {
    /// What is to be sent, whatever it is answered.
    pub request: AuthnRequest,
    /// What came of the transaction.
    pub judgement: Judgement,
}

impl<'a> Dialogue<'a> {
    /// Begins when the password has been sent. `expected` is the login that Okta must report back.
    #[must_use]
    pub fn new(expected: &'a str, mfa: Mfa, methods: &'a [MfaMethod], code: Option<&'a Secret>) -> Self {
        Self { expected, mfa, methods, code, stage: Stage::Password }
    }

    /// What the answer to the last request leads to.
    pub fn next(&mut self, answer: &Answer<'_>) -> Step {
        match &mut self.stage {
            Stage::Password => self.judge_password(answer),
            Stage::Code(code) => code.next(answer, self.expected),
            Stage::Push(push) => push.next(answer, self.expected),
        }
    }

    /// What is to be done when no usable answer came to the last request. A push that nobody asks about any more is not left
    /// on somebody's phone.
    #[must_use]
    pub fn unanswered(&self, detail: Detail) -> Step {
        let judgement = Judgement::unavailable(detail);
        match &self.stage {
            Stage::Password => Step::End(judgement),
            Stage::Code(code) => Step::End(code.told(judgement, None)),
            Stage::Push(push) => Step::Cancel(push.cancellation(judgement, None)),
        }
    }

    /// Whether the last request was to send a push, or asked what came of it.
    #[must_use]
    pub const fn waits_for_push(&self) -> bool {
        matches!(self.stage, Stage::Push(_))
    }

    fn judge_password(&mut self, answer: &Answer<'_>) -> Step {
        let end = |judgement| Step::End(Judgement { status: Some(answer.status), ..judgement });
        let state = match state(answer) {
            Ok(state) => state,
            Err(judgement) => return end(judgement),
        };
        match (state, self.mfa) {
            (TransactionState::Success, Mfa::Required) => end(Reason::MfaNotAsked.into()),
            (TransactionState::Success, Mfa::Off | Mfa::Auto) => end(judge_success(answer, self.expected)),
            (TransactionState::MfaRequired, Mfa::Auto | Mfa::Required) => match self.begin_factor(answer) {
                Ok(request) => Step::Verify(request),
                Err(judgement) => end(judgement),
            },
            (other, _) => end(other.reason().into()),
        }
    }

    fn begin_factor(&mut self, answer: &Answer<'_>) -> Result<AuthnRequest, Judgement> {
        let MfaRequired { state_token, embedded } =
            read::<MfaRequired>(answer).ok_or_else(|| Judgement::unavailable(Detail::NotJson))?;
        match choose(embedded.known(), self.methods, self.code)? {
            Choice::Code { code, first, others } => {
                let code = Code::new(state_token, code, first, others);
                let request = code.request();
                self.stage = Stage::Code(code);
                Ok(request)
            }
            Choice::Push(factor) => {
                let push = Push::new(state_token, factor);
                let request = push.request();
                self.stage = Stage::Push(push);
                Ok(request)
            }
        }
    }
}

/// The judgement with what is known of the factor, and of the answer if there was one.
fn told(judgement: Judgement, factor: &Factor, status: Option<u16>) -> Judgement {
    Judgement { status, factor: Some(factor.kind), ..judgement }
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
