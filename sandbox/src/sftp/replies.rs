//! SFTP version 3 on the wire (draft-ietf-secsh-filexfer-02): replies into bytes.

use time::{Duration, OffsetDateTime};

use super::wire::{LONGEST_DATA, LONGEST_PACKET, Status};

/// Half a year: `ls -l` tells the time of what was changed since then, and the year of what is older.
const RECENT: Duration = Duration::seconds(365 * 24 * 60 * 60 / 2);

/// Attributes of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) is_folder: bool,
    pub(super) size: u64,
    /// Seconds since 1970.
    pub(super) modified: u32,
}

impl Attributes {
    fn mode(self) -> u32 {
        if self.is_folder { 0o040_755 } else { 0o100_644 }
    }

    /// As `ls -l` writes them, in UTC. Names of owners are not known, and Transfer shows none.
    fn long_name(self, name: &str, now: OffsetDateTime) -> String {
        let kind = if self.is_folder { "drwxr-xr-x" } else { "-rw-r--r--" };
        let time = OffsetDateTime::from_unix_timestamp(i64::from(self.modified)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let month = time.month().to_string();
        let month = month.get(..3).unwrap_or_default();
        let when = if (Duration::ZERO..RECENT).contains(&(now - time)) {
            format!("{:02}:{:02}", time.hour(), time.minute())
        } else {
            time.year().to_string()
        };
        format!("{kind}    1 -        -        {:>12} {month} {:>2} {when:>5} {name}", self.size, time.day())
    }
}

/// Replies, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Replies(pub(super) Vec<u8>);

impl Replies {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes a packet: `write` adds what follows the id.
    fn packet(&mut self, kind: u8, id: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        self.0.push(kind);
        self.0.extend_from_slice(&id.to_be_bytes());
        write(&mut self.0);
        self.close(start);
    }

    /// Puts the length in its place.
    fn close(&mut self, start: usize) {
        let length = u32::try_from(self.0.len() - start - 4).unwrap_or(u32::MAX);
        if let Some(place) = self.0.get_mut(start..start + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// VERSION, with the one extension that is of use: how long packets may be.
    pub(super) fn version(&mut self) {
        self.packet(2, 3, |out| {
            put(out, b"limits@openssh.com");
            put(out, b"1");
        });
    }

    pub(super) fn status(&mut self, id: u32, status: Status) {
        self.packet(101, id, |out| {
            out.extend_from_slice(&(status as u32).to_be_bytes());
            put(out, status.message().as_bytes());
            put(out, b"en");
        });
    }

    pub(super) fn handle(&mut self, id: u32, handle: u32) {
        self.packet(102, id, |out| put(out, handle.to_string().as_bytes()));
    }

    /// DATA of up to `length` bytes, which `read` fills in; it tells how many there were. None is the end of the file.
    pub(super) fn data(&mut self, id: u32, length: u32, read: impl FnOnce(&mut [u8]) -> std::io::Result<usize>) {
        let start = self.0.len();
        let room = usize::try_from(length).unwrap_or_default();
        let head = start + 13;
        self.0.extend_from_slice(&[0, 0, 0, 0, 103]);
        self.0.extend_from_slice(&id.to_be_bytes());
        self.0.extend_from_slice(&[0; 4]);
        self.0.resize(head + room, 0);
        let read = read(self.0.get_mut(head..).unwrap_or_default());
        match read {
            Ok(count) if count > 0 => {
                self.0.truncate(head + count);
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                if let Some(place) = self.0.get_mut(start + 9..head) {
                    place.copy_from_slice(&count.to_be_bytes());
                }
                self.close(start);
            }
            Ok(_) => {
                self.0.truncate(start);
                self.status(id, Status::Eof);
            }
            Err(_) => {
                self.0.truncate(start);
                self.status(id, Status::Failure);
            }
        }
    }

    pub(super) fn attributes(&mut self, id: u32, attributes: Attributes) {
        self.packet(105, id, |out| put_attributes(out, attributes));
    }

    pub(super) fn names<'a>(&mut self, id: u32, names: impl ExactSizeIterator<Item = (&'a str, Attributes)>) {
        self.packet(104, id, |out| {
            out.extend_from_slice(&u32::try_from(names.len()).unwrap_or(u32::MAX).to_be_bytes());
            let now = OffsetDateTime::now_utc();
            for (name, attributes) in names {
                put(out, name.as_bytes());
                put(out, attributes.long_name(name, now).as_bytes());
                put_attributes(out, attributes);
            }
        });
    }

    /// The one name of REALPATH, with attributes that say nothing.
    pub(super) fn path(&mut self, id: u32, path: &str) {
        self.packet(104, id, |out| {
            out.extend_from_slice(&1_u32.to_be_bytes());
            put(out, path.as_bytes());
            put(out, path.as_bytes());
            out.extend_from_slice(&0_u32.to_be_bytes());
        });
    }

    /// The answer to `limits@openssh.com`: packet, read, write, open handles.
    pub(super) fn limits(&mut self, id: u32, handles: usize) {
        self.packet(201, id, |out| {
            let handles = u64::try_from(handles).unwrap_or(u64::MAX);
            let packet = u64::try_from(LONGEST_PACKET).unwrap_or(u64::MAX);
            for limit in [packet, u64::from(LONGEST_DATA), u64::from(LONGEST_DATA), handles] {
                out.extend_from_slice(&limit.to_be_bytes());
            }
        });
    }
}

fn put(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(text);
}

/// SIZE, UIDGID, PERMISSIONS and ACMODTIME.
fn put_attributes(out: &mut Vec<u8>, attributes: Attributes) {
    out.extend_from_slice(&0x0f_u32.to_be_bytes());
    out.extend_from_slice(&attributes.size.to_be_bytes());
    for number in [0, 0, attributes.mode(), attributes.modified, attributes.modified] {
        out.extend_from_slice(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn recent_files_have_a_time_and_others_a_year() {
        let now = datetime!(2026-12-01 03:17 UTC);
        for (modified, shown) in [
            (datetime!(2026-12-01 03:17 UTC), "Dec  1 03:17"),
            (datetime!(2026-11-09 23:05 UTC), "Nov  9 23:05"),
            (datetime!(2026-06-01 15:18 UTC), "Jun  1 15:18"),
            (datetime!(2026-06-01 15:17 UTC), "Jun  1  2026"),
            (datetime!(1970-01-01 00:00 UTC), "Jan  1  1970"),
            // Another machine's clock is ahead.
            (datetime!(2026-12-01 03:18 UTC), "Dec  1  2026"),
        ] {
            let modified = u32::try_from(modified.unix_timestamp()).unwrap();
            let file = Attributes { is_folder: false, size: 4096, modified };
            let line = format!("-rw-r--r--    1 -        -                4096 {shown} a b");
            assert_eq!(file.long_name("a b", now), line);
        }
        assert!(Attributes { is_folder: true, size: 0, modified: 0 }.long_name("d", now).starts_with("drwxr-xr-x "));
    }
}
