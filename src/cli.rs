//! The program: understands the command line, runs the command, tells the result, and gives the exit code.

mod arguments;
mod decisions;
mod panics;
mod paper;
mod pipeline;
mod process;
mod run;

pub use arguments::{Action, Invocation, Output, command, parse};
pub use panics::tell_panics;
pub use run::run;
