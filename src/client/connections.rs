//! What became of the connections of a trial.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::record::Recorder;
use crate::protocol::ConnectionCounts;
use crate::record::{ConnectionRow, Fate};
use crate::strategy::{Reuse, Strategy};
use crate::strategy::probe::{Connection, Connections, Handshake, Opening};

/// All of them, counted.
///
/// # Errors
///
/// If the record of the requests cannot be read back.
pub(super) fn counts(
    connections: &Connections,
    strategy: &Strategy,
    recorder: &Recorder,
) -> io::Result<ConnectionCounts> {
    let library = strategy.library;
    let mut counts = ConnectionCounts::default();
    if library.tells_closing || library.tells_starter || strategy.reuse != Reuse::None {
        let spans = spans(&connections.all(), strategy, recorder)?;
        counts.peak = Some(most_at_once(&spans));
        counts.ended_before_last = Some(ended_before_last(&spans));
    }
    let mut open = 0;
    let mut connecting_ns = Vec::new();
    for connection in connections.all() {
        let opening = connection.opening();
        match fate(&connection, &opening) {
            Fate::Used => counts.used += 1,
            Fate::Unused => counts.unused += 1,
            Fate::Failed => counts.failed += 1,
            Fate::GivenUp => counts.given_up += 1,
        }
        let Some(ready) = opening.ready else { continue };
        counts.opened += 1;
        open += u64::from(opening.closed.is_none());
        match opening.handshake {
            Some(Handshake::Full) => counts.tls_full += 1,
            Some(Handshake::Resumed) => counts.tls_resumed += 1,
            None => {}
        }
        let begun = opening.dns.unwrap_or(connection.start);
        connecting_ns.push(ready.saturating_duration_since(begun).as_nanos() as u64);
        counts.ports.extend(opening.local_port.map(|port| (port, connection.uses())));
    }
    counts.kept = library.tells_closing.then_some(open);
    connecting_ns.sort_unstable();
    // The lower of the two in the middle: a time that was measured.
    counts.connect_p50_ns = connecting_ns.len().checked_sub(1).map(|last| connecting_ns[last / 2]);
    Ok(counts)
}

/// When a TCP connection was open: from and until, in nanoseconds since the start of the window.
type Span = (u64, u64);

/// Of all that were open once. What ends after the window, or nobody knows when, has no end.
fn spans(
    all: &[Arc<Connection>],
    strategy: &Strategy,
    recorder: &Recorder,
) -> io::Result<Vec<Span>> {
    // Without reuse, a connection is of no use to anyone after its request.
    let ends_with_request = strategy.reuse == Reuse::None && !strategy.library.tells_closing;
    let mut ends_ns: HashMap<u32, u64> = HashMap::new();
    if ends_with_request {
        recorder.for_each(|index, outcome| {
            ends_ns.insert(index, outcome.end_ns);
        })?;
    }
    let span = |connection: &Arc<Connection>| {
        let opening = connection.opening();
        let closed = opening.closed.map(|closed| recorder.at_ns(closed));
        let request = || ends_ns.get(&connection.started_by?).copied();
        Some((recorder.at_ns(opening.connect?), closed.or_else(request).unwrap_or(u64::MAX)))
    };
    Ok(all.iter().filter_map(span).collect())
}

fn most_at_once(spans: &[Span]) -> u64 {
    let opened = spans.iter().map(|&(from, _)| (from, 1));
    // Of one moment, ends count first.
    let mut changes: Vec<(u64, i64)> =
        opened.chain(spans.iter().map(|&(from, until)| (until.max(from), -1))).collect();
    changes.sort_unstable();
    let mut open = 0i64;
    let most = changes.iter().map(|&(_, change)| {
        open += change;
        open
    });
    most.max().unwrap_or(0).unsigned_abs()
}

fn ended_before_last(spans: &[Span]) -> u64 {
    let last = spans.iter().map(|span| span.0).max();
    spans.iter().filter(|&&(_, until)| last.is_some_and(|last| until < last)).count() as u64
}

/// One of them as a row of the record.
pub(super) fn row(connection: &Connection, recorder: &Recorder) -> ConnectionRow {
    let opening = connection.opening().clone();
    let at = |moment: Option<_>| moment.map(|moment| recorder.at_ns(moment));
    ConnectionRow {
        connection: connection.id,
        started_by: connection.started_by,
        start_ns: recorder.at_ns(connection.start),
        dns_ns: at(opening.dns),
        dns: opening.source,
        connect_ns: at(opening.connect),
        tls_ns: at(opening.tls),
        tls: opening.handshake,
        protocol: opening.protocol,
        local_port: opening.local_port,
        ready_ns: at(opening.ready),
        requests: connection.uses(),
        closed_ns: at(opening.closed),
        fate: fate(connection, &opening),
        error: opening.failure.as_ref().map(|f| f.class.to_string()),
        error_chain: opening.failure.as_ref().map(|f| f.chain.clone()),
    }
}

fn fate(connection: &Connection, opening: &Opening) -> Fate {
    match (opening.ready, &opening.failure) {
        (Some(_), _) if connection.uses() > 0 => Fate::Used,
        (Some(_), _) => Fate::Unused,
        (None, Some(_)) => Fate::Failed,
        (None, None) => Fate::GivenUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_overlap_until_they_end() {
        assert_eq!((most_at_once(&[]), ended_before_last(&[])), (0, 0));
        // Two at once; the third begins when the first ends, the fourth after two have ended.
        let spans = [(1, 5), (2, 7), (5, u64::MAX), (8, u64::MAX)];
        assert_eq!((most_at_once(&spans), ended_before_last(&spans)), (2, 2));
        let all_at_once = [(1, 9), (2, 9), (3, 9)];
        assert_eq!((most_at_once(&all_at_once), ended_before_last(&all_at_once)), (3, 0));
    }
}
