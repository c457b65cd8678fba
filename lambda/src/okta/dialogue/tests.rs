use serde_json::{Value, json};

use super::{Cancellation, Dialogue, Step};
use crate::okta::{Answer, AuthnRequest, Detail, FactorKind, FactorResult, Judgement};
use crate::reason::Reason;
use crate::secret::Secret;
use crate::settings::Mfa::{self, Auto, Off, Required};
use crate::settings::MfaMethod::{self, Push, Totp};

const BOTH: &[MfaMethod] = &[Totp, Push];

fn factor(id: &str, kind: &str, provider: &str) -> Value {
    json!({"id": id, "factorType": kind, "provider": provider, "profile": {},
        "_links": {"verify": {"href": "https://evil.example.com/verify"}}})
}

fn okta_totp() -> Value {
    factor("ost1", "token:software:totp", "OKTA")
}

fn google_totp() -> Value {
    factor("uft1", "token:software:totp", "GOOGLE")
}

fn push() -> Value {
    factor("opf1", "push", "OKTA")
}

fn mfa_required(factors: &[Value]) -> (u16, Value) {
    (200, json!({"stateToken": "00state", "status": "MFA_REQUIRED", "_embedded": {"factors": factors, "policy": {}}}))
}

fn challenge(result: &str) -> (u16, Value) {
    let next = json!({"name": "poll", "href": "https://evil.example.com/poll"});
    (
        200,
        json!({"stateToken": "00other", "status": "MFA_CHALLENGE", "factorResult": result,
            "_embedded": {"factor": push()}, "_links": {"next": next}}),
    )
}

fn number_challenge() -> (u16, Value) {
    let (status, mut body) = challenge("WAITING");
    body["_embedded"]["factor"]["_embedded"] = json!({"challenge": {"correctAnswer": 42}});
    (status, body)
}

fn success() -> (u16, Value) {
    let user = json!({"id": "00u1", "profile": {"login": "Alice@acme.com"}});
    (200, json!({"status": "SUCCESS", "sessionToken": "00session", "_embedded": {"user": user}}))
}

fn state(state: &str) -> (u16, Value) {
    (200, json!({"status": state, "stateToken": "00state", "_embedded": {}}))
}

fn error(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"errorCode": code, "errorSummary": "s", "errorId": "oae1"}))
}

/// What happens when Okta gives these answers: the requests after the first, and the end.
fn story(mfa: Mfa, methods: &[MfaMethod], code: Option<&str>, answers: &[(u16, Value)]) -> String {
    let code = code.map(|code| Secret::new(code.to_owned()));
    let mut dialogue = Dialogue::new("alice@acme.com", mfa, methods, code.as_ref());
    let mut told = Vec::new();
    for (status, body) in answers {
        told.push(match dialogue.next(&answer(*status, &body.to_string())) {
            Step::Verify(next) => request(&next),
            Step::Poll { request: next, too_late } if too_late.judgement.reason == Reason::PushTimeout => {
                format!("poll {}", request(&next))
            }
            Step::Poll { request: next, too_late } => format!("poll {} or {}", request(&next), cancelled(&too_late)),
            Step::Cancel(cancellation) => cancelled(&cancellation),
            Step::End(judgement) => end(&judgement),
        });
    }
    told.join(" > ")
}

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, content_type: Some("application/json"), content_encoding: None, body: body.as_bytes() }
}

fn request(AuthnRequest { path, body }: &AuthnRequest) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    format!("{} {body}", path.trim_start_matches("/api/v1/authn/"))
}

/// What comes of a transaction that is cancelled, if it is cancelled in the one way.
fn cancelled(cancellation: &Cancellation) -> String {
    match request(&cancellation.request).as_str() {
        r#"cancel {"stateToken":"00state"}"# => format!("cancel: {}", end(&cancellation.judgement)),
        other => other.to_owned(),
    }
}

fn end(judgement: &Judgement) -> String {
    let result = judgement.factor_result.map(FactorResult::as_str);
    let factor = judgement.factor.map(FactorKind::as_str);
    let detail = judgement.detail.map(Detail::as_str);
    let said = [judgement.error_code.as_deref(), result, detail, factor];
    let said: Vec<&str> = std::iter::once(judgement.reason.as_str()).chain(said.into_iter().flatten()).collect();
    said.join(" ")
}

const TYPED: Option<&str> = Some("123456");
const OST: &str = r#"factors/ost1/verify {"passCode":"123456","stateToken":"00state"}"#;
const UFT: &str = r#"factors/uft1/verify {"passCode":"123456","stateToken":"00state"}"#;
const OPF: &str = r#"factors/opf1/verify {"stateToken":"00state"}"#;

