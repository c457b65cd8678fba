//! `init`: writes a commented configuration file. Asks on a terminal, takes flags otherwise.

use std::io::Write as _;
use std::path::Path;

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input};

use crate::error::{Error, ErrorCode, Result};
use crate::organisation::{self, Presence};
use crate::report::Outcome;
use crate::settings::{self, ConfigFile, Given};

use super::Run;

/// What is asked, in this order, unless a flag or the environment says it.
const QUESTIONS: [Question; 7] = [
    Question::needed("name", "Name of the deployment (a-z, 0-9 and -)"),
    Question::needed("okta-org", "Okta organisation, such as https://acme.okta.com"),
    Question::optional("login-domain", "Domain added to a login without @ (Enter: none)"),
    Question::optional("region", "AWS region (Enter: that of AWS_REGION or the profile)"),
    Question::optional("account", "AWS account, the only one ever touched (Enter: any)"),
    Question::needed("bucket", "S3 bucket for the users' files"),
    Question {
        flag: "permissions",
        text: "What users may do: read-write, read-only or write-only",
        default: "read-write",
    },
];

/// One value to ask for.
#[derive(Debug, Clone, Copy)]
struct Question {
    flag: &'static str,
    text: &'static str,
    /// What an empty answer means; "-" stands for an answer that has to be given, "" for none.
    default: &'static str,
}

impl Question {
    const fn needed(flag: &'static str, text: &'static str) -> Self {
        Self { flag, text, default: "-" }
    }

    const fn optional(flag: &'static str, text: &'static str) -> Self {
        Self { flag, text, default: "" }
    }

    fn is_needed(&self) -> bool {
        self.default == "-"
    }
}

/// Writes `file` from what was given, and asks for the rest where somebody can answer.
///
/// # Errors
/// `Configuration` when the file exists and is not to be written anew, or a value is wrong; `Usage` when a value is missing
/// and nobody can be asked.
pub async fn run(given: &Given, file: &Path, force: bool, run: &mut Run<'_>) -> Result<()> {
    if !force && std::fs::symlink_metadata(file).is_ok() {
        return Err(exists(file));
    }
    if let Some(error) = settings::refusal_of(given) {
        return Err(error);
    }
    let given = match run.options.can_ask {
        true => ask(given.clone(), run).await?,
        false => complete(given)?,
    };
    let text = settings::starter(&given);
    let path = file.to_owned();
    let settings = settings::resolve(&Given::default(), Some(&ConfigFile { path, text: text.clone() }))?;
    run.report.deployment.name = Some(settings.name.clone());
    run.report.deployment.region.clone_from(&settings.region);
    // Only told: the file may well be written where the organisation cannot be reached.
    if let Presence::Another(why) = organisation::look(&settings.okta.org_url).await {
        run.progress.warn(&format!("there is no Okta organisation at {}: {why}", settings.okta.org_url));
    }
    write(file, &text, force)?;
    run.report.files.push(file.display().to_string());
    run.report.result = Outcome::Written;
    Ok(())
}

/// What must be there where nobody can be asked.
fn complete(given: &Given) -> Result<Given> {
    let missing: Vec<String> = QUESTIONS
        .iter()
        .filter(|question| question.is_needed() && given.value(question.flag).is_none())
        .map(|question| format!("--{}", question.flag))
        .collect();
    if missing.is_empty() {
        return Ok(given.clone());
    }
    Err(Error::new(ErrorCode::Usage, "init needs answers, and there is nobody to ask")
        .cause(format!("not given: {}", missing.join(", ")))
        .hint(format!("give them as flags: sftp-okta init {}", missing.join(" … ") + " …")))
}

