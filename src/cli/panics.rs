//! A bug's last words: told like any other error, so that who reads JSON gets JSON even then.

use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use super::pipeline::Pipeline;
use super::process::{mask, tell, variable, write_out};
use crate::error::{Error, ErrorCode};
use crate::exit_code::ExitCode;
use crate::progress::{Environment, Style};
use crate::report::Report;

/// Lets a panic, on whatever thread, end the process with exit code 1, an error on stderr and, with `json`, a document on
/// stdout. Without it the release binary would abort with a signal and say nothing on stdout.
pub fn tell_panics(json: bool) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |panic| {
        // A second thread that panics meanwhile has nothing to add; the first ends the process for both.
        if !TOLD.swap(true, Ordering::SeqCst) {
            last_words(panic, json);
        }
        #[expect(clippy::exit, reason = "the process ends here, with the code of an unexpected error")]
        std::process::exit(i32::from(ExitCode::Unexpected.number()));
    }));
}

fn last_words(panic: &PanicHookInfo<'_>, json: bool) {
    let error = Error::new(ErrorCode::Unexpected, "sftp-okta met a bug of its own, and stopped")
        .cause(panic.payload_as_str().unwrap_or("no reason was given"))
        .resource(panic.location().map(ToString::to_string).unwrap_or_default())
        .hint("run the same command again to go on from here, and report this with the lines above");
    let mask = mask();
    tell(&error, Style::new(false), &mask);
    let mut report = Report::new("unknown");
    report.error = Some(error);
    Pipeline::of(&Environment::read(false, variable), None, variable).annotate(&report, &mask);
    if json {
        write_out(&mask.apply(&report.to_json()));
    }
}