/// What a password alone leads to, with each setting.
#[test]
fn the_password() {
    let all = [okta_totp(), google_totp(), push()];
    for (mfa, code, answer, expected) in [
        (Off, None, success(), "ok".to_owned()),
        (Auto, None, success(), "ok".to_owned()),
        (Auto, TYPED, success(), "ok".to_owned()),
        (Required, None, success(), "mfa-not-asked".to_owned()),
        (Required, TYPED, success(), "mfa-not-asked".to_owned()),
        (Off, None, mfa_required(&all), "mfa-required".to_owned()),
        (Off, TYPED, mfa_required(&all), "mfa-required".to_owned()),
        (Auto, TYPED, mfa_required(&all), OST.to_owned()),
        (Required, TYPED, mfa_required(&all), OST.to_owned()),
        (Auto, None, mfa_required(&all), OPF.to_owned()),
        (Auto, None, mfa_required(&[okta_totp()]), "mfa-required".to_owned()),
        (Auto, None, mfa_required(&[factor("sms1", "sms", "OKTA")]), "mfa-factor-missing".to_owned()),
        (Auto, TYPED, mfa_required(&[factor("emf1", "email", "OKTA")]), "mfa-factor-missing".to_owned()),
        (Auto, TYPED, mfa_required(&[]), "mfa-factor-missing".to_owned()),
        (Auto, TYPED, state("MFA_REQUIRED"), "mfa-factor-missing".to_owned()),
        (
            Auto,
            TYPED,
            (200, json!({"status": "MFA_REQUIRED", "_embedded": {}})),
            "okta-unavailable not-json".to_owned(),
        ),
        (
            Auto,
            TYPED,
            (200, json!({"status": "MFA_REQUIRED", "stateToken": 7})),
            "okta-unavailable not-json".to_owned(),
        ),
        (Auto, TYPED, challenge("WAITING"), "mfa-challenge".to_owned()),
        (Auto, TYPED, state("MFA_ENROLL"), "mfa-enroll".to_owned()),
        (Auto, TYPED, state("MFA_ENROLL_ACTIVATE"), "mfa-enroll-activate".to_owned()),
        (Auto, TYPED, state("PASSWORD_WARN"), "password-warn".to_owned()),
        (Auto, TYPED, state("PASSWORD_EXPIRED"), "password-expired".to_owned()),
        (Auto, TYPED, state("LOCKED_OUT"), "locked-out".to_owned()),
        (Auto, TYPED, state("SOMETHING_NEW"), "state-unknown".to_owned()),
        (Auto, TYPED, error(401, "E0000004"), "bad-credentials E0000004".to_owned()),
        (Auto, TYPED, error(429, "E0000047"), "rate-limited E0000047".to_owned()),
    ] {
        assert_eq!(story(mfa, BOTH, code, std::slice::from_ref(&answer)), expected, "{mfa:?} {code:?} {answer:?}");
    }
}

/// Every answer to a code on a user's only factor.
#[test]
fn the_code() {
    for (answer, expected) in [
        (success(), "ok okta-totp"),
        (error(403, "E0000068"), "mfa-failed E0000068 okta-totp"),
        (error(403, "E0000082"), "mfa-failed E0000082 okta-totp"),
        (error(403, "E0000083"), "mfa-failed E0000083 okta-totp"),
        (error(403, "E0000069"), "locked-out E0000069 okta-totp"),
        (error(403, "E0000119"), "locked-out E0000119 okta-totp"),
        (error(403, "E0000079"), "okta-refused E0000079 okta-totp"),
        (error(403, "E0000006"), "config E0000006 okta-totp"),
        (error(401, "E0000011"), "mfa-failed E0000011 okta-totp"),
        (error(404, "E0000007"), "mfa-failed E0000007 okta-totp"),
        (error(429, "E0000047"), "rate-limited E0000047 okta-totp"),
        (error(500, "E0000009"), "okta-unavailable E0000009 status okta-totp"),
        (error(503, "E0000181"), "okta-unavailable E0000181 status okta-totp"),
        (error(401, "E9999999"), "mfa-failed E9999999 okta-totp"),
        (error(403, "E9999999"), "mfa-failed E9999999 okta-totp"),
        (error(400, "E9999999"), "okta-refused E9999999 okta-totp"),
        ((302, json!({})), "okta-unavailable redirect okta-totp"),
        ((200, json!([])), "okta-unavailable not-json okta-totp"),
        (state("PASSWORD_EXPIRED"), "password-expired okta-totp"),
        (state("PASSWORD_WARN"), "password-warn okta-totp"),
        (state("MFA_REQUIRED"), "mfa-required okta-totp"),
        (state("MFA_ENROLL"), "mfa-enroll okta-totp"),
        (state("LOCKED_OUT"), "locked-out okta-totp"),
        (state("SOMETHING_NEW"), "state-unknown okta-totp"),
        (challenge("WAITING"), "mfa-failed WAITING okta-totp"),
        (challenge("SUCCESS"), "mfa-failed SUCCESS okta-totp"),
        (challenge("REJECTED"), "mfa-failed REJECTED okta-totp"),
        (challenge("TIMEOUT"), "mfa-failed TIMEOUT okta-totp"),
        (challenge("CANCELLED"), "mfa-failed CANCELLED okta-totp"),
        (challenge("ERROR"), "mfa-failed ERROR okta-totp"),
        (challenge("PASSCODE_REPLAYED"), "mfa-failed PASSCODE_REPLAYED okta-totp"),
        (challenge("TIME_WINDOW_EXCEEDED"), "mfa-failed TIME_WINDOW_EXCEEDED okta-totp"),
        (challenge("NEW"), "mfa-failed UNKNOWN okta-totp"),
    ] {
        let story = story(Auto, BOTH, TYPED, &[mfa_required(&[okta_totp()]), answer.clone()]);
        assert_eq!(story, format!("{OST} > {expected}"), "{answer:?}");
    }
}

