//! The body of a request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use ::hyper::body::{Body, Frame, SizeHint};
use bytes::Bytes;

use super::super::UPLOAD_CHUNK_BYTES;
use super::progress::Progress;

/// Pieces of shared bytes.
#[derive(Debug)]
pub(super) struct Upload {
    rest: Bytes,
    taken: Option<Arc<AtomicU32>>,
}

impl Upload {
    /// All of `bytes`, counted as they are taken.
    pub(super) fn new(bytes: Bytes, progress: &mut Progress) -> Upload {
        let taken = (!bytes.is_empty()).then(|| progress.count_sent());
        Upload { rest: bytes, taken }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(UPLOAD_CHUNK_BYTES);
        if let Some(taken) = &self.taken {
            taken.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
