//! What requests have in common: the stack that they name, the template that they bring.

use super::answers::missing_stack;
use super::intrinsics::Scope;
use super::parameters;
use super::stack::{Stack, Status, Wanted};
use super::template::{Template, parse};
use super::{references, types};
use crate::ACCOUNT;
use crate::aws::s3;
use crate::aws::wire::query::Parameters;
use crate::aws::wire::{Call, Refusal};
use crate::clock::{now, uuid};
use crate::state::{State, World};

/// The longest template that a request can hold, in bytes.
pub(super) const LONGEST: usize = 51_200;

/// A field that has to be there.
pub(super) fn required<'a>(form: &'a Parameters, name: &str) -> Result<&'a str, Refusal> {
    let missing = || {
        let first = name.chars().next().map(|first| first.to_ascii_lowercase()).unwrap_or_default();
        let member: String = std::iter::once(first).chain(name.chars().skip(1)).collect();
        Refusal::validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    };
    form.text(name).filter(|value| !value.is_empty()).ok_or_else(missing)
}

/// The stack that is named.
pub(super) fn named<'a>(state: &'a State, call: &Call, form: &Parameters) -> Result<&'a Stack, Refusal> {
    let name = required(form, "StackName")?;
    state.stacks.get(&call.region, name).ok_or_else(|| missing_stack(name))
}

/// The stack that is named, to be changed.
pub(super) fn named_mut<'a>(state: &'a mut State, call: &Call, form: &Parameters) -> Result<&'a mut Stack, Refusal> {
    let name = required(form, "StackName")?;
    state.stacks.get_mut(&call.region, name).ok_or_else(|| missing_stack(name))
}

/// Letters, digits and hyphens, a letter first, at most 128.
pub(super) fn check_name(member: &str, name: &str) -> Result<(), Refusal> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && name.len() <= 128;
    if fits {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}

/// A stack that has nothing yet.
pub(super) fn new_stack(call: &Call, name: &str) -> Stack {
    Stack {
        name: name.into(),
        arn: format!("arn:{}:cloudformation:{}:{ACCOUNT}:stack/{name}/{}", call.partition(), call.region, uuid()),
        region: call.region.clone(),
        status: Status::ReviewInProgress,
        reason: None,
        created: now(),
        updated: None,
        deleted: None,
        wanted: Wanted::default(),
        description: None,
        parameters: Vec::new(),
        outputs: Vec::new(),
        resources: Default::default(),
        removed: Vec::new(),
        events: Vec::new(),
        change_sets: Vec::new(),
        change_set: None,
        protected: false,
        disable_rollback: false,
        operation: None,
        tokens: Default::default(),
        detection: None,
    }
}

/// The template of a request, by body, by URL, or that of the stack.
pub(super) fn body(world: &World, state: &State, stack: Option<&Stack>, form: &Parameters) -> Result<String, Refusal> {
    if let Some(body) = form.text("TemplateBody") {
        if body.len() > LONGEST {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{}…' at 'templateBody' failed to satisfy constraint: Member must have \
                 length less than or equal to {LONGEST}",
                body.chars().take(60).collect::<String>()
            )));
        }
        return Ok(body.into());
    }
    if let Some(url) = form.text("TemplateURL") {
        return object_at(world, state, url)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| Refusal::validation("S3 error: The specified key does not exist."));
    }
    let previous =
        stack.filter(|_| form.flag("UsePreviousTemplate") == Some(true)).map(|stack| stack.wanted.body.clone());
    previous
        .filter(|body| !body.is_empty())
        .ok_or_else(|| Refusal::validation("Either Template URL or Template Body must be specified."))
}

/// The object that a URL of S3 names, by path or by host.
fn object_at(world: &World, state: &State, url: &str) -> Option<Vec<u8>> {
    let url = url::Url::parse(url).ok()?;
    let path = url::form_urlencoded::parse(format!("path={}", url.path().replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, path)| path.into_owned())?;
    let path = path.trim_start_matches('/');
    let by_path = path.split_once('/').filter(|(bucket, _)| s3::bucket_exists(state, bucket));
    let (bucket, key) = by_path.or_else(|| Some((url.host_str()?.split_once(".s3")?.0, path)))?;
    world.store.get(bucket, key).ok()
}

/// What a request wants, checked.
pub(super) fn wanted(
    world: &World,
    state: &State,
    stack: Option<&Stack>,
    form: &Parameters,
) -> Result<(Wanted, Template), Refusal> {
    let body = body(world, state, stack, form)?;
    let template = parse(&body)?;
    references::check(&template)?;
    let given = parameters::given(form, stack.map(|stack| &stack.wanted.values))?;
    let values = parameters::complete(&template, &given)?;
    let tags = match (form.structures("Tags").is_empty(), stack) {
        // An update that says nothing of tags leaves them.
        (true, Some(stack)) if form.text("Tags").is_none() => stack.wanted.tags.clone(),
        (_, _) => form.pairs("Tags", "Key", "Value"),
    };
    let wanted = Wanted { body, values, tags, capabilities: form.list("Capabilities") };
    let nowhere = Stack { region: "us-east-1".into(), ..new_stack(&nobody(), "none") };
    check(&template, &wanted, stack.unwrap_or(&nowhere))?;
    Ok((wanted, template))
}

fn nobody() -> Call {
    Call { action: String::new(), region: "us-east-1".into() }
}

/// CloudFormation's words for a stack that cannot be updated now.
pub(super) fn not_updatable(stack: &Stack) -> Refusal {
    Refusal::validation(format!("Stack:{} is in {} state and can not be updated.", stack.arn, stack.status))
}

/// Checks that hold for every request with a template.
pub(super) fn check(template: &Template, wanted: &Wanted, stack: &Stack) -> Result<(), Refusal> {
    references::check(template)?;
    types::check(template)?;
    types::check_capabilities(template, &wanted.capabilities)?;
    let pseudo = stack.pseudo();
    let scope = Scope::new(template, &wanted.values, &pseudo)?;
    references::dependencies(&scope).map(|_| ())
}
