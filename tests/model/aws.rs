//! A small AWS in memory: what the deployer calls, with the rules that matter to it. Time is tokio's, which the test stops
//! and moves, so that an hour of waiting costs nothing.

pub(crate) mod objects;
pub(crate) mod servers;
pub(crate) mod stacks;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::invariant::Invariant;
use objects::Objects;
use servers::Servers;
use stacks::Stacks;

pub(crate) const ACCOUNT: &str = "000000000000";

/// How this AWS behaves: nothing of it may make a difference to the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manners {
    /// How long an operation on a stack takes.
    pub(crate) stack: Duration,
    /// How long a server takes to come ONLINE, and to go.
    pub(crate) server: Duration,
    /// How long DescribeStacks shows the stack as it was.
    pub(crate) stack_lag: Duration,
    /// How long events stay unseen.
    pub(crate) event_lag: Duration,
    /// How long new roles cannot be used.
    pub(crate) roles: Duration,
    /// Rows of a page, of whatever is listed.
    pub(crate) page: usize,
    /// Whether lists are in the reverse order.
    pub(crate) backwards: bool,
    /// Servers of others.
    pub(crate) strangers: usize,
    /// Whether somebody else has a stack under the deployment's name.
    pub(crate) foreign_stack: bool,
}

impl Manners {
    /// Those by which nothing can go wrong.
    pub(crate) fn calm() -> Self {
        Self {
            stack: Duration::from_secs(4),
            server: Duration::from_secs(4),
            stack_lag: Duration::ZERO,
            event_lag: Duration::ZERO,
            roles: Duration::ZERO,
            page: 100,
            backwards: false,
            strangers: 0,
            foreign_stack: false,
        }
    }
}

/// The account.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) manners: Manners,
    pub(crate) began: Instant,
    pub(crate) stacks: Stacks,
    pub(crate) servers: Servers,
    pub(crate) objects: Objects,
    /// The servers of the deployment that there may be at once: one for each run that is under way, or that has left one.
    pub(crate) most_servers: usize,
    /// Calls for a page after the first.
    pub(crate) further_pages: usize,
    /// What no deployer may ever do, done.
    pub(crate) crimes: Vec<(Invariant, String)>,
}

/// An answer: status, headers, body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A call as it arrives: service, action, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) service: &'static str,
    /// `CreateServer`; for S3 method and path.
    pub(crate) action: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A field of a form. The template is never looked at: it is longer than all the rest.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        let text = String::from_utf8_lossy(&self.body);
        text.split('&')
            .filter(|pair| !pair.starts_with("TemplateBody="))
            .flat_map(|pair| url::form_urlencoded::parse(pair.as_bytes()).into_owned().collect::<Vec<_>>())
            .collect()
    }

    fn asks_for_a_further_page(&self) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        match self.service {
            "s3" => self.query.contains("continuation-token="),
            "transfer" => body.contains("\"NextToken\""),
            _ => body.contains("&NextToken="),
        }
    }

    /// Whether it may change something.
    pub(crate) fn mutates(&self) -> bool {
        match self.service {
            "s3" => !self.action.starts_with("GET ") && !self.action.starts_with("HEAD "),
            _ => !["Describe", "List", "Get"].iter().any(|verb| self.action.starts_with(verb)),
        }
    }
}

impl Aws {
    pub(crate) fn new(manners: Manners) -> Self {
        let mut aws = Self {
            began: Instant::now(),
            stacks: Stacks::default(),
            servers: Servers::default(),
            objects: Objects::default(),
            most_servers: 1,
            further_pages: 0,
            crimes: Vec::new(),
            manners,
        };
        for _ in 0..aws.manners.strangers {
            aws.servers.add_stranger(aws.manners.backwards);
        }
        if aws.manners.foreign_stack {
            aws.stacks.add_foreign();
        }
        aws
    }

    /// Answers a call, and does what it says.
    pub(crate) fn answer(&mut self, asked: &Asked) -> Answer {
        self.go_on();
        self.further_pages += usize::from(asked.asks_for_a_further_page());
        match (asked.service, asked.action.as_str()) {
            ("sts", _) => query(
                "GetCallerIdentity",
                &format!("<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/ci</Arn><UserId>AIDA</UserId>"),
            ),
            ("iam", _) => stacks::get_role(self, asked),
            ("cloudformation", _) => stacks::answer(self, asked),
            ("transfer", _) => servers::answer(self, asked),
            ("s3", _) => objects::answer(self, asked),
            (service, action) => {
                self.crimes.push((Invariant::I3, format!("a call nobody foresaw: {service} {action}")));
                Answer::new(501, "")
            }
        }
    }

    /// Whether there is something of others that looks like ours, or stands beside it.
    pub(crate) fn has_others(&self) -> bool {
        self.manners.foreign_stack || self.servers.has_others()
    }

    /// What is there, without what chance or the clock decides.
    pub(crate) fn looks(&self) -> String {
        let stacks: Vec<_> = self.stacks.living().map(|stack| (stack.status, &stack.parameters, &stack.tags)).collect();
        let servers = self.servers.ours();
        let servers: Vec<_> =
            servers.iter().map(|(_, server)| (server.state, &server.said["SecurityPolicyName"])).collect();
        format!("{stacks:?} {servers:?}")
    }

    /// Lets what was begun go on to where it is now.
    pub(crate) fn go_on(&mut self) {
        let now = Instant::now();
        self.stacks.go_on(now, &self.manners);
        self.servers.go_on(now);
    }
}

/// The rows of a page, and the token of the next one. A token is the number of the row it begins with.
pub(crate) fn page<'a, T>(rows: &'a [T], token: Option<&String>, size: usize) -> (&'a [T], Option<String>) {
    let from = token.and_then(|token| token.parse().ok()).unwrap_or(0).min(rows.len());
    let to = (from + size).min(rows.len());
    (&rows[from..to], (to < rows.len()).then(|| to.to_string()))
}

/// An answer of a service that speaks forms.
pub(crate) fn query(action: &str, inside: &str) -> Answer {
    Answer::new(
        200,
        format!(
            "<{action}Response><{action}Result>{inside}</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
    .with("content-type", "text/xml")
}

/// A refusal of such a service.
pub(crate) fn query_error(status: u16, code: &str, message: &str) -> Answer {
    Answer::new(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
    .with("content-type", "text/xml")
}

/// A refusal of a service that speaks JSON.
pub(crate) fn json_error(status: u16, code: &str, message: &str) -> Answer {
    Answer::new(status, serde_json::json!({"__type": code, "message": message}).to_string())
        .with("content-type", "application/x-amz-json-1.1")
}
