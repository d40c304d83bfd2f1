//! Requests and connections on their way, as a library sees them.
//!
//! A library reports two kinds of things: of each request, the moments at which its phases ended
//! ([`Marks`]); of each connection, how it came about and what it carried ([`Connection`]). They are
//! kept apart because a connection that one request has begun may carry another, or none, and are
//! joined by the connection's number. What a library cannot tell stays empty.

use std::ops::{Index, IndexMut};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::dns::Source;
use crate::timer::Moment;
use crate::vocabulary::Protocol;

/// A part of a request's life. They follow each other in this order without a gap: each ends where
/// its mark stands, and begins where the last known one before it ended. The time of a phase that a
/// library cannot tell is part of the next one that it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// In the strategy's hands: for a permit, a slot, a worker, a thread.
    Queue,
    /// In the library's pool, until an idle connection is found or a new one is begun.
    Pool,
    /// Looking up the host's name.
    Dns,
    /// Opening a TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// For the connection to take the request: a stream of HTTP/2, a task that is woken.
    Stream,
    /// Writing the request.
    Send,
    /// For the response head.
    Wait,
    /// Reading the body, to its last checked byte.
    Receive,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Phase; 9] = [
        Phase::Queue,
        Phase::Pool,
        Phase::Dns,
        Phase::Connect,
        Phase::Tls,
        Phase::Stream,
        Phase::Send,
        Phase::Wait,
        Phase::Receive,
    ];

    /// The phases whose end only a library can see, in order.
    pub const OF_LIBRARY: [Phase; 6] =
        [Phase::Pool, Phase::Dns, Phase::Connect, Phase::Tls, Phase::Stream, Phase::Send];

    /// The word of the record.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Queue => "queue",
            Phase::Pool => "pool",
            Phase::Dns => "dns",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Stream => "stream",
            Phase::Send => "send",
            Phase::Wait => "wait",
            Phase::Receive => "receive",
        }
    }
}

/// The time in each phase that is known, in order: without gaps, from the moment `scheduled_ns` on.
/// `ends_ns` says when each phase ended, in order, if that is known; no mark counts for earlier than
/// the one before it.
pub fn times_ns(
    scheduled_ns: u64,
    ends_ns: impl IntoIterator<Item = (Phase, Option<u64>)>,
) -> impl Iterator<Item = (Phase, u64)> {
    let mut last = scheduled_ns;
    ends_ns.into_iter().filter_map(move |(phase, end)| {
        let time = end?.saturating_sub(last);
        last += time;
        Some((phase, time))
    })
}

/// The phase that a failed request did not come to the end of: the first after its last known mark
/// whose end could be known. `ends_ns` says when each phase ended, if that is known; `tells`, of
/// which phases it can be; `carried`, that a connection took the request.
pub fn failed_in(
    ends_ns: [Option<u64>; Phase::ALL.len()],
    carried: bool,
    tells: [bool; Phase::ALL.len()],
) -> Phase {
    if ends_ns[Phase::Receive as usize] == ends_ns[Phase::Queue as usize] {
        // It was never handed to the library.
        return Phase::Queue;
    }
    let mut before_end = Phase::ALL.into_iter().rev().filter(|&phase| phase != Phase::Receive);
    let last = before_end.find(|&phase| ends_ns[phase as usize].is_some());
    let after = last.map_or(0, |phase| phase as usize + 1);
    // What a connection carries has found one.
    let after = if carried { after.max(Phase::Stream as usize) } else { after };
    Phase::ALL[after..]
        .iter()
        .copied()
        .find(|&phase| tells[phase as usize])
        .unwrap_or(Phase::Receive)
}

/// A value for each of [`Phase::OF_LIBRARY`].
pub type PerLibraryPhase<T> = [T; Phase::OF_LIBRARY.len()];

/// Marks of a request as a library sees them: when phases ended ([`Phase::OF_LIBRARY`], which it is
/// indexed with), and the connection that carried it. The recorder knows the other phases: the
/// start, the response head and the end.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// When each phase ended, as far as the library tells.
    pub ends: PerLibraryPhase<Option<Moment>>,
    /// Source of the name's address.
    pub source: Option<Source>,
    /// The connection that carried it (the last one, after redirects).
    pub carried: Option<Carried>,
    /// Pieces of the request's body that were handed over.
    pub sent: Sent,
    /// Redirects that were followed.
    pub redirects: u32,
}

impl Index<Phase> for Marks {
    type Output = Option<Moment>;

    fn index(&self, phase: Phase) -> &Option<Moment> {
        &self.ends[phase as usize - Phase::Pool as usize]
    }
}

impl IndexMut<Phase> for Marks {
    fn index_mut(&mut self, phase: Phase) -> &mut Option<Moment> {
        &mut self.ends[phase as usize - Phase::Pool as usize]
    }
}

