//! A connection of HTTP/2: requests share it, each in a stream of its own.
//!
//! hyper runs it as tasks. It takes any number of requests at once, and keeps those for which there
//! is no stream in a queue that nobody can see; so streams are counted here, by the limit that the
//! server has told, and a request is handed over when there is one for it. Until the server has
//! told, there is one stream: a server resets those that are too many, and the request that the
//! connection was opened for need not wait for the server's settings.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ::hyper::body::{Body, Incoming};
use ::hyper::client::conn::http2::{self, SendRequest};
use ::hyper::rt::Executor;
use ::hyper::{Request, Response};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::upload::Upload;
use super::failure;
use super::io::{Io, Watch};
use super::progress::Progress;
use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::probe::{Connection, Phase};
use crate::timer::Moment;

/// Streams at once before the server has said how many there may be.
const STREAMS: usize = 1;

/// An open connection. It is closed when nobody has it any more.
pub(super) struct Shared {
    sender: SendRequest<Upload>,
    streams: Arc<Semaphore>,
    life: Arc<Life>,
    /// Requests that have it.
    requests: AtomicU32,
}

/// State shared by a connection's tasks and its requests.
struct Life {
    note: Option<Arc<Connection>>,
    watch: Arc<Watch>,
    /// The task that hands over requests; to be woken when the server's settings may be there.
    requests: AtomicWaker,
    settled: AtomicBool,
    /// Why it takes no more requests.
    failed: OnceLock<Failure>,
    /// Whether nothing more is noted of it.
    forgotten: AtomicBool,
}

impl Shared {
    /// Speaks HTTP/2 over a stream, in tasks of its own, which hold `permit` until it is closed.
    pub(super) async fn start<P: Send + 'static>(
        io: Io,
        note: Option<Arc<Connection>>,
        watch: Arc<Watch>,
        permit: Option<P>,
    ) -> Result<Shared, Failure> {
        let life = Arc::new(Life {
            note,
            watch,
            requests: AtomicWaker::new(),
            settled: AtomicBool::new(false),
            failed: OnceLock::new(),
            forgotten: AtomicBool::new(false),
        });
        let tasks = Tasks(Arc::new(Mutex::new(Some(Socket { life: Arc::clone(&life), permit }))));
        let (sender, driver) = http2::Builder::new(tasks)
            .initial_max_send_streams(STREAMS)
            .handshake(TokioIo::new(io))
            .await
            .map_err(|e| life.failed(failure(&e)))?;
        let streams = Arc::new(Semaphore::new(STREAMS));
        tokio::spawn(hand_over(driver, Arc::clone(&life), Arc::clone(&streams)));
        Ok(Shared { sender, streams, life, requests: AtomicU32::new(0) })
    }

    /// Whether it takes requests.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.streams.is_closed()
    }

    /// Whether no request has it.
    pub(super) fn is_idle(&self) -> bool {
        self.requests.load(Ordering::Acquire) == 0
    }

    /// Another request has it.
    pub(super) fn enter(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request has it no more; whether it was the last.
    pub(super) fn leave(&self) -> bool {
        self.requests.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Sends a request when there is a `stream` for it, and waits for the head of its answer.
    pub(super) async fn send(
        &self,
        stream: &mut Option<OwnedSemaphorePermit>,
        request: Request<Upload>,
        progress: &mut Progress,
    ) -> Result<Response<Incoming>, Failure> {
        let Shared { sender, streams, life, .. } = self;
        progress.at(Stage::Stream);
        *stream = Some(Arc::clone(streams).acquire_owned().await.map_err(|_| {
            let text = "the connection was closed before there was a stream";
            life.failed(Failure::new(Class::Canceled, text))
        })?);
        progress.in_time()?;
        progress.seen()[Phase::Stream] = progress.now();
        progress.taken(life.note.as_deref(), None);
        let sent = pin!(sender.clone().send_request(request));
        sent.await.map_err(|e| life.failed(failure(&e)))
    }

    /// The next bytes of a body.
    pub(super) async fn chunk(&self, body: &mut Incoming) -> Result<Option<Bytes>, Failure> {
        loop {
            match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
                None => return Ok(None),
                Some(Err(error)) => return Err(self.life.failed(failure(&error))),
                Some(Ok(frame)) => {
                    // Trailers are no part of the body.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// From now on, nothing is noted of it.
    pub(super) fn forget(&self) {
        self.life.forgotten.store(true, Ordering::Relaxed);
    }
}

/// Hands requests over to the connection until it ends, and learns how many streams there may be.
async fn hand_over<F>(mut driver: F, life: Arc<Life>, streams: Arc<Semaphore>)
where
    F: Driver + Unpin,
{
    let mut most = STREAMS;
    let ended = poll_fn(|cx| {
        life.requests.register(cx.waker());
        let polled = Pin::new(&mut driver).poll(cx);
        let now = driver.streams().min(Semaphore::MAX_PERMITS);
        if now != most {
            life.settled.store(true, Ordering::Relaxed);
            // Of a lower limit, what is in use is left to hyper's queue.
            streams.add_permits(now.saturating_sub(most));
            streams.forget_permits(most.saturating_sub(now));
            most = now;
        }
        polled
    })
    .await;
    if let Err(error) = ended {
        let _ = life.failed.set(failure(&error));
    }
    streams.close();
    // Only now do requests that it has left learn of it.
    drop(driver);
}

/// hyper's connection, whose type is long.
trait Driver: Future<Output = ::hyper::Result<()>> {
    /// Streams at once that the server allows.
    fn streams(&self) -> usize;
}

impl<P: Send + 'static> Driver for http2::Connection<TokioIo<Io>, Upload, Tasks<P>> {
    fn streams(&self) -> usize {
        self.current_max_send_streams()
    }
}

/// Where hyper starts tasks. The first one has the socket, the others come with requests.
struct Tasks<P>(Arc<Mutex<Option<Socket<P>>>>);

impl<P> Clone for Tasks<P> {
    fn clone(&self) -> Tasks<P> {
        Tasks(Arc::clone(&self.0))
    }
}

/// State of the task that has the socket.
struct Socket<P> {
    life: Arc<Life>,
    permit: Option<P>,
}

impl<F, P> Executor<F> for Tasks<P>
where
    F: Future<Output = ()> + Send + 'static,
    P: Send + 'static,
{
    fn execute(&self, task: F) {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(socket) => drop(tokio::spawn(live(Box::pin(task), socket))),
            None => drop(tokio::spawn(task)),
        }
    }
}

/// Drives the task that has the socket.
async fn live<P>(mut task: Pin<Box<impl Future<Output = ()>>>, socket: Socket<P>) {
    let Socket { life, permit } = socket;
    poll_fn(|cx| {
        let polled = task.as_mut().poll(cx);
        if !life.settled.load(Ordering::Relaxed) {
            life.requests.wake();
        }
        polled
    })
    .await;
    // The connection is closed before another may be opened.
    drop(task);
    if let Some(connection) = &life.note
        && !life.forgotten.load(Ordering::Relaxed)
    {
        connection.opening().closed = Some(Moment::now());
    }
    drop(permit);
}

impl Life {
    /// An error of a request, with what the connection itself ended with.
    fn failed(&self, told: Failure) -> Failure {
        let told = match self.failed.get() {
            Some(cause) => told.because(cause),
            None => told,
        };
        match self.watch.broken() {
            Some(cause) => told.because(&failure(&cause)),
            None if told.class == Class::Canceled => Failure { class: Class::Closed, ..told },
            None => told,
        }
    }
}
