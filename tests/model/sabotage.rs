//! Deployers that break one invariant each: the judge has to name it. Their programs hold when nobody breaks anything.
//!
//! The deployer's own code runs; what it would have to do wrong is done in its place, once a run has ended and before it is
//! judged.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sftp_okta::error::{Error, ErrorCode};
use sftp_okta::exit_code::ExitCode;
use sftp_okta::report::Outcome;
use tokio::time::Instant;

use crate::aws::objects::ARTIFACTS;
use crate::aws::{Asked, Aws, Manners};
use crate::invariant::Invariant;
use crate::program::{Act, Command, Op, Program};
use crate::run::{Ended, Sabotage, check};
use crate::secrets;
use crate::wire::{Fault, Noted, Script};

/// One of them.
struct Case {
    breaks: Invariant,
    program: Program,
    sabotage: Sabotage,
}

/// Runs them all; the errors say what was not named.
pub(crate) fn unnoticed(bootstrap: &Path) -> Vec<String> {
    let cases = cases();
    let uncovered = Invariant::ALL.into_iter().filter(|which| !cases.iter().any(|case| case.breaks == *which));
    let mut errors: Vec<String> = uncovered.map(|which| format!("nobody breaks {which}")).collect();
    for (number, Case { breaks, program, sabotage }) in cases.iter().enumerate() {
        let seen = cases[..number].iter().any(|other| other.program == *program);
        if !seen && let Err(why) = check(program, bootstrap, None) {
            errors.push(format!("case {number}, of {breaks}: unbroken it fails: {why}"));
        }
        match check(program, bootstrap, Some(*sabotage)) {
            Err(why) if why.starts_with(&breaks.to_string()) => {}
            Err(why) => errors.push(format!("case {number}: {breaks} is broken, and this is told: {why}")),
            Ok(_) => errors.push(format!("case {number}: {breaks} is broken, and nobody notices")),
        }
    }
    errors
}

