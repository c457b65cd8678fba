//! The content encoding `aws-chunked` (SigV4 documentation, "Signature calculations: transferring a payload in multiple chunks").
//!
//! ```text
//! {hex length}[;chunk-signature=…]\r\n{bytes}\r\n … 0[;…]\r\n[{trailer}:{value}\r\n …]\r\n
//! ```
//!
//! Signatures of single chunks are not checked: what guards the bytes here is the checksum in the trailer.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes, BytesMut};

/// The longest line of a header or trailer.
const LONGEST_LINE: usize = 4096;

/// Reads the encoding, in whatever pieces it comes.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    buffer: BytesMut,
    at: At,
    trailers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Header,
    Data {
        left: usize,
    },
    DataEnd,
    Trailers,
    End,
}

/// Not this encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl Chunked {
    /// Takes a piece, and gives what it decodes to.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Bytes>, Malformed> {
        self.buffer.extend_from_slice(piece);
        let mut decoded = Vec::new();
        loop {
            match self.at {
                At::Header => {
                    let Some(line) = self.line()? else { return Ok(decoded) };
                    let length = line.split(';').next().unwrap_or_default().trim();
                    let left = usize::from_str_radix(length, 16).map_err(|_| Malformed)?;
                    self.at = if left == 0 { At::Trailers } else { At::Data { left } };
                }
                At::Data { left } => {
                    let here = left.min(self.buffer.len());
                    if here > 0 {
                        decoded.push(self.buffer.split_to(here).freeze());
                    }
                    if here < left {
                        self.at = At::Data { left: left - here };
                        return Ok(decoded);
                    }
                    self.at = At::DataEnd;
                }
                At::DataEnd => {
                    if self.buffer.len() < 2 {
                        return Ok(decoded);
                    }
                    if !self.buffer.starts_with(b"\r\n") {
                        return Err(Malformed);
                    }
                    self.buffer.advance(2);
                    self.at = At::Header;
                }
                At::Trailers => {
                    let Some(line) = self.line()? else { return Ok(decoded) };
                    match line.split_once(':') {
                        _ if line.is_empty() => self.at = At::End,
                        Some((name, value)) => {
                            self.trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
                        }
                        None => return Err(Malformed),
                    }
                }
                At::End => return if self.buffer.is_empty() { Ok(decoded) } else { Err(Malformed) },
            }
        }
    }

    /// The trailers, once everything was fed. Some clients leave out the last empty line.
    pub(super) fn end(self) -> Result<BTreeMap<String, String>, Malformed> {
        match self.at {
            At::End | At::Trailers if self.buffer.is_empty() => Ok(self.trailers),
            At::End | At::Trailers | At::Header | At::Data { .. } | At::DataEnd => Err(Malformed),
        }
    }

    fn line(&mut self) -> Result<Option<String>, Malformed> {
        match self.buffer.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) if end <= LONGEST_LINE => {
                let line = self.buffer.split_to(end);
                self.buffer.advance(2);
                String::from_utf8(line.to_vec()).map(Some).map_err(|_| Malformed)
            }
            None if self.buffer.len() <= LONGEST_LINE => Ok(None),
            Some(_) | None => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5;chunk-signature=abc\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";

    fn decode(body: &[u8], piece: usize) -> Result<(Vec<u8>, BTreeMap<String, String>), Malformed> {
        let mut chunked = Chunked::default();
        let mut decoded = Vec::new();
        for piece in body.chunks(piece) {
            decoded.extend(chunked.feed(piece)?.concat());
        }
        Ok((decoded, chunked.end()?))
    }

    #[test]
    fn whatever_the_pieces() {
        for piece in 1..BODY.len() {
            let (decoded, trailers) = decode(BODY, piece).unwrap();
            assert_eq!(decoded, b"hello world");
            assert_eq!(trailers, BTreeMap::from([("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())]));
        }
        assert_eq!(decode(b"0\r\n\r\n", 5).unwrap().0, b"");
    }

    #[test]
    fn what_is_not_the_encoding() {
        let long = "a".repeat(LONGEST_LINE + 10);
        for body in [
            &b"hello"[..],
            b"5\r\nhel",
            b"5\r\nhelloXX0\r\n\r\n",
            b"zz\r\n",
            b"0\r\n\r\nmore",
            b"",
            b"0\r\nnocolon\r\n",
            b"ffffffffffffffffff\r\n",
            long.as_bytes(),
        ] {
            assert_eq!(decode(body, 7), Err(Malformed), "{:?}", String::from_utf8_lossy(body));
        }
    }
}
