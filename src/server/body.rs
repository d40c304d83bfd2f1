//! The body of an answer, whole or in pieces.

use std::convert::Infallible;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::Shared;
use super::in_flight::InFlight;
use super::pause::pause;
use crate::payload::{Body as WholeBody, PIECE_BYTES};
use crate::protocol::Pause;
use crate::timer::Moment;

/// Bytes of a body that are handed over at once. Those of a body in one piece lie side by side.
const FRAME_BYTES: usize = PIECE_BYTES;

/// The body of an answer: slices of shared bytes.
pub(super) struct AnswerBody {
    body: WholeBody,
    /// The rest of the present piece.
    rest: Range<usize>,
    /// The pieces after it.
    later: Option<Later>,
    in_flight: Option<InFlight>,
}

/// Pieces that are yet to come: at least one, none of them empty.
struct Later {
    bytes: Range<usize>,
    pieces: usize,
    /// Ends when the next one may go; there is one once the piece before it is handed over.
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl AnswerBody {
    /// The body of an answer in this server's pieces.
    pub(super) fn of(in_flight: InFlight) -> AnswerBody {
        let shared = in_flight.shared();
        let (rest, later) = split(shared.body_bytes, shared.chunks);
        let body = shared.pattern.clone();
        let mut body = AnswerBody { body, rest, later, in_flight: Some(in_flight) };
        // Nobody asks for the frames of an empty body: its head is the last write.
        body.leave_at_end();
        body
    }

    /// A body that is no answer to a request for one.
    pub(super) fn text(text: String) -> AnswerBody {
        AnswerBody { rest: 0..text.len(), body: text.into(), later: None, in_flight: None }
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty() && self.later.is_none()
    }

    fn leave_at_end(&mut self) {
        if self.is_at_end()
            && let Some(in_flight) = self.in_flight.take()
        {
            in_flight.leave();
        }
    }
}

/// The first of so many pieces, and the others. A body has no more pieces than bytes.
fn split(length: usize, pieces: u32) -> (Range<usize>, Option<Later>) {
    let pieces = (pieces as usize).min(length);
    if pieces <= 1 {
        return (0..length, None);
    }
    let mut later = Later { bytes: 0..length, pieces, pause: None };
    (later.next(), Some(later))
}

impl Later {
    /// The next piece: as even as can be, the first ones a byte longer.
    fn next(&mut self) -> Range<usize> {
        let start = self.bytes.start;
        self.bytes.start += self.bytes.len().div_ceil(self.pieces);
        self.pieces -= 1;
        start..self.bytes.start
    }
}

/// A turn for the connection, which writes what it has, then the time between two pieces.
async fn pause_before_next(shared: Arc<Shared>) {
    tokio::task::yield_now().await;
    pause(&shared, Pause::Piece, Moment::now(), shared.chunk_delay_ns).await;
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = &mut *self;
        if body.rest.is_empty() {
            let Some(later) = &mut body.later else { return Poll::Ready(None) };
            if let Some(pause) = &mut later.pause {
                ready!(pause.as_mut().poll(context));
            }
            later.pause = None;
            body.rest = later.next();
            if later.pieces == 0 {
                body.later = None;
            }
        }
        let start = body.rest.start;
        body.rest.start += body.rest.len().min(FRAME_BYTES);
        let frame = body.body.range(start, body.rest.start);
        if body.rest.is_empty()
            && let (Some(later), Some(in_flight)) = (&mut body.later, &body.in_flight)
        {
            later.pause = Some(Box::pin(pause_before_next(in_flight.shared().clone())));
        }
        body.leave_at_end();
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_at_end()
    }

    /// A body in pieces has no length: HTTP/1.1 then sends it chunked.
    fn size_hint(&self) -> SizeHint {
        match self.later {
            None => SizeHint::with_exact(self.rest.len() as u64),
            Some(_) => SizeHint::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Pieces make up the body, and differ by one byte at most, the longer ones first.
        #[test]
        fn pieces_are_even(length in 0usize..300, pieces in 1u32..40) {
            let (first, mut later) = split(length, pieces);
            let mut all = vec![first];
            while let Some(rest) = &mut later {
                all.push(rest.next());
                if rest.pieces == 0 {
                    prop_assert!(rest.bytes.is_empty());
                    later = None;
                }
            }
            prop_assert_eq!(all.len(), (pieces as usize).min(length).max(1));
            prop_assert_eq!(all.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..length).collect::<Vec<_>>());
            let lengths: Vec<usize> = all.iter().map(Range::len).collect();
            prop_assert!(lengths.is_sorted_by(|a, b| a >= b));
            prop_assert!(lengths[0] - lengths[lengths.len() - 1] <= 1);
        }
    }
}
