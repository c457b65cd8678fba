//! Text from anywhere as Markdown shows it: no markup, no mention of a person, and short enough.

use std::fmt::Write as _;

use crate::progress::clean;

/// Characters of a cell.
const CELL: usize = 300;
/// Characters of what went wrong, and what to do: the end of it may be what counts.
const PASSAGE: usize = 4000;

/// Text that Markdown and HTML show as it is, short enough for a cell.
pub(super) fn cell(text: &str) -> String {
    shown(text, CELL)
}

/// The same, of any reasonable length.
pub(super) fn passage(text: &str) -> String {
    shown(text, PASSAGE)
}

fn shown(text: &str, most: usize) -> String {
    let text = clean(text);
    let mut shown = String::new();
    let mut letters = text.chars();
    for character in letters.by_ref().take(most) {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' | '@' => {
                // By number: no Markdown, no cell border, no mention of a person.
                let _ = write!(shown, "&#{};", u32::from(character));
            }
            other => shown.push(other),
        }
    }
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A cell's text in the letters of code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cell(&"a".repeat(CELL)), "a".repeat(CELL));
        assert_eq!(cell(&"a".repeat(CELL + 1)), format!("{}…", "a".repeat(CELL)));
        let long = format!("{} and the end", "b".repeat(CELL));
        assert_eq!(passage(&long), long);
        assert!(passage(&"b".repeat(PASSAGE + 1)).ends_with("b…"));
    }
}
