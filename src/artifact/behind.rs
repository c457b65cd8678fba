//! Writing behind a head that stays as it is and is not copied: what a zip is given a further file through.

use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

/// A file that begins with the head, and of which only the rest may change.
pub(super) struct Behind<'head> {
    head: &'head [u8],
    rest: Cursor<Vec<u8>>,
    /// The place in the whole.
    at: u64,
}

impl<'head> Behind<'head> {
    pub(super) fn new(head: &'head [u8], rest: Vec<u8>) -> Self {
        Self { head, rest: Cursor::new(rest), at: 0 }
    }

    /// What comes behind the head.
    pub(super) fn into_rest(self) -> Vec<u8> {
        self.rest.into_inner()
    }

    /// The rest, at the place in the whole; nothing where that is in the head.
    fn rest_here(&mut self) -> Option<&mut Cursor<Vec<u8>>> {
        self.rest.set_position(self.at.checked_sub(self.head.len() as u64)?);
        Some(&mut self.rest)
    }
}

impl Read for Behind<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match self.rest_here() {
            Some(rest) => rest.read(into)?,
            None => {
                let mut head = Cursor::new(self.head);
                head.set_position(self.at);
                head.read(into)?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Write for Behind<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let rest =
            self.rest_here().ok_or_else(|| io::Error::new(ErrorKind::PermissionDenied, "the head stays as it is"))?;
        let written = rest.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Behind<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = (self.head.len() + self.rest.get_ref().len()) as u64;
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => end.checked_add_signed(by),
        };
        self.at = place.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(file: &mut Behind<'_>) -> String {
        file.rewind().unwrap();
        io::read_to_string(file).unwrap()
    }

    #[test]
    fn the_rest_is_overwritten_and_grows() {
        let mut file = Behind::new(b"head", b"rest".to_vec());
        assert_eq!(whole(&mut file), "headrest");
        assert_eq!(file.seek(SeekFrom::Start(4)).unwrap(), 4);
        file.write_all(b"new").unwrap();
        assert_eq!(whole(&mut file), "headnewt");
        assert_eq!(file.seek(SeekFrom::End(-1)).unwrap(), 7);
        assert_eq!(file.seek(SeekFrom::Current(1)).unwrap(), 8);
        file.write_all(b"er").unwrap();
        assert_eq!(whole(&mut file), "headnewter");
        assert_eq!(file.into_rest(), b"newter");
    }

    #[test]
    fn the_head_is_not_written_to() {
        let mut file = Behind::new(b"head", Vec::new());
        file.seek(SeekFrom::Start(3)).unwrap();
        assert_eq!(file.write(b"x").unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(file.seek(SeekFrom::Current(-4)).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(whole(&mut file), "head");
    }
}
