//! One line of JSON for each sign-in: who, from where, and why it ended as it did. It carries its own metrics.
//!
//! This is the only place that writes a log. A line never holds a password, a token, or anything of a body.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::access::{Credential, SkippedKeys};
use crate::metrics::{Measured, Metrics};
use crate::okta::{Detail, FactorKind, FactorResult, Judgement, Spent};
use crate::reason::{Level, Reason};
use crate::request::Origin;

/// The longest text that a line takes from outside, in characters; a user name has at most 100.
const LONGEST_TEXT: usize = 128;

/// What was decided about one sign-in.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What the request said about itself; the login is the canonical one if it had one.
    pub origin: Origin,
    /// What was asked about, if the event could be read.
    pub credential: Option<Credential>,
    /// What Okta said, or the reason for not asking.
    pub judgement: Judgement,
    /// The access rule that decided, counted from 0.
    pub rule: Option<usize>,
    /// What of the profile attribute with the user's keys was passed over.
    pub skipped_keys: SkippedKeys,
    /// What asking Okta has cost.
    pub spent: Spent,
    /// When, by the time of day.
    pub time: SystemTime,
    /// From the event to the answer.
    pub elapsed: Duration,
    /// The deployment's name, for its metrics.
    pub deployment: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    level: Level,
    event: &'static str,
    decision: &'static str,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    method: Option<&'static str>,
    login: Text<'a>,
    source_ip: Text<'a>,
    protocol: Text<'a>,
    server_id: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    okta_status: Option<u16>,
    okta_request_id: Text<'a>,
    okta_error_code: Text<'a>,
    okta_error_id: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    okta_rate_limit_reset: Option<u64>,
    okta_calls: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa_factor: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa_result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<usize>,
    #[serde(skip_serializing_if = "SkippedKeys::is_empty")]
    ssh_keys_skipped: &'a SkippedKeys,
    ms: u128,
    #[serde(flatten)]
    metrics: Metrics<'a>,
}

/// Text from outside, or null.
struct Text<'a>(Option<&'a str>);

impl<'a> From<&'a Option<String>> for Text<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self(text.as_deref())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.map(printable).serialize(serializer)
    }
}

impl Decision {
    /// The line, without its line feed.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { origin, credential, judgement, rule, skipped_keys, spent, time, elapsed, deployment } = self;
        let accepted = judgement.reason == Reason::Ok;
        let line = Line {
            level: judgement.reason.level(),
            event: "sign-in",
            decision: if accepted { "accepted" } else { "refused" },
            reason: judgement.reason,
            detail: judgement.detail.map(Detail::as_str),
            method: credential.map(Credential::as_str),
            login: (&origin.login).into(),
            source_ip: (&origin.source_ip).into(),
            protocol: (&origin.protocol).into(),
            server_id: (&origin.server_id).into(),
            okta_status: judgement.status,
            okta_request_id: (&judgement.request_id).into(),
            okta_error_code: (&judgement.error_code).into(),
            okta_error_id: (&judgement.error_id).into(),
            okta_rate_limit_reset: judgement.rate_limit.and_then(|rate_limit| rate_limit.reset),
            okta_calls: spent.calls,
            mfa_factor: judgement.factor.map(FactorKind::as_str),
            mfa_result: judgement.factor_result.map(FactorResult::as_str),
            rule: *rule,
            ssh_keys_skipped: skipped_keys,
            ms: elapsed.as_millis(),
            metrics: Metrics::of(&Measured {
                deployment: deployment.as_deref(),
                credential: *credential,
                reason: judgement.reason,
                time: *time,
                elapsed: *elapsed,
                okta_calls: spent.calls,
                okta_time: spent.time,
            }),
        };
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Writes the line in one piece. A log that cannot be written does not change the decision.
    pub fn log(&self, to: &mut impl Write) {
        let _ = to.write_all((self.line() + "\n").as_bytes()).and_then(|()| to.flush());
    }
}

