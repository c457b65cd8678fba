//! The deployer on a terminal: a pseudo-terminal with a screen that is read as a person reads it.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pty_process::{Size, blocking};
use rustix::termios::{LocalModes, tcgetattr};
use vt100::Parser;

use super::cli::Cli;
use super::process::{Group, until};

/// Higher than what any run says, so that nothing is scrolled away.
const ROWS: u16 = 200;
/// What turns while something is on its way.
const SPINNER: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/// Ctrl-C, as the keyboard sends it.
pub(crate) const CTRL_C: &str = "\u{3}";
/// Ctrl-D: the end of the input, at the beginning of a line.
pub(crate) const CTRL_D: &str = "\u{4}";

impl Cli {
    /// Starts a run on a terminal so many columns wide. It is all the run has: stdin, stdout, stderr, and where Ctrl-C comes from.
    pub(crate) fn on_terminal(&self, columns: u16, arguments: &[&str]) -> Terminal {
        let (pty, pts) = blocking::open().unwrap();
        pty.resize(Size::new(ROWS, columns)).unwrap();
        let mut command = blocking::Command::new(&self.program)
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .envs(&self.environment);
        if !self.environment.contains_key(std::ffi::OsStr::new("TERM")) {
            command = command.env("TERM", "xterm-256color");
        }
        let started = Instant::now();
        let group = Group::of_leader(command.spawn(pts).unwrap());
        let pty = Arc::new(pty);
        let screen = Arc::new(Mutex::new(Screen::new(columns)));
        let reading = {
            let (pty, screen) = (Arc::clone(&pty), Arc::clone(&screen));
            thread::spawn(move || {
                let mut buffer = [0; 8192];
                // Ends with an error when nobody has the other end open any more.
                while let Ok(length @ 1..) = (&*pty).read(&mut buffer) {
                    screen.lock().unwrap().take(&buffer[..length]);
                }
            })
        };
        let what = format!("{} {}", self.program.display(), arguments.join(" "));
        Terminal { pty, group, screen, reading, what, started, limit: self.limit, seen: 0, _cli: self.clone() }
    }
}

fn nonzero(length: u16) -> NonZero<u16> {
    NonZero::new(length).unwrap()
}

/// What is on the screen, and was.
struct Screen {
    parser: Parser,
    raw: Vec<u8>,
    /// Every moving line so far, without its spinner and its time.
    moving: Vec<String>,
    /// How many moving lines there were at a time, at most.
    moving_at_once: usize,
}

impl Screen {
    fn new(columns: u16) -> Self {
        Self {
            parser: Parser::new(nonzero(ROWS), nonzero(columns), 0),
            raw: Vec::new(),
            moving: Vec::new(),
            moving_at_once: 0,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
        let mut moving = 0;
        for line in self.lines() {
            let Some(line) = line.strip_prefix(|first: char| SPINNER.contains(first)) else { continue };
            moving += 1;
            let text = line.rsplit_once(' ').map_or(line, |(text, _)| text).trim().to_owned();
            if self.moving.last() != Some(&text) {
                self.moving.push(text);
            }
        }
        self.moving_at_once = self.moving_at_once.max(moving);
    }

    fn lines(&self) -> Vec<String> {
        let columns = self.parser.screen().size().1;
        self.parser.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect()
    }

    fn text(&self) -> String {
        self.lines().join("\n").trim_end().to_owned()
    }
}

/// A run on a terminal; dropped, it is killed with all it started.
pub(crate) struct Terminal {
    pty: Arc<blocking::Pty>,
    group: Group,
    screen: Arc<Mutex<Screen>>,
    reading: JoinHandle<()>,
    what: String,
    started: Instant,
    limit: Duration,
    /// How much of what was written was waited for.
    seen: usize,
    /// Keeps its folder until the run is over.
    _cli: Cli,
}

impl Terminal {
    /// Types; a line needs its `\n`, and is sent as the return key.
    pub(crate) fn type_in(&self, keys: &str) {
        (&*self.pty).write_all(keys.replace('\n', "\r").as_bytes()).unwrap();
    }

    /// Waits until the screen shows a text; fails if the run ends or its time is over before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let found = until(self.limit, || {
            // Looked at in this order, or the last words of a program that has just ended would be missed.
            let ended = self.group.ended().is_some() && self.reading.is_finished();
            if self.text().contains(text) {
                return Some(true);
            }
            ended.then_some(false)
        });
        assert_eq!(found, Some(true), "{}: no {text:?} on the screen:\n{}", self.what, self.text());
    }

    /// The same, for a text that comes after what was waited for before: the same question may come twice.
    #[track_caller]
    pub(crate) fn wait_for_next(&mut self, text: &str) {
        let found = until(self.limit, || {
            let ended = self.group.ended().is_some() && self.reading.is_finished();
            let screen = self.screen.lock().unwrap();
            let raw = String::from_utf8_lossy(screen.raw.get(self.seen..).unwrap_or_default()).into_owned();
            if let Some(at) = raw.find(text) {
                return Some(Some(self.seen + at + text.len()));
            }
            ended.then_some(None)
        });
        let Some(Some(seen)) = found else { panic!("{}: no {text:?} next:\n{}", self.what, self.text()) };
        self.seen = seen;
    }

    /// What the screen shows now.
    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().text()
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&*self.pty).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the end of the run. One that does not come within the limit fails the test.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Shown {
        let left = self.limit.saturating_sub(self.started.elapsed());
        let status = until(left, || self.group.ended());
        self.group.end();
        let modes = tcgetattr(&*self.pty).unwrap().local_modes;
        let line_by_line = modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        self.reading.join().unwrap();
        let screen = self.screen.lock().unwrap();
        let Some(status) = status else {
            panic!("{}: not ended within {:?}\n{}", self.what, self.limit, screen.text());
        };
        Shown {
            what: self.what,
            code: status.code(),
            text: screen.text(),
            raw: String::from_utf8_lossy(&screen.raw).into_owned(),
            moving: screen.moving.clone(),
            moving_at_once: screen.moving_at_once,
            restored: line_by_line && !screen.parser.screen().hide_cursor(),
        }
    }
}

/// What a run has left on its terminal.
pub(crate) struct Shown {
    what: String,
    /// The exit code; nothing if a signal ended it.
    pub(crate) code: Option<i32>,
    /// The screen at the end.
    pub(crate) text: String,
    /// All bytes that were written.
    pub(crate) raw: String,
    /// Every moving line there was, without its spinner and its time.
    pub(crate) moving: Vec<String>,
    moving_at_once: usize,
    /// Whether the terminal is as it was: it shows what is typed, takes lines and Ctrl-C, and has its cursor.
    pub(crate) restored: bool,
}

impl Shown {
    /// Fails unless the run ended with this code and left the terminal as it was, with nothing moving on it.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        assert!(self.restored, "the terminal is not as it was\n{self}");
        assert!(!self.text.contains(|any: char| SPINNER.contains(any)), "{self}");
        assert!(self.moving_at_once <= 1, "{self}");
        self
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, code, text, raw, .. } = self;
        write!(formatter, "{what}: {code:?}\n--- screen\n{text}\n--- raw\n{raw:?}")
    }
}
