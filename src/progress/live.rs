//! The moving line on a terminal.

use std::time::Duration;

use console::{Term, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the spinner moves.
const FRAME: Duration = Duration::from_millis(100);

/// One spinner with the time elapsed; finished lines are printed above it.
#[derive(Debug)]
pub(super) struct Live {
    bar: ProgressBar,
}

impl Live {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>4}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]);
        bar.set_style(style);
        bar.enable_steady_tick(FRAME);
        Self { bar }
    }

    pub(super) fn message(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    pub(super) fn print(&self, text: &str) {
        // `println` of a hidden bar prints nothing, so the line takes its own way.
        self.bar.suspend(|| super::line::write(text));
    }

    /// Cuts a line to the terminal's width, so that one event is one line.
    pub(super) fn fit(&self, text: &str) -> String {
        let (_, columns) = Term::stderr().size();
        truncate_str(text, usize::from(columns), "…").into_owned()
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