/// Pieces of a body that are noted one by one; further ones are counted only. So many does the server
/// send on purpose at most; a body of a gigabyte may be handed over in a hundred times as many.
pub const MOST_PIECES: usize = 10_000;

/// When each piece of a request's body was taken by its library, over all hops of a redirected one.
/// Clones are the same list; without a body, or without probes, there is none, and nothing to pay for
/// it.
#[derive(Debug, Clone, Default)]
pub struct Sent(Option<Arc<Mutex<Taken>>>);

#[derive(Debug, Default)]
struct Taken {
    count: u32,
    /// Moments of the first [`MOST_PIECES`].
    at: Vec<Moment>,
}

impl Sent {
    /// The list, which begins here if there was none.
    pub fn begin(&mut self) -> &Sent {
        self.0.get_or_insert_default();
        self
    }

    /// A piece is taken now.
    pub fn one_more(&self) {
        let Some(taken) = &self.0 else { return };
        let mut taken = lock(taken);
        taken.count = taken.count.saturating_add(1);
        if taken.at.len() < MOST_PIECES {
            taken.at.push(Moment::now());
        }
    }

    /// When each was taken, in order, of the first [`MOST_PIECES`].
    pub fn moments(&self) -> Vec<Moment> {
        self.0.as_ref().map(|taken| lock(taken).at.clone()).unwrap_or_default()
    }

    /// Number of pieces that were taken.
    pub fn count(&self) -> u32 {
        self.0.as_ref().map_or(0, |taken| lock(taken).count)
    }
}

/// Locks values that are of use after every single change, whatever happened to the thread around
/// it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which connection carried a request, and as which of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The number of the connection.
    pub connection: u32,
    /// 1 for its first request.
    pub nth: u32,
}

/// Kind of a TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handshake {
    /// From nothing.
    Full,
    /// From the ticket of an earlier session.
    Resumed,
}

impl Handshake {
    /// The word of the record.
    pub fn name(self) -> &'static str {
        match self {
            Handshake::Full => "full",
            Handshake::Resumed => "resumed",
        }
    }
}

/// Steps of opening a connection, as far as the library tells.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The look-up was done.
    pub dns: Option<Moment>,
    /// Source of the name's address.
    pub source: Option<Source>,
    /// The TCP connection was open.
    pub connect: Option<Moment>,
    /// The TLS handshake was done.
    pub tls: Option<Moment>,
    /// Kind of the TLS handshake.
    pub handshake: Option<Handshake>,
    /// The negotiated version of HTTP.
    pub protocol: Option<Protocol>,
    /// The client's port: with the order of opening, what the server knows the connection by.
    pub local_port: Option<u16>,
    /// It is ready for requests.
    pub ready: Option<Moment>,
    /// It failed, or was given up, before it was.
    pub failure: Option<Failure>,
    /// It was closed, or its library let go of it.
    pub closed: Option<Moment>,
}

/// A connection, from the first thing that was done for it.
#[derive(Debug)]
pub struct Connection {
    /// Its number: connections are counted from 0 in the order in which they are begun.
    pub id: u32,
    /// The request that it was begun for, if the library tells.
    pub started_by: Option<u32>,
    /// When it was begun.
    pub start: Moment,
    /// Requests that it carried.
    uses: AtomicU32,
    opening: Mutex<Opening>,
}

impl Connection {
    /// It carries one more request.
    pub fn carry(&self) -> Carried {
        Carried { connection: self.id, nth: self.uses.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    /// Requests that it carried so far.
    pub fn uses(&self) -> u32 {
        self.uses.load(Ordering::Relaxed)
    }

    /// Steps of its opening; filled in by the library on the way.
    pub fn opening(&self) -> MutexGuard<'_, Opening> {
        lock(&self.opening)
    }

    /// Notes that a connection could not be opened, if it is not open and has not failed already.
    pub fn fail(&self, failure: &Failure) {
        let mut opening = self.opening();
        if opening.ready.is_none() && opening.failure.is_none() {
            opening.failure = Some(failure.clone());
        }
    }
}

/// Every connection of a trial, and what its library did by itself. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<List>);

#[derive(Debug, Default)]
struct List {
    all: Mutex<Vec<Arc<Connection>>>,
    retries: AtomicU64,
}

impl Connections {
    /// The library sends a request again.
    pub fn retried(&self) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that the library has sent again.
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// A connection is begun, for the request `started_by`.
    pub fn begin(&self, started_by: Option<u32>) -> Arc<Connection> {
        let mut all = lock(&self.0.all);
        let connection = Arc::new(Connection {
            id: u32::try_from(all.len()).unwrap_or(u32::MAX),
            started_by,
            start: Moment::now(),
            uses: AtomicU32::new(0),
            opening: Mutex::default(),
        });
        all.push(Arc::clone(&connection));
        connection
    }

    /// All so far, in the order in which they were begun.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        lock(&self.0.all).clone()
    }
}
