//! From a name to its address, in the same way for every client library.

mod ask;
mod cache;
mod error;

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use error::ResolveError;

use super::message::Record;
use super::name::Name;
use cache::{Cache, Lead, Outcome, Place};

/// Asks one server for addresses, and keeps them if it has a cache. Clones share everything.
#[derive(Debug, Clone)]
pub struct Resolver(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    timeout: Duration,
    cache: Option<Cache>,
    ids: Ids,
    counters: Counters,
}

/// An address and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The first address of the answer.
    pub address: Ipv4Addr,
    /// Source of the address.
    pub source: Source,
}

/// Source of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// From the server.
    #[serde(rename = "miss")]
    Query,
    /// From the cache.
    #[serde(rename = "hit")]
    Hit,
    /// From the answer to another look-up, which had asked already.
    #[serde(rename = "coalesced")]
    Coalesced,
}

impl Source {
    /// Its name in records: `miss`, `hit` or `coalesced`.
    pub fn name(self) -> &'static str {
        match self {
            Source::Query => "miss",
            Source::Hit => "hit",
            Source::Coalesced => "coalesced",
        }
    }
}

/// Counters of a resolver so far. Every look-up of a well-formed name that ended is one of
/// `queries`, `hits` and `coalesced`; some of them are `failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lookups {
    /// Look-ups that asked the server, also those given up by their caller.
    pub queries: u64,
    /// Queries sent a second time, because half of the timeout had passed.
    pub resends: u64,
    /// Look-ups that the cache answered.
    pub hits: u64,
    /// Look-ups that ended with what another one was told, success or failure.
    pub coalesced: u64,
    /// Look-ups that ended with an error.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Counters {
    queries: AtomicU64,
    resends: AtomicU64,
    hits: AtomicU64,
    coalesced: AtomicU64,
    failed: AtomicU64,
}

/// Numbers for queries that nobody can guess: a counter, hashed with a key of this process.
#[derive(Debug, Default)]
struct Ids {
    key: RandomState,
    next: AtomicU64,
}

impl Ids {
    fn draw(&self) -> u16 {
        self.key.hash_one(self.next.fetch_add(1, Ordering::Relaxed)) as u16
    }
}

impl Resolver {
    /// One that asks `server`, with or without a cache. A query is sent again after half of
    /// `timeout`, and given up after all of it.
    pub fn new(server: SocketAddr, cache: bool, timeout: Duration) -> Resolver {
        Resolver(Arc::new(Shared {
            server,
            timeout,
            cache: cache.then(Cache::default),
            ids: Ids::default(),
            counters: Counters::default(),
        }))
    }

    /// The address of `name`, in a tokio runtime with I/O and time.
    ///
    /// With a cache, look-ups of a name that come while another is asking for it wait for its
    /// answer, from whatever thread or runtime they come. If it fails, they fail with its error.
    /// If its future is dropped, one of them asks in its place, with a timeout of its own. A
    /// look-up ends within the timeout, or within the double if it had to take over.
    ///
    /// # Errors
    ///
    /// See [`ResolveError`].
    pub async fn resolve(&self, name: &str) -> Result<Resolved, ResolveError> {
        let result = self.look_up(name).await;
        self.count_failure(result)
    }

    /// [`resolve`](Resolver::resolve) for a thread that may block.
    ///
    /// Not for a thread whose runtime drives other look-ups through this resolver: one that it
    /// waits for could not go on.
    ///
    /// # Errors
    ///
    /// See [`ResolveError`].
    pub fn resolve_blocking(&self, name: &str) -> Result<Resolved, ResolveError> {
        let result = self.look_up_blocking(name);
        self.count_failure(result)
    }

    /// Its counters so far.
    pub fn lookups(&self) -> Lookups {
        let Counters { queries, resends, hits, coalesced, failed } = &self.0.counters;
        Lookups {
            queries: queries.load(Ordering::Relaxed),
            resends: resends.load(Ordering::Relaxed),
            hits: hits.load(Ordering::Relaxed),
            coalesced: coalesced.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
        }
    }

