//! Streams that a connection reads from and writes to.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::driven::Driven;
use crate::timer::Moment;

/// Observed reads and writes of a connection.
#[derive(Debug)]
pub(super) struct Watch {
    /// Its clock begins here.
    origin: Moment,
    /// When the last byte was handed to the system, in nanoseconds since the origin; 0 before.
    written_ns: AtomicU64,
    /// The error that ended it. hyper keeps that of an HTTP/2 connection to itself.
    broken: OnceLock<(io::ErrorKind, Option<i32>)>,
}

impl Watch {
    pub(super) fn new(origin: Moment) -> Watch {
        Watch { origin, written_ns: AtomicU64::new(0), broken: OnceLock::new() }
    }

    /// When the last byte was handed to the system.
    pub(super) fn last_write(&self) -> Option<Moment> {
        match self.written_ns.load(Ordering::Relaxed) {
            0 => None,
            ns => Some(self.origin.after_ns(ns)),
        }
    }

    /// The error that ended the connection.
    pub(super) fn broken(&self) -> Option<io::Error> {
        let (kind, number) = self.broken.get()?;
        Some(number.map_or_else(|| (*kind).into(), io::Error::from_raw_os_error))
    }
}

/// A connection, encrypted or not.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that may be watched.
#[derive(Debug)]
pub(super) struct Io {
    stream: Stream,
    watch: Option<Arc<Watch>>,
    /// Whether writes are noted; those of an HTTP/2 connection belong to no request.
    timed: bool,
    /// Something was written and not yet flushed.
    dirty: bool,
    /// The waker that every read is polled with, if that is always the same one.
    reader: Option<Arc<Driven>>,
    /// The last read found nothing: the reader is woken when there is something.
    waits: bool,
}

impl Io {
    /// A stream, watched or not; `timed` if its writes are noted too.
    pub(super) fn new(stream: Stream, watch: Option<Arc<Watch>>, timed: bool) -> Io {
        let timed = timed && watch.is_some();
        Io { stream, watch, timed, dirty: false, reader: None, waits: false }
    }

    /// Wraps a connection that is always polled with the waker of `reader`. hyper asks for bytes
    /// four times for each answer where there are none. tokio would take in the waker each time.
    pub(super) fn read_by(self, reader: &Arc<Driven>) -> Io {
        // What TLS has deciphered is there without anybody being woken.
        let reader = matches!(self.stream, Stream::Tcp(_)).then(|| Arc::clone(reader));
        Io { reader, ..self }
    }

    /// Whether nothing can have come since the last read, which found nothing.
    fn is_quiet(&mut self) -> bool {
        match &self.reader {
            Some(reader) if self.waits => !reader.was_woken(),
            _ => false,
        }
    }

    fn stream(&mut self) -> Pin<&mut (dyn Duplex + '_)> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream),
            Stream::Tls(stream) => Pin::new(&mut **stream),
        }
    }

    fn note<T>(&mut self, result: io::Result<T>) -> Poll<io::Result<T>> {
        if let (Err(error), Some(watch)) = (&result, &self.watch) {
            // The first one is the reason of the others.
            let _ = watch.broken.set((error.kind(), error.raw_os_error()));
        }
        Poll::Ready(result)
    }

    fn wrote(&mut self, result: io::Result<usize>) -> Poll<io::Result<usize>> {
        self.dirty |= self.timed;
        self.note(result)
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_quiet() {
            return Poll::Pending;
        }
        let polled = self.stream().poll_read(cx, buffer);
        self.waits = polled.is_pending();
        let result = ready!(polled);
        self.note(result)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.stream().poll_write(cx, bytes));
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.stream().poll_write_vectored(cx, slices));
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Tcp(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = match &mut self.stream {
            // A socket keeps nothing back.
            Stream::Tcp(_) => Ok(()),
            Stream::Tls(stream) => ready!(Pin::new(&mut **stream).poll_flush(cx)),
        };
        // Only now has TLS handed over everything.
        if std::mem::take(&mut self.dirty)
            && let Some(watch) = &self.watch
        {
            let ns = Moment::now().ns_since(watch.origin);
            watch.written_ns.store(ns, Ordering::Relaxed);
        }
        self.note(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
