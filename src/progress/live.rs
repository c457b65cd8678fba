//! The moving line on a terminal.

use std::io;
use std::time::Duration;

use console::{Term, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// How often the spinner moves.
const FRAME: Duration = Duration::from_millis(100);

/// Columns left free at the end of the moving line. The `^C` that the terminal writes for Ctrl-C stays on that line then, and
/// is taken away with it.
const FREE: u16 = 3;

/// The terminal's width.
pub(super) fn columns() -> usize {
    usize::from(Term::stderr().size().1)
}

/// One spinner with the time elapsed; finished lines are printed above it.
#[derive(Debug)]
pub(super) struct Live {
    bar: ProgressBar,
}

impl Live {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(Narrow(Term::stderr()))));
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
        truncate_str(text, columns(), "…").into_owned()
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// The terminal, a little narrower than it is.
#[derive(Debug)]
struct Narrow(Term);

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(FREE)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
