//! Record of what a server saw.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lateness::{Beat, Watch};
use crate::dns;
use crate::machine::process::{NetCounters, Status, Usage};
use crate::protocol::{Pause, ServerReport, Tick};
use crate::timer::Moment;

/// Counts of a running server.
///
/// The server has one thread: the lock is never waited for. It is there because tasks of a runtime
/// must be `Send`.
#[derive(Debug)]
pub(super) struct Ledger(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    requests: u64,
    answered: u64,
    seen: Seen,
    first: Option<Moment>,
    last: Option<Moment>,
    /// Port of the client and requests of each connection, in order of acceptance.
    accepted: Vec<(u16, u32)>,
    in_flight: u64,
    peak_in_flight: u64,
    delay_served_sum_ns: u64,
    watch: Watch,
    accept_failures: u64,
    redirected: u64,
    uploaded_bytes: u64,
    refused: u64,
    /// Number of handshakes, by [`Handshake`].
    handshakes: [u64; 3],
}

/// Kind of a TLS handshake.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handshake {
    /// From nothing.
    Full,
    /// With a session from before.
    Resumed,
    /// Not with a connection.
    Failed,
}

impl Ledger {
    pub(super) fn new() -> Ledger {
        Ledger(Mutex::new(Counts {
            requests: 0,
            answered: 0,
            seen: Seen::default(),
            first: None,
            last: None,
            accepted: Vec::new(),
            in_flight: 0,
            peak_in_flight: 0,
            delay_served_sum_ns: 0,
            watch: Watch::new(Beat::now()),
            accept_failures: 0,
            redirected: 0,
            uploaded_bytes: 0,
            refused: 0,
            handshakes: [0; 3],
        }))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was accepted from this port. Returns its number.
    pub(super) fn connected(&self, port: u16) -> usize {
        let mut counts = self.counts();
        counts.accepted.push((port, 0));
        counts.accepted.len() - 1
    }

    /// A connection could not be accepted.
    pub(super) fn accept_failed(&self) {
        self.counts().accept_failures += 1;
    }

    /// A TLS handshake ended.
    pub(super) fn shook_hands(&self, how: Handshake) {
        self.counts().handshakes[how as usize] += 1;
    }

    /// The head of a request was parsed.
    pub(super) fn requested(&self, connection: usize) {
        let mut counts = self.counts();
        counts.requests += 1;
        counts.accepted[connection].1 += 1;
        counts.first.get_or_insert_with(Moment::now);
    }

    /// The index of the next request, where they are numbered as they arrive.
    pub(super) fn next_index(&self) -> u64 {
        self.counts().requests
    }

    /// A request asks for this index.
    pub(super) fn asked_for(&self, index: u64) {
        self.counts().seen.add(index);
    }

    /// The head of a request was parsed that is to be redirected: it is on its way to an answer,
    /// and no request of its own.
    pub(super) fn hopped(&self, connection: usize) {
        self.counts().accepted[connection].1 += 1;
    }

    /// A redirect is sent.
    pub(super) fn redirected(&self) {
        self.counts().redirected += 1;
    }

    /// Whether this many requests are in flight.
    pub(super) fn is_full(&self, capacity: u32) -> bool {
        self.counts().in_flight >= u64::from(capacity)
    }

    /// A request was refused, because there were too many.
    pub(super) fn refused(&self) {
        self.counts().refused += 1;
    }

    /// Bytes of a request's body were read.
    pub(super) fn uploaded(&self, bytes: usize) {
        self.counts().uploaded_bytes += bytes as u64;
    }

    /// A request for a delay is in flight from now on.
    pub(super) fn entered(&self) {
        let mut counts = self.counts();
        counts.in_flight += 1;
        counts.peak_in_flight = counts.peak_in_flight.max(counts.in_flight);
    }

    /// An answer was delayed for this long.
    pub(super) fn delayed(&self, actual_ns: u64) {
        let mut counts = self.counts();
        counts.delay_served_sum_ns = counts.delay_served_sum_ns.saturating_add(actual_ns);
    }

    /// A pause is over, or was given up when it should have been over.
    pub(super) fn paused(&self, pause: Pause, planned_ns: u64, actual_ns: u64) {
        self.counts().watch.paused(pause, planned_ns, actual_ns, Beat::now);
    }

    /// Moment of the server's next beat.
    pub(super) fn next_beat(&self) -> Moment {
        self.counts().watch.next_beat()
    }

    /// Notes the server's beat.
    pub(super) fn beat(&self) {
        self.counts().watch.beat(Beat::now());
    }

    /// A request is in flight no more: its body was handed over `whole`, or its connection is gone.
    pub(super) fn left(&self, whole: bool) {
        let mut counts = self.counts();
        counts.in_flight -= 1;
        if whole {
            counts.answered += 1;
            counts.last = Some(Moment::now());
        }
    }

    /// Progress of the trial.
    pub(super) fn tick(&self) -> Tick {
        let counts = self.counts();
        Tick { answered: counts.answered, in_flight: counts.in_flight }
    }

    /// Requests in flight now.
    #[cfg(test)]
    pub(super) fn in_flight(&self) -> u64 {
        self.counts().in_flight
    }

    /// Handshakes that failed until now.
    #[cfg(test)]
    pub(super) fn failed_handshakes(&self) -> u64 {
        self.counts().handshakes[Handshake::Failed as usize]
    }

    /// Everything, with what the process used and the machine counted since the server's start, and
    /// what its name server saw.
    pub(super) fn report(&self, started: Started, names: dns::Counts) -> ServerReport {
        let mut counts = self.counts();
        let lateness = counts.watch.report(Beat::now());
        let used = Usage::now().since(started.usage);
        let net = NetCounters::now().since(started.net);
        let mut per_connection: Vec<u32> = counts.accepted.iter().map(|(_, n)| *n).collect();
        per_connection.sort_unstable();
        let rank = |i: Option<usize>| i.map_or(0, |i| u64::from(per_connection[i]));
        let last = per_connection.len().checked_sub(1);
        ServerReport {
            redirected: counts.redirected,
            uploaded_bytes: counts.uploaded_bytes,
            refused: counts.refused,
            tls_full: counts.handshakes[Handshake::Full as usize],
            tls_resumed: counts.handshakes[Handshake::Resumed as usize],
            tls_failed: counts.handshakes[Handshake::Failed as usize],
            dns_queries: names.queries,
            dns_unknown: names.nxdomain,
            accepted: counts.accepted.clone(),
            requests: counts.requests,
            distinct: counts.seen.distinct,
            answered: counts.answered,
            began_ns: counts.first.filter(|_| cfg!(target_os = "linux")).map(Moment::monotonic_ns),
            window_ns: counts
                .first
                .zip(counts.last)
                .map(|(first, last)| last.monotonic_ns().saturating_sub(first.monotonic_ns())),
            connections: per_connection.len() as u64,
            requests_per_connection_min: rank(last.map(|_| 0)),
            // Nearest rank: of an even number, the lower of the two in the middle.
            requests_per_connection_p50: rank(last.map(|last| last / 2)),
            requests_per_connection_max: rank(last),
            accept_failures: counts.accept_failures,
            peak_in_flight: counts.peak_in_flight,
            delay_served_sum_ns: counts.delay_served_sum_ns,
            lateness,
            cpu_user_ns: used.user_ns,
            cpu_sys_ns: used.sys_ns,
            max_rss_bytes: Status::now().max_rss_bytes,
            listen_overflows: net.listen_overflows,
            listen_drops: net.listen_drops,
            retransmits: net.retransmits,
            syn_retransmits: net.syn_retransmits,
            tcp_timeouts: net.tcp_timeouts,
        }
    }
}

/// Which requests were seen: a bit for each index.
#[derive(Debug, Default)]
struct Seen {
    bits: Vec<u64>,
    distinct: u64,
}

impl Seen {
    /// More indices than an experiment can have: no request needs more memory than 2 MiB for these bits.
    const MOST: u64 = 1 << 24;

