//! Secrets of the run's surroundings, which must come to light nowhere: the deployer runs in a process of its own that is
//! given them, and what that process tells is read.

use std::collections::VecDeque;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::aws::Asked;
use crate::invariant::Invariant;

/// Credentials as they look, of nobody.
const SECRETS: [(&str, &str); 2] = [
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYNOBODYSKEY0"),
    ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjNOBODYSTOKENaCXVzLWVhc3QtMSJHMEUC"),
];
/// Says that this is the process with the secrets.
const MARK: &str = "MODEL_INSIDE";
/// Lines that are shown where it fails.
const LAST: usize = 40;

/// Whether this process has the secrets.
pub(crate) fn is_inside() -> bool {
    env::var_os(MARK).is_some()
}

/// Runs this program again with the secrets, and reads what it tells on stderr, as a pipeline's log would keep it.
pub(crate) fn run_inside() -> ExitCode {
    let mut inside = Command::new(env::current_exe().unwrap());
    inside.args(env::args_os().skip(1)).envs(SECRETS).env(MARK, "1").stderr(Stdio::piped());
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIDNOBODY"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ] {
        inside.env(name, value);
    }
    inside.env_remove("AWS_PROFILE");
    let mut inside = inside.spawn().unwrap();
    let (mut last, mut lines, mut told) = (VecDeque::new(), 0, None);
    for line in BufReader::new(inside.stderr.take().unwrap()).split(b'\n') {
        let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
        lines += 1;
        if told.is_none() {
            told = found_in(&line).map(|name| line.replace(secret(name), "***"));
        }
        if last.len() == LAST {
            last.pop_front();
        }
        last.push_back(line);
    }
    let ended = inside.wait().unwrap();
    println!("model: {lines} lines on stderr were read for secrets");
    match told {
        Some(line) => println!("{}: {line}", Invariant::I11),
        None if ended.success() => return ExitCode::SUCCESS,
        None => println!("the last lines on stderr:\n{}", Vec::from(last).join("\n")),
    }
    ExitCode::FAILURE
}

fn secret(name: &str) -> &'static str {
    SECRETS.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

/// One of them.
pub(crate) fn any() -> &'static str {
    SECRETS[0].1
}

/// The name of a secret that the text holds.
pub(crate) fn found_in(text: &str) -> Option<&'static str> {
    SECRETS.iter().find(|(_, value)| text.contains(value)).map(|(name, _)| *name)
}

/// What of a request holds a secret. The token has a header of its own, which is where it belongs.
pub(crate) fn of_request(asked: &Asked) -> Option<String> {
    let headers = asked.headers.iter().filter(|(name, _)| *name != "x-amz-security-token");
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
    // The template is the longest of all, and the same for everybody.
    let body = String::from_utf8_lossy(&asked.body);
    let body = body.split('&').filter(|part| !part.starts_with("TemplateBody=")).map(|part| ("the body", part));
    let mut all = headers.chain(body).chain([("the path", asked.path.as_str()), ("the query", asked.query.as_str())]);
    all.find_map(|(place, text)| found_in(text).map(|name| format!("{name} is in {place}")))
}
