//! CloudFormation and the roles it makes: one stack at a time under each name, change sets, events, and reads that lag.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

use super::{ACCOUNT, Answer, Asked, Aws, Manners, query, query_error};
use crate::invariant::Invariant;

/// The template as it stands in an answer.
static TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    let text = sftp_okta::stack::sealed(sftp_okta::stack::TEMPLATE);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
});

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

#[derive(Debug)]
struct Set {
    ready: Instant,
    creates: bool,
    values: (Pairs, Pairs),
    changes: bool,
    executed: bool,
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
        let xml = self.xml();
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

    fn xml(&self) -> String {
        let mut xml = format!(
            "<member><StackId>{}</StackId><StackName>{}</StackName><CreationTime>2027-01-01T00:00:00Z</CreationTime><StackStatus>{}</StackStatus>",
            self.arn, self.name, self.status
        );
        if self.updated.is_some() {
            // Only that it differs matters; a clock of its own tells that.
            let _ = write!(
                xml,
                "<LastUpdatedTime>2027-01-02T00:{:02}:{:02}Z</LastUpdatedTime>",
                self.events.len() / 60 % 60,
                self.events.len() % 60
            );
        }
        let list = |name: &str, key: &str, value: &str, pairs: &Pairs| {
            let rows: String = pairs
                .iter()
                .map(|(k, v)| format!("<member><{key}>{k}</{key}><{value}>{v}</{value}></member>"))
                .collect();
            format!("<{name}>{rows}</{name}>")
        };
        xml += &list("Parameters", "ParameterKey", "ParameterValue", &self.parameters);
        xml += &list("Tags", "Key", "Value", &self.tags);
        let complete =
            self.status.ends_with("_COMPLETE") && !["ROLLBACK_COMPLETE", "DELETE_COMPLETE"].contains(&self.status);
        if complete || self.updated.is_some() {
            let names = [
                "TransferIdentityProviderUrl",
                "TransferIdentityProviderRole",
                "TransferSFTPCloudWatchLogsWriteLogs",
                "UserAccessRole",
                "IdentityProviderFunction",
                "IdentityProviderLogGroup",
                "TransferLogGroupArn",
            ];
            let outputs = names.map(|name| (name.to_owned(), self.output(name))).into_iter().collect();
            xml += &list("Outputs", "OutputKey", "OutputValue", &outputs);
        }
        xml + "</member>"
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
    let (lag, event_lag, page) = (aws.manners.stack_lag, aws.manners.event_lag, aws.manners.page.max(2));
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
            let seen: Vec<&Event> = stack.events.iter().filter(|event| event.at + event_lag <= now).collect();
            let from = form.get("NextToken").and_then(|token| token.parse().ok()).unwrap_or(0_usize);
            let rows: Vec<String> =
                seen.iter().rev().skip(from).take(page).map(|event| row(stack, event, aws.began)).collect();
            let next = from + rows.len();
            let next = if next < seen.len() { format!("<NextToken>{next}</NextToken>") } else { String::new() };
            query("DescribeStackEvents", &format!("<StackEvents>{}</StackEvents>{next}", rows.concat()))
        }
        "GetTemplate" => match aws.stacks.named(&name) {
            None => missing(),
            Some(stack) if stack.status == "REVIEW_IN_PROGRESS" => {
                query_error(400, "ValidationError", "Stack is in REVIEW_IN_PROGRESS")
            }
            Some(_) => query("GetTemplate", &format!("<TemplateBody>{}</TemplateBody>", *TEMPLATE)),
        },
        "CreateChangeSet" => create_change_set(aws, &form, &name, now),
        "DescribeChangeSet" | "DeleteChangeSet" | "ExecuteChangeSet" => of_change_set(aws, asked, &form, now),
        "ListChangeSets" => {
            let Some(stack) = aws.stacks.named(&name) else { return missing() };
            let rows: String =
                stack.sets.keys().map(|arn| format!("<member><ChangeSetId>{arn}</ChangeSetId></member>")).collect();
            query("ListChangeSets", &format!("<Summaries>{rows}</Summaries>"))
        }
        "DeleteStack" => delete(aws, &form, &name, now),
        "DescribeEvents" => query_error(403, "AccessDenied", "no"),
        other => {
            aws.crimes.push((Invariant::I3, format!("a call nobody foresaw: cloudformation {other}")));
            query_error(400, "InvalidAction", other)
        }
    }
}

