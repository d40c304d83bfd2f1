//! Observation of ureq's requests. All of it happens on the thread that calls, so the request that
//! is under way is known by its thread; a green thread puts it away where it waits.
//!
//! ureq looks the name up, then asks its pool. The time in the pool is therefore part of the phase
//! that follows it: of connecting, or of the wait for the connection to take the request.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::failure;
use crate::dns::Source;
use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::green;
use crate::strategy::probe::{Connection, Connections, Marks, Phase};
use crate::timer::Moment;
use crate::vocabulary::Protocol;

thread_local! {
    static TRIP: RefCell<Option<Trip>> = const { RefCell::new(None) };
}

/// A request on its way.
struct Trip {
    index: u32,
    marks: Marks,
    /// The request itself and each redirect.
    hops: u32,
    /// Whether a connection has taken this hop.
    taken: bool,
    /// The connection that is being opened.
    opening: Option<Arc<Connection>>,
    /// Why it could not be opened.
    unopened: Option<Failure>,
}

impl Trip {
    /// The marks are those of the first hop; the time that redirects take is a wait for the head.
    fn mark(&mut self, end_of: Phase, now: Moment) {
        if self.hops == 1 {
            self.marks[end_of] = Some(now);
        }
    }
}

/// Calls `note` with the marks of this thread's request, if it is probed.
fn with<R>(note: impl FnOnce(&mut Trip) -> R) -> Option<R> {
    TRIP.with_borrow_mut(|trip| trip.as_mut().map(note))
}

/// This thread makes request `index` from here on.
pub(super) fn begin(index: u32) {
    let marks = Marks::default();
    TRIP.set(Some(Trip { index, marks, hops: 0, taken: false, opening: None, unopened: None }));
}

/// The request has its answer, or has failed: what is known of it, and why its connection could not be
/// opened, if that was so.
pub(super) fn end() -> (Marks, Option<Failure>) {
    let Some(trip) = TRIP.take() else { return (Marks::default(), None) };
    let redirects = trip.hops.saturating_sub(1);
    (Marks { redirects, ..trip.marks }, trip.unopened)
}

/// Waits in a green thread. Other requests are made on this OS thread meanwhile, so the one that waits is
/// put away.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let trip = TRIP.take();
    let output = green::wait(future);
    TRIP.set(trip);
    output
}

/// The request, or a redirect of it, is begun.
pub(super) fn hop() {
    with(|trip| {
        trip.hops += 1;
        trip.taken = false;
    });
}

/// The name was looked up.
pub(super) fn resolved(source: Source) {
    with(|trip| {
        trip.mark(Phase::Dns, Moment::now());
        trip.marks.source.get_or_insert(source);
    });
}

/// The TCP connection is open, at this address of ours.
pub(super) fn connected(local: impl FnOnce() -> io::Result<SocketAddr>) {
    let now = Moment::now();
    with(|trip| {
        trip.mark(Phase::Connect, now);
        if let Some(connection) = &trip.opening {
            let mut opening = connection.opening();
            opening.connect = Some(now);
            opening.local_port = local().ok().map(|address| address.port());
        }
    });
}

/// Why a connection could not be opened. ureq does not say whether its time was over in the handshake.
fn of_opening(error: &Error, connection: &Connection) -> Failure {
    let failure = failure(error);
    match failure.class {
        Class::Timeout(_) if connection.opening().connect.is_some() => {
            Failure { class: Class::Timeout(Stage::Tls), ..failure }
        }
        _ => failure,
    }
}

/// A connector whose connections are noted.
#[derive(Debug)]
pub(super) struct Probed<C> {
    pub(super) connections: Connections,
    pub(super) inner: C,
}

impl<C: Connector<()>> Connector<()> for Probed<C> {
    type Out = Traced<C::Out>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Traced<C::Out>>, Error> {
        let connection = self.connections.begin(with(|trip| trip.index));
        with(|trip| trip.opening = Some(Arc::clone(&connection)));
        let opened = self.inner.connect(details, chained);
        let now = Moment::now();
        with(|trip| trip.opening = None);
        let transport = match opened {
            Ok(Some(transport)) => transport,
            Ok(None) => return Ok(None),
            Err(e) => {
                let failure = of_opening(&e, &connection);
                connection.fail(&failure);
                with(|trip| trip.unopened = Some(failure));
                return Err(e);
            }
        };
        let encrypted = transport.is_tls();
        if encrypted {
            with(|trip| trip.mark(Phase::Tls, now));
        }
        let mut opening = connection.opening();
        opening.tls = encrypted.then_some(now);
        opening.protocol = Some(Protocol::Http1);
        opening.ready = Some(now);
        drop(opening);
        Ok(Some(Traced { transport, connection }))
    }
}

/// A connection that notes what it carries.
pub(super) struct Traced<T> {
    transport: T,
    connection: Arc<Connection>,
}

impl<T: Transport> Transport for Traced<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        with(|trip| {
            if !trip.taken {
                trip.taken = true;
                trip.marks.carried = Some(self.connection.carry());
                trip.mark(Phase::Stream, Moment::now());
            }
        });
        self.transport.transmit_output(amount, timeout)?;
        with(|trip| trip.mark(Phase::Send, Moment::now()));
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

impl<T> Drop for Traced<T> {
    fn drop(&mut self) {
        self.connection.opening().closed = Some(Moment::now());
    }
}

impl<T: fmt::Debug> fmt::Debug for Traced<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Traced").field(&self.transport).finish()
    }
}
