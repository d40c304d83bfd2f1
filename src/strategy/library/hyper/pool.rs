//! Connections that are open, and requests that wait for one.
//!
//! A request gets an idle connection to its target, the one that was used last first; or it opens
//! one, if there may be another; or it waits for whichever comes first. If every connection that
//! there may be is idle and goes elsewhere, the one that was idle longest is closed for it. A
//! connection that has ended its request goes to the first in line for the same target, and only if
//! there is none to the rest: targets that take turns do not close each other's connections, and as
//! every request ends, nobody waits for ever.
//!
//! With HTTP/2 there is one connection for each target, which its requests share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ::hyper::body::Incoming;
use ::hyper::{Request, Response};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::super::Settings;
use super::super::upload::Upload;
use super::http1;
use super::http2::Shared;
use super::opener::{Opened, Opener};
use super::progress::Progress;
use crate::strategy::failure::{Failure, Stage};
use crate::strategy::probe::Phase;
use crate::vocabulary::{Protocol, Reuse};

/// A connection of HTTP/1.1 of the pool.
pub(super) type Alone = http1::Alone<Permit>;

/// A connection, or a share of one, that carries a request.
pub(super) enum Taken {
    /// A connection that it has to itself.
    Alone(Box<Alone>),
    /// One that it shares.
    Shared(Share),
}

/// The connections of a trial.
pub(super) struct Pool {
    opener: Opener,
    protocol: Protocol,
    reuse: bool,
    /// Open connections at most.
    most: Option<u32>,
    state: Mutex<State>,
}

struct State {
    slots: Box<[Slot]>,
    /// Open connections, and those being opened; not counted without a limit.
    open: u32,
    /// Of these, those that are being closed for others, which takes them a while.
    closing: u32,
    waiting: VecDeque<Waiting>,
}

/// The connections to one target.
#[derive(Default)]
struct Slot {
    /// Idle ones, the one that was used last on top.
    #[expect(clippy::vec_box, reason = "they move in and out for every request, and are large")]
    idle: Vec<Box<Alone>>,
    shared: OneForAll,
}

/// The connection that all requests to a target share.
#[derive(Default)]
enum OneForAll {
    #[default]
    None,
    Opening,
    Open(Arc<Shared>),
}

struct Waiting {
    target: usize,
    tell: oneshot::Sender<Grant>,
}

/// Answer of the pool to a request that needs a connection.
enum Grant {
    Alone(Box<Alone>),
    Shared(Share),
    /// It is to open a connection.
    Open(Option<Permit>, Option<Publishing>),
}

impl Pool {
    pub(super) fn new(opener: Opener, settings: &Settings) -> Arc<Pool> {
        let slots = (0..settings.targets).map(|_| Slot::default()).collect();
        Arc::new(Pool {
            opener,
            protocol: settings.protocol,
            reuse: settings.reuse != Reuse::None,
            most: settings.max_connections.map(std::num::NonZeroU32::get),
            state: Mutex::new(State { slots, open: 0, closing: 0, waiting: VecDeque::new() }),
        })
    }

    /// A connection to `target` for request `index`, which opens it if need be.
    pub(super) async fn take(
        self: &Arc<Pool>,
        target: usize,
        index: u32,
        progress: &mut Progress,
    ) -> Result<Taken, Failure> {
        let grant = self.grant(target, progress).await;
        if let Err(late) = progress.in_time() {
            self.give_back(target, grant);
            return Err(late);
        }
        match grant {
            Grant::Alone(connection) => {
                let now = progress.now();
                progress.seen()[Phase::Pool] = now;
                // An idle connection takes a request at once.
                progress.seen()[Phase::Stream] = now;
                Ok(Taken::Alone(connection))
            }
            Grant::Shared(share) => {
                progress.seen()[Phase::Pool] = progress.now();
                Ok(Taken::Shared(share))
            }
            Grant::Open(permit, publishing) => {
                // In a place of its own: with a TLS handshake in it, it is by far the largest part
                // of a request, and most requests do not need it.
                let opening = Box::pin(self.opener.open(target, index, permit, progress));
                match opening.await? {
                    Opened::Alone(connection) => Ok(Taken::Alone(connection)),
                    Opened::Shared(connection) => {
                        let connection = Arc::new(connection);
                        let share = self.share(&connection);
                        if let Some(publishing) = publishing {
                            publishing.publish(connection);
                        }
                        Ok(Taken::Shared(share))
                    }
                }
            }
        }
    }

