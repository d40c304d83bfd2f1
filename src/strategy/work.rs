//! Work of a model: requests to issue, and one call to issue each.
//!
//! A model takes every index of [`Work::indices`] exactly once ([`Work::take`]) and sends what it
//! took. Timing, checking and counting happen behind [`BlockingIssuer`] and [`AsyncIssuer`], which
//! the trial's client implements: a model cannot measure in its own way.

use std::io;
use std::num::NonZeroU32;
use std::ops::{Deref, Range};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::failure::{Class, Failure};
use super::own_work::OwnWork;

/// Records requests as a model issues them.
pub trait Issuer: Send + Sync {
    /// Nanoseconds since the start of the trial's window.
    fn now_ns(&self) -> u64;

    /// Notes a request that could not be issued at all.
    fn fail(&self, index: u32, scheduled_ns: u64, failure: Failure);

    /// Notes how many threads the process has now.
    fn count_threads(&self);

    /// When request `index` is planned to start, in nanoseconds since the start of the window;
    /// `None` if arrival is closed.
    fn arrival_ns(&self, index: u32) -> Option<u64>;
}

/// Issues requests by blocking the calling thread.
pub trait BlockingIssuer: Issuer {
    /// Issues request `index` and returns when its answer is checked or it has failed.
    fn issue(&self, index: u32, scheduled_ns: u64);

    /// Returns at this time of the window or after it, never before.
    fn wait_until(&self, at_ns: u64);
}

/// Issues requests on the runtime that polls the future.
pub trait AsyncIssuer: Issuer {
    /// Issues request `index`; ready when its answer is checked or it has failed. `start_ns` is now, if
    /// it is known.
    fn issue(
        self: Arc<Self>,
        index: u32,
        scheduled_ns: u64,
        start_ns: Option<u64>,
    ) -> BoxFuture<'static, ()>;

    /// Ready at this time of the window or after it, never before.
    fn wait_until(&self, at_ns: u64) -> BoxFuture<'_, ()>;
}

/// The requests of a trial for a blocking model.
pub type BlockingWork = Work<Arc<dyn BlockingIssuer>>;
/// The requests of a trial for an async model.
pub type AsyncWork = Work<Arc<dyn AsyncIssuer>>;

/// The requests of a trial. Clones are the same trial.
#[derive(Clone)]
pub struct Work<I> {
    issuer: I,
    requests: u32,
    limit: Option<NonZeroU32>,
    own_work: Option<OwnWork>,
}

impl<I> Work<I>
where
    I: Deref<Target: Issuer> + Clone,
{
    /// `requests` requests, at most `limit` of them in flight.
    pub fn new(issuer: I, requests: u32, limit: Option<NonZeroU32>) -> Work<I> {
        Work { issuer, requests, limit, own_work: None }
    }

    /// The same for a caller with work of its own.
    #[must_use]
    pub fn beside(self, own_work: Option<OwnWork>) -> Work<I> {
        Work { own_work, ..self }
    }

    /// Does the caller's own work on the calling thread; nothing, if there is none.
    pub fn do_own_work(&self) {
        if let Some(work) = self.own_work {
            work.run();
        }
    }

    /// The requests, in the order in which they are to be started.
    pub fn indices(&self) -> Range<u32> {
        0..self.requests
    }

    /// Requests in flight at most: the strategy's limit, or the number of requests if that is
    /// less; never 0.
    ///
    /// # Panics
    ///
    /// If the model takes no limit.
    pub fn slots(&self) -> u32 {
        required(self.limit).get().min(self.requests).max(1)
    }

    /// Takes a request in hand: the moment from which its wait for a permit or a worker counts.
    /// Under open arrival that is the moment for which it is planned, and [`Request::send`] waits
    /// for it.
    pub fn take(&self, index: u32) -> Request<I> {
        let arrival_ns = self.issuer.arrival_ns(index);
        let scheduled_ns = arrival_ns.unwrap_or_else(|| self.issuer.now_ns());
        Request { index, scheduled_ns, is_early: arrival_ns.is_some(), issuer: self.issuer.clone() }
    }

    /// Notes how many threads the process has now. To be called once every thread of the model is
    /// started, from a thread that has nothing else to do; the end of the window is noted anyway.
    pub fn count_threads(&self) {
        self.issuer.count_threads();
    }
}

/// The limit of a model that requires one: `Strategy::checked` lets no other reach its ideal.
pub(super) fn required(limit: Option<NonZeroU32>) -> NonZeroU32 {
    limit.expect("a strategy of a limited model has a limit")
}

/// A request that a model has in hand.
#[must_use = "a request is issued by `send`"]
pub struct Request<I> {
    index: u32,
    scheduled_ns: u64,
    /// Whether it may have to wait for its arrival.
    is_early: bool,
    issuer: I,
}

impl Work<Arc<dyn AsyncIssuer>> {
    /// Takes a request in hand when it has arrived; at once, and without yielding, if arrival is
    /// closed. For models that start a task for each request: it is started then.
    pub async fn arrived(&self, index: u32) -> Request<Arc<dyn AsyncIssuer>> {
        let request = self.take(index);
        if request.is_early {
            request.issuer.wait_until(request.scheduled_ns).await;
        }
        Request { is_early: false, ..request }
    }

    /// Takes a request in hand and issues it in the same moment, if arrival is closed: its clock need
    /// not be read twice. Ready when it has ended.
    pub fn send(&self, index: u32) -> BoxFuture<'static, ()> {
        let request = self.take(index);
        if request.is_early {
            return request.send();
        }
        request.issuer.issue(index, request.scheduled_ns, Some(request.scheduled_ns))
    }
}

impl Request<Arc<dyn BlockingIssuer>> {
    /// Issues it when it has arrived, and returns when it has ended.
    pub fn send(self) {
        if self.is_early {
            self.issuer.wait_until(self.scheduled_ns);
        }
        self.issuer.issue(self.index, self.scheduled_ns);
    }
}

impl Request<Arc<dyn AsyncIssuer>> {
    /// Issues it when it has arrived; ready when it has ended.
    pub fn send(self) -> BoxFuture<'static, ()> {
        if !self.is_early {
            return self.issuer.issue(self.index, self.scheduled_ns, None);
        }
        Box::pin(async move {
            self.issuer.wait_until(self.scheduled_ns).await;
            self.issuer.issue(self.index, self.scheduled_ns, None).await;
        })
    }
}

impl<I: Deref<Target: Issuer>> Request<I> {
    /// Gives it up, because there is no thread to send it.
    pub fn without_thread(self, why: &dyn std::error::Error) {
        let failure = Failure::new(Class::Other, format!("cannot start a thread <- {why}"));
        self.issuer.fail(self.index, self.scheduled_ns, failure);
    }

    /// Gives it up, because there is no stack for the green thread of this number.
    pub fn without_stack(self, thread: u32, why: &io::Error) {
        let chain = format!("cannot map a stack for green thread {thread} <- {why}");
        let failure = Failure { class: Class::Stack, errno: why.raw_os_error(), chain };
        self.issuer.fail(self.index, self.scheduled_ns, failure);
    }
}
