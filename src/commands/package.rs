//! `package`: writes the exact zip that `deploy` would upload. Offline, and the same bytes every time.

use std::path::Path;

use crate::artifact::zip::artifact;
use crate::error::{Error, ErrorCode, Result};
use crate::report::{ArtifactReport, Outcome};
use crate::settings::Settings;

use super::Run;

/// Packages the function of `settings` into the file `out`.
///
/// # Errors
/// When the function cannot be packaged or the file not be written.
pub fn run(settings: &Settings, out: &Path, run: &mut Run<'_>) -> Result<()> {
    run.report.deployment.name = Some(settings.name.clone());
    run.report.deployment.region.clone_from(&settings.region);
    let artifact = artifact(settings, run.options.bootstrap.as_deref())?;
    std::fs::write(out, artifact.bytes()).map_err(|error| {
        Error::new(ErrorCode::ArtifactFailed, "the zip could not be written")
            .cause(error.to_string())
            .resource(out.display().to_string())
            .hint("choose a file in a folder that exists and may be written to")
    })?;
    run.report.artifact = Some(ArtifactReport::of(&artifact, Some(out)));
    run.report.result = Outcome::Packaged;
    Ok(())
}
