//! The body of a request, handed to a library piece by piece.

use std::convert::Infallible;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::{Settings, UPLOAD_CHUNK_BYTES};
use crate::payload::Body as WholeBody;
use crate::strategy::probe::Sent;

/// A request's body: pieces of [`UPLOAD_CHUNK_BYTES`], of a length that is known. A library that
/// reads with a smaller buffer gets each piece in parts; it is taken when its first part is.
/// One pointer, empty without a body: it is moved a dozen times on its way.
#[derive(Debug)]
pub(super) struct Upload(Option<Box<Pieces>>);

#[derive(Debug)]
struct Pieces {
    body: WholeBody,
    /// Bytes taken so far.
    at: usize,
    /// Bytes left of the piece at the front.
    piece: usize,
    taken: Sent,
}

impl Upload {
    /// The body of a request, if requests have one.
    pub(super) fn of(settings: &Settings) -> Option<Upload> {
        let mut taken = Sent::default();
        if settings.probes.is_some() {
            taken.begin();
        }
        let body = &settings.upload;
        (!body.is_empty()).then(|| Upload::new(body.clone(), &taken))
    }

    /// A body whose pieces are noted in `taken`.
    pub(super) fn new(body: WholeBody, taken: &Sent) -> Upload {
        Upload(Some(Box::new(Pieces { body, at: 0, piece: 0, taken: taken.clone() })))
    }

    /// The empty body.
    pub(super) fn none() -> Upload {
        Upload(None)
    }

    /// When its pieces were taken, if that is noted, also for when the body itself is gone.
    pub(super) fn taken(&self) -> Sent {
        self.0.as_ref().map(|pieces| pieces.taken.clone()).unwrap_or_default()
    }

    pub(super) fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, |pieces| pieces.rest() as u64)
    }

    /// The next `most` bytes at most, none of them of the next piece; empty at the end.
    fn part(&mut self, most: usize) -> Bytes {
        self.0.as_mut().map_or_else(Bytes::new, |pieces| pieces.part(most))
    }
}

impl Pieces {
    fn rest(&self) -> usize {
        self.body.len() - self.at
    }

    fn part(&mut self, most: usize) -> Bytes {
        if self.piece == 0 && self.rest() > 0 {
            self.piece = self.rest().min(UPLOAD_CHUNK_BYTES);
            self.taken.one_more();
        }
        // What is handed over at once lies side by side.
        let part = self.body.part(self.at, self.piece.min(most));
        self.at += part.len();
        self.piece -= part.len();
        part
    }
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Nothing asked for is nothing taken.
        if buffer.is_empty() {
            return Ok(0);
        }
        let part = self.part(buffer.len());
        buffer[..part.len()].copy_from_slice(&part);
        Ok(part.len())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.part(UPLOAD_CHUNK_BYTES);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::payload;

    proptest! {
        #[test]
        fn every_byte_is_taken_once_and_every_piece_counted_once(
            length in 0..40 * UPLOAD_CHUNK_BYTES,
            buffer in 1..2 * UPLOAD_CHUNK_BYTES,
        ) {
            let body = payload::pattern(1, length);
            let mut upload = Upload::new(WholeBody::new(1, length), Sent::default().begin());
            let (taken, mut read, mut buffer) = (upload.taken(), Vec::new(), vec![0; buffer]);
            loop {
                match upload.read(&mut buffer).expect("memory") {
                    0 => break,
                    n => read.extend_from_slice(&buffer[..n]),
                }
            }
            prop_assert_eq!(read, body);
            prop_assert_eq!(taken.count() as usize, length.div_ceil(UPLOAD_CHUNK_BYTES));
            prop_assert!(taken.moments().is_sorted());
        }
    }
}
