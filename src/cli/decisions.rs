//! Sign-in decisions on stdout: a line each, as text or as JSON.

use std::io::{Write, stdout};

use super::arguments::Output;
use crate::progress::Style;
use crate::sign_in_log::{Entry, Table};

/// Decisions that were asked for once, as a person reads them.
pub(super) fn text(entries: &[Entry], style: Style) -> String {
    let mut table = Table::new(style);
    table.fit(entries);
    entries.iter().map(|entry| table.line(entry) + "\n").collect()
}

/// Writes decisions as they come, and says whether anybody still reads them.
pub(super) fn lines(output: Output, style: Style) -> impl FnMut(&[Entry]) -> bool {
    let mut table = Table::new(style);
    move |entries| {
        table.fit(entries);
        let text: String = entries
            .iter()
            .map(|entry| match output {
                Output::Text => table.line(entry) + "\n",
                Output::Json => serde_json::to_string(entry).unwrap_or_default() + "\n",
            })
            .collect();
        let mut out = stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
    }
}
