//! The time, as the services write it, and ids as they make them.

use std::iter;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::macros::format_description;

/// Milliseconds since 1970.
pub(crate) type Millis = u64;

/// Now.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// As XML APIs write it: `2026-11-23T19:39:01.123Z`.
pub(crate) fn iso(at: Millis) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let nanoseconds = i128::from(at) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}

/// Random letters and digits, lower case.
pub(crate) fn lower(count: usize) -> String {
    iter::repeat_with(|| char::from(fastrand::u8(b'0'..b'0' + 36))).map(as_base36).take(count).collect()
}

/// Random letters and digits, mixed case, as in the names CloudFormation makes.
pub(crate) fn mixed(count: usize) -> String {
    iter::repeat_with(fastrand::alphanumeric).take(count).collect()
}

/// Random letters and digits, upper case.
pub(crate) fn upper(count: usize) -> String {
    lower(count).to_ascii_uppercase()
}

/// A random UUID.
pub(crate) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn as_base36(code: char) -> char {
    char::from_digit(u32::from(code) - u32::from('0'), 36).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_services_do() {
        assert_eq!(iso(1_795_462_741_123), "2026-11-23T19:39:01.123Z");
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn ids_have_the_length_asked_for() {
        assert_eq!(lower(10).len(), 10);
        assert!(lower(200).chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()));
        assert_eq!(upper(17).len(), 17);
        assert_eq!(mixed(12).len(), 12);
    }
}