    /// A connection has ended its request and can carry another.
    pub(super) fn put_back(self: &Arc<Pool>, target: usize, connection: Box<Alone>) {
        if !self.reuse {
            return;
        }
        let mut grant = Grant::Alone(connection);
        loop {
            let mut state = self.lock();
            let next = state.waiting.iter().position(|waiting| waiting.target == target);
            let Some(next) = next.and_then(|i| state.waiting.remove(i)) else {
                if let Grant::Alone(connection) = grant {
                    state.slots[target].idle.push(connection);
                }
                let somebody = !state.waiting.is_empty();
                drop(state);
                if somebody {
                    self.settle();
                }
                return;
            };
            drop(state);
            match next.tell.send(grant) {
                Ok(()) => return,
                // It was given up while it waited.
                Err(back) => grant = back,
            }
        }
    }

    /// The trial is over: connections are closed from here on, which is no part of it.
    pub(super) fn end(&self) {
        for slot in &mut self.lock().slots {
            slot.idle.iter_mut().for_each(|connection| connection.forget());
            if let OneForAll::Open(connection) = &slot.shared {
                connection.forget();
            }
        }
    }

    /// A request has no use for what it was given; the next in line may have.
    fn give_back(self: &Arc<Pool>, target: usize, grant: Grant) {
        match grant {
            Grant::Alone(connection) => self.put_back(target, connection),
            Grant::Shared(_) | Grant::Open(..) => drop(grant),
        }
    }

    async fn grant(self: &Arc<Pool>, target: usize, progress: &mut Progress) -> Grant {
        progress.at(Stage::Pool);
        let waiting = {
            let mut closed = Vec::new();
            let mut state = self.lock();
            if let Some(grant) = self.decide(&mut state, target, &mut closed) {
                drop(state);
                return grant;
            }
            if matches!(state.slots[target].shared, OneForAll::Opening) {
                // Not for a place: another request is opening the connection that it will share.
                progress.at(Stage::Connect);
            }
            let (tell, told) = oneshot::channel();
            state.waiting.push_back(Waiting { target, tell });
            told
        };
        waiting.await.expect("whoever waits is told before the pool ends")
    }

    /// Decides how a request to `target` gets a connection now; `None` if it must wait. A
    /// connection that is closed for it is left in `closed`, to be dropped when the lock is open.
    fn decide(
        self: &Arc<Pool>,
        state: &mut State,
        target: usize,
        closed: &mut Vec<Closed>,
    ) -> Option<Grant> {
        let slot = &mut state.slots[target];
        if let Some(connection) = slot.idle.pop() {
            return Some(Grant::Alone(connection));
        }
        let shared = self.reuse && self.protocol == Protocol::Http2;
        if shared {
            match &slot.shared {
                OneForAll::Opening => return None,
                OneForAll::Open(connection) if connection.is_open() => {
                    return Some(Grant::Shared(self.share(connection)));
                }
                OneForAll::Open(_) | OneForAll::None => {}
            }
        }
        let permit = match self.most {
            None => None,
            Some(most) if state.open < most => {
                state.open += 1;
                Some(Permit(Arc::downgrade(self)))
            }
            Some(_) => Some(self.take_over(state, target, closed)?),
        };
        let publishing = shared.then(|| {
            // One that is there is dead.
            let dead = std::mem::replace(&mut state.slots[target].shared, OneForAll::Opening);
            if let OneForAll::Open(dead) = dead {
                closed.push(Closed::Shared(dead));
            }
            Publishing { pool: Arc::clone(self), target }
        });
        Some(Grant::Open(permit, publishing))
    }

