//! CloudFormation and the roles it makes: one stack at a time under each name, change sets, events, and reads that lag.

mod answers;
mod change_sets;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{ACCOUNT, Answer, Asked, Aws, Manners, page, query, query_error};
use crate::invariant::Invariant;
use answers::{TEMPLATE, event_row, stack_row};
use change_sets::Set;

pub(crate) type Pairs = BTreeMap<String, String>;

#[derive(Debug, Default)]
pub(crate) struct Stacks {
    /// By ARN, deleted ones too.
    pub(crate) stacks: BTreeMap<String, Stack>,
    made: u64,
    /// Operations that are to fail.
    pub(crate) failures: usize,
}

#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) name: String,
    arn: String,
    number: u64,
    pub(crate) status: &'static str,
    pub(crate) parameters: Pairs,
    pub(crate) tags: Pairs,
    updated: Option<Instant>,
    token: String,
    /// What it turns into, in order.
    then: Vec<(Instant, Turn)>,
    events: Vec<Event>,
    sets: BTreeMap<String, Set>,
    /// How DescribeStacks showed it, and since when.
    shown: Vec<(Instant, String, bool)>,
    roles_since: Instant,
}

#[derive(Debug, Clone)]
struct Turn {
    status: &'static str,
    /// A resource's own event, told before.
    resource: Option<(&'static str, &'static str)>,
    /// What parameters and tags are then.
    values: Option<(Pairs, Pairs)>,
}

#[derive(Debug)]
struct Event {
    at: Instant,
    id: String,
    token: String,
    logical_id: String,
    status: &'static str,
    reason: &'static str,
}

impl Stack {
    pub(crate) fn is_ours(&self) -> bool {
        self.tags.get("sftp-okta:deployment").is_some_and(|name| name == "demo")
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }

    fn is_busy(&self) -> bool {
        !self.then.is_empty()
    }

    /// A new API endpoint goes with another retention: as if the change replaced a resource.
    pub(crate) fn output(&self, name: &str) -> String {
        let variant = self.parameters.get("LogRetentionDays").cloned().unwrap_or_default();
        let number = self.number;
        match name {
            "TransferIdentityProviderUrl" => {
                format!("https://a{number}x{variant}.execute-api.us-east-1.amazonaws.com/prod")
            }
            "TransferIdentityProviderRole" => format!("arn:aws:iam::{ACCOUNT}:role/invocation-{number}"),
            "TransferSFTPCloudWatchLogsWriteLogs" => format!("arn:aws:iam::{ACCOUNT}:role/logging-{number}"),
            "TransferLogGroupArn" => format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/t-{number}:*"),
            other => format!("{other}-{number}"),
        }
    }

    fn enter(&mut self, now: Instant, turn: Turn) {
        if let Some((status, reason)) = turn.resource {
            self.tell(now, "InvocationRole", status, reason);
        }
        self.status = turn.status;
        if let Some((parameters, tags)) = turn.values {
            (self.parameters, self.tags) = (parameters, tags);
        }
        let name = self.name.clone();
        if turn.status != "REVIEW_IN_PROGRESS" || self.events.is_empty() {
            self.tell(now, &name, turn.status, "");
        }
        let gone = self.is_gone();
        let xml = stack_row(self);
        self.shown.push((now, xml, gone));
    }

    fn tell(&mut self, at: Instant, logical_id: &str, status: &'static str, reason: &'static str) {
        let id = format!("{}-{}", self.number, self.events.len());
        self.events.push(Event {
            at,
            id,
            token: self.token.clone(),
            logical_id: logical_id.to_owned(),
            status,
            reason,
        });
    }
}

impl Stacks {
    pub(super) fn go_on(&mut self, now: Instant, _manners: &Manners) {
        for stack in self.stacks.values_mut() {
            while stack.then.first().is_some_and(|(at, _)| *at <= now) {
                let (at, turn) = stack.then.remove(0);
                stack.enter(at, turn);
            }
        }
    }

    /// A new stack, in which nothing is yet.
    fn next(&mut self, name: &str, now: Instant) -> Stack {
        self.made += 1;
        let number = self.made;
        Stack {
            name: name.to_owned(),
            arn: format!("arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name}/{number}"),
            number,
            status: "REVIEW_IN_PROGRESS",
            parameters: Pairs::new(),
            tags: Pairs::new(),
            updated: None,
            token: String::new(),
            then: Vec::new(),
            events: Vec::new(),
            sets: BTreeMap::new(),
            shown: Vec::new(),
            roles_since: now,
        }
    }

    /// Somebody else's stack, under the name that the deployment's would have.
    pub(super) fn add_foreign(&mut self) {
        let now = Instant::now();
        let mut stack = self.next("sftp-okta-demo", now);
        let tags = Pairs::from([("owner".to_owned(), "somebody".to_owned())]);
        stack.enter(now, Turn { status: "CREATE_COMPLETE", resource: None, values: Some((Pairs::new(), tags)) });
        // It has been there for long: every look shows it.
        for (since, ..) in &mut stack.shown {
            *since = since.checked_sub(Duration::from_secs(60)).unwrap_or(*since);
        }
        self.stacks.insert(stack.arn.clone(), stack);
    }

    /// Stacks that are there, which cost money.
    pub(crate) fn living(&self) -> impl Iterator<Item = &Stack> {
        self.stacks.values().filter(|stack| !stack.is_gone())
    }

    pub(crate) fn has_role(&self, arn: &str) -> bool {
        let number = arn.rsplit('-').next().and_then(|number| number.parse().ok());
        self.living().any(|stack| Some(stack.number) == number)
    }

    pub(super) fn is_role_usable(&self, arn: &str, now: Instant, after: Duration) -> bool {
        let number = arn.rsplit('-').next().and_then(|number| number.parse().ok());
        self.living().any(|stack| Some(stack.number) == number && now >= stack.roles_since + after)
    }

