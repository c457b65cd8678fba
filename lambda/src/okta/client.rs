//! The way to Okta: the transaction's requests in their order, and the time they may take.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderName, USER_AGENT};
use hyper::http::request::Builder;
use thiserror::Error;
use tokio::time::Instant;

use super::LONGEST_ANSWER;
use super::authn::AuthnRequest;
use super::dialogue::{Dialogue, Step};
use super::judgement::{Detail, Judgement, Spent};
use super::passcode::Typed;
use super::rate_limit::{Bucket, RateLimit};
use crate::http::{Http, Reply};
use crate::org_url::OrgUrl;
use crate::settings::{Mfa, MfaMethod};

/// How Okta's System Log shows this client.
const AGENT: &str = concat!("sftp-okta/", env!("CARGO_PKG_VERSION"));
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REQUEST_ID: &str = "x-okta-request-id";

/// How long things may take at Okta.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// One request, from connecting to the last byte of its answer.
    pub exchange: Duration,
    /// The pause before each poll of a push. Okta cuts off who polls without one, and takes 10 calls in 5 seconds.
    pub poll: Duration,
    /// What a push leaves of the time for a sign-in, for cancelling it or for reading the user's groups.
    pub reserve: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let [exchange, poll, reserve] = [10, 3, 3].map(Duration::from_secs);
        Self { exchange, poll, reserve }
    }
}

impl Timing {
    /// When a push is asked about next; not at all if too little time would be left for what comes after.
    fn next_poll(&self, now: Instant, until: Instant) -> Option<Instant> {
        let next = now + self.poll;
        (next + self.reserve <= until).then_some(next)
    }

    /// When a poll has to be answered, so that the push can still be cancelled.
    fn last_poll_answered(&self, until: Instant) -> Instant {
        until.checked_sub(self.reserve / 3).unwrap_or(until)
    }
}

/// A password to be judged.
pub struct Question<'a> {
    /// The Okta login.
    pub login: &'a str,
    /// What was typed.
    pub typed: &'a Typed,
    /// The address of the client, if Okta is to be told.
    pub forwarded_for: Option<IpAddr>,
    /// Whether a second factor is asked for.
    pub mfa: Mfa,
    /// Which.
    pub methods: &'a [MfaMethod],
}

/// A client of one Okta org, to be made once and kept, for its warm connection.
pub struct OktaClient {
    http: Http,
    org_url: OrgUrl,
    timing: Timing,
}

/// Why a client cannot be made.
#[derive(Debug, Error)]
pub enum OktaClientError {
    /// The TLS library refused its own settings.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
}

