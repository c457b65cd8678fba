//! Single lines for stderr: their form, and the cleaning of text that came from elsewhere.

use std::io::{Write as _, stderr};

use time::OffsetDateTime;
use time::macros::format_description;

use super::style::Style;
use super::{Mood, ResourceEvent};

/// The longest text from elsewhere that is shown whole.
const LONGEST: usize = 2_000;

/// Makes text from a service safe for a terminal and a CI log: no control characters (they could move the cursor,
/// recolour, or forge lines), none that turn the direction of writing, and nothing that a runner takes for a command:
/// `::name` where a line begins (GitHub), `##[name]` and `##vso[name]` anywhere in it (GitHub, Azure).
#[must_use]
pub fn clean(text: &str) -> String {
    let mut clean: String =
        text.chars().take(LONGEST).map(|character| if is_shown(character) { character } else { ' ' }).collect();
    if text.chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    let clean = clean.trim().replace("##", "# #");
    match clean.strip_prefix("::") {
        Some(rest) => format!(": :{rest}"),
        None => clean,
    }
}

/// Whether a character is one that people see where it stands.
fn is_shown(character: char) -> bool {
    !(character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// A resource's line: count, status, name, type, reason.
pub(super) fn resource(event: &ResourceEvent<'_>, count: &str, style: &Style) -> String {
    let status = style.of(event.mood, &format!("{:<18}", event.status));
    let resource_type = style.dim(event.resource_type.strip_prefix("AWS::").unwrap_or(event.resource_type));
    let mark = style.mark(event.mood);
    let reason = match (event.mood, event.reason) {
        (Mood::Bad, Some(reason)) => format!("\n      {}", style.bad(&clean(reason))),
        (Mood::Running | Mood::Good | Mood::Bad, _) => String::new(),
    };
    format!("{mark} {count}{status} {}  {resource_type}{reason}", event.logical_id)
}

/// Now, in UTC, to the second.
pub(super) fn timestamp() -> String {
    OffsetDateTime::now_utc()
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
        .unwrap_or_default()
}

/// Writes one line to stderr. A closed stderr is nobody listening, which is no reason to fail.
pub(super) fn write(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Writes the beginning of a line, which somebody else ends.
pub(super) fn write_part(text: &str) {
    let mut err = stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Folds each line between its words, so that a terminal of this width need not cut them. What follows stands two columns
/// further in than the line itself. A word that is longer than that (an ARN) stays whole, for copying.
#[must_use]
pub fn fold(text: &str, columns: usize) -> String {
    let folded = text.split('\n').map(|line| {
        let depth = line.chars().take_while(|character| *character == ' ').count() + 2;
        let indent = " ".repeat(depth.min(columns / 2));
        let options = textwrap::Options::new(columns)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
            .subsequent_indent(&indent);
        let end = line.get(line.trim_end_matches(' ').len()..).unwrap_or_default();
        textwrap::wrap(line, options).join("\n") + end
    });
    folded.collect::<Vec<_>>().join("\n")
}

/// The text with every SHA-256 in it cut to what a person compares.
#[must_use]
pub fn shortened(text: &str) -> String {
    let is_hex = |character: char| character.is_ascii_hexdigit();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_hex) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|character| !is_hex(character)).unwrap_or(from.len()));
        shown.push_str(before);
        match run.get(..12).filter(|_| run.len() == 64) {
            Some(beginning) => shown.extend([beginning, "…"]),
            None => shown.push_str(run),
        }
        rest = after;
    }
    shown + rest
}

/// "1 change", "2 changes".
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_between_words() {
        insta::assert_snapshot!(fold("  Costs while it runs: about USD 223.80 a month\narn:aws:iam::000000000000:role/x y", 30), @r"
          Costs while it runs: about
            USD 223.80 a month
        arn:aws:iam::000000000000:role/x
          y
        ");
        assert_eq!(fold("\u{1b}[1mwarning:\u{1b}[0m it is so", 17), "\u{1b}[1mwarning:\u{1b}[0m it is so");
        assert_eq!(fold("Type yes to go on: ", 80), "Type yes to go on: ");
        assert_eq!(fold("", 80), "");
    }

    #[test]
    fn a_sha256_is_cut_and_nothing_else() {
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(
            shortened(&format!("demo/{digest}.zip → demo/{digest}.zip")),
            "demo/0123456789ab….zip → demo/0123456789ab….zip"
        );
        let short = "abcdef0123".repeat(6);
        for whole in ["", "arn:aws:iam::000000000000:role/x", short.as_str(), &format!("{digest}0"), "deadbeef → é"]
        {
            assert_eq!(shortened(whole), whole);
        }
    }

    #[test]
    fn text_from_elsewhere_cannot_command_terminal_or_pipeline() {
        assert_eq!(clean("a\u{1b}[31mb\r\n::error::c"), "a [31mb  ::error::c");
        assert_eq!(clean("\n::error::c"), ": :error::c");
        assert_eq!(clean("AWS::IAM::Role"), "AWS::IAM::Role");
        assert_eq!(clean("##[error]x"), "# #[error]x");
        assert_eq!(clean("a ##vso[task.complete]x"), "a # #vso[task.complete]x");
        assert_eq!(clean("a\u{202e}b\u{2028}c"), "a b c");
        assert_eq!(clean(&"x".repeat(3_000)).chars().count(), 2_001);
    }
}