    fn named(&self, name: &str) -> Option<&Stack> {
        match name.starts_with("arn:") {
            true => self.stacks.get(name),
            false => self.living().find(|stack| stack.name == name),
        }
    }

    fn named_mut(&mut self, name: &str) -> Option<&mut Stack> {
        let arn = self.named(name)?.arn.clone();
        self.stacks.get_mut(&arn)
    }
}

pub(super) fn get_role(aws: &Aws, asked: &Asked) -> Answer {
    let name = asked.form().remove("RoleName").unwrap_or_default();
    // Seen sooner than it can be used.
    if aws.stacks.is_role_usable(&name, Instant::now(), aws.manners.roles / 2) {
        let role = format!(
            "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><CreateDate>2027-01-01T00:00:00Z</CreateDate></Role>"
        );
        query("GetRole", &role)
    } else {
        query_error(404, "NoSuchEntity", "The role cannot be found.")
    }
}

pub(super) fn answer(aws: &mut Aws, asked: &Asked) -> Answer {
    let form = asked.form();
    let name = form.get("StackName").cloned().unwrap_or_default();
    let now = Instant::now();
    let missing = || query_error(400, "ValidationError", &format!("Stack with id {name} does not exist"));
    let (lag, event_lag) = (aws.manners.stack_lag, aws.manners.event_lag);
    match asked.action.as_str() {
        "DescribeStacks" => {
            // By name the last one that could be seen, by ARN that one.
            let seen = |stack: &&Stack| stack.shown.iter().any(|(since, ..)| *since + lag <= now);
            let mut fits: Vec<&Stack> = match name.starts_with("arn:") {
                true => aws.stacks.stacks.get(&name).into_iter().collect(),
                false => aws.stacks.stacks.values().filter(|stack| stack.name == name).collect(),
            };
            fits.sort_by_key(|stack| stack.number);
            let Some(stack) = fits.into_iter().rfind(seen) else { return missing() };
            let shown = stack.shown.iter().rev().find(|(since, ..)| *since + lag <= now);
            match shown {
                Some((_, _, true)) if !name.starts_with("arn:") => missing(),
                Some((_, xml, _)) => query("DescribeStacks", &format!("<Stacks>{xml}</Stacks>")),
                None => missing(),
            }
        }
        "DescribeStackEvents" => {
            let Some(stack) = aws.stacks.stacks.get(&name) else { return missing() };
            let is_seen = |event: &&Event| event.at + event_lag <= now;
            let newest_first: Vec<&Event> = stack.events.iter().rev().filter(is_seen).collect();
            let (rows, next) = page(&newest_first, form.get("NextToken"), aws.manners.page);
            let rows: String = rows.iter().map(|event| event_row(stack, event, aws.began)).collect();
            let next = next.map(|next| format!("<NextToken>{next}</NextToken>")).unwrap_or_default();
            query("DescribeStackEvents", &format!("<StackEvents>{rows}</StackEvents>{next}"))
        }
        "GetTemplate" => match aws.stacks.named(&name) {
            None => missing(),
            Some(stack) if stack.status == "REVIEW_IN_PROGRESS" => {
                query_error(400, "ValidationError", "Stack is in REVIEW_IN_PROGRESS")
            }
            Some(_) => query("GetTemplate", &format!("<TemplateBody>{}</TemplateBody>", *TEMPLATE)),
        },
        "CreateChangeSet" => change_sets::create(aws, &form, &name, now),
        "DescribeChangeSet" | "DeleteChangeSet" | "ExecuteChangeSet" => change_sets::answer(aws, asked, &form, now),
        "ListChangeSets" => match aws.stacks.named(&name) {
            None => missing(),
            Some(stack) => change_sets::list(aws, &form, stack),
        },
        "DeleteStack" => delete(aws, &form, &name, now),
        "DescribeEvents" => query_error(403, "AccessDenied", "no"),
        other => {
            aws.crimes.push((Invariant::I3, format!("a call nobody foresaw: cloudformation {other}")));
            query_error(400, "InvalidAction", other)
        }
    }
}

fn delete(aws: &mut Aws, form: &Pairs, name: &str, now: Instant) -> Answer {
    let takes = aws.manners.stack;
    let wanted_to_fail = aws.stacks.failures > 0;
    let Some(stack) = aws.stacks.named_mut(name) else { return query("DeleteStack", "") };
    // What holds nothing has nothing that could stay.
    let fails = wanted_to_fail && stack.status != "REVIEW_IN_PROGRESS";
    if !stack.tags.is_empty() && !stack.is_ours() {
        aws.crimes.push((Invariant::I3, format!("somebody else's stack {name} deleted")));
        return query_error(403, "AccessDenied", "not yours");
    }
    if stack.is_gone() || stack.status == "DELETE_IN_PROGRESS" {
        return query("DeleteStack", "");
    }
    if stack.is_busy() {
        let text = format!("Stack [{}] cannot be deleted while in status {}", stack.arn, stack.status);
        return query_error(400, "ValidationError", &text);
    }
    stack.token = form.get("ClientRequestToken").cloned().unwrap_or_default();
    stack.enter(now, Turn { status: "DELETE_IN_PROGRESS", resource: None, values: None });
    let (end, resource) = match fails {
        true => ("DELETE_FAILED", Some(("DELETE_FAILED", "in use"))),
        false => ("DELETE_COMPLETE", Some(("DELETE_COMPLETE", ""))),
    };
    stack.then = vec![(now + takes, Turn { status: end, resource, values: None })];
    aws.stacks.failures = aws.stacks.failures.saturating_sub(usize::from(fails));
    query("DeleteStack", "")
}