    /// A permit of an idle connection to another target, which is closed.
    fn take_over(
        &self,
        state: &mut State,
        target: usize,
        closed: &mut Vec<Closed>,
    ) -> Option<Permit> {
        if state.closing > 0 {
            return None;
        }
        let others = state.slots.iter_mut().enumerate().filter(|(other, _)| *other != target);
        for (_, slot) in others {
            if !slot.idle.is_empty() {
                let mut oldest = slot.idle.remove(0);
                let permit = oldest.take_permit();
                closed.push(Closed::Alone(oldest));
                return permit;
            }
            if let OneForAll::Open(connection) = &slot.shared
                && connection.is_idle()
            {
                if let OneForAll::Open(idle) = std::mem::take(&mut slot.shared) {
                    closed.push(Closed::Shared(idle));
                }
                // Its permit comes back when its tasks have ended.
                state.closing += 1;
                return None;
            }
        }
        None
    }

    /// Gives those that wait what there is by now, in the order in which they came.
    fn settle(self: &Arc<Pool>) {
        loop {
            let mut closed = Vec::new();
            let mut state = self.lock();
            let mut next = 0;
            let (waiting, grant) = loop {
                let Some(target) = state.waiting.get(next).map(|waiting| waiting.target) else {
                    return;
                };
                if let Some(grant) = self.decide(&mut state, target, &mut closed) {
                    break (state.waiting.remove(next), grant);
                }
                if self.protocol == Protocol::Http1 {
                    // There is nothing for the others either.
                    return;
                }
                next += 1;
            };
            drop(state);
            drop(closed);
            // If it was given up, what it was given comes back as it is dropped.
            drop(waiting.map(|waiting| waiting.tell.send(grant)));
        }
    }

    fn share(self: &Arc<Pool>, connection: &Arc<Shared>) -> Share {
        let watched = self.most.is_some().then(|| Arc::downgrade(self));
        connection.enter();
        Share { connection: Arc::clone(connection), stream: None, pool: watched }
    }

    /// A shared connection has ended the last of its requests.
    fn idle(self: &Arc<Pool>) {
        if !self.lock().waiting.is_empty() {
            self.settle();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in between can panic but an allocation.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's part in a connection.
pub(super) struct Share {
    connection: Arc<Shared>,
    /// The permit for a stream, once there is one.
    stream: Option<OwnedSemaphorePermit>,
    /// The pool to tell when the connection is idle.
    pool: Option<Weak<Pool>>,
}

impl Share {
    /// Sends a request when there is a stream for it, and waits for the head of its answer.
    pub(super) fn send(
        &mut self,
        request: Request<Upload>,
        progress: &mut Progress,
    ) -> impl Future<Output = Result<Response<Incoming>, Failure>> {
        self.connection.send(&mut self.stream, request, progress)
    }

    /// The next bytes of a body.
    pub(super) fn chunk(
        &self,
        body: &mut Incoming,
    ) -> impl Future<Output = Result<Option<Bytes>, Failure>> {
        self.connection.chunk(body)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.stream = None;
        if self.connection.leave()
            && let Some(pool) = self.pool.as_ref().and_then(Weak::upgrade)
        {
            pool.idle();
        }
    }
}

/// A connection that was closed for another one, which it is when this is dropped.
#[expect(dead_code, reason = "it is held for its drop")]
enum Closed {
    Alone(Box<Alone>),
    Shared(Arc<Shared>),
}

/// Leave to have one open connection, from before it is begun until it is closed.
pub(super) struct Permit(Weak<Pool>);

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(pool) = self.0.upgrade() else { return };
        let mut state = pool.lock();
        state.open -= 1;
        state.closing = state.closing.saturating_sub(1);
        let somebody = !state.waiting.is_empty();
        drop(state);
        if somebody {
            pool.settle();
        }
    }
}

/// The duty to say what became of a connection that others wait for.
struct Publishing {
    pool: Arc<Pool>,
    target: usize,
}

impl Publishing {
    fn publish(self, connection: Arc<Shared>) {
        self.pool.lock().slots[self.target].shared = OneForAll::Open(connection);
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        let shared = &mut state.slots[self.target].shared;
        if matches!(shared, OneForAll::Opening) {
            *shared = OneForAll::None;
        }
        let somebody = !state.waiting.is_empty();
        drop(state);
        if somebody {
            self.pool.settle();
        }
    }
}
