//! One life of a function: started as Lambda starts it, given its events one by one, ended.

use std::collections::VecDeque;
use std::error::Error;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, io};

use crate::contender::Contender;
use crate::okta::Okta;
use crate::service_app::CREDENTIAL;
use crate::sign_in::ROLE;
use crate::stand_in::{StandIn, response};

/// For a function that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of one life.
pub(crate) struct Run {
    /// From just before the process was made to the last byte of its first answer.
    pub(crate) first: Duration,
    pub(crate) answers: Vec<Answered>,
    /// The most memory it ever held at once, in KiB.
    pub(crate) peak: u64,
    /// What it wrote to its log.
    pub(crate) log: String,
    /// Its requests and connections to Okta, and its requests to Secrets Manager.
    pub(crate) asked: [usize; 3],
}

/// One answer to one event.
pub(crate) struct Answered {
    at: Instant,
    /// From just before the event was handed out to the last byte of the answer.
    pub(crate) took: Duration,
    pub(crate) body: Vec<u8>,
}

/// A process that ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the function with these events.
pub(crate) fn run(contender: &Contender, okta: &Okta, events: Vec<String>) -> Result<Run, Box<dyn Error>> {
    let (log, errors) = (contender.folder.join("log"), contender.folder.join("errors"));
    let (sender, received) = channel();
    let (expected, before) = (events.len(), okta.asked());
    let runtime_api = runtime_api(events, sender)?;
    let mut command = Command::new(&contender.program);
    command
        .args(&contender.arguments)
        .current_dir(&contender.folder)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8")
        .env("TZ", ":UTC")
        .env("LAMBDA_TASK_ROOT", &contender.folder)
        .env("USER_ROLE_ARN", ROLE)
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", "identity-provider")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/identity-provider")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "1")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", CREDENTIAL)
        .env("AWS_SECRET_ACCESS_KEY", CREDENTIAL)
        .env("AWS_SESSION_TOKEN", CREDENTIAL)
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", okta.secrets_manager_url())
        .env("DEPLOYMENT_NAME", "partners")
        .envs(contender.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(File::create(&log)?)
        .stderr(File::create(&errors)?);

    let start = Instant::now();
    let process = Process(command.spawn()?);
    let answers = collect(&received, expected).ok_or_else(|| {
        let told = fs::read_to_string(&errors).unwrap_or_default();
        format!("{} did not answer {expected} events\n{told}", contender.name)
    })?;
    let peak = peak(process.0.id())?;
    drop(process);
    let first = answers.first().map_or(Duration::ZERO, |answered| answered.at - start);
    let mut asked = okta.asked();
    asked.iter_mut().zip(before).for_each(|(asked, before)| *asked -= before);
    Ok(Run { first, answers, peak, log: fs::read_to_string(log)?, asked })
}

fn collect(received: &Receiver<Answered>, expected: usize) -> Option<Vec<Answered>> {
    (0..expected).map(|_| received.recv_timeout(PATIENCE).ok()).collect()
}

/// Hands out the events one by one, then none for ever, as an idle function knows it.
fn runtime_api(events: Vec<String>, answers: Sender<Answered>) -> io::Result<StandIn> {
    let headers = "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: request-1\r\n\
        Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
        Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:111122223333:function:identity-provider\r\n";
    let events: VecDeque<_> = events.into_iter().map(|event| response("200 OK", headers, &event)).collect();
    let waiting = Mutex::new((events, None, answers));
    StandIn::start(move |request| {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (events, handed_out, answers) = &mut *waiting;
        if request.line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            let event = events.pop_front();
            *handed_out = Some(Instant::now());
            return event;
        }
        if request.line.starts_with("POST /2018-06-01/runtime/invocation/request-1/response ")
            && let Some(handed_out) = handed_out.take()
        {
            let took = request.at - handed_out;
            let _ = answers.send(Answered { at: request.at, took, body: request.body.clone() });
            return Some(response("202 Accepted", "Content-Type: application/json\r\n", "{}"));
        }
        // An error of the function's: no answer is counted for it, and so the run fails.
        Some(response("404 Not Found", "", ""))
    })
}

/// The high-water mark of a process that runs.
fn peak(process: u32) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel tells no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