fn row(stack: &Stack, event: &Event, began: Instant) -> String {
    let own = event.logical_id == stack.name;
    let (physical, kind) = match own {
        true => (stack.arn.as_str(), "AWS::CloudFormation::Stack"),
        false => ("", "AWS::IAM::Role"),
    };
    let since = event.at.saturating_duration_since(began).as_secs();
    format!(
        "<member><StackId>{}</StackId><EventId>{}</EventId><StackName>{}</StackName><LogicalResourceId>{}</LogicalResourceId>\
         <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}</ResourceType>\
         <Timestamp>2027-01-01T{:02}:{:02}:{:02}Z</Timestamp><ResourceStatus>{}</ResourceStatus>\
         <ResourceStatusReason>{}</ResourceStatusReason><ClientRequestToken>{}</ClientRequestToken></member>",
        stack.arn,
        event.id,
        stack.name,
        event.logical_id,
        since / 3600 % 24,
        since / 60 % 60,
        since % 60,
        event.status,
        event.reason,
        event.token
    )
}

/// `Parameters.member.1.ParameterKey` and the like.
fn pairs(form: &Pairs, list: &str, key: &str, value: &str) -> Pairs {
    (1..)
        .map_while(|at| {
            let name = form.get(&format!("{list}.member.{at}.{key}"))?;
            Some((name.clone(), form.get(&format!("{list}.member.{at}.{value}")).cloned().unwrap_or_default()))
        })
        .collect()
}

fn create_change_set(aws: &mut Aws, form: &Pairs, name: &str, now: Instant) -> Answer {
    let values = (pairs(form, "Parameters", "ParameterKey", "ParameterValue"), pairs(form, "Tags", "Key", "Value"));
    let creates = form.get("ChangeSetType").is_some_and(|kind| kind == "CREATE");
    let set_name = form.get("ChangeSetName").cloned().unwrap_or_default();
    let ready = now + Duration::from_secs(1);
    match aws.stacks.named(name) {
        None if !creates => {
            return query_error(400, "ValidationError", &format!("Stack [{name}] does not exist"));
        }
        Some(stack) if stack.is_busy() || creates != (stack.status == "REVIEW_IN_PROGRESS") => {
            let text = format!("Stack:{} is in {} state and can not be updated.", stack.arn, stack.status);
            return query_error(400, "ValidationError", &text);
        }
        None => {
            let mut stack = aws.stacks.next(name, now);
            stack.enter(now, Turn { status: "REVIEW_IN_PROGRESS", resource: None, values: None });
            aws.stacks.stacks.insert(stack.arn.clone(), stack);
        }
        Some(_) => {}
    }
    let Some(stack) = aws.stacks.named_mut(name) else { return query_error(500, "InternalFailure", "") };
    if !stack.tags.is_empty() && !stack.is_ours() {
        aws.crimes.push((Invariant::I3, format!("a change set for somebody else's stack {name}")));
        return query_error(403, "AccessDenied", "not yours");
    }
    let arn = format!("{}/{set_name}", stack.arn.replace(":stack/", ":changeSet/"));
    let changes = creates || (&stack.parameters, &stack.tags) != (&values.0, &values.1);
    if let Some(known) = stack.sets.get(&arn) {
        // The same token is the same request.
        if known.values != values {
            return query_error(400, "AlreadyExistsException", "the change set exists");
        }
    } else {
        stack.sets.insert(arn.clone(), Set { ready, creates, values, changes, executed: false });
    }
    query("CreateChangeSet", &format!("<Id>{arn}</Id><StackId>{}</StackId>", stack.arn))
}

