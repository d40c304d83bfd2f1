//! Requests and connections as every library tells them, over every way of carrying them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use super::*;
use crate::record::Fate;
use crate::strategy::Library;
use crate::strategy::library::UPLOAD_CHUNK_BYTES;
use crate::strategy::probe::Phase;
use crate::vocabulary::Protocol;

const REQUESTS: u32 = 24;

/// A trial as both sides saw it.
struct Seen {
    name: String,
    library: &'static Library,
    model: &'static str,
    client: ClientReport,
    server: ServerReport,
    requests: Vec<RequestRow>,
    connections: Vec<ConnectionRow>,
}

/// Runs a strategy against a server of the scenario, in this process, and keeps every row.
fn trial(strategy: &Strategy, scenario: &Scenario) -> Seen {
    let serving = Serving::with(ServerConfig::of(scenario).for_strategy(strategy));
    let trial = recorded(ClientConfig::of(scenario, strategy, &serving.ready));
    let server = serving.stop();
    let Strategy { library, model, protocol, reuse, .. } = strategy;
    let library = library.known().expect("a library");
    let model = model.known().expect("a model").name;
    let client = library.name;
    let name = format!("{model} {client} {protocol} {reuse} tls: {}", scenario.tls);
    let all = u64::from(scenario.requests);
    let Recorded { report, requests, connections } = trial;
    assert_eq!((report.ok, &report.first_error), (all, &None), "{name}");
    Seen { name, library, model, client: report, server, requests, connections }
}

/// Two hosts with names, on a server that takes its time with all.
fn named(tls: bool) -> Scenario {
    Scenario { targets: 2, dns_delay_ns: Some(1_000_000), tls, ..scenario(REQUESTS, fixed_ms(2)) }
}

/// Every protocol × TLS × reuse of every library.
fn every_way(check: impl FnMut(Seen)) {
    every_way_of(REQUESTS, None, check);
}

/// Runs every library over every protocol with so many requests and this limit.
fn every_way_of(requests: u32, limit: Option<NonZeroU32>, mut check: impl FnMut(Seen)) {
    for (library, model) in driven() {
        for (&protocol, tls) in library.protocols.iter().flat_map(|p| [(p, false), (p, true)]) {
            for &reuse in library.reuse {
                let wanted = wanted_by(model, library, protocol, reuse);
                let limit = limit.or(wanted.limit);
                let strategy = Strategy { limit, ..wanted }.checked().expect("valid");
                check(trial(&strategy, &Scenario { requests, ..named(tls) }));
            }
        }
    }
}

/// The phases that the recorder knows for every library.
const OURS: [Phase; 3] = [Phase::Queue, Phase::Wait, Phase::Receive];

#[test]
fn phases_are_ordered_add_up_and_are_those_that_the_library_tells() {
    let mut told: BTreeMap<(&str, &str), BTreeSet<Phase>> = BTreeMap::new();
    every_way(|seen| {
        let all = check_phases(&seen);
        told.entry((seen.library.name, seen.model)).or_default().extend(all);
    });
    for (library, model) in driven() {
        let all: BTreeSet<Phase> = library.tells.iter().copied().chain(OURS).collect();
        let name = library.name;
        assert_eq!(told.get(&(name, model)), Some(&all), "{model} {name}");
    }
}