/// A code is tried on the next factor only when it is plainly wrong on the one before, and on two at most.
#[test]
fn the_code_on_several_factors() {
    let factors = [google_totp(), push(), okta_totp(), factor("uft2", "token:software:totp", "GOOGLE")];
    let wrong = error(403, "E0000068");
    for (answers, expected) in [
        (vec![success()], format!("{OST} > ok okta-totp")),
        (vec![wrong.clone(), success()], format!("{OST} > {UFT} > ok google-totp")),
        (vec![wrong.clone(), wrong.clone()], format!("{OST} > {UFT} > mfa-failed E0000068 google-totp")),
        (vec![error(403, "E0000082")], format!("{OST} > mfa-failed E0000082 okta-totp")),
        (vec![error(403, "E0000083")], format!("{OST} > mfa-failed E0000083 okta-totp")),
        (vec![error(403, "E0000069")], format!("{OST} > locked-out E0000069 okta-totp")),
        (vec![error(400, "E0000068")], format!("{OST} > mfa-failed E0000068 okta-totp")),
        (vec![state("PASSWORD_EXPIRED")], format!("{OST} > password-expired okta-totp")),
    ] {
        let answers: Vec<_> = std::iter::once(mfa_required(&factors)).chain(answers).collect();
        assert_eq!(story(Auto, BOTH, TYPED, &answers), expected);
    }
}

#[test]
fn the_push() {
    for (answers, expected) in [
        (vec![success()], "ok push"),
        (vec![challenge("WAITING"), challenge("WAITING"), success()], "poll OPF > poll OPF > ok push"),
        (vec![challenge("WAITING"), challenge("REJECTED")], "poll OPF > push-rejected REJECTED push"),
        (vec![challenge("WAITING"), challenge("TIMEOUT")], "poll OPF > push-timeout TIMEOUT push"),
        (vec![challenge("CANCELLED")], "mfa-failed CANCELLED push"),
        (vec![challenge("ERROR")], "mfa-failed ERROR push"),
        (vec![challenge("SUCCESS")], "mfa-failed SUCCESS push"),
        (vec![challenge("PASSCODE_REPLAYED")], "mfa-failed PASSCODE_REPLAYED push"),
        (vec![challenge("TIME_WINDOW_EXCEEDED")], "mfa-failed TIME_WINDOW_EXCEEDED push"),
        (vec![challenge("waiting")], "mfa-failed UNKNOWN push"),
        (vec![state("MFA_CHALLENGE")], "mfa-failed UNKNOWN push"),
        (vec![number_challenge()], "cancel: push-number-challenge push"),
        (vec![challenge("WAITING"), number_challenge()], "poll OPF > cancel: push-number-challenge push"),
        (vec![challenge("WAITING"), state("PASSWORD_EXPIRED")], "poll OPF > password-expired push"),
        (vec![challenge("WAITING"), state("MFA_REQUIRED")], "poll OPF > mfa-required push"),
        (vec![challenge("WAITING"), error(401, "E0000011")], "poll OPF > mfa-failed E0000011 push"),
        (vec![challenge("WAITING"), error(403, "E0000079")], "poll OPF > okta-refused E0000079 push"),
        (vec![error(403, "E0000068")], "mfa-failed E0000068 push"),
    ] {
        let answers: Vec<_> = std::iter::once(mfa_required(&[push(), okta_totp()])).chain(answers).collect();
        assert_eq!(story(Auto, BOTH, None, &answers), format!("{OPF} > {}", expected.replace("OPF", OPF)));
    }
}

