//! The password for a sign-in check: from stdin, the environment or a prompt, and never from an argument, which every
//! process of the machine can read.

use std::env;
use std::io::{BufRead as _, IsTerminal as _, Read as _, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use sftp_okta_lambda::secret::Secret;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::{Error, ErrorCode, Result};

use super::Run;

/// The variable that may hold it.
pub(super) const VARIABLE: &str = "SFTP_OKTA_VERIFY_PASSWORD";
/// The longest that Transfer takes, in characters (Transfer API reference, `UserPassword`).
const LONGEST: usize = 1024;

/// A password that is there, or will be asked for.
#[derive(Debug)]
pub(super) enum Password {
    Known(Secret),
    Ask,
}

impl Password {
    /// Takes the password where it need not be asked for, and makes sure that it can be asked for where it must. Before
    /// anything else, so that nothing is begun in vain.
    pub(super) fn prepare(from_stdin: bool, run: &Run<'_>) -> Result<Self> {
        if from_stdin {
            if stdin().is_terminal() {
                return Err(Error::new(ErrorCode::Usage, "--password-stdin, and stdin is a terminal")
                    .hint("leave it out to be asked, or feed the password into stdin"));
            }
            return line().map(without_end).and_then(checked).map(Self::Known);
        }
        match env::var(VARIABLE) {
            Ok(password) if !password.is_empty() => checked(Zeroizing::new(password)).map(Self::Known),
            Ok(_) | Err(env::VarError::NotPresent) if run.options.can_ask => Ok(Self::Ask),
            Ok(_) | Err(env::VarError::NotPresent) => {
                Err(Error::new(ErrorCode::Usage, "verify needs a password, and there is nobody to ask")
                    .hint(format!("feed it into stdin with --password-stdin, or set {VARIABLE}")))
            }
            Err(env::VarError::NotUnicode(_)) => {
                Err(Error::new(ErrorCode::Usage, format!("{VARIABLE} does not hold UTF-8")).hint("set it anew"))
            }
        }
    }

    /// The password, asked for where need be.
    pub(super) async fn get(self, user: &str, run: &Run<'_>) -> Result<Secret> {
        match self {
            Self::Known(password) => Ok(password),
            Self::Ask => ask(user, run).await,
        }
    }
}

/// The first line of stdin.
fn line() -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    // Enough for the longest password, whatever its characters.
    stdin().lock().take(4 * LONGEST as u64 + 2).read_line(&mut line).map_err(|error| unreadable(&error))?;
    Ok(line)
}

fn without_end(mut line: Zeroizing<String>) -> Zeroizing<String> {
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    line
}

fn checked(mut password: Zeroizing<String>) -> Result<Secret> {
    let wrong = |why: &str| Err(Error::new(ErrorCode::Usage, why).hint("give the password of the user to be checked"));
    if password.trim().is_empty() {
        return wrong("the password is empty");
    }
    if password.chars().count() > LONGEST {
        return wrong("the password is longer than the 1,024 characters that Transfer takes");
    }
    let taken = std::mem::take(&mut *password);
    password.zeroize();
    Ok(Secret::new(taken))
}

fn unreadable(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Usage, "the password could not be read from stdin").cause(error.to_string())
}

/// A terminal that shows nothing of what is typed, until this is dropped: also when a signal ends the run meanwhile.
struct Silent(Termios);

impl Silent {
    fn begin() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(stdin(), OptionalActions::Flush, &silent).ok()?;
        Some(Self(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

async fn ask(user: &str, run: &Run<'_>) -> Result<Secret> {
    let Some(silent) = Silent::begin() else {
        return Err(Error::new(ErrorCode::Usage, "the terminal cannot hide what is typed")
            .hint(format!("feed the password into stdin with --password-stdin, or set {VARIABLE}")));
    };
    let prompt = format!("Password of {user} (with a code: password,123456): ");
    run.progress.ask(&prompt);
    // On a thread of its own, so that a signal is heard while the answer is awaited. It holds nothing meanwhile that the
    // end of the run needs, such as stderr.
    let answer = tokio::task::spawn_blocking(line);
    let answer = answer.await;
    drop(silent);
    run.progress.answered(answer.as_ref().is_ok_and(|read| read.as_ref().is_ok_and(|line| line.ends_with('\n'))));
    match answer {
        Ok(answer) => checked(without_end(answer?)),
        Err(error) => Err(Error::new(ErrorCode::Unexpected, "asking failed").cause(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(password: &str) -> String {
        match checked(Zeroizing::new(password.to_owned())) {
            Ok(secret) => secret.expose().to_owned(),
            Err(error) => error.message,
        }
    }

    #[test]
    fn a_password_is_taken_as_it_is() {
        for password in ["x", " leading and trailing ", "pässwörd,123456", "\\\"'"] {
            assert_eq!(told(password), password);
        }
        assert_eq!(told(&"ä".repeat(1024)), "ä".repeat(1024));
        for (password, why) in [("", "is empty"), ("  \t", "is empty"), (&*"a".repeat(1025), "is longer than")] {
            assert!(told(password).contains(why), "{password}");
        }
    }

    #[test]
    fn one_line_end_is_no_part_of_it() {
        for (line, password) in [("x\n", "x"), ("x\r\n", "x"), ("x", "x"), ("x\n\n", "x\n"), ("x\r", "x\r"), ("\n", "")]
        {
            assert_eq!(*without_end(Zeroizing::new(line.to_owned())), password, "{line:?}");
        }
    }
}