    async fn look_up(&self, name: &str) -> Result<Resolved, ResolveError> {
        let name = parse(name)?;
        let Some(cache) = &self.0.cache else {
            return Ok(from_server(self.ask(&name).await?));
        };
        let start = Instant::now();
        loop {
            match cache.place(&name) {
                Place::Hit(address) => return Ok(self.hit(address)),
                Place::First(lead) => return self.lead(lead, self.ask(&name).await),
                Place::Behind(flight) => {
                    let rest = self.0.timeout.saturating_sub(start.elapsed());
                    let outcome = tokio::time::timeout(rest, flight.outcome()).await.ok();
                    if let Some(result) = self.follow(outcome, &name) {
                        return result;
                    }
                }
            }
        }
    }

    fn look_up_blocking(&self, name: &str) -> Result<Resolved, ResolveError> {
        let name = parse(name)?;
        let Some(cache) = &self.0.cache else {
            return Ok(from_server(self.ask_blocking(&name)?));
        };
        let start = Instant::now();
        loop {
            match cache.place(&name) {
                Place::Hit(address) => return Ok(self.hit(address)),
                Place::First(lead) => return self.lead(lead, self.ask_blocking(&name)),
                Place::Behind(flight) => {
                    let rest = self.0.timeout.saturating_sub(start.elapsed());
                    let outcome = flight.outcome_blocking(rest);
                    if let Some(result) = self.follow(outcome, &name) {
                        return result;
                    }
                }
            }
        }
    }

    async fn ask(&self, name: &Name) -> Result<Record, ResolveError> {
        let Shared { server, timeout, ids, counters, .. } = &*self.0;
        counters.queries.fetch_add(1, Ordering::Relaxed);
        ask::ask(*server, *timeout, ids.draw(), name, &counters.resends).await
    }

    fn ask_blocking(&self, name: &Name) -> Result<Record, ResolveError> {
        let Shared { server, timeout, ids, counters, .. } = &*self.0;
        counters.queries.fetch_add(1, Ordering::Relaxed);
        ask::ask_blocking(*server, *timeout, ids.draw(), name, &counters.resends)
    }

    fn hit(&self, address: Ipv4Addr) -> Resolved {
        self.0.counters.hits.fetch_add(1, Ordering::Relaxed);
        Resolved { address, source: Source::Hit }
    }

    fn lead(
        &self,
        lead: Lead<'_>,
        result: Result<Record, ResolveError>,
    ) -> Result<Resolved, ResolveError> {
        lead.finish(&result);
        result.map(from_server)
    }

    /// The result of a look-up behind another one; nothing if it has to look again. `outcome` is
    /// nothing where the time was up.
    fn follow(
        &self,
        outcome: Option<Outcome>,
        name: &Name,
    ) -> Option<Result<Resolved, ResolveError>> {
        let result = match outcome {
            Some(Outcome::Abandoned) => return None,
            Some(Outcome::Address(address)) => Ok(address),
            Some(Outcome::Failed(error)) => Err(error),
            None => Err(ResolveError::Timeout { name: name.clone(), after: self.0.timeout }),
        };
        self.0.counters.coalesced.fetch_add(1, Ordering::Relaxed);
        Some(result.map(|address| Resolved { address, source: Source::Coalesced }))
    }

    fn count_failure(
        &self,
        result: Result<Resolved, ResolveError>,
    ) -> Result<Resolved, ResolveError> {
        if result.is_err() {
            self.0.counters.failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

fn parse(name: &str) -> Result<Name, ResolveError> {
    Name::new(name).map_err(|source| ResolveError::Name { text: name.to_owned(), source })
}

fn from_server(record: Record) -> Resolved {
    Resolved { address: record.address, source: Source::Query }
}