    /// Adds an index; one beyond all that an experiment can have is no request of it.
    fn add(&mut self, index: u64) {
        if index >= Seen::MOST {
            return;
        }
        let (word, bit) = ((index / 64) as usize, 1 << (index % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.distinct += u64::from(self.bits[word] & bit == 0);
        self.bits[word] |= bit;
    }
}

/// Usage and network counters before a server began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Started {
    usage: Usage,
    net: NetCounters,
}

impl Started {
    pub(super) fn now() -> Started {
        Started { usage: Usage::now(), net: NetCounters::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Lateness;

    #[test]
    fn nothing_seen_is_no_percentile() {
        let report = Ledger::new().report(Started::now(), dns::Counts::default());
        assert_eq!((report.requests, report.connections, report.peak_in_flight), (0, 0, 0));
        assert_eq!(report.requests_per_connection_min, 0);
        assert_eq!(report.lateness.delays, Lateness::default());
    }

    #[test]
    fn connections_are_ranked_with_the_idle_ones() {
        let ledger = Ledger::new();
        for (port, requests) in [(4, 3), (9, 0), (2, 1), (7, 7)] {
            let connection = ledger.connected(port);
            (0..requests).for_each(|_| ledger.requested(connection));
        }
        let report = ledger.report(Started::now(), dns::Counts::default());
        assert_eq!((report.connections, report.requests), (4, 11));
        assert_eq!(report.requests_per_connection_min, 0);
        assert_eq!(report.requests_per_connection_p50, 1);
        assert_eq!(report.requests_per_connection_max, 7);
        assert_eq!(report.accepted, [(4, 3), (9, 0), (2, 1), (7, 7)]);
    }

    #[test]
    fn lateness_is_of_delayed_requests_only() {
        let ledger = Ledger::new();
        ledger.delayed(90);
        ledger.paused(Pause::Delay, 0, 90);
        for late in 1..=100 {
            ledger.delayed(1_000 + late);
            ledger.paused(Pause::Delay, 1_000, 1_000 + late);
        }
        let report = ledger.report(Started::now(), dns::Counts::default());
        let Lateness { pauses, error_p50_ns, error_p99_ns, error_max_ns, .. } =
            report.lateness.delays;
        assert_eq!(pauses, 100);
        assert_eq!((error_p50_ns, error_p99_ns, error_max_ns), (Some(50), Some(99), Some(100)));
        assert_eq!(report.delay_served_sum_ns, 90 + 100_000 + 5_050);
    }
}
