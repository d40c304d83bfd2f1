//! What became of the connections of a trial.

use super::record::Recorder;
use crate::protocol::ConnectionCounts;
use crate::record::{ConnectionRow, Fate};
use crate::strategy::Library;
use crate::strategy::probe::{Connection, Connections, Handshake, Opening};

/// All of them, counted.
pub(super) fn counts(connections: &Connections, library: &Library) -> ConnectionCounts {
    let mut counts = ConnectionCounts::default();
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
    counts
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
