//! The story of a run, on stderr: drawn live on a terminal, one timestamped line an event otherwise.
//!
//! Everything that prints while a command works goes through here. stdout is left to the result.

mod line;
mod live;
mod mask;
mod style;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use live::Live;

pub use line::{clean, count, fold, shortened};
pub use mask::Mask;
pub use style::{ColorChoice, Environment, Mode, Style};

/// A silent job is one that CI systems kill, so it speaks at least this often.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How a thing stands, which decides its mark and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// On its way.
    Running,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
}

/// A stack event as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct ResourceEvent<'a> {
    /// Such as `CREATE_COMPLETE`.
    pub status: &'a str,
    /// How the resource stands.
    pub mood: Mood,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: &'a str,
    /// The resource's name in the template.
    pub logical_id: &'a str,
    /// Why, where the service says.
    pub reason: Option<&'a str>,
}

/// The story of one run.
#[derive(Debug)]
pub struct Progress {
    mode: Mode,
    style: Style,
    mask: Mask,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    live: Option<Live>,
    step: Option<String>,
    last_line: Instant,
    /// What was on its way when that was last told.
    last_running: String,
    told: bool,
    done: usize,
    expected: usize,
    settled: std::collections::HashSet<String>,
    goes_on: Option<String>,
    /// Whether a question is open.
    asking: bool,
    warnings: Vec<String>,
}

/// What is said after so much silence, if anything.
fn heartbeat(mode: Mode, silence: Duration, step: Option<&str>) -> Option<String> {
    (mode == Mode::Lines && silence >= HEARTBEAT).then(|| format!("{}: still at it", step.unwrap_or("waiting")))
}

impl Progress {
    /// A story told in `mode`.
    #[must_use]
    pub fn new(mode: Mode, style: Style) -> Self {
        let state = State {
            live: (mode == Mode::Live).then(Live::new),
            step: None,
            last_line: Instant::now(),
            last_running: String::new(),
            told: false,
            done: 0,
            expected: 0,
            settled: std::collections::HashSet::new(),
            goes_on: None,
            asking: false,
            warnings: Vec::new(),
        };
        Self { mode, style, mask: Mask::default(), state: Mutex::new(state) }
    }

    /// The same story without the secrets of `mask`.
    #[must_use]
    pub fn masked(self, mask: Mask) -> Self {
        Self { mask, ..self }
    }

    /// A new step begins. It ends when the next one does, or with [`Progress::finish`].
    pub fn step(&self, text: &str) {
        let mut state = self.lock();
        if self.mode == Mode::Lines {
            self.print(&mut state, &format!("{text} …"));
        }
        if let Some(live) = &state.live {
            live.message(&self.style.bold(&self.mask.apply(text)));
        }
        state.step = Some(text.to_owned());
    }

    /// The present step has led to something worth a line of its own.
    pub fn done(&self, text: &str) {
        let mut state = self.lock();
        state.step = None;
        let line = format!("{} {text}", self.style.good("✓"));
        self.print(&mut state, &line);
    }

    /// Something a reader should know.
    pub fn note(&self, text: &str) {
        let mut state = self.lock();
        let line = format!("{} {}", self.style.dim("·"), clean(text));
        self.print(&mut state, &line);
    }

    /// Something a reader should act on. It is also part of the result.
    pub fn warn(&self, text: &str) {
        let text = clean(text);
        let mut state = self.lock();
        let line = format!("{} {text}", self.style.bad("warning:"));
        self.print(&mut state, &line);
        state.warnings.push(text);
    }

    /// How many resources the operation that begins now will touch.
    pub fn expect_resources(&self, expected: usize) {
        let mut state = self.lock();
        state.expected = expected;
        state.done = 0;
        state.settled.clear();
    }

    /// An event of a stack's resource.
    pub fn resource(&self, event: &ResourceEvent<'_>) {
        let mut state = self.lock();
        if event.mood == Mood::Good && state.settled.insert(event.logical_id.to_owned()) {
            state.done += 1;
        }
        let count = match state.expected {
            0 => String::new(),
            expected => format!("[{:>2}/{expected}] ", state.done.min(expected)),
        };
        let text = line::resource(event, &count, &self.style);
        match (&state.live, event.mood) {
            // What is on its way passes by in the moving line; what ended stays.
            (Some(live), Mood::Running) => live.message(&self.mask.apply(&text)),
            (Some(live), Mood::Good) => {
                let fitting = live.fit(&text);
                self.print(&mut state, &fitting);
            }
            (None, Mood::Running) => self.print_running(&mut state, text),
            (Some(_), Mood::Bad) | (None, Mood::Good | Mood::Bad) => self.print(&mut state, &text),
        }
    }

