//! Whether to draw, and whether to colour: decided once, here, for the whole program.

use anstyle::{AnsiColor, Color, Style as Ansi};

use super::Mood;

/// What `--color` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How the story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Drawn in place, for a person at a terminal.
    Live,
    /// One timestamped line an event.
    Lines,
    /// Not at all (`--quiet`).
    Quiet,
}

/// What the surroundings say about output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Whether the stream is a terminal.
    pub is_terminal: bool,
    /// `TERM`.
    pub term: Option<String>,
    /// `CI`.
    pub ci: Option<String>,
    /// `NO_COLOR`.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`.
    pub clicolor_force: Option<String>,
    /// `GITHUB_ACTIONS`.
    pub github_actions: Option<String>,
}

impl Environment {
    /// Reads it for a stream.
    #[must_use]
    pub fn read(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            is_terminal,
            term: variable("TERM"),
            ci: variable("CI"),
            no_color: variable("NO_COLOR"),
            clicolor_force: variable("CLICOLOR_FORCE"),
            github_actions: variable("GITHUB_ACTIONS"),
        }
    }

    fn is_ci(&self) -> bool {
        self.ci.as_deref().is_some_and(|value| !matches!(value, "" | "0" | "false"))
    }

    /// Whether somebody can be asked: a CI system's terminal has nobody at it, and its job would wait until it is killed.
    #[must_use]
    pub fn has_a_person(&self) -> bool {
        self.is_terminal && !self.is_ci()
    }

    /// Whether GitHub's runner reads what is written (it sets the variable to `true` in every step).
    #[must_use]
    pub fn is_github(&self) -> bool {
        self.github_actions.as_deref() == Some("true")
    }

    fn is_dumb(&self) -> bool {
        self.term.as_deref() == Some("dumb")
    }

    /// How to tell the story. Some CI systems offer a terminal that nobody looks at.
    #[must_use]
    pub fn mode(&self, quiet: bool) -> Mode {
        if quiet {
            Mode::Quiet
        } else if self.is_terminal && !self.is_ci() && !self.is_dumb() {
            Mode::Live
        } else {
            Mode::Lines
        }
    }

    /// Whether to colour: the flag, then NO_COLOR (no-color.org: any value but the empty one), then CLICOLOR_FORCE,
    /// then the terminal.
    #[must_use]
    pub fn color(&self, choice: ColorChoice) -> bool {
        let set = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set(&self.no_color) => false,
            ColorChoice::Auto if self.clicolor_force.as_deref().is_some_and(|value| !matches!(value, "" | "0")) => true,
            ColorChoice::Auto => self.is_terminal && !self.is_dumb(),
        }
    }
}

/// Puts colour around text, or not. Colour never carries a meaning that the text does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    color: bool,
}

impl Style {
    /// A style with or without colour.
    #[must_use]
    pub const fn new(color: bool) -> Self {
        Self { color }
    }

    /// Whether it colours.
    #[must_use]
    pub const fn is_colored(self) -> bool {
        self.color
    }

    fn paint(self, ansi: Ansi, text: &str) -> String {
        if self.color { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
    }

    /// Heavier.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    /// Lighter.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    /// As it should be.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint(Ansi::new().fg_color(Some(Color::Ansi(AnsiColor::Green))), text)
    }

    /// Not as it should be.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.paint(Ansi::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red))), text)
    }

    /// On its way, or about to change.
    #[must_use]
    pub fn running(self, text: &str) -> String {
        self.paint(Ansi::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow))), text)
    }

    /// The colour of a mood.
    #[must_use]
    pub fn of(self, mood: Mood, text: &str) -> String {
        match mood {
            Mood::Running => self.running(text),
            Mood::Good => self.good(text),
            Mood::Bad => self.bad(text),
        }
    }

    /// The mark of a mood.
    #[must_use]
    pub fn mark(self, mood: Mood) -> String {
        match mood {
            Mood::Running => self.dim("·"),
            Mood::Good => self.good("✓"),
            Mood::Bad => self.bad("✗"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(is_terminal: bool, variables: &[(&str, &str)]) -> Environment {
        Environment::read(is_terminal, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn live_drawing_needs_a_terminal_that_somebody_looks_at() {
        for (terminal, variables, mode) in [
            (true, &[][..], Mode::Live),
            (false, &[], Mode::Lines),
            (true, &[("CI", "true")], Mode::Lines),
            (true, &[("CI", "false")], Mode::Live),
            (true, &[("TERM", "dumb")], Mode::Lines),
        ] {
            assert_eq!(surroundings(terminal, variables).mode(false), mode, "{terminal} {variables:?}");
        }
        assert_eq!(surroundings(true, &[]).mode(true), Mode::Quiet);
    }

    #[test]
    fn colour_follows_flag_then_environment_then_terminal() {
        for (terminal, variables, color) in [
            (true, &[][..], true),
            (false, &[], false),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("NO_COLOR", "")], true),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (true, &[("TERM", "dumb")], false),
        ] {
            assert_eq!(surroundings(terminal, variables).color(ColorChoice::Auto), color, "{terminal} {variables:?}");
        }
        assert!(surroundings(false, &[("NO_COLOR", "1")]).color(ColorChoice::Always));
        assert!(!surroundings(true, &[]).color(ColorChoice::Never));
    }
}