impl OktaClient {
    /// A client that trusts the roots of webpki-roots.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(org_url: &OrgUrl, timing: Timing) -> Result<Self, OktaClientError> {
        // Plain http is possible only for an org URL that begins with it, which is then a loopback one.
        let http = Http::new(org_url.is_loopback())?;
        Ok(Self { http, org_url: org_url.clone(), timing })
    }

    /// The org's address.
    #[must_use]
    pub fn org_url(&self) -> &OrgUrl {
        &self.org_url
    }

    /// Asks Okta whether the password is right, and verifies the factor that it asks for. One authn request, whatever comes
    /// of it: each counts towards a lockout.
    pub async fn sign_in(&self, question: &Question<'_>, until: Instant, spent: &mut Spent) -> Judgement {
        let Question { login, typed, forwarded_for, mfa, methods } = question;
        let mut dialogue = Dialogue::new(login, *mfa, methods, typed.code.as_ref());
        let mut request = AuthnRequest::password(login, typed);
        loop {
            let answered_by = if dialogue.waits_for_push() { self.timing.last_poll_answered(until) } else { until };
            let answered = self.post(request, *forwarded_for, answered_by, spent).await;
            let tell = |judgement| match &answered {
                Ok(reply) => told(judgement, reply, Bucket::Authn),
                Err(_) => judgement,
            };
            let step = match &answered {
                Ok(reply) => dialogue.next(&reply.answer()),
                Err(detail) => dialogue.unanswered(*detail),
            };
            let cancellation = match step {
                Step::End(judgement) => return tell(judgement),
                Step::Verify(next) => {
                    request = next;
                    continue;
                }
                Step::Poll { request: next, too_late } => {
                    if self.pause(until).await {
                        request = next;
                        continue;
                    }
                    too_late
                }
                Step::Cancel(cancellation) => cancellation,
            };
            let _ = self.post(cancellation.request, *forwarded_for, until, spent).await;
            return tell(cancellation.judgement);
        }
    }

    /// Waits before a poll, if there is time for it.
    async fn pause(&self, until: Instant) -> bool {
        let next = self.timing.next_poll(Instant::now(), until);
        if let Some(next) = next {
            tokio::time::sleep_until(next).await;
        }
        next.is_some()
    }

    async fn post(
        &self,
        AuthnRequest { path, body }: AuthnRequest,
        forwarded_for: Option<IpAddr>,
        until: Instant,
        spent: &mut Spent,
    ) -> Result<Reply, Detail> {
        let mut request = Request::post(format!("{}{path}", self.org_url)).header(CONTENT_TYPE, "application/json");
        // Okta believes the address only from callers that its administrator has listed as trusted proxies.
        if let Some(address) = forwarded_for {
            request = request.header(FORWARDED_FOR, address.to_canonical().to_string());
        }
        self.send(request, Bytes::from_owner(body), LONGEST_ANSWER, until, spent).await
    }

    /// Sends a request to the org.
    pub(super) async fn send(
        &self,
        request: Builder,
        body: Bytes,
        longest: usize,
        until: Instant,
        spent: &mut Spent,
    ) -> Result<Reply, Detail> {
        let request = request.header(ACCEPT, "application/json").header(USER_AGENT, AGENT).body(Full::new(body));
        let Ok(request) = request else { return Err(Detail::Connect) };
        let start = Instant::now();
        spent.calls += 1;
        let reply = self.http.send(request, longest, until.min(start + self.timing.exchange)).await;
        spent.time += start.elapsed();
        reply
    }
}

/// The judgement with what the headers of the last answer say, to a request that Okta counts in this bucket.
pub(super) fn told(judgement: Judgement, reply: &Reply, bucket: Bucket) -> Judgement {
    Judgement {
        status: Some(reply.status),
        request_id: request_id(reply),
        rate_limit: (reply.status == 429).then(|| rate_limit(reply, bucket)),
        ..judgement
    }
}

/// What finds the request in Okta's System Log.
pub(super) fn request_id(reply: &Reply) -> Option<String> {
    reply.header(REQUEST_ID).map(str::to_owned)
}

fn rate_limit(reply: &Reply, bucket: Bucket) -> RateLimit {
    let number = |name: &str| reply.header(name)?.parse().ok();
    RateLimit {
        bucket,
        limit: number("x-rate-limit-limit"),
        remaining: number("x-rate-limit-remaining"),
        reset: number("x-rate-limit-reset"),
        date: reply.header(DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Timing;
    use crate::identity_provider::{LONGEST, MARGIN};

    /// A push gets the real budget: it is asked about until 24 s after the password, and then there is time to cancel it.
    #[test]
    fn a_push_has_twenty_four_seconds() {
        let start = Instant::now();
        let until = start + LONGEST;
        let polls = std::iter::successors(Some(start), |last| Timing::default().next_poll(*last, until)).skip(1);
        let seconds: Vec<u64> = polls.map(|poll| (poll - start).as_secs()).collect();
        assert_eq!(seconds, [3, 6, 9, 12, 15, 18, 21, 24]);
        // Answers that are slow leave no time for one more.
        assert_eq!(Timing::default().next_poll(start + Duration::from_millis(21_001), until), None);
    }

    /// The function's own limit, as the template sets it, cuts nothing off, and API Gateway waits longer.
    #[test]
    fn the_template_leaves_that_time() -> Result<(), Box<dyn std::error::Error>> {
        let template = include_str!("../../../templates/identity-provider.yaml");
        let limits = template.lines().filter_map(|line| line.strip_prefix("      Timeout: ")).map(str::parse);
        let limits: Vec<u64> = limits.collect::<Result<_, _>>()?;
        let [limit] = limits.as_slice() else { return Err(format!("{limits:?} is not one limit").into()) };
        assert!(LONGEST + MARGIN <= Duration::from_secs(*limit) && *limit < 29, "{limit} s");
        Ok(())
    }
}
