//! What a function writes, and the lines that Lambda adds, in the function's log group.

use crate::aws::logs;
use crate::resources::Resource;
use crate::state::World;

/// The longest line; what is longer is cut, as CloudWatch does at 256 KiB.
pub(super) const LONGEST_LINE: usize = 256 * 1024;

/// The log group of a function.
pub(super) fn group(function: &Resource) -> String {
    match function.text(&["LoggingConfig", "LogGroup"]) {
        Some(group) => group.to_owned(),
        None => format!("/aws/lambda/{}", function.physical_id),
    }
}

/// A new stream for a new process.
pub(super) fn stream() -> String {
    let today = time::OffsetDateTime::now_utc().date();
    let date = format!("{}/{:02}/{:02}", today.year(), u8::from(today.month()), today.day());
    format!("{date}/[$LATEST]{}", uuid::Uuid::new_v4().simple())
}

/// A line about a function that has no process.
pub(super) fn note(world: &World, function: &Resource, line: &str) {
    logs::append(world, &group(function), &stream(), line);
}