    /// What the server is doing now.
    pub fn server(&self, id: &str, server_state: &str, mood: Mood) {
        let mut state = self.lock();
        let text = format!("{} Server {id} is {server_state}", self.style.mark(mood));
        match (&state.live, mood) {
            (Some(live), Mood::Running) => live.message(&self.mask.apply(&text)),
            (None, Mood::Running) => self.print_running(&mut state, text),
            (Some(_) | None, Mood::Good | Mood::Bad) => self.print(&mut state, &text),
        }
    }

    /// Still waiting: keeps a silent job alive.
    pub fn tick(&self) {
        let mut state = self.lock();
        if let Some(text) = heartbeat(self.mode, state.last_line.elapsed(), state.step.as_deref()) {
            self.print(&mut state, &text);
        }
    }

    /// Says what continues at AWS should this run be interrupted now.
    pub fn goes_on(&self, text: &str) {
        self.lock().goes_on = Some(text.to_owned());
    }

    /// Nothing continues at AWS any more.
    pub fn nothing_goes_on(&self) {
        self.lock().goes_on = None;
    }

    /// What continues at AWS, if anything.
    #[must_use]
    pub fn what_goes_on(&self) -> Option<String> {
        self.lock().goes_on.clone()
    }

    /// The warnings so far, for the result.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.lock().warnings.clone()
    }

    /// Shows lines that stay, such as a plan before it is approved, and stops the moving line.
    pub fn show(&self, text: &str) {
        let mut state = self.lock();
        for line in text.lines() {
            self.print(&mut state, line);
        }
        if let Some(live) = &state.live {
            live.message("");
        }
    }

    /// Takes the moving line away.
    pub fn hush(&self) {
        if let Some(live) = self.lock().live.take() {
            live.clear();
        }
    }

    /// Asks a person something, who answers on the same line. The moving line is taken away meanwhile.
    pub fn ask(&self, question: &str) {
        self.hush();
        let mut state = self.lock();
        state.asking = true;
        line::write_part(&self.fold(question));
    }

    /// Goes on drawing after a question. Unless the answer ended with its line, the line is ended here.
    pub fn answered(&self, line_ended: bool) {
        let mut state = self.lock();
        state.asking = false;
        state.told = true;
        if !line_ended {
            line::write("");
        }
        state.live = (self.mode == Mode::Live).then(Live::new);
    }

    /// The story is over, and so is the moving line. What follows begins on a line of its own, also after a question that
    /// was never answered.
    pub fn finish(&self) {
        self.hush();
        let mut state = self.lock();
        state.step = None;
        if std::mem::take(&mut state.asking) {
            line::write("");
        }
    }

    /// Folds a text to the terminal's width, where it is drawn on one.
    #[must_use]
    pub fn fold(&self, text: &str) -> String {
        match self.mode {
            Mode::Live => fold(text, live::columns()),
            Mode::Lines | Mode::Quiet => text.to_owned(),
        }
    }

    /// Sets the story apart from the result that follows on the same terminal.
    pub fn part(&self) {
        let state = self.lock();
        if self.mode == Mode::Live && state.told {
            line::write("");
        }
    }

    /// How to style text for stderr.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// What is on its way is looked at again and again: told once, it is news only when it has changed.
    fn print_running(&self, state: &mut State, text: String) {
        if state.last_running != text {
            self.print(state, &text);
            state.last_running = text;
        }
    }

    fn print(&self, state: &mut State, text: &str) {
        state.last_line = Instant::now();
        state.told = true;
        let text = self.mask.apply(text);
        match (self.mode, &state.live) {
            (Mode::Quiet, _) => {}
            (Mode::Live, Some(live)) => live.print(&self.fold(&text)),
            (Mode::Live, None) => line::write(&self.fold(&text)),
            (Mode::Lines, _) => line::write(&format!("{}  {text}", line::timestamp())),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic while a line was printed leaves the state usable.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_minute_of_silence_is_broken() {
        let said = |mode, seconds, step| heartbeat(mode, Duration::from_secs(seconds), step);
        let step = Some("Applying stack sftp-okta-demo");
        assert_eq!(said(Mode::Lines, 29, step), None);
        assert_eq!(said(Mode::Lines, 30, step).as_deref(), Some("Applying stack sftp-okta-demo: still at it"));
        assert_eq!(said(Mode::Lines, 31, None).as_deref(), Some("waiting: still at it"));
        // Where the clock moves on a terminal, or nothing is to be said.
        assert_eq!(said(Mode::Live, 300, step), None);
        assert_eq!(said(Mode::Quiet, 300, step), None);
    }
}