fn of_change_set(aws: &mut Aws, asked: &Asked, form: &Pairs, now: Instant) -> Answer {
    let arn = form.get("ChangeSetName").cloned().unwrap_or_default();
    let Manners { stack: takes, .. } = aws.manners;
    let gone = || query_error(404, "ChangeSetNotFound", &format!("ChangeSet [{arn}] does not exist"));
    let found = aws.stacks.stacks.values_mut().find(|stack| {
        stack.sets.contains_key(&arn)
            || Some(&stack.name) == form.get("StackName")
                && stack.sets.keys().any(|key| key.ends_with(&format!("/{arn}")))
    });
    let Some(stack) = found else { return gone() };
    let Some(key) = stack.sets.keys().find(|key| **key == arn || key.ends_with(&format!("/{arn}"))).cloned() else {
        return gone();
    };
    let stack_arn = stack.arn.clone();
    let Some(set) = stack.sets.get_mut(&key) else { return gone() };
    let (status, execution, reason) = match () {
        () if now < set.ready => ("CREATE_IN_PROGRESS", "UNAVAILABLE", ""),
        () if !set.changes => (
            "FAILED",
            "UNAVAILABLE",
            "The submitted information didn't contain changes. Submit different information to create a change set.",
        ),
        () if set.executed => ("CREATE_COMPLETE", "EXECUTE_COMPLETE", ""),
        () => ("CREATE_COMPLETE", "AVAILABLE", ""),
    };
    match asked.action.as_str() {
        "DescribeChangeSet" => query(
            "DescribeChangeSet",
            &format!(
                "<ChangeSetId>{key}</ChangeSetId><StackId>{stack_arn}</StackId><Status>{status}</Status>\
                 <ExecutionStatus>{execution}</ExecutionStatus><StatusReason>{reason}</StatusReason><Changes></Changes>"
            ),
        ),
        "DeleteChangeSet" => {
            stack.sets.remove(&key);
            query("DeleteChangeSet", "")
        }
        _ if execution != "AVAILABLE" => query_error(
            400,
            "InvalidChangeSetStatus",
            &format!("ChangeSet [{key}] cannot be executed in its current execution status of [{execution}]"),
        ),
        _ => {
            set.executed = true;
            let (creates, values) = (set.creates, set.values.clone());
            stack.sets.retain(|other, _| *other == key);
            stack.token = form.get("ClientRequestToken").cloned().unwrap_or_default();
            stack.updated = (!creates).then_some(now);
            let fails = aws.stacks.failures > 0;
            aws.stacks.failures = aws.stacks.failures.saturating_sub(1);
            begin(stack, now, takes, creates, fails, values);
            query("ExecuteChangeSet", "")
        }
    }
}

fn begin(stack: &mut Stack, now: Instant, takes: Duration, creates: bool, fails: bool, values: (Pairs, Pairs)) {
    let before = (stack.parameters.clone(), stack.tags.clone());
    let turn = |status, resource, values| Turn { status, resource, values };
    let failed = |status| Some((status, "Resource handler returned message: no (HandlerErrorCode: InvalidRequest)"));
    if creates {
        stack.enter(now, turn("CREATE_IN_PROGRESS", None, Some(values)));
        stack.then = match fails {
            false => vec![(now + takes, turn("CREATE_COMPLETE", Some(("CREATE_COMPLETE", "")), None))],
            true => vec![
                (now + takes, turn("ROLLBACK_IN_PROGRESS", failed("CREATE_FAILED"), None)),
                (now + takes * 2, turn("ROLLBACK_COMPLETE", Some(("DELETE_COMPLETE", "")), None)),
            ],
        };
        stack.roles_since = now + takes;
    } else {
        stack.enter(now, turn("UPDATE_IN_PROGRESS", None, None));
        stack.then = match fails {
            false => vec![
                (now + takes, turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Some(("UPDATE_COMPLETE", "")), Some(values))),
                (now + takes * 3 / 2, turn("UPDATE_COMPLETE", None, None)),
            ],
            true => vec![
                (now + takes, turn("UPDATE_ROLLBACK_IN_PROGRESS", failed("UPDATE_FAILED"), None)),
                (now + takes * 2, turn("UPDATE_ROLLBACK_COMPLETE", None, Some(before))),
            ],
        };
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
