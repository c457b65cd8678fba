//! What `doctor` and `status --drift` found, as a person reads it.

use std::fmt::Write as _;

use super::Report;
use crate::doctor::{Finding, Level};
use crate::progress::{clean, count};
use crate::stack::Drifted;

/// "1 error, 2 warnings", or that there is neither.
pub(super) fn verdict(report: &Report) -> String {
    let of = |level: Level| report.findings.iter().filter(|finding| finding.level == level).count();
    match (of(Level::Error), of(Level::Warning)) {
        (0, 0) => "nothing to be done".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// A level as people and programs read it.
pub(super) const fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// What `doctor` found, a line each, and the remedy below it.
pub(super) fn lines(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = word(finding.level);
        let _ = writeln!(text, "  {word:<8} {:<21} {}", finding.check, clean(&finding.message));
        if let Some(remedy) = finding.remedy.as_deref().filter(|_| finding.level != Level::Ok) {
            let _ = writeln!(text, "{:33}→ {}", "", clean(remedy));
        }
    }
    text
}

/// What CloudFormation found.
pub(super) fn drift(drift: &[Drifted]) -> String {
    if drift.is_empty() {
        return "No resource of the stack has drifted.\n".to_owned();
    }
    let mut text = "Not as the stack made it:\n".to_owned();
    for found in drift {
        let _ = writeln!(text, "  - {} {} ({})", clean(&found.resource), found.status, clean(&found.kind));
        for difference in &found.differences {
            let (expected, actual) = (clean(&difference.expected), clean(&difference.actual));
            let _ = writeln!(text, "      {}: {expected} → {actual}", clean(&difference.path));
        }
    }
    text
}
