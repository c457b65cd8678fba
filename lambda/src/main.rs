//! The function's entry point: settings from beside the program, then one answer for each event.

use std::env;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use sftp_okta_lambda::clock::Clock;
use sftp_okta_lambda::identity_provider::{IdentityProvider, MARGIN, Surroundings};
use sftp_okta_lambda::okta::Timing;
use sftp_okta_lambda::settings::Settings;
use sftp_okta_lambda::user_config::RoleArn;
use zeroize::Zeroizing;

fn main() -> ExitCode {
    hide_panic_payloads();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let identity_provider = start()?;
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let deadline = event.context.deadline;
        let event = Zeroizing::new(String::from(Box::<str>::from(event.payload)));
        let time = event_time(deadline);
        Ok::<_, Error>(identity_provider.answer(event.as_bytes(), time, &mut io::stdout()).await)
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(lambda_runtime::run(handler))
}

/// Reads everything that can be wrong before the first event, so that a broken deployment shows at once.
fn start() -> Result<IdentityProvider, Error> {
    let root = variable("LAMBDA_TASK_ROOT")?;
    let file = Path::new(&root).join("settings.json");
    let text = fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let settings = Settings::from_json(&text).map_err(|error| format!("cannot use {}: {error}", file.display()))?;
    let user_role = RoleArn::parse(&variable("USER_ROLE_ARN")?).map_err(|error| format!("USER_ROLE_ARN: {error}"))?;
    let variable = |name| env::var(name).ok();
    let surroundings = Surroundings { variable: &variable, timing: Timing::default(), clock: Clock::system() };
    Ok(IdentityProvider::new(settings, user_role, surroundings)?)
}

/// What is left until the function's own limit, which Lambda tells in milliseconds since 1970.
fn event_time(deadline: u64) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(deadline).saturating_sub(now).saturating_sub(MARGIN)
}

fn variable(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| format!("{name} is not set: this program runs as an AWS Lambda function").into())
}

/// A panic's message could quote what it stumbled over, so only its place is told.
fn hide_panic_payloads() {
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(location) => report(&format_args!("panicked at {location}")),
        None => report(&"panicked"),
    }));
}

fn report(message: &dyn Display) {
    let _ = writeln!(io::stderr(), "sftp-okta: {message}");
}