/// Printable ASCII as it is, everything else spelt out, cut at [`LONGEST_TEXT`]: no control character, bidirectional mark
/// or look-alike reaches whoever reads the log.
fn printable(text: &str) -> String {
    let mut printable = String::new();
    for c in text.chars().take(LONGEST_TEXT) {
        if c == ' ' || c.is_ascii_graphic() {
            printable.push(c);
        } else {
            let _ = write!(printable, "{}", c.escape_unicode());
        }
    }
    if text.chars().nth(LONGEST_TEXT).is_some() {
        printable.push_str("...");
    }
    printable
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Decision;
    use crate::access::{Credential, SkippedKeys};
    use crate::okta::{Detail, FactorKind, FactorResult, Judgement, RateLimit, Spent};
    use crate::reason::Reason;
    use crate::request::Origin;

    fn origin(login: &str) -> Origin {
        Origin {
            login: Some(login.to_owned()),
            source_ip: Some("203.0.113.9".to_owned()),
            protocol: Some("SFTP".to_owned()),
            server_id: Some("s-0123456789abcdef0".to_owned()),
        }
    }

    fn line(origin: Origin, judgement: Judgement) -> String {
        told(&decision(origin, judgement))
    }

    /// The line without its metrics, which end every line.
    fn told(decision: &Decision) -> String {
        let line = decision.line();
        let (told, metrics) = line.split_once(",\"Reason\":").unwrap_or_default();
        assert!(metrics.contains("\"_aws\":{"), "{line}");
        format!("{told}}}")
    }

    fn decision(origin: Origin, judgement: Judgement) -> Decision {
        Decision {
            origin,
            credential: Some(Credential::Password),
            judgement,
            rule: None,
            skipped_keys: SkippedKeys::default(),
            spent: Spent { calls: 1, time: Duration::from_micros(40_100) },
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_893_456_000_123),
            elapsed: Duration::from_micros(41_900),
            deployment: None,
        }
    }

    #[test]
    fn lines() {
        let accepted =
            Judgement { status: Some(200), request_id: Some("Zk1xRequest".to_owned()), ..Judgement::of(Reason::Ok) };
        insta::assert_snapshot!(line(origin("alice@acme.com"), accepted), @r#"{"level":"INFO","event":"sign-in","decision":"accepted","reason":"ok","method":"password","login":"alice@acme.com","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_status":200,"okta_request_id":"Zk1xRequest","okta_error_code":null,"okta_error_id":null,"okta_calls":1,"ms":41}"#);

        let limited = Judgement {
            status: Some(429),
            error_code: Some("E0000047".to_owned()),
            error_id: Some("oaeExample".to_owned()),
            rate_limit: Some(RateLimit { reset: Some(1_893_456_000), ..RateLimit::default() }),
            ..Judgement::of(Reason::RateLimited)
        };
        insta::assert_snapshot!(line(origin("alice@acme.com"), limited), @r#"{"level":"WARN","event":"sign-in","decision":"refused","reason":"rate-limited","method":"password","login":"alice@acme.com","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_status":429,"okta_request_id":null,"okta_error_code":"E0000047","okta_error_id":"oaeExample","okta_rate_limit_reset":1893456000,"okta_calls":1,"ms":41}"#);
        insta::assert_snapshot!(line(origin("alice"), Judgement::unavailable(Detail::Timeout)), @r#"{"level":"WARN","event":"sign-in","decision":"refused","reason":"okta-unavailable","detail":"timeout","method":"password","login":"alice","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_request_id":null,"okta_error_code":null,"okta_error_id":null,"okta_calls":1,"ms":41}"#);
        insta::assert_snapshot!(line(Origin::default(), Judgement::of(Reason::EventMalformed)), @r#"{"level":"WARN","event":"sign-in","decision":"refused","reason":"event-malformed","method":"password","login":null,"source_ip":null,"protocol":null,"server_id":null,"okta_request_id":null,"okta_error_code":null,"okta_error_id":null,"okta_calls":1,"ms":41}"#);
    }

    #[test]
    fn a_second_factor_a_rule_and_a_key_probe() {
        let judgement = Judgement {
            factor: Some(FactorKind::Push),
            factor_result: Some(FactorResult::Rejected),
            ..Judgement::of(Reason::PushRejected)
        };
        let decision = Decision { rule: Some(2), ..decision(origin("alice@acme.com"), judgement) };
        insta::assert_snapshot!(told(&decision), @r#"{"level":"INFO","event":"sign-in","decision":"refused","reason":"push-rejected","method":"password","login":"alice@acme.com","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_request_id":null,"okta_error_code":null,"okta_error_id":null,"okta_calls":1,"mfa_factor":"push","mfa_result":"REJECTED","rule":2,"ms":41}"#);
        let probe = self::decision(origin("alice@acme.com"), Judgement::of(Reason::KeyProbe));
        insta::assert_snapshot!(told(&Decision { credential: Some(Credential::PublicKey), spent: Spent::default(), ..probe }), @r#"{"level":"INFO","event":"sign-in","decision":"refused","reason":"key-probe","method":"public-key","login":"alice@acme.com","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_request_id":null,"okta_error_code":null,"okta_error_id":null,"okta_calls":0,"ms":41}"#);
    }

    #[test]
    fn a_whole_line() {
        let accepted = decision(origin("alice@acme.com"), Judgement::of(Reason::Ok));
        insta::assert_snapshot!(Decision { deployment: Some("partners".to_owned()), ..accepted }.line());
    }

    #[test]
    fn what_comes_from_outside_stays_one_harmless_line() {
        let hostile = "a\r\n{\"decision\":\"accepted\"}\u{1b}[2J\u{202e}\u{2028}аlice\u{7f}\u{0}";
        let line = line(origin(hostile), Judgement::of(Reason::UserNameMalformed));
        assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
        insta::assert_snapshot!(line, @r#"{"level":"INFO","event":"sign-in","decision":"refused","reason":"user-name-malformed","method":"password","login":"a\\u{d}\\u{a}{\"decision\":\"accepted\"}\\u{1b}[2J\\u{202e}\\u{2028}\\u{430}lice\\u{7f}\\u{0}","source_ip":"203.0.113.9","protocol":"SFTP","server_id":"s-0123456789abcdef0","okta_request_id":null,"okta_error_code":null,"okta_error_id":null,"okta_calls":1,"ms":41}"#);

        let long = super::printable(&"x".repeat(100_000));
        assert_eq!(long.len(), 131);
    }

    #[test]
    fn a_closed_log_does_not_matter() {
        struct Closed;
        impl std::io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
        decision(Origin::default(), Judgement::of(Reason::Ok)).log(&mut Closed);
    }
}
