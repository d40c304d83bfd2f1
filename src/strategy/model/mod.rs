//! Models: how requests are issued. One file and one line of [`ALL`] each.
//!
//! A model's file holds all of it: its description, its ideal schedule, and the code that issues
//! requests.

mod async_all;
mod async_batches;
mod async_buffered;
mod async_semaphore;
mod async_workers;
mod green;
mod offload;
mod sequential;
mod thread_pool;
mod threads;

use std::num::NonZeroU32;

use futures_util::future::{BoxFuture, LocalBoxFuture};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::library::Library;
use super::schedule::{Schedule, Spans};
use super::work::{AsyncWork, BlockingWork, required};
use crate::units::lines_of_code;
use crate::vocabulary::Flavour;

/// Whether a model takes a `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitRule {
    /// It means nothing without one.
    Required,
    /// It has no use for one.
    Forbidden,
}

/// Order in which requests follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next in index order.
    InLine,
    /// The next of the same slot's own share: `i`, `i + slots`, …
    OwnShare,
    /// None, until all that began with it have ended; then as many again.
    Batch,
}

/// Quantity that a model's memory grows with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The requests in flight: it has a task or thread for each of them.
    Slots,
    /// All requests: it has a task for each of them.
    Requests,
}

/// Function by which a model issues the requests of a trial.
#[derive(Debug, Clone, Copy)]
pub enum Issue {
    /// On the calling thread, and threads that it starts and joins. Never inside a runtime.
    Blocking(fn(&BlockingWork)),
    /// In green threads of the calling thread: within a runtime's
    /// [`LocalSet`](tokio::task::LocalSet), which the future is driven in.
    Green(fn(BlockingWork) -> LocalBoxFuture<'static, ()>),
    /// On a runtime. The future is spawned as a task: driven by `block_on` itself, it would race
    /// with the tasks that put connections back into the pool.
    Async(fn(AsyncWork) -> BoxFuture<'static, ()>),
    /// On a runtime, while the calling thread, which is not within it, does something else.
    Offload(fn(&AsyncWork, &Runtime)),
}

/// A schedule without overhead for these arrivals and delays.
pub type OpenIdeal = fn(&[u64], &[u64], Option<NonZeroU32>) -> Spans;

/// One way of issuing requests.
#[derive(Debug)]
pub struct Model {
    /// The word of the experiment file.
    pub name: &'static str,
    /// Description for the documentation and the report.
    pub summary: &'static str,
    /// Names of the same pattern in other languages and libraries.
    pub known_as: &'static str,
    /// Whether it takes a limit.
    pub limit: LimitRule,
    /// Its schedule without overhead, for these delays (nanoseconds, in request order). A model
    /// whose limit is required always gets one.
    pub ideal: fn(&[u64], Option<NonZeroU32>) -> Schedule,
    /// Its schedule without overhead under open arrival, for arrivals (ascending, the first
    /// argument) and delays. `None` if the model means nothing then.
    pub open: Option<OpenIdeal>,
    /// Wall time without overhead of requests and the caller's own work together, by the wall time of the
    /// requests and that of the work. `None` if its caller has no work of its own.
    pub own_work: Option<fn(u64, u64) -> u64>,
    /// The order in which its requests follow one another, by which predictions simulate it; with
    /// `None`, its wall time is not predicted. A test holds the simulation against `ideal`.
    pub next: Option<Next>,
    /// Quantity that its memory grows with, by which predictions extend it.
    pub holds: Holds,
    /// Issues the requests, and returns when every one has ended.
    pub issue: Issue,
    /// Text of its file, from which [`Model::lines`] are counted.
    pub source: &'static str,
}

impl Model {
    /// How the calls wait that it makes.
    pub fn flavour(&self) -> Flavour {
        match self.issue {
            Issue::Blocking(_) | Issue::Green(_) => Flavour::Blocking,
            Issue::Async(_) | Issue::Offload(_) => Flavour::Async,
        }
    }

    /// Lines of code of its functions: what it takes to write this model. Its description above them and its
    /// tests below do not count.
    pub fn lines(&self) -> u64 {
        let functions = self.source.split("#[cfg(test)]").next().unwrap_or_default();
        // The constant ends with the first line that is `};`.
        let functions = functions.split_once("\n};\n").map_or(functions, |(_, rest)| rest);
        lines_of_code(functions)
    }

    /// Whether its requests are made in green threads.
    pub fn is_green(&self) -> bool {
        matches!(self.issue, Issue::Green(_))
    }

    /// Whether it can drive this library.
    pub fn drives(&self, library: &Library) -> bool {
        self.flavour() == library.flavour() && (library.green_threads || !self.is_green())
    }
}

/// Every model, in the order of the documentation.
pub const ALL: &[&Model] = &[
    &sequential::MODEL,
    &threads::MODEL,
    &thread_pool::MODEL,
    &green::MODEL,
    &async_all::MODEL,
    &async_batches::MODEL,
    &async_semaphore::MODEL,
    &async_buffered::MODEL,
    &async_workers::MODEL,
    &offload::MODEL,
];

/// The model of this name.
pub fn named(name: &str) -> Option<&'static Model> {
    ALL.iter().copied().find(|m| m.name == name)
}

/// The names of the models that take a limit.
pub fn limited() -> Vec<&'static str> {
    ALL.iter().filter(|m| m.limit == LimitRule::Required).map(|m| m.name).collect()
}

/// The names of the models that can meet open arrival.
pub fn openable() -> Vec<&'static str> {
    ALL.iter().filter(|m| m.open.is_some()).map(|m| m.name).collect()
}

/// The names of the models whose caller may have work of its own.
pub fn working() -> Vec<&'static str> {
    ALL.iter().filter(|m| m.own_work.is_some()).map(|m| m.name).collect()
}

/// Stack of a model's own threads. A request through ureq or `reqwest::blocking` was seen to need
/// less than 40 KiB in a release build and less than 96 KiB in a debug build; the rest is for
/// errors and other versions. Only touched pages cost memory, but all of it is reserved: a thousand
/// threads with std's 2 MiB would ask for 2 GiB of address space, more than some containers give.
const STACK_BYTES: usize = 256 * 1024;

/// Waits for all tasks, which are spawned on the way.
async fn joined(tasks: impl Iterator<Item = JoinHandle<()>>) {
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        if let Err(e) = task.await
            && e.is_panic()
        {
            std::panic::resume_unwind(e.into_panic());
        }
    }
}
