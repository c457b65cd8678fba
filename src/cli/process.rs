//! This process's streams and its environment.

use std::ffi::OsString;
use std::io::{Write as _, stderr, stdout};

use crate::error::Error;
use crate::progress::{Mask, Style, clean};

/// The error, for a person. `fold` makes it fit the terminal.
pub(super) fn tell(error: &Error, style: Style, mask: &Mask, fold: impl Fn(&str) -> String) {
    let mut text = format!("{} {}\n", style.bad("error:"), clean(&error.message));
    for (label, value) in error.details() {
        text.push_str(&format!("  {} {}\n", style.dim(&format!("{label:<11}")), clean(value)));
    }
    let _ = stderr().lock().write_all(fold(&mask.apply(&text)).as_bytes());
}

/// stdout is the result and nothing else. Nobody may be reading it any more, which changes nothing about the result.
pub(super) fn write_out(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A variable of this process's environment.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The secrets of this process's environment.
pub(super) fn mask() -> Mask {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    Mask::of(std::env::vars_os().filter_map(text))
}