fn cases() -> Vec<Case> {
    use Invariant::{I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12, I13};
    let calm = Manners { strangers: 1, ..Manners::calm() };
    // Ends with a deploy of the first configuration, and one more that has nothing to do.
    let deploy = Program { seed: 1, manners: calm, ops: Vec::new(), last: 0, tears_down: false };
    let with = |op: Op| Program { ops: vec![op], ..deploy.clone() };
    let teardown = Program { tears_down: true, ..deploy.clone() };
    let mut foreign = deploy.clone();
    foreign.manners.foreign_stack = true;
    let plan = with(Op::Run(Act::calm(Command::Plan(0))));
    let mut throttled = Act::calm(Command::Deploy(0));
    throttled.script = Script { storm: Some((0, 5)), ..Script::default() };
    let mut cut_off = Act::calm(Command::Deploy(0));
    cut_off.script.faults.push((3, 1, Fault::CutBefore));
    // A seed whose calm twins are compared.
    let twins = Program { seed: 0, ..with(Op::Run(Act::calm(Command::Deploy(1)))) };
    let case = |breaks, program: &Program, sabotage| Case { breaks, program: program.clone(), sabotage };
    vec![
        case(I1, &deploy, |aws, ended| {
            if told(ended, Outcome::Deployed) {
                change_ours(aws, "SecurityPolicyName", "TransferSecurityPolicy-2018-11");
            }
        }),
        // The second server is there when the run has ended, or was there only meanwhile.
        case(I2, &deploy, |aws, ended| {
            if told(ended, Outcome::Deployed) {
                make_another(aws);
                ended.notes.push(note("transfer CreateServer"));
                aws.crimes.clear();
            }
        }),
        case(I2, &deploy, |aws, ended| {
            if told(ended, Outcome::Deployed) {
                make_another(aws);
                aws.servers.keep_one();
            }
        }),
        case(I3, &deploy, |aws, _| {
            let stranger = aws.servers.servers.iter().find(|(_, server)| !server.is_ours());
            let id = stranger.expect("there is one").0.clone();
            ask(aws, "transfer", "DeleteServer", &json!({"ServerId": id}).to_string());
        }),
        case(I3, &foreign, |_, ended| ended.notes.push(note("cloudformation DeleteStack"))),
        case(I4, &deploy, |_, ended| {
            if told(ended, Outcome::Unchanged) {
                ended.notes.push(note("transfer UpdateServer"));
            }
        }),
        case(I5, &plan, |_, ended| {
            if told(ended, Outcome::Planned) {
                ended.notes.push(note("cloudformation ExecuteChangeSet"));
            }
        }),
        case(I6, &teardown, |aws, ended| {
            if told(ended, Outcome::Removed) {
                ask(aws, "s3", "PUT ", "");
            }
        }),
        case(I7, &with(Op::Run(cut_off)), |_, ended| fails(ended, ErrorCode::Service, "no")),
        case(I8, &deploy, |_, ended| {
            fails(ended, ErrorCode::Service, "no");
            ended.exit = Some(ExitCode::Done);
        }),
        case(I8, &deploy, |_, ended| fails(ended, ErrorCode::Unexpected, "no")),
        case(I8, &deploy, |aws, ended| {
            if told(ended, Outcome::Deployed) {
                aws.servers.meddle(false);
            }
        }),
        case(I9, &deploy, |_, ended| {
            if told(ended, Outcome::Deployed) {
                ended.notes.push(note("transfer CreateServer"));
            }
        }),
        case(I10, &deploy, |_, ended| ended.notes.extend((0..200).map(|_| note("transfer DescribeServer")))),
        case(I10, &deploy, |_, ended| {
            if told(ended, Outcome::Unchanged) {
                ended.notes.extend((0..10).map(|_| note("transfer DescribeServer")));
            }
        }),
        case(I10, &deploy, |_, ended| ended.took = Duration::from_secs(24 * 3600)),
        case(I10, &with(Op::Run(throttled)), |_, ended| fails(ended, ErrorCode::Service, "Rate exceeded")),
        case(I11, &deploy, |_, ended| ended.told.push_str(secrets::any())),
        case(I12, &deploy, |aws, ended| {
            if told(ended, Outcome::Deployed) {
                change_ours(aws, "LoggingRole", "arn:aws:iam::000000000000:role/logging-99");
            }
        }),
        case(I12, &deploy, |aws, ended| {
            if told(ended, Outcome::Deployed) {
                let id = aws.servers.ours()[0].0.clone();
                let input = json!({"ServerId": id, "LoggingRole": "arn:aws:iam::000000000000:role/logging-99"});
                ask(aws, "transfer", "UpdateServer", &input.to_string());
            }
        }),
        case(I13, &twins, |aws, ended| {
            if aws.manners.page == 1 && ended.command == Command::Deploy(1) {
                fails(ended, ErrorCode::Service, "no");
            }
        }),
    ]
}

fn told(ended: &Ended, outcome: Outcome) -> bool {
    matches!(ended.result, Some(Ok(told)) if told == outcome)
}

/// The run ends with an error that it has no hint for.
fn fails(ended: &mut Ended, code: ErrorCode, cause: &str) {
    ended.result = Some(Err(Error::new(code, "it could not be done").cause(cause)));
    ended.exit = Some(code.exit_code());
}

/// One call more, which was done.
fn note(what: &str) -> Noted {
    let looks = ["Describe", "List", "Get"];
    let mutates = !looks.iter().any(|verb| what.split(' ').next_back().is_some_and(|action| action.starts_with(verb)));
    Noted { at: Instant::now(), what: what.to_owned(), mutates, arrived: true, refused: false }
}

/// A call that no run notes; to S3 that of another zip of the deployment.
fn ask(aws: &mut Aws, service: &'static str, action: &str, body: &str) {
    let asked = Asked {
        service,
        action: action.to_owned(),
        path: format!("/{ARTIFACTS}/demo/{}.zip", "0".repeat(64)),
        query: String::new(),
        headers: [].into(),
        body: body.into(),
    };
    aws.answer(&asked);
}

/// Makes a second server like the first.
fn make_another(aws: &mut Aws) {
    let input = aws.servers.ours()[0].1.said.to_string();
    ask(aws, "transfer", "CreateServer", &input);
}

fn change_ours(aws: &mut Aws, what: &str, value: &str) {
    for server in aws.servers.servers.values_mut().filter(|server| server.is_ours()) {
        server.said[what] = value.into();
    }
}
