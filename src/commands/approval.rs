//! Asking before anything changes.

use std::io::stdin;

use crate::error::{Error, ErrorCode, Result};

use super::Run;

/// Refuses at once, before any call, where approval will be needed and nobody can give it.
pub(super) fn must_be_possible(run: &Run<'_>, command: &str) -> Result<()> {
    if run.options.yes || run.options.can_ask {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Usage, format!("{command} needs approval, and there is nobody to ask"))
        .hint(format!("approve beforehand: sftp-okta {command} --yes")))
}

/// Asks `question`; `expected` is the answer that means yes. Approved beforehand means yes without asking.
pub(super) async fn ask(run: &Run<'_>, question: &str, expected: &str) -> Result<bool> {
    if run.options.yes {
        return Ok(true);
    }
    let prompt = format!("{question} Type {expected} to go on: ");
    run.progress.ask(&prompt);
    // On a thread of its own, so that a signal is heard while the answer is awaited. It holds nothing meanwhile that the
    // end of the run needs, such as stderr.
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        stdin().read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await;
    run.progress.answered(answer.as_ref().is_ok_and(|read| read.as_ref().is_ok_and(|line| line.ends_with('\n'))));
    match answer {
        Ok(Ok(answer)) => Ok(answer.trim().eq_ignore_ascii_case(expected)),
        Ok(Err(error)) => Err(Error::new(ErrorCode::Usage, "the answer could not be read").cause(error.to_string())),
        Err(error) => Err(Error::new(ErrorCode::Unexpected, "asking failed").cause(error.to_string())),
    }
}