/// Asks on a thread of its own, so that a signal is heard while an answer is awaited.
async fn ask(given: Given, run: &Run<'_>) -> Result<Given> {
    run.progress.ask("");
    let colored = run.progress.style().is_colored();
    let asked = tokio::task::spawn_blocking(move || {
        console::set_colors_enabled_stderr(colored);
        let theme: Box<dyn Theme> = if colored { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        ask_all(given, theme.as_ref())
    });
    let answered = asked.await;
    run.progress.answered(true);
    match answered {
        Ok(Ok(given)) => Ok(given),
        Ok(Err(error)) => Err(Error::new(ErrorCode::Usage, "an answer could not be read").cause(error.to_string())),
        Err(error) => Err(Error::new(ErrorCode::Unexpected, "asking failed").cause(error.to_string())),
    }
}

fn ask_all(mut given: Given, theme: &dyn Theme) -> dialoguer::Result<Given> {
    let mut open =
        QUESTIONS.iter().filter(|question| given.value(question.flag).is_none()).collect::<Vec<_>>().into_iter();
    let mut again = None;
    while let Some(question) = again.take().or_else(|| open.next()) {
        let so_far = given.clone();
        let mut input = Input::<String>::with_theme(theme)
            .with_prompt(question.text)
            .allow_empty(!question.is_needed())
            .validate_with(move |answer: &String| judge(&so_far, question, answer));
        if !question.is_needed() && !question.default.is_empty() {
            input = input.default(question.default.to_owned());
        }
        let answer = as_meant(question.flag, &input.interact_text()?);
        if answer.is_empty() {
            continue;
        }
        let before = given.clone();
        given.set(question.flag, answer);
        if question.flag == "okta-org" && settings::refusal_of(&given).is_some() {
            let own = "That is no host of Okta's. Is it your organisation's own domain?";
            if Confirm::with_theme(theme).with_prompt(own).default(false).wait_for_newline(true).interact()? {
                given.set("custom-domain", "true");
            } else {
                given = before;
                again = Some(question);
                continue;
            }
        }
        if question.flag == "bucket" && given.value("create-bucket").is_none() {
            let make = Confirm::with_theme(theme).with_prompt("Shall the stack make that bucket?");
            if make.default(false).wait_for_newline(true).interact()? {
                given.set("create-bucket", "true");
            }
        }
    }
    Ok(given)
}

/// An answer as the setting wants it: people leave `https://` out.
fn as_meant(flag: &str, answer: &str) -> String {
    let answer = answer.trim();
    match flag {
        "okta-org" if !answer.is_empty() && !answer.contains("://") => format!("https://{answer}"),
        _ => answer.to_owned(),
    }
}

/// Whether an answer can be used, in words for the one who gave it. A host that is not Okta's own is one of the
/// organisation's: that is what `custom_domain` says in a file.
fn judge(so_far: &Given, question: &Question, answer: &str) -> std::result::Result<(), String> {
    let answer = as_meant(question.flag, answer);
    if answer.is_empty() {
        return if question.is_needed() { Err("this is needed".to_owned()) } else { Ok(()) };
    }
    let mut given = so_far.clone();
    given.set(question.flag, answer);
    if question.flag == "okta-org" {
        given.set("custom-domain", "true");
    }
    match settings::refusal_of(&given) {
        None => Ok(()),
        Some(error) => Err(error.cause.unwrap_or(error.message)),
    }
}

fn exists(file: &Path) -> Error {
    let shown = file.display();
    Error::new(ErrorCode::Configuration, format!("{shown} exists already, and is not written over"))
        .resource(shown.to_string())
        .hint("change it by hand, write another one with --config FILE, or write it anew with --force")
}

/// Writes the file. Without `force` one that has come into being meanwhile is left alone too.
fn write(file: &Path, text: &str, force: bool) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return exists(file);
        }
        Error::new(ErrorCode::Configuration, format!("{} could not be written", file.display()))
            .cause(error.to_string())
            .resource(file.display().to_string())
            .hint("name a file in a folder that may be written to with --config")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(flag: &str) -> &'static Question {
        QUESTIONS.iter().find(|question| question.flag == flag).unwrap()
    }

    #[test]
    fn an_answer_is_judged_as_it_is_given() {
        let none = Given::default();
        for (flag, answer, good) in [
            ("name", "partners", true),
            ("name", "Partners", false),
            ("name", "", false),
            ("okta-org", "acme.okta.com", true),
            ("okta-org", "https://login.acme.com", true),
            ("okta-org", "http://acme.okta.com", false),
            ("region", "", true),
            ("account", "1234", false),
            ("account", "111122223333", true),
            ("bucket", "No_Bucket", false),
            ("permissions", "all", false),
        ] {
            assert_eq!(judge(&none, question(flag), answer).is_ok(), good, "{flag} {answer}");
        }
        assert_eq!(as_meant("okta-org", " acme.okta.com "), "https://acme.okta.com");
    }

    #[test]
    fn what_is_missing_is_named_where_nobody_can_be_asked() {
        let mut given = Given::default();
        given.set("name", "partners");
        let error = complete(&given).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("give them as flags: sftp-okta init --okta-org … --bucket …"));
        given.set("okta-org", "https://acme.okta.com");
        given.set("bucket", "acme-files");
        assert_eq!(complete(&given).unwrap(), given);
    }
}
