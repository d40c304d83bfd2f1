//! Attempts to open connections that came to nothing, and the requests that depended on them.
//!
//! Over HTTP/2 a request waits for the connection that another one opens. If that comes to nothing,
//! hyper-util gives the request up and does not say why. The attempt that it waited for is one of
//! those to its host that ended while it was on its way: if all of these ended alike, that is why it
//! failed. If they did not, nobody knows, and nothing is said.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::probe::{Connection, lock};

/// Runs of attempts that ended alike, of each host: far more than a request sees on its way.
const MOST_RUNS: usize = 64;

/// The attempts of a trial, by host. Where hosts have no names there is one, whose name is empty.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Number of attempts that have come to nothing so far.
    ended: AtomicU64,
    hosts: Mutex<Hosts>,
}

#[derive(Debug, Default)]
struct Hosts(BTreeMap<String, Host>);

#[derive(Debug, Default)]
struct Host {
    /// Whether a connection was ever open: reqwest does not tell when one is closed.
    opened: bool,
    /// Attempts under way, by the number of their connection.
    running: BTreeMap<u32, Arc<Connection>>,
    /// Attempts that came to nothing, in order; neighbours ended in different ways.
    runs: Vec<Run>,
    /// The last attempt of the runs that were left out.
    left_out: u64,
}

/// Attempts in a row that ended alike.
#[derive(Debug)]
struct Run {
    /// The number of the last of them.
    last: u64,
    end: End,
}

/// End of an attempt that came to nothing.
#[derive(Debug, Clone)]
pub(super) enum End {
    Failed(Failure),
    /// The time of the request that had begun it was over at this stage.
    GivenUp(Stage),
}

impl End {
    /// Whether it says the same of a request. Texts may differ, by a port for instance.
    fn is_like(&self, other: &End) -> bool {
        match (self, other) {
            (End::Failed(one), End::Failed(other)) => {
                (one.class, one.errno) == (other.class, other.errno)
            }
            (End::GivenUp(one), End::GivenUp(other)) => one == other,
            _ => false,
        }
    }
}

/// Attempts that had come to nothing at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::strategy::library) struct Since(u64);

impl Attempts {
    /// Now: to be asked before a request is made.
    pub(super) fn now(&self) -> Since {
        Since(self.ended.load(Ordering::Acquire))
    }

    /// An attempt is begun.
    pub(super) fn begin(&self, host: &str, connection: &Arc<Connection>) {
        let mut hosts = lock(&self.hosts);
        let host = hosts.of(host);
        // Once there was a connection, nobody asks for these.
        if !host.opened {
            host.running.insert(connection.id, Arc::clone(connection));
        }
    }

    /// A connection is open.
    pub(super) fn opened(&self, host: &str) {
        let mut hosts = lock(&self.hosts);
        let host = hosts.of(host);
        if !host.opened {
            host.opened = true;
            host.running.clear();
        }
    }

    /// An attempt has come to nothing.
    pub(super) fn ended(&self, host: &str, connection: &Connection, end: End) {
        let mut hosts = lock(&self.hosts);
        // Counted under the lock, so that runs are in order.
        let last = self.ended.fetch_add(1, Ordering::AcqRel) + 1;
        let host = hosts.of(host);
        host.running.remove(&connection.id);
        match host.runs.last_mut() {
            Some(run) if run.end.is_like(&end) => run.last = last,
            _ => host.runs.push(Run { last, end }),
        }
        if host.runs.len() > MOST_RUNS {
            host.left_out = host.runs.remove(0).last;
        }
    }

    /// Why the attempt failed that a request to `host` waited for, which was made after `since` and is
    /// given up by now; nothing, if that is not known.
    pub(super) fn why(&self, host: &str, since: Since) -> Option<Failure> {
        Some(match lock(&self.hosts).0.get(host)?.only_end(since)? {
            End::Failed(failure) => failure.clone(),
            End::GivenUp(stage) => {
                let text = "the time of the request that was opening the connection was over";
                Failure::new(Class::Timeout(*stage), text)
            }
        })
    }

    /// Whether there was never a connection to `host`, so that every request to it waited for one.
    pub(super) fn never_opened(&self, host: &str) -> bool {
        lock(&self.hosts).0.get(host).is_none_or(|host| !host.opened)
    }

