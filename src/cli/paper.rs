//! `completions` and `man`: what is written about the command line itself, from the command line itself.

use std::path::Path;

use clap_complete::Shell;

use super::arguments::command;
use crate::error::{Error, ErrorCode, Result};
use crate::report::{Outcome, Report};

/// The completions of a shell.
///
/// # Errors
/// Never, as of now.
pub(super) fn completions(shell: Shell, report: &mut Report) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "sftp-okta", &mut script);
    said(&script, report);
    Ok(())
}

/// The man page; with a folder, one page for every command.
///
/// # Errors
/// When the folder cannot be made or written to.
pub(super) fn man(folder: Option<&Path>, report: &mut Report) -> Result<()> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command()).render(&mut page).map_err(|error| unwritten(&error, Path::new("-")))?;
        said(&page, report);
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command(), folder))
        .and_then(|()| std::fs::read_dir(folder))
        .and_then(|entries| {
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "1") {
                    report.files.push(path.display().to_string());
                }
            }
            Ok(())
        })
        .map_err(|error| unwritten(&error, folder))?;
    report.files.sort();
    report.result = Outcome::Written;
    Ok(())
}

fn said(text: &[u8], report: &mut Report) {
    report.text = Some(String::from_utf8_lossy(text).into_owned());
    report.result = Outcome::Written;
}

fn unwritten(error: &std::io::Error, folder: &Path) -> Error {
    Error::new(ErrorCode::Unexpected, "the man pages could not be written")
        .cause(error.to_string())
        .resource(folder.display().to_string())
        .hint("name a folder that may be written to")
}
