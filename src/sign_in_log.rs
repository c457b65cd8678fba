//! The function's log of sign-in decisions, read from CloudWatch Logs.

mod follow;
mod line;
mod read;
mod table;

pub use follow::Follow;
pub use line::{Entry, Filter};
pub use read::{LogGroup, read};
pub use table::Table;