    /// Stage of the attempt that a request to `host` waited for when its time was over; `None` if
    /// it is not known. `stage` gives that of an attempt under way.
    pub(super) fn stage(
        &self,
        host: &str,
        since: Since,
        stage: impl Fn(&Connection) -> Stage,
    ) -> Option<Stage> {
        let hosts = lock(&self.hosts);
        let host = hosts.0.get(host)?;
        if host.opened || host.left_out > since.0 {
            return None;
        }
        let running = host.running.values().map(|connection| stage(connection));
        let given_up = host.since(since).filter_map(|run| match run.end {
            End::GivenUp(stage) => Some(stage),
            // Who waits for one that fails, fails with it: it was not this one.
            End::Failed(_) => None,
        });
        let mut stages = running.chain(given_up);
        let first = stages.next()?;
        stages.all(|stage| stage == first).then_some(first)
    }
}

impl Hosts {
    fn of(&mut self, name: &str) -> &mut Host {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Host::default());
        }
        self.0.get_mut(name).expect("it was put there")
    }
}

impl Host {
    /// Runs with attempts that ended after `since`.
    fn since(&self, since: Since) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.last > since.0)
    }

    /// End of all attempts after `since`, if they ended alike.
    fn only_end(&self, since: Since) -> Option<&End> {
        let mut runs = self.since(since);
        let first = runs.next()?;
        (runs.next().is_none() && self.left_out <= since.0).then_some(&first.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::strategy::probe::Connections;

    fn failed(class: Class) -> End {
        End::Failed(Failure::new(class, "why"))
    }

    fn class(failure: Option<Failure>) -> Option<Class> {
        failure.map(|failure| failure.class)
    }

    #[test]
    fn whoever_waits_learns_why_only_if_all_attempts_ended_alike() {
        let (attempts, connections) = (Attempts::default(), Connections::default());
        let end = |host: &str, end: End| {
            let connection = connections.begin(None);
            attempts.begin(host, &connection);
            attempts.ended(host, &connection, end);
        };
        let early = attempts.now();
        assert_eq!(class(attempts.why("a", early)), None, "nothing has ended");
        end("a", failed(Class::Dns));
        end("b", failed(Class::Refused));
        end("a", failed(Class::Dns));
        assert_eq!(class(attempts.why("a", early)), Some(Class::Dns));
        assert_eq!(class(attempts.why("b", early)), Some(Class::Refused), "another host");
        let late = attempts.now();
        end("a", failed(Class::Tls));
        assert_eq!(class(attempts.why("a", early)), None, "one of two");
        assert_eq!(class(attempts.why("a", late)), Some(Class::Tls));
        let later = attempts.now();
        end("a", End::GivenUp(Stage::Dns));
        assert_eq!(class(attempts.why("a", late)), None);
        assert_eq!(class(attempts.why("a", later)), Some(Class::Timeout(Stage::Dns)));
    }

    #[test]
    fn the_stage_of_who_waited_is_known_only_where_no_connection_was_ever_open() {
        let (attempts, connections) = (Attempts::default(), Connections::default());
        let (one, other) = (connections.begin(None), connections.begin(None));
        let since = attempts.now();
        attempts.begin("", &one);
        attempts.begin("", &other);
        let stage = |connection: &Connection| match connection.opening().connect {
            None => Stage::Connect,
            Some(_) => Stage::Tls,
        };
        assert_eq!(attempts.stage("", since, stage), Some(Stage::Connect));
        other.opening().connect = Some(crate::timer::Moment::now());
        assert_eq!(attempts.stage("", since, stage), None, "one of two");
        attempts.ended("", &one, End::GivenUp(Stage::Tls));
        assert_eq!(attempts.stage("", since, stage), Some(Stage::Tls));
        assert!(attempts.never_opened(""));
        attempts.opened("");
        assert_eq!(attempts.stage("", since, stage), None);
        assert!(!attempts.never_opened(""));
    }

    proptest! {
        /// Whatever is left out: a class that is told is that of each attempt that may have been meant.
        #[test]
        fn nothing_is_guessed(ends in prop::collection::vec(0..3u16, 1..200), asked in 0..200usize) {
            let (attempts, connections) = (Attempts::default(), Connections::default());
            let mut since = attempts.now();
            for (number, status) in ends.iter().enumerate() {
                if number == asked {
                    since = attempts.now();
                }
                attempts.ended("", &connections.begin(None), failed(Class::Status(*status)));
            }
            let meant = &ends[if asked < ends.len() { asked } else { 0 }..];
            if let Some(told) = class(attempts.why("", since)) {
                prop_assert!(meant.iter().all(|status| Class::Status(*status) == told));
            } else {
                prop_assert!(meant.iter().any(|status| *status != meant[0]));
            }
        }
    }
}
