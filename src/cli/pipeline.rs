//! Telling the result to the pipeline this runs in: files that its runner names, and one annotation.

use std::fs::OpenOptions;
use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};

use crate::progress::{Environment, Mask};
use crate::report::{Report, dotenv, github_annotation, github_output, github_summary};

/// Where the pipeline wants to be told.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
    annotate: bool,
    dotenv: Option<PathBuf>,
}

impl Pipeline {
    /// The files that GitHub's runner names, where it is GitHub's runner, and the file of `--dotenv`.
    pub(super) fn of(
        surroundings: &Environment,
        dotenv: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        if !surroundings.is_github() {
            return Self { dotenv, ..Self::default() };
        }
        let file = |name| variable(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { output: file("GITHUB_OUTPUT"), summary: file("GITHUB_STEP_SUMMARY"), annotate: true, dotenv }
    }

    /// Writes the files. What could not be written is told, and changes nothing about the result.
    pub(super) fn write(&self, report: &Report, mask: &Mask) -> Vec<String> {
        let delimiter = format!("sftp-okta-{}", uuid::Uuid::new_v4());
        let files = [
            (&self.output, true, github_output as fn(&Report, &str) -> String),
            (&self.summary, true, |report, _| github_summary(report)),
            (&self.dotenv, false, |report, _| dotenv(report)),
        ];
        let mut failures = Vec::new();
        for (file, append, text) in files {
            if let Some(file) = file
                && let Err(error) = write(file, append, &mask.apply(&text(report, &delimiter)))
            {
                failures.push(format!("{} could not be written: {error}", file.display()));
            }
        }
        failures
    }

    /// The root cause of a failure, on stderr: GitHub's runner reads commands from both streams, and stdout is the result's.
    pub(super) fn annotate(&self, report: &Report, mask: &Mask) {
        if self.annotate
            && let Some(annotation) = github_annotation(report)
        {
            let _ = stderr().lock().write_all(mask.apply(&annotation).as_bytes());
        }
    }
}

/// The runner's files belong to all steps and are added to; a file of our own is made anew.
fn write(file: &Path, append: bool, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(append).truncate(!append);
    options.open(file)?.write_all(text.as_bytes())
}