/// Answers that say nothing about the push. A limit and an error of Okta's pass, and cost no try; after all others nobody
/// knows what became of the push, and it is taken back.
#[test]
fn the_push_and_answers_that_do_not_tell() {
    let limited = "poll OPF or cancel: rate-limited E0000047 push";
    let broken = "poll OPF or cancel: okta-unavailable E0000009 status push";
    let waiting = || challenge("WAITING");
    for (answers, expected) in [
        (vec![waiting(), error(429, "E0000047"), success()], format!("poll OPF > {limited} > ok push")),
        (vec![waiting(), error(500, "E0000009"), success()], format!("poll OPF > {broken} > ok push")),
        (
            vec![waiting(), error(503, "E0000004"), waiting(), challenge("REJECTED")],
            "poll OPF > poll OPF or cancel: okta-unavailable E0000004 status push > poll OPF > push-rejected REJECTED push"
                .to_owned(),
        ),
        (vec![waiting(), (307, json!({}))], "poll OPF > cancel: okta-unavailable redirect push".to_owned()),
        (vec![waiting(), (200, json!([]))], "poll OPF > cancel: okta-unavailable not-json push".to_owned()),
        (
            vec![waiting(), (200, json!({"status": "MFA_CHALLENGE", "factorResult": 7}))],
            "poll OPF > cancel: okta-unavailable not-json push".to_owned(),
        ),
        (vec![waiting(), (204, json!({}))], "poll OPF > cancel: okta-unavailable status push".to_owned()),
        // The request that sends the push is not sent twice.
        (vec![error(429, "E0000047")], "rate-limited E0000047 push".to_owned()),
        (vec![error(500, "E0000009")], "cancel: okta-unavailable E0000009 status push".to_owned()),
        (vec![(307, json!({}))], "cancel: okta-unavailable redirect push".to_owned()),
        (vec![(200, json!([]))], "cancel: okta-unavailable not-json push".to_owned()),
    ] {
        let answers: Vec<_> = std::iter::once(mfa_required(&[push()])).chain(answers).collect();
        assert_eq!(story(Auto, BOTH, None, &answers), format!("{OPF} > {}", expected.replace("OPF", OPF)));
    }
}

/// Nobody answers within the time, or no answer comes at all: what is sent, and what is told of it.
#[test]
fn a_push_that_is_taken_back() {
    let mut dialogue = Dialogue::new("alice@acme.com", Auto, BOTH, None);
    let (status, body) = mfa_required(&[push()]);
    dialogue.next(&answer(status, &body.to_string()));
    let (status, body) = challenge("WAITING");
    let Step::Poll { too_late, .. } = dialogue.next(&answer(status, &body.to_string())) else {
        panic!("the push waits");
    };
    assert_eq!((cancelled(&too_late).as_str(), too_late.judgement.status), ("cancel: push-timeout push", Some(200)));
    let Step::Cancel(cancellation) = dialogue.unanswered(Detail::Timeout) else { panic!("the push still waits") };
    assert_eq!(cancelled(&cancellation), "cancel: okta-unavailable timeout push");
    assert_eq!(cancellation.judgement.status, None);
    assert_eq!(format!("{:?}", cancellation.request), r#"AuthnRequest { path: "/api/v1/authn/cancel", .. }"#);
}

/// No answer at all before a push: there is nothing to take back.
#[test]
fn a_password_and_a_code_that_are_not_answered() {
    let code = Secret::new("123456".to_owned());
    let mut dialogue = Dialogue::new("alice@acme.com", Auto, BOTH, Some(&code));
    let told = |dialogue: &Dialogue<'_>| match dialogue.unanswered(Detail::Connect) {
        Step::End(judgement) => end(&judgement),
        other @ (Step::Verify(_) | Step::Poll { .. } | Step::Cancel(_)) => format!("{other:?}"),
    };
    assert_eq!(told(&dialogue), "okta-unavailable connect");
    let (status, body) = mfa_required(&[okta_totp()]);
    dialogue.next(&answer(status, &body.to_string()));
    assert_eq!(told(&dialogue), "okta-unavailable connect okta-totp");
}

/// The one who signs in is the one who was asked for, whichever way it went.
#[test]
fn somebody_else() {
    let (status, body) = success();
    let other: Value = serde_json::from_str(&body.to_string().replace("Alice@", "bob@")).unwrap_or_default();
    for (code, factor) in [(TYPED, okta_totp()), (None, push())] {
        let story = story(Auto, BOTH, code, &[mfa_required(&[factor]), (status, other.clone())]);
        assert!(story.contains("> login-mismatch"), "{story}");
    }
}
