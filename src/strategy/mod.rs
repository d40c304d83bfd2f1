//! The vocabulary of strategies: how a client may issue many requests.
//!
//! A strategy is model × library × reuse × limit × runtime. Models stand in [`model`], one file
//! and one line of [`model::ALL`] each; HTTP libraries in [`library`], likewise. A [`Strategy`]
//! can only be made of a valid combination (see [`Strategy::new`]).

pub mod failure;
pub mod library;
pub mod model;
pub mod schedule;
pub mod work;

use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use library::Library;
pub use model::{LimitRule, Model};

/// Whether code waits by blocking its thread or by yielding to a runtime. A model issues requests
/// in one flavour, so it can drive the libraries of that flavour only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// A call returns when the answer is there.
    Blocking,
    /// A call returns a future.
    Async,
}

/// What happens to a connection after its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reuse {
    /// A connection for every request.
    None,
    /// One client object for the whole trial; it keeps and reuses its connections.
    Session,
    /// A fresh client object for every request over one shared pool of connections.
    Pool,
}

impl Reuse {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Reuse; 3] = [Reuse::None, Reuse::Session, Reuse::Pool];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Reuse::None => "none",
            Reuse::Session => "session",
            Reuse::Pool => "pool",
        }
    }
}

impl fmt::Display for Reuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The tokio runtime that an async model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// Everything on the thread that started the trial.
    CurrentThread,
    /// A work-stealing runtime with this many worker threads.
    MultiThread(NonZeroU32),
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Runtime::CurrentThread => f.write_str("current-thread"),
            Runtime::MultiThread(n) => write!(f, "multi-thread({n})"),
        }
    }
}

/// One valid way of issuing requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Strategy {
    /// The reader's name for it; not part of what it does.
    pub label: String,
    /// How requests are issued.
    pub model: &'static Model,
    /// Which HTTP library issues them.
    pub library: &'static Library,
    /// What happens to connections.
    pub reuse: Reuse,
    /// Requests in flight at most.
    pub limit: Option<NonZeroU32>,
    /// The runtime; `Some` exactly for async models.
    pub runtime: Option<Runtime>,
    /// A request that takes longer fails with class `timeout(…)`.
    pub timeout_ns: Option<u64>,
    /// Open files that the client process may have (`RLIMIT_NOFILE`).
    pub nofile: Option<u64>,
}

/// Why a combination of values is not a strategy. The text names the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The model drives libraries of the other flavour.
    #[error("model `{model}` cannot drive client `{client}`; it can drive {}", .can.join(", "))]
    Client {
        /// The model asked for.
        model: &'static str,
        /// The client asked for.
        client: &'static str,
        /// The clients that it can drive.
        can: Vec<&'static str>,
    },
    /// The library has no such way of reuse.
    #[error("client `{client}` cannot do reuse = \"{reuse}\"; it can do {}", .can.join(", "))]
    Reuse {
        /// The client asked for.
        client: &'static str,
        /// The mode asked for.
        reuse: Reuse,
        /// The modes that it has.
        can: Vec<&'static str>,
    },
    /// The model needs a limit and has none.
    #[error("model `{0}` needs a `limit`")]
    LimitMissing(&'static str),
    /// The model has no use for a limit.
    #[error("model `{model}` has no limit; remove `limit`, or choose a model that takes one: {}", model::limited().join(", "))]
    LimitForbidden {
        /// The model asked for.
        model: &'static str,
    },
    /// A blocking model has no runtime.
    #[error("model `{0}` runs on threads, not on a runtime; remove `runtime`")]
    RuntimeForbidden(&'static str),
}

impl Strategy {
    /// Checks the combination and fills in what follows from it (the runtime of an async model is
    /// `current-thread` unless given).
    #[expect(clippy::too_many_arguments, reason = "one argument per factor of the experiment file")]
    pub fn new(
        label: String,
        model: &'static Model,
        library: &'static Library,
        reuse: Reuse,
        limit: Option<NonZeroU32>,
        runtime: Option<Runtime>,
        timeout_ns: Option<u64>,
        nofile: Option<u64>,
    ) -> Result<Strategy, Invalid> {
        if library.flavour() != model.flavour() {
            let can = library::of_flavour(model.flavour()).map(|l| l.name).collect();
            return Err(Invalid::Client { model: model.name, client: library.name, can });
        }
        if !library.reuse.contains(&reuse) {
            let can = library.reuse.iter().map(|r| r.name()).collect();
            return Err(Invalid::Reuse { client: library.name, reuse, can });
        }
        match (model.limit, limit) {
            (LimitRule::Required, None) => return Err(Invalid::LimitMissing(model.name)),
            (LimitRule::Forbidden, Some(_)) => {
                return Err(Invalid::LimitForbidden { model: model.name });
            }
            _ => {}
        }
        let runtime = match (model.flavour(), runtime) {
            (Flavour::Blocking, Some(_)) => return Err(Invalid::RuntimeForbidden(model.name)),
            (Flavour::Blocking, None) => None,
            (Flavour::Async, given) => Some(given.unwrap_or(Runtime::CurrentThread)),
        };
        Ok(Strategy { label, model, library, reuse, limit, runtime, timeout_ns, nofile })
    }

    /// The schedule that this strategy would follow without any overhead.
    pub fn ideal(&self, delays_ns: &[u64]) -> schedule::Schedule {
        (self.model.ideal)(delays_ns, self.limit)
    }

    /// Connections that the server may see for `requests` requests, if none of them fails.
    pub fn connections(&self, requests: u32) -> RangeInclusive<u32> {
        if self.reuse == Reuse::None {
            return requests..=requests;
        }
        let slots = self.concurrency(requests);
        let most = slots.saturating_mul(self.library.connections_per_slot).min(requests);
        most.min(1)..=most
    }

    /// Requests that can be in flight at once, of `requests`.
    pub fn concurrency(&self, requests: u32) -> u32 {
        match (self.model.limit, self.limit) {
            (_, Some(limit)) => limit.get().min(requests),
            (LimitRule::Forbidden, None) if self.model.flavour() == Flavour::Blocking => 1,
            (_, None) => requests,
        }
    }
}

/// A strategy on its way to a trial child: models and libraries travel by name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    label: String,
    model: String,
    client: String,
    reuse: Reuse,
    limit: Option<NonZeroU32>,
    runtime: Option<Runtime>,
    timeout_ns: Option<u64>,
    nofile: Option<u64>,
}

impl From<Strategy> for Wire {
    fn from(s: Strategy) -> Wire {
        Wire {
            label: s.label,
            model: s.model.name.to_owned(),
            client: s.library.name.to_owned(),
            reuse: s.reuse,
            limit: s.limit,
            runtime: s.runtime,
            timeout_ns: s.timeout_ns,
            nofile: s.nofile,
        }
    }
}

impl TryFrom<Wire> for Strategy {
    type Error = String;

    fn try_from(w: Wire) -> Result<Strategy, String> {
        let model =
            model::named(&w.model).ok_or_else(|| format!("there is no model `{}`", w.model))?;
        let library = library::named(&w.client)
            .ok_or_else(|| format!("there is no client `{}`", w.client))?;
        Strategy::new(w.label, model, library, w.reuse, w.limit, w.runtime, w.timeout_ns, w.nofile)
            .map_err(|e| e.to_string())
    }
}
