//! A connection of HTTP/1.1: it carries one request at a time, and that request drives it.
//!
//! hyper has a connection and the requests on it talk through channels, as two tasks. Here both are
//! polled by one task, connection first, so that whatever it has for the request is seen in the same
//! poll: the request's side of the channels needs no waker, and no task is woken for another.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ::hyper::body::{Body, Incoming};
use ::hyper::client::conn::TrySendError;
use ::hyper::client::conn::http1::{self, SendRequest};
use ::hyper::header::HeaderMap;
use ::hyper::{Request, Response};
use bytes::{Bytes, BytesMut};
use hyper_util::rt::TokioIo;

use super::super::upload::Upload;
use super::driven::Driver;
use super::failure;
use super::io::{Io, Watch};
use super::progress::Progress;
use crate::strategy::failure::{Class, Failure};
use crate::strategy::probe::Connection;
use crate::timer::Moment;

/// An open connection, and what it holds until it is closed. It is closed when it is dropped.
pub(super) struct Alone<P> {
    sender: SendRequest<Upload>,
    /// Gone once it has ended: a request that it had not taken is given back when it is dropped.
    connection: Option<http1::Connection<TokioIo<Io>, Upload>>,
    driver: Driver,
    /// Result of the connection, once it has ended.
    ended: Option<Result<(), ::hyper::Error>>,
    /// Whether it has carried a request.
    used: bool,
    /// An empty map of headers, for the next request.
    spare: HeaderMap,
    /// Memory for the address of a request.
    memory: BytesMut,
    note: Option<Note>,
    /// The last field: the connection is closed before another may be opened.
    permit: Option<P>,
}

/// Record of a connection.
struct Note {
    connection: Arc<Connection>,
    watch: Arc<Watch>,
}

impl<P> Drop for Alone<P> {
    fn drop(&mut self) {
        if let Some(note) = &self.note {
            note.connection.opening().closed = Some(Moment::now());
        }
    }
}

/// hyper gives back a request that it did not begin.
type Refused = TrySendError<Request<Upload>>;

impl<P> Alone<P> {
    /// Speaks HTTP over a stream; nothing is written yet.
    pub(super) async fn start(
        io: Io,
        note: Option<(Arc<Connection>, Arc<Watch>)>,
        permit: Option<P>,
    ) -> Result<Alone<P>, Failure> {
        // A head is one piece of memory and never goes out together with much else, so that gathering
        // pieces costs more than it saves.
        let driver = Driver::new();
        let io = TokioIo::new(io.read_by(driver.driven()));
        let handshake = http1::Builder::new().writev(false).handshake(io);
        let (sender, connection) = handshake.await.map_err(|e| failure(&e))?;
        Ok(Alone {
            sender,
            connection: Some(connection),
            driver,
            ended: None,
            used: false,
            spare: HeaderMap::new(),
            memory: BytesMut::new(),
            note: note.map(|(connection, watch)| Note { connection, watch }),
            permit,
        })
    }

    /// An empty map of headers. The one of an answer is that of its request, so none is ever
    /// allocated after the first.
    pub(super) fn spare_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.spare)
    }

    /// Memory for the address of a request: that of the request before.
    pub(super) fn memory(&mut self) -> &mut BytesMut {
        &mut self.memory
    }

    /// Sends a request, when it is driven.
    pub(super) fn send(
        &mut self,
        request: Request<Upload>,
    ) -> impl Future<Output = Result<Response<Incoming>, Refused>> + use<P> {
        self.sender.try_send_request(request)
    }

    /// Waits for the head of the answer to what it `sent`; nothing, if it was closed while it was
    /// idle and did not take the request.
    pub(super) async fn answered(
        &mut self,
        mut sent: Pin<&mut impl Future<Output = Result<Response<Incoming>, Refused>>>,
        progress: &mut Progress,
    ) -> Result<Option<Response<Incoming>>, Failure> {
        let mut taken = false;
        let answered = poll_fn(|cx| {
            let polled = self.drive(cx, |cx| sent.as_mut().poll(cx));
            if !taken {
                taken = true;
                if !matches!(&polled, Poll::Ready(Err(e)) if e.message().is_some()) {
                    let note = self.note.as_ref();
                    progress.taken(note.map(|n| &*n.connection), note.map(|n| &n.watch));
                }
            }
            polled
        })
        .await;
        match answered {
            Ok(response) => Ok(Some(response)),
            Err(error) if self.used && error.message().is_some() => Ok(None),
            Err(error) => Err(self.failed(&error.into_error())),
        }
    }

    /// The next bytes of a body.
    pub(super) async fn chunk(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = poll_fn(|cx| {
                let mut frame = |cx: &mut Context<'_>| Pin::new(&mut *body).poll_frame(cx);
                match frame(&mut Context::from_waker(Waker::noop())) {
                    Poll::Pending => self.drive(cx, frame),
                    ready => ready,
                }
            })
            .await;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(self.failed(&error)),
                Some(Ok(frame)) => {
                    // Trailers are no part of the body.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// An answer has ended; whether the connection may carry another request. `headers` were the
    /// answer's.
    pub(super) fn rest(&mut self, mut headers: HeaderMap) -> bool {
        headers.clear();
        self.spare = headers;
        self.used = true;
        if self.ended.is_none() && !self.sender.is_ready() {
            self.poll(&mut Context::from_waker(Waker::noop()));
        }
        self.driver.leave();
        self.ended.is_none() && self.sender.is_ready()
    }

    /// Takes the permit for another connection, if this one is closed for it.
    pub(super) fn take_permit(&mut self) -> Option<P> {
        self.permit.take()
    }

    /// From now on, nothing is noted of it.
    pub(super) fn forget(&mut self) {
        self.note = None;
    }

    /// Lets the connection work, then asks what came of it.
    fn drive<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut ask: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.poll(cx);
        match self.ended {
            None => ask(&mut Context::from_waker(Waker::noop())),
            // Nothing will wake this task but the channel itself.
            Some(_) => ask(cx),
        }
    }

    /// An error of a request, with what the connection itself ended with.
    fn failed(&self, error: &::hyper::Error) -> Failure {
        let told = failure(error);
        match &self.ended {
            Some(Err(cause)) => told.because(&failure(cause)),
            Some(Ok(())) if told.class == Class::Canceled => {
                Failure { class: Class::Closed, ..told }
            }
            _ => told,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && let Poll::Ready(result) =
                Pin::new(connection).poll(&mut self.driver.drives(cx.waker()))
        {
            self.ended = Some(result);
            self.connection = None;
        }
    }
}
