//! A file as the body of an answer, so that a large object is never in memory as a whole.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes that are read at once.
const PIECE: usize = 128 * 1024;

struct FileBody {
    file: File,
    left: u64,
    buffer: Vec<u8>,
}

/// The next `length` bytes of the file.
pub(super) fn of_file(file: File, length: u64) -> BoxBody<Bytes, io::Error> {
    let size = usize::try_from(length).unwrap_or(PIECE).min(PIECE);
    FileBody { file, left: length, buffer: vec![0; size] }.boxed()
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(this.left).unwrap_or(PIECE).min(this.buffer.len());
        let mut buffer = ReadBuf::new(this.buffer.get_mut(..wanted).unwrap_or_default());
        match ready!(Pin::new(&mut this.file).poll_read(context, &mut buffer)) {
            Err(error) => Poll::Ready(Some(Err(error))),
            // The file became shorter meanwhile: what was promised cannot be kept.
            Ok(()) if buffer.filled().is_empty() => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            Ok(()) => {
                let piece = Bytes::copy_from_slice(buffer.filled());
                this.left -= piece.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
