//! Connections of a trial, counted by their fate.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::record::Recorder;
use crate::protocol::ConnectionCounts;
use crate::record::{ConnectionRow, Fate};
use crate::strategy::Strategy;
use crate::strategy::probe::{Connection, Connections, Handshake, Opening};
use crate::vocabulary::Reuse;

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
    let library = strategy.library.known();
    let tells_closing = library.is_some_and(|library| library.tells_closing);
    let tells_starter = library.is_some_and(|library| library.tells_starter);
    let mut counts = ConnectionCounts::default();
    let fresh = strategy.reuse == Reuse::None;
    if tells_closing || tells_starter || !fresh {
        let spans = spans(&connections.all(), strategy, recorder)?;
        counts.peak = Some(most_at_once(&spans));
        // Of kept connections that were closed after all, only their library could tell.
        let tells_ends = tells_closing || fresh;
        counts.ended_before_last = tells_ends.then(|| ended_before_last(&spans));
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
        connecting_ns.push(ready.ns_since(begun));
        counts.ports.extend(opening.local_port.map(|port| (port, connection.uses())));
    }
    counts.kept = tells_closing.then_some(open);
    connecting_ns.sort_unstable();
    // The lower of the two in the middle: a time that was measured.
    counts.connect_p50_ns = connecting_ns.len().checked_sub(1).map(|last| connecting_ns[last / 2]);
    Ok(counts)
}

/// When a TCP connection was open, in nanoseconds since the start of the window. What outlives the
/// window, or ends when nobody knows, has no end.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u64,
    until: u64,
    /// It had not ended before.
    at_least_until: u64,
}

const NO_END: u64 = u64::MAX;

/// Times from opening to closing of all connections that were open once.
///
/// Where a library does not tell when it closes connections, one without reuse is closed when its
/// answer has come: not before the server gave it, and as a rule just before its request ends.
fn spans(
    all: &[Arc<Connection>],
    strategy: &Strategy,
    recorder: &Recorder,
) -> io::Result<Vec<Span>> {
    let mut requests: HashMap<u32, (u64, u64)> = HashMap::new();
    if strategy.reuse == Reuse::None && strategy.library.known().is_none_or(|l| !l.tells_closing) {
        recorder.for_each(|index, outcome| {
            requests.insert(index, (outcome.end_ns, outcome.served_delay_ns.unwrap_or(0)));
        })?;
    }
    let span = |connection: &Arc<Connection>| {
        let opening = connection.opening();
        let from = recorder.at_ns(opening.connect?);
        if let Some(closed) = opening.closed {
            let until = recorder.at_ns(closed);
            return Some(Span { from, until, at_least_until: until });
        }
        let request = connection.started_by.and_then(|index| requests.get(&index));
        Some(match request {
            Some(&(until, delay)) => Span { from, until, at_least_until: from + delay },
            None => Span { from, until: NO_END, at_least_until: NO_END },
        })
    };
    Ok(all.iter().filter_map(span).collect())
}

fn most_at_once(spans: &[Span]) -> u64 {
    let opened = spans.iter().map(|span| (span.from, 1));
    let closed = spans.iter().map(|span| (span.until.max(span.from), -1));
    // Of one moment, ends count first.
    let mut changes: Vec<(u64, i64)> = opened.chain(closed).collect();
    changes.sort_unstable();
    let mut open = 0;
    let most = changes.iter().map(|&(_, change)| {
        open += change;
        open
    });
    most.max().unwrap_or(0).unsigned_abs()
}

/// Number of connections that may have ended when the last one was opened.
fn ended_before_last(spans: &[Span]) -> u64 {
    let last = spans.iter().map(|span| span.from).max();
    let ended = |span: &&Span| last.is_some_and(|last| span.at_least_until < last);
    spans.iter().filter(ended).count() as u64
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
        errno: opening.failure.as_ref().and_then(|f| f.errno),
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
        let span = |&(from, until): &(u64, u64)| Span { from, until, at_least_until: until };
        let of = |spans: &[(u64, u64)]| {
            let spans: Vec<Span> = spans.iter().map(span).collect();
            (most_at_once(&spans), ended_before_last(&spans))
        };
        assert_eq!(of(&[]), (0, 0));
        // Two at once; the third begins when the first ends, the fourth after two have ended.
        assert_eq!(of(&[(1, 5), (2, 7), (5, NO_END), (8, NO_END)]), (2, 2));
        assert_eq!(of(&[(1, 9), (2, 9), (3, 9)]), (3, 0));
        // One that may have ended earlier than its request did makes room earlier.
        let early = [Span { from: 1, until: 9, at_least_until: 2 }, span(&(3, 9))];
        assert_eq!((most_at_once(&early), ended_before_last(&early)), (2, 1));
    }
}