/// Checks that the phases of each request follow each other and are all of its time. Gives those
/// that were told.
fn check_phases(seen: &Seen) -> BTreeSet<Phase> {
    let name = &seen.name;
    let mut times: BTreeMap<Phase, (u64, u64)> = BTreeMap::new();
    let mut total_ns = 0;
    for row in &seen.requests {
        let mut last = row.scheduled_ns;
        for (phase, end) in row.ends_ns() {
            let Some(end) = end else { continue };
            assert!(end >= last, "{name}: {phase:?} ends too early: {row:?}");
            let (requests, sum_ns) = times.entry(phase).or_default();
            (*requests, *sum_ns) = (*requests + 1, *sum_ns + end - last);
            last = end;
            let known = OURS.contains(&phase) || seen.library.tells.contains(&phase);
            assert!(known, "{name} told {phase:?}: {row:?}");
        }
        total_ns += row.end_ns - row.scheduled_ns;
    }
    // The report says the same as the rows, and its phases are all of the time.
    let reported = seen.client.phases.iter().map(|p| (p.phase, (p.requests, p.sum_ns)));
    assert_eq!(reported.collect::<BTreeMap<_, _>>(), times, "{name}");
    assert_eq!(times.values().map(|(_, ns)| ns).sum::<u64>(), total_ns, "{name}");
    if !name.ends_with("true") {
        assert!(!times.contains_key(&Phase::Tls), "{name} told a handshake that was none");
    }
    times.into_keys().collect()
}

#[test]
fn connections_are_told_as_the_server_saw_them() {
    every_way(|seen| check_connections(&seen));
}

/// Checks that both sides know the same connections, with the same requests.
fn check_connections(seen: &Seen) {
    let (name, library) = (&seen.name, seen.library);
    let mut nths: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in &seen.requests {
        let (Some(connection), Some(nth)) = (row.connection, row.nth) else {
            panic!("{name} did not tell what carried {row:?}");
        };
        nths.entry(connection).or_default().push(nth);
    }
    for row in &seen.connections {
        let marks = [row.dns_ns, row.connect_ns, row.tls_ns, row.ready_ns, row.closed_ns];
        let known: Vec<u64> =
            [row.start_ns].into_iter().chain(marks.into_iter().flatten()).collect();
        assert!(known.is_sorted(), "{name}: {row:?}");
        assert_eq!(
            row.tls_ns.is_some(),
            row.ready_ns.is_some() && name.ends_with("true"),
            "{name}: {row:?}"
        );
        assert_eq!(row.started_by.is_some(), library.tells_starter, "{name}: {row:?}");
        assert!(library.tells_closing || row.closed_ns.is_none(), "{name}: {row:?}");
        let mut carried = nths.remove(&row.connection).unwrap_or_default();
        carried.sort_unstable();
        assert_eq!(carried, (1..=row.requests).collect::<Vec<_>>(), "{name}: {row:?}");
        assert_eq!(row.fate == Fate::Used, row.requests > 0, "{name}: {row:?}");
    }
    assert!(nths.is_empty(), "{name}: carried by no known connection: {nths:?}");

    // By port and number of requests, connections are the same on both sides. (One that carried
    // nothing may have been closed before the server accepted it.)
    let used = |ports: &[(u16, u32)]| -> Vec<(u16, u32)> {
        let mut used: Vec<_> = ports.iter().copied().filter(|(_, n)| *n > 0).collect();
        used.sort_unstable();
        used
    };
    let counts = seen.client.connections.as_ref().expect("probes");
    assert_eq!(used(&counts.ports), used(&seen.server.accepted), "{name}");
    assert_eq!(counts.kept.is_some(), library.tells_closing, "{name}");
    // What the server accepted and nothing came over, the client knows by name.
    let surplus = seen.server.accepted.iter().filter(|(_, requests)| *requests == 0).count();
    let named = seen.connections.iter().filter(|row| row.fate != Fate::Used).count();
    assert!(surplus <= named, "{name}: {surplus} surplus, {named} named");
}

/// Runs [`every_way_of`] with many requests at once, in two minutes: `cargo test --lib ten_thousand
/// -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_requests_of_every_way_are_told_whole() {
    every_way_of(10_000, NonZeroU32::new(100), |seen| {
        check_phases(&seen);
        check_connections(&seen);
        let mut fates: BTreeMap<String, u32> = BTreeMap::new();
        for row in &seen.connections {
            *fates.entry(format!("{:?}", row.fate)).or_default() += 1;
        }
        let accepted = seen.server.accepted.len();
        println!("{}: {accepted} accepted, by the client {fates:?}", seen.name);
    });
}

