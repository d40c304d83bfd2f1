//! Addresses that are known, and names that are being asked for.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::error::ResolveError;
use crate::dns::message::Record;
use crate::dns::name::Name;

/// The names asked for so far. Only a name that has an address, or is being asked for, is in it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: Mutex<HashMap<Name, Entry>>,
}

#[derive(Debug)]
enum Entry {
    Known { address: Ipv4Addr, until: Instant },
    Asked(Arc<Flight>),
}

/// State of a look-up.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// The address is known.
    Hit(Ipv4Addr),
    /// It is the one that asks.
    First(Lead<'a>),
    /// Another one asks.
    Behind(Arc<Flight>),
}

/// Outcome of a query.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Address(Ipv4Addr),
    Failed(ResolveError),
    /// Whoever asked gave up: someone else should.
    Abandoned,
}

/// A query that look-ups wait for. Some of them may block a thread, and others must not.
#[derive(Debug, Default)]
pub(super) struct Flight {
    outcome: Mutex<Option<Outcome>>,
    to_threads: Condvar,
    to_tasks: Notify,
}

/// The duty to ask for a name. Dropped, it goes to another look-up.
#[derive(Debug)]
pub(super) struct Lead<'a> {
    cache: &'a Cache,
    name: Name,
    flight: Arc<Flight>,
}

impl Cache {
    /// State of a look-up of `name`.
    pub(super) fn place(&self, name: &Name) -> Place<'_> {
        let mut entries = self.entries();
        match entries.get(name) {
            Some(Entry::Asked(flight)) => return Place::Behind(flight.clone()),
            Some(&Entry::Known { address, until }) if Instant::now() < until => {
                return Place::Hit(address);
            }
            _ => {}
        }
        let flight = Arc::new(Flight::default());
        entries.insert(name.clone(), Entry::Asked(flight.clone()));
        Place::First(Lead { cache: self, name: name.clone(), flight })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Name, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lead<'_> {
    /// Keeps an address for its time, and tells all who wait.
    pub(super) fn finish(self, result: &Result<Record, ResolveError>) {
        let outcome = match result {
            Ok(record) => Outcome::Address(record.address),
            Err(error) => Outcome::Failed(error.clone()),
        };
        // A time beyond the clock is as good as none.
        let known = result.as_ref().ok().and_then(|record| {
            let until = Instant::now().checked_add(record.ttl)?;
            (!record.ttl.is_zero()).then_some(Entry::Known { address: record.address, until })
        });
        self.settle(known, outcome);
    }

    /// Nobody else touches the entry meanwhile: all others wait for it. It changes before the
    /// waiters hear of the end, so that one who looks again does not find the ended flight.
    fn settle(&self, entry: Option<Entry>, outcome: Outcome) {
        let mut entries = self.cache.entries();
        match entry {
            Some(entry) => drop(entries.insert(self.name.clone(), entry)),
            None => drop(entries.remove(&self.name)),
        }
        drop(entries);
        self.flight.end(outcome);
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if self.flight.lock().is_none() {
            self.settle(None, Outcome::Abandoned);
        }
    }
}

impl Flight {
    fn end(&self, outcome: Outcome) {
        *self.lock() = Some(outcome);
        self.to_threads.notify_all();
        self.to_tasks.notify_waiters();
    }

    fn peek(&self) -> Option<Outcome> {
        self.lock().clone()
    }

    /// Waits for the end.
    pub(super) async fn outcome(&self) -> Outcome {
        loop {
            // Made before looking: it hears of an end that comes between the two.
            let ended = self.to_tasks.notified();
            if let Some(outcome) = self.peek() {
                return outcome;
            }
            ended.await;
        }
    }

    /// Blocks the thread until the end, or until `timeout` is over.
    pub(super) fn outcome_blocking(&self, timeout: Duration) -> Option<Outcome> {
        let (outcome, _) = self
            .to_threads
            .wait_timeout_while(self.lock(), timeout, |outcome| outcome.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        outcome.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
