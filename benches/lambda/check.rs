//! Only programs that do the same may be compared.

use std::error::Error;

use serde_json::Value;

use crate::contender::Contender;
use crate::function::{Run, run};
use crate::okta::Okta;
use crate::sign_in;

/// Gives every contender for one job sign-ins of all kinds. Answers and log lines must be those of the first contender, the
/// configuration inside an answer byte for byte, and each reason the expected one. All must have asked Okta and Secrets
/// Manager equally often.
pub(crate) fn same_answers(contenders: &[&Contender], okta: &Okta) -> Result<(), Box<dyn Error>> {
    let sign_ins = sign_in::of_all_kinds();
    let mut first = None;
    for contender in contenders {
        let run = run(contender, okta, sign_ins.iter().map(|(event, _)| event.to_string()).collect())?;
        let (answers, log) = read(contender, &run)?;
        for ((event, expected), line) in sign_ins.iter().zip(&log) {
            if line.get("reason").and_then(Value::as_str) != Some(expected) {
                return Err(format!("{}: {line} is not {expected}: {event}", contender.name).into());
            }
        }
        let (first_answers, first_log, first_asked) =
            first.get_or_insert_with(|| (answers.clone(), log.clone(), run.asked));
        if run.asked != *first_asked {
            return Err(asked_otherwise(contender, &run));
        }
        let pairs = first_answers.iter().zip(&answers).chain(first_log.iter().zip(&log));
        for (expected, found) in pairs {
            if expected != found {
                return Err(format!("{} differs:\n{found}\ninstead of\n{expected}", contender.name).into());
            }
        }
    }
    Ok(())
}

/// Answers and log lines, one of each for each event; the lines without the times in them, which must be there.
fn read(contender: &Contender, run: &Run) -> Result<(Vec<Value>, Vec<Value>), Box<dyn Error>> {
    let answers: Vec<Value> =
        run.answers.iter().map(|answered| serde_json::from_slice(&answered.body)).collect::<Result<_, _>>()?;
    let mut log: Vec<Value> = run.log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    for line in &mut log {
        let missing = |path: &str| format!("{}: a log line without {path}: {line}", contender.name);
        let times = ["/ms", "/SignInLatency", "/OktaLatency", "/_aws/Timestamp"];
        let [is_password, has_asked] = ["SignIns", "OktaCalls"].map(|name| line.get(name).is_some());
        for (path, is_wanted) in times.into_iter().zip([true, is_password, has_asked, true]) {
            if is_wanted != line.pointer(path).is_some_and(Value::is_number) {
                return Err(missing(path).into());
            }
        }
        for path in times {
            if let Some(time) = line.pointer_mut(path) {
                *time = Value::Null;
            }
        }
    }
    if log.len() != answers.len() {
        return Err(format!("{}: {} answers and {} log lines", contender.name, answers.len(), log.len()).into());
    }
    Ok((answers, log))
}

fn asked_otherwise(contender: &Contender, run: &Run) -> Box<dyn Error> {
    let [requests, connections, secrets] = run.asked;
    let name = contender.name;
    format!("{name}: {requests} requests, {connections} connections to Okta, {secrets} to Secrets Manager").into()
}

/// What was measured were sign-ins, each with its log line and its requests to Okta, all over one connection, and one token
/// for all of them.
pub(crate) fn all_accepted(contender: &Contender, run: &Run) -> Result<(), Box<dyn Error>> {
    let (answers, log) = read(contender, run)?;
    let once = contender.job.once();
    if run.asked != [answers.len() * contender.job.requests() + once, 1, once] {
        return Err(asked_otherwise(contender, run));
    }
    if !answers.iter().all(is_accepted) || log.iter().any(|line| line.get("reason") != Some(&"ok".into())) {
        return Err(format!("{}: a sign-in was refused while measuring", contender.name).into());
    }
    Ok(())
}

fn is_accepted(answer: &Value) -> bool {
    let body = answer.get("body").and_then(Value::as_str);
    body.is_some_and(|body| body.starts_with(r#"{"Role":"#))
}