#[test]
fn names_are_looked_up_when_the_library_says() {
    for (library, model) in driven() {
        let strategy = wanted_by(model, library, Protocol::Http1, Reuse::Session).checked();
        let seen = trial(&strategy.expect("valid"), &named(false));
        let dns = seen.client.dns.expect("names");
        let lookups = dns.hits + dns.misses + dns.coalesced;
        assert_eq!((dns.misses, dns.failed), (2, 0), "{}: {dns:?}", library.name);
        let each_request = library.ways.resolves.contains("before every request");
        assert_eq!(lookups >= u64::from(REQUESTS), each_request, "{}: {dns:?}", library.name);
        let sources = seen.requests.iter().filter(|row| row.dns.is_some()).count();
        let told = seen.requests.iter().filter(|row| row.dns_ns.is_some()).count();
        assert_eq!(sources, told, "{}", library.name);
    }
}

#[test]
fn sessions_are_resumed_if_the_server_lets_them() {
    for (library, model) in driven() {
        for resumption in [true, false] {
            let wanted = Strategy {
                tls_resumption: resumption,
                ..wanted_by(model, library, Protocol::Http1, Reuse::None)
            };
            let seen = trial(&wanted.checked().expect("valid"), &named(true));
            let (name, server) = (&seen.name, &seen.server);
            assert_eq!(server.tls_full + server.tls_resumed, u64::from(REQUESTS), "{name}");
            assert_eq!(server.tls_resumed > 0, resumption, "{name}: {server:?}");
            // A library tells of all handshakes or of none.
            let counts = seen.client.connections.expect("probes");
            let told = (counts.tls_full, counts.tls_resumed);
            assert!(
                [(0, 0), (server.tls_full, server.tls_resumed)].contains(&told),
                "{name}: {told:?}"
            );
        }
    }
}

#[test]
fn establishing_a_connection_takes_what_the_server_is_told() {
    let (connect_delay_ns, handshake_delay_ns) = (20_000_000, 15_000_000);
    for (library, model) in driven() {
        let strategy = wanted_by(model, library, Protocol::Http1, Reuse::None).checked();
        let slow = Scenario { connect_delay_ns, handshake_delay_ns, ..named(true) };
        let seen = trial(&strategy.expect("valid"), &slow);
        let used = seen.connections.iter().filter(|row| row.fate == Fate::Used);
        let took: Vec<u64> =
            used.map(|row| row.ready_ns.expect("it carried one") - row.start_ns).collect();
        assert_eq!(took.len(), REQUESTS as usize, "{}", seen.name);
        let least = took.iter().min();
        assert!(least >= Some(&(connect_delay_ns + handshake_delay_ns)), "{}: {took:?}", seen.name);
    }
}

#[test]
fn redirects_are_followed_and_counted() {
    for (library, model) in driven() {
        for &protocol in library.protocols {
            let strategy =
                wanted_by(model, library, protocol, Reuse::Session).checked().expect("valid");
            let seen = trial(&strategy, &Scenario { redirects: 3, ..named(false) });
            let all = u64::from(REQUESTS) * 3;
            assert_eq!(seen.server.redirected, all, "{}", seen.name);
            assert!(seen.requests.iter().all(|row| row.redirects == Some(3)), "{}", seen.name);
            let carried = seen.connections.iter().map(|row| u64::from(row.requests)).sum::<u64>();
            let expected =
                if library.tells_hops { all + u64::from(REQUESTS) } else { u64::from(REQUESTS) };
            assert_eq!(carried, expected, "{}", seen.name);
            for row in &seen.requests {
                let known: Vec<u64> =
                    row.ends_ns().into_iter().filter_map(|(_, end)| end).collect();
                assert!(known.is_sorted(), "{}: {row:?}", seen.name);
            }
        }
    }
}

#[test]
fn bodies_of_requests_are_handed_over_in_pieces() {
    let upload_bytes = 3 * UPLOAD_CHUNK_BYTES as u64 + 1;
    for (library, model) in driven() {
        for (&protocol, tls) in library.protocols.iter().flat_map(|p| [(p, false), (p, true)]) {
            let strategy =
                wanted_by(model, library, protocol, Reuse::Session).checked().expect("valid");
            let seen = trial(&strategy, &Scenario { upload_bytes, ..named(tls) });
            let all = u64::from(REQUESTS) * upload_bytes;
            assert_eq!(seen.server.uploaded_bytes, all, "{}", seen.name);
            for row in &seen.requests {
                let taken = &row.sent_chunk_ns.0;
                assert_eq!((row.sent_chunks, taken.len()), (Some(4), 4), "{}", seen.name);
                assert!(taken.is_sorted() && taken[0] >= row.start_ns, "{}: {row:?}", seen.name);
                // The server answers when it has read all of it.
                assert!(Some(taken[3]) <= row.head_ns, "{}: {row:?}", seen.name);
            }
        }
    }
}

#[test]
fn pieces_of_answers_are_told_one_by_one() {
    let (chunks, chunk_delay_ns) = (4, 2_000_000);
    let delay_ns = 2_000_000;
    for (library, model) in driven() {
        for (&protocol, tls) in library.protocols.iter().flat_map(|p| [(p, false), (p, true)]) {
            let wanted = wanted_by(model, library, protocol, Reuse::Session);
            let slow = Scenario { chunks, chunk_delay_ns, ..named(tls) };
            let seen = trial(&wanted.clone().checked().expect("valid"), &slow);
            for row in &seen.requests {
                let (at, bytes) = (&row.chunk_ns.0, &row.chunk_bytes.0);
                let named = format!("{}: {row:?}", seen.name);
                // A library may cut a piece, and join two if it comes to read late.
                let several = row.chunks.filter(|&n| n > 1).unwrap_or(0) as usize;
                assert_eq!((at.len(), bytes.len()), (several, several), "{named}");
                assert!(at.is_sorted() && at.last() <= Some(&row.end_ns), "{named}");
                assert!(several == 0 || at.first().copied() == row.first_body_ns, "{named}");
                assert!(several == 0 || bytes.iter().sum::<u64>() == BODY_BYTES, "{named}");
                let last = at.last().copied().or(row.first_body_ns).expect("a body");
                let planned_ns = delay_ns + u64::from(chunks - 1) * chunk_delay_ns;
                assert!(last >= row.start_ns + planned_ns, "{named}");
            }
            let several = seen.requests.iter().filter(|row| row.chunk_ns.0.len() > 1).count();
            assert!(several > 0, "{}: no answer came in pieces", seen.name);
            let blind = Strategy { probes: false, ..wanted }.checked().expect("valid");
            let upload_bytes = 2 * UPLOAD_CHUNK_BYTES as u64;
            let seen = trial(&blind, &Scenario { upload_bytes, ..slow });
            let silent =
                |row: &RequestRow| row.chunk_ns.0.is_empty() && row.sent_chunk_ns.0.is_empty();
            assert!(seen.requests.iter().all(silent), "{}", seen.name);
        }
    }
}

#[test]
fn without_probes_nothing_is_told() {
    for (library, model) in driven() {
        for &reuse in library.reuse {
            let wanted =
                Strategy { probes: false, ..wanted_by(model, library, Protocol::Http1, reuse) };
            let seen = trial(&wanted.checked().expect("valid"), &named(true));
            assert_eq!(
                (&seen.client.connections, seen.connections.len()),
                (&None, 0),
                "{}",
                seen.name
            );
            for row in &seen.requests {
                let told = row
                    .ends_ns()
                    .into_iter()
                    .filter(|(phase, end)| end.is_some() && !OURS.contains(phase));
                assert_eq!((told.count(), row.connection), (0, None), "{}: {row:?}", seen.name);
            }
        }
    }
}
