//! Behaviour of the client `hyper` that no other client has.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use ::hyper::HeaderMap;

use super::faults::server::{Behaviour, answer, body, misbehaving, read_request, reset, stall};
use super::*;
use crate::strategy::library::{Answer, Connect};
use crate::strategy::probe::{Marks, Phase};

/// Long enough to connect and to write a request on a busy machine, short enough to wait for.
const TIMEOUT_NS: u64 = 300_000_000;

/// A strategy of this client; without a limit, everything at once.
fn hyper(reuse: Reuse, limit: Option<u32>) -> Strategy {
    match limit {
        Some(limit) => strategy("async-workers", "hyper", reuse, limit),
        None => strategy("async-all", "hyper", reuse, 0),
    }
}

/// The most connections open at once: from their beginning to their end.
fn most_open(connections: &[ConnectionRow]) -> usize {
    let open_at = |at: u64| {
        let open = |c: &&ConnectionRow| c.start_ns <= at && c.closed_ns.is_none_or(|end| at < end);
        connections.iter().filter(open).count()
    };
    connections.iter().map(|c| open_at(c.start_ns)).max().unwrap_or(0)
}

/// Every phase of a request begins where the one before it ended, and the connection that it was
/// begun for tells the same moments.
fn check_phases(trial: &Recorded, told: &[Phase]) {
    for row in &trial.requests {
        let known: Vec<_> =
            row.ends_ns().into_iter().filter_map(|(phase, end)| Some((phase, end?))).collect();
        assert!(known.is_sorted_by_key(|(_, end)| *end), "{row:?}");
        assert!(known.first().is_some_and(|(_, end)| row.scheduled_ns <= *end), "{row:?}");
        let sum: u64 = row.phases_ns().map(|(_, ns)| ns).sum();
        assert_eq!(sum, row.end_ns - row.scheduled_ns, "{row:?}");

        let number = row.connection.expect("a connection") as usize;
        let connection = &trial.connections[number];
        let first = row.nth == Some(1) && connection.started_by == Some(row.index);
        let expected = told.iter().copied().filter(|phase| match phase {
            Phase::Dns | Phase::Connect | Phase::Tls => first,
            _ => true,
        });
        assert_eq!(known.iter().map(|(p, _)| *p).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        if first {
            assert_eq!(row.pool_ns, Some(connection.start_ns), "{row:?} {connection:?}");
            assert_eq!(row.dns_ns, connection.dns_ns);
            assert_eq!(row.connect_ns, connection.connect_ns);
            assert_eq!(row.tls_ns, connection.tls_ns);
            assert!(row.stream_ns >= connection.ready_ns);
        }
    }
    let uses: u32 = trial.connections.iter().map(|c| c.requests).sum();
    assert_eq!(uses as usize, trial.requests.len());
}

const PLAIN: &[Phase] = &[
    Phase::Queue,
    Phase::Pool,
    Phase::Connect,
    Phase::Stream,
    Phase::Send,
    Phase::Wait,
    Phase::Receive,
];

#[test]
fn phases_of_a_request_follow_each_other() {
    for reuse in Reuse::ALL {
        let serving = Serving::start(fixed_ms(2));
        let trial = recorded(config(serving.addr, hyper(reuse, Some(3)), 30, fixed_ms(2)));
        let server = serving.stop();
        assert_eq!((trial.report.ok, &trial.report.first_error), (30, &None), "{reuse}");
        check_phases(&trial, PLAIN);
        assert_eq!(trial.connections.len() as u64, server.connections, "{reuse}");
        let expected = if reuse == Reuse::None { 30 } else { 3 };
        assert_eq!(trial.connections.len(), expected, "{reuse}");
        // Those that are kept are not closed within the trial.
        let kept = trial.connections.iter().filter(|c| c.closed_ns.is_none()).count();
        assert_eq!(kept, if reuse == Reuse::None { 0 } else { 3 }, "{reuse}");
    }
}

#[test]
fn without_probes_nothing_is_noted() {
    let serving = Serving::start(fixed_ms(1));
    let strategy = Strategy { probes: false, ..hyper(Reuse::Session, Some(2)) };
    let trial = recorded(config(serving.addr, strategy, 10, fixed_ms(1)));
    serving.stop();
    assert_eq!((trial.report.ok, &trial.report.connections), (10, &None));
    assert!(trial.connections.is_empty());
    let unseen = |row: &RequestRow| row.pool_ns.is_none() && row.connection.is_none();
    assert!(trial.requests.iter().all(unseen));
}

#[test]
fn open_connections_have_a_real_limit() {
    for reuse in Reuse::ALL {
        let serving = Serving::start(fixed_ms(2));
        let strategy = Strategy { max_connections: NonZeroU32::new(3), ..hyper(reuse, None) };
        let trial = recorded(config(serving.addr, strategy, 40, fixed_ms(2)));
        let server = serving.stop();
        assert_eq!((trial.report.ok, &trial.report.first_error), (40, &None), "{reuse}");
        assert!(server.peak_in_flight <= 3, "{reuse}: {}", server.peak_in_flight);
        assert_eq!(most_open(&trial.connections), 3, "{reuse}");
        let expected = if reuse == Reuse::None { 40 } else { 3 };
        assert_eq!((server.connections, trial.connections.len()), (expected, expected as usize));
        // Most of them have waited for the others, and say so.
        let last = trial.requests.iter().max_by_key(|r| r.pool_ns).expect("rows");
        assert!(last.pool_ns > Some(last.start_ns + 20_000_000), "{last:?}");
        check_phases(&trial, PLAIN);
    }
}

/// One connection for many hosts: each has to give it up for the others.
#[test]
fn a_limit_below_the_number_of_targets_is_no_deadlock() {
    for (max, targets) in [(1, 2), (1, 5), (2, 3)] {
        for strategy in [hyper(Reuse::Session, None), hyper(Reuse::Session, Some(2))] {
            let serving = Serving::start(fixed_ms(1));
            let strategy = Strategy { max_connections: NonZeroU32::new(max), ..strategy };
            let config = config(serving.addr, strategy, 30, fixed_ms(1));
            let trial = recorded(ClientConfig { targets, ..config });
            let server = serving.stop();
            assert_eq!((trial.report.ok, &trial.report.first_error), (30, &None));
            assert!(most_open(&trial.connections) <= max as usize);
            assert!(server.peak_in_flight <= u64::from(max));
            assert!(server.connections >= u64::from(targets), "{}", server.connections);
        }
    }
}

#[test]
fn whoever_gives_up_waiting_leaves_the_connection_to_others() {
    let serving = Serving::start(fixed_ms(60));
    let mut strategy = hyper(Reuse::Session, None);
    (strategy.max_connections, strategy.timeout_ns) = (NonZeroU32::new(1), Some(200_000_000));
    let report = run(&config(serving.addr, strategy, 20, fixed_ms(60))).expect("a report");
    serving.stop();
    assert!(report.ok >= 1 && report.ok <= 3, "{report:?}");
    let late: u64 = ["timeout(pool)", "timeout(head)", "timeout(body)"]
        .iter()
        .filter_map(|class| report.errors.get(*class))
        .sum();
    assert_eq!(report.ok + late, 20, "{:?}", report.errors);
    // With one connection, most are still waiting for it when their time is up.
    assert!(report.errors.get("timeout(pool)") >= Some(&10), "{:?}", report.errors);
}

/// Requests whose time is over while they wait for a place say so, and begin nothing: not even when the
/// place becomes free in the same moment, since the request that had it is late too.
#[test]
fn who_waits_for_a_place_in_the_pool_begins_no_connection_after_its_time() {
    let http1 = hyper(Reuse::Session, None);
    for (strategy, targets, most) in [
        (http1.clone(), 1, 1),
        (http1.clone(), 3, 2),
        (hyper(Reuse::None, None), 1, 1),
        (hyper(Reuse::Pool, None), 1, 3),
        (hyper(Reuse::Session, Some(6)), 1, 1),
        (http2(Reuse::None), 1, 2),
        (http2(Reuse::Session), 3, 2),
    ] {
        for upload_bytes in [0, 20_000] {
            let dns_delay_ns = (targets > 1).then_some(0);
            let scenario =
                Scenario { targets, dns_delay_ns, upload_bytes, ..scenario(6, fixed_ms(900)) };
            let strategy = Strategy {
                max_connections: NonZeroU32::new(most),
                timeout_ns: Some(TIMEOUT_NS),
                ..strategy.clone()
            };
            let serving = Serving::with(ServerConfig::of(&scenario).for_strategy(&strategy));
            let trial = recorded(ClientConfig::of(&scenario, &strategy, &serving.ready));
            serving.stop();
            let failed = |c: &str| trial.report.errors.get(c).copied().unwrap_or(0);
            // Each place is taken; whoever comes late on a busy machine may get one that was left.
            assert!(failed("timeout(pool)") >= 2, "{:?}", trial.report.errors);
            for failures in trial.report.failures.iter().filter(|f| f.class == "timeout(pool)") {
                assert_eq!(failures.phase, Phase::Pool);
            }
            let begun: Vec<u32> = trial.connections.iter().filter_map(|c| c.started_by).collect();
            for row in &trial.requests {
                let waited = row.connection.is_none() && !begun.contains(&row.index);
                let told = row.error.as_deref() == Some("timeout(pool)");
                assert_eq!(waited, told, "{row:?} {strategy:?}");
            }
            for connection in &trial.connections {
                let by = connection.started_by.expect("hyper tells") as usize;
                let end_ns = trial.requests[by].start_ns + TIMEOUT_NS;
                assert!(connection.start_ns < end_ns, "{connection:?} {strategy:?}");
            }
        }
    }
}

/// A request that waits for a stream of a connection that is there.
#[test]
fn who_waits_for_a_stream_says_so() {
    let scenario = Scenario { streams: 2, ..scenario(6, fixed_ms(900)) };
    let strategy = Strategy { timeout_ns: Some(TIMEOUT_NS), ..http2(Reuse::Session) };
    let serving = Serving::with(ServerConfig::of(&scenario).for_strategy(&strategy));
    let trial = recorded(ClientConfig::of(&scenario, &strategy, &serving.ready));
    serving.stop();
    let failures = trial.report.failures.iter();
    let told: Vec<_> = failures.map(|f| (&*f.class, f.phase, f.requests)).collect();
    let expected = [("timeout(stream)", Phase::Stream, 4), ("timeout(head)", Phase::Wait, 2)];
    assert_eq!(told, expected);
}

#[test]
fn the_error_of_the_connection_is_kept() {
    // Cut as it is accepted: whether the request was written or not.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(reset));
    for server in [addr, misbehaving(|stream, _| reset(stream))] {
        let trial = recorded(config(server, hyper(Reuse::Session, Some(2)), 6, fixed_ms(0)));
        assert_eq!(trial.report.errors.get("reset"), Some(&6), "{:?}", trial.report.first_error);
        let chain = trial.report.first_error.expect("an error");
        assert!(chain.contains("os error 104"), "{chain}");
        let over = |c: &ConnectionRow| c.closed_ns.is_some() || c.error.is_some();
        assert!(trial.connections.iter().all(over), "{:?}", trial.connections);
    }
}

#[test]
fn a_connection_that_cannot_be_opened_says_why() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let trial = recorded(config(nowhere, hyper(Reuse::Session, Some(2)), 3, fixed_ms(0)));
    assert_eq!(trial.connections.len(), 3);
    for row in &trial.connections {
        assert_eq!((row.error.as_deref(), row.ready_ns), (Some("refused"), None));
        assert_eq!(row.requests, 0);
    }
    assert!(trial.requests.iter().all(|r| r.pool_ns.is_some() && r.connection.is_none()));
}

#[test]
fn how_far_a_slow_request_had_come_is_told() {
    let half: Behaviour = |stream, index| {
        let copy = stream.try_clone().expect("a socket");
        answer(stream, index, BODY_BYTES, &body()[..100]);
        stall(copy);
    };
    for (server, class) in [(misbehaving(|s, _| stall(s)), "head"), (misbehaving(half), "body")] {
        let mut strategy = hyper(Reuse::Session, Some(2));
        strategy.timeout_ns = Some(TIMEOUT_NS);
        let trial = recorded(config(server, strategy, 4, fixed_ms(0)));
        let class = format!("timeout({class})");
        assert_eq!(trial.report.errors.get(&class), Some(&4), "{:?}", trial.report.errors);
        // Each was written, and each connection is gone with its request.
        assert!(trial.requests.iter().all(|r| r.send_ns.is_some()));
        assert!(trial.connections.iter().all(|c| c.closed_ns.is_some() && c.requests == 1));
    }
}

/// A trial against a server of its own, and what that saw.
fn against_its_server(strategy: &Strategy, scenario: &Scenario) -> (Recorded, ServerReport) {
    let serving = Serving::with(ServerConfig::of(scenario).for_strategy(strategy));
    let trial = recorded(ClientConfig::of(scenario, strategy, &serving.ready));
    let server = serving.stop();
    let all = u64::from(scenario.requests);
    assert_eq!((trial.report.ok, &trial.report.first_error), (all, &None), "{strategy:?}");
    (trial, server)
}

fn http2(reuse: Reuse) -> Strategy {
    Strategy { protocol: Protocol::Http2, ..hyper(reuse, None) }
}

#[test]
fn requests_to_a_host_share_one_connection_of_http2() {
    for (tls, targets) in [(false, 1), (true, 1), (false, 3), (true, 3)] {
        for reuse in Reuse::ALL {
            let dns_delay_ns = (targets > 1).then_some(1_000_000);
            let scenario = Scenario { tls, targets, dns_delay_ns, ..scenario(40, fixed_ms(3)) };
            let (trial, server) = against_its_server(&http2(reuse), &scenario);
            let expected = if reuse == Reuse::None { 40 } else { u64::from(targets) };
            assert_eq!(server.connections, expected, "{reuse}");
            assert_eq!(trial.connections.len() as u64, expected, "{reuse}");
            let spoken = |c: &ConnectionRow| c.protocol == Some(Protocol::Http2);
            assert!(trial.connections.iter().all(spoken));
            let mut phases = PLAIN.to_vec();
            // Its socket's writes belong to no request.
            phases.retain(|phase| *phase != Phase::Send);
            if targets > 1 {
                phases.insert(2, Phase::Dns);
            }
            if tls {
                phases.insert(phases.len() - 3, Phase::Tls);
            }
            check_phases(&trial, &phases);
        }
    }
}

/// A server resets streams that are too many. Requests wait for theirs instead, and say so.
#[test]
fn no_more_streams_are_opened_than_the_server_allows() {
    for (streams, limit) in [(1, None), (4, None), (4, Some(3)), (40, None)] {
        let scenario = Scenario { streams, ..scenario(30, fixed_ms(5)) };
        let strategy = Strategy { protocol: Protocol::Http2, ..hyper(Reuse::Session, limit) };
        let (trial, server) = against_its_server(&strategy, &scenario);
        let most = u64::from(streams.min(limit.unwrap_or(30)));
        assert_eq!(server.connections, 1);
        // All thirty at once is a matter of how fast they are sent; fewer are held up until they are.
        let expected = if most < 30 { most..=most } else { 1..=most };
        assert!(expected.contains(&server.peak_in_flight), "{streams}: {}", server.peak_in_flight);
        let wait_ns = |row: &RequestRow| Some(row.stream_ns? - row.pool_ns?);
        let longest_ns = trial.requests.iter().filter_map(wait_ns).max();
        let rounds = 30 / u64::from(streams);
        if limit.is_none() && rounds > 1 {
            assert!(longest_ns >= Some((rounds - 1) * 5_000_000), "{streams}: {longest_ns:?}");
        }
    }
}

#[test]
fn shared_connections_have_the_limit_too() {
    for (max, targets) in [(1, 2), (1, 4), (2, 3)] {
        for reuse in Reuse::ALL {
            let strategy = Strategy { max_connections: NonZeroU32::new(max), ..http2(reuse) };
            let scenario = Scenario { targets, ..scenario(24, fixed_ms(2)) };
            let (trial, server) = against_its_server(&strategy, &scenario);
            assert!(most_open(&trial.connections) <= max as usize, "{reuse}");
            assert!(server.connections >= u64::from(targets), "{reuse}");
        }
    }
}

#[test]
fn every_connection_looks_its_name_up_once() {
    let scenario = Scenario { targets: 2, dns_delay_ns: Some(0), ..scenario(20, fixed_ms(1)) };
    for (protocol, reuse, lookups) in [
        (Protocol::Http1, Reuse::None, 20),
        (Protocol::Http2, Reuse::None, 20),
        (Protocol::Http2, Reuse::Session, 2),
        (Protocol::Http2, Reuse::Pool, 2),
    ] {
        let strategy = Strategy { protocol, dns_cache: false, ..hyper(reuse, Some(4)) };
        let (trial, server) = against_its_server(&strategy, &scenario);
        assert_eq!((server.dns_queries, server.connections), (lookups, lookups), "{reuse}");
        let told = trial.connections.iter().filter(|c| c.dns.is_some()).count();
        assert_eq!(told as u64, lookups, "{reuse}");
    }
}

#[test]
fn tls_sessions_are_resumed_or_not_as_the_server_says() {
    let scenario = Scenario { tls: true, ..scenario(12, fixed_ms(1)) };
    for protocol in Protocol::ALL {
        for tls_resumption in [true, false] {
            let strategy = hyper(Reuse::None, Some(1));
            let strategy = Strategy { protocol, tls_resumption, ..strategy };
            let (trial, server) = against_its_server(&strategy, &scenario);
            let counts = trial.report.connections.expect("probes");
            assert_eq!(
                (counts.tls_full, counts.tls_resumed),
                (server.tls_full, server.tls_resumed)
            );
            // One after the other, so that each has the ticket of the one before it.
            assert_eq!(counts.tls_full, if tls_resumption { 1 } else { 12 }, "{protocol}");
        }
    }
}

#[test]
fn the_error_of_a_shared_connection_is_kept() {
    use std::io::Read;

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The preface of the protocol, and then no more.
            stream.read_exact(&mut [0; 24]).expect("a client");
            reset(stream);
        }
    });
    let strategy = Strategy { protocol: Protocol::Http2, ..hyper(Reuse::Session, Some(3)) };
    let report = run(&config(addr, strategy, 6, fixed_ms(0))).expect("a report");
    assert_eq!(
        report.errors.get("reset"),
        Some(&6),
        "{:?} {:?}",
        report.errors,
        report.first_error
    );
}

#[test]
fn a_handshake_that_does_not_come_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let certificate = crate::tls::Identity::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let mut strategy = hyper(Reuse::Session, Some(2));
    strategy.timeout_ns = Some(TIMEOUT_NS);
    let config = ClientConfig {
        certificate: Some(certificate.certificate().to_vec()),
        ..config(addr, strategy, 4, fixed_ms(0))
    };
    let trial = recorded(config);
    drop(listener);
    assert_eq!(trial.report.errors.get("timeout(tls)"), Some(&4), "{:?}", trial.report.errors);
    for row in &trial.connections {
        assert_eq!(row.error.as_deref(), Some("timeout(tls)"));
        assert!(row.connect_ns.is_some() && row.tls_ns.is_none(), "{row:?}");
    }
}

/// Takes note of nothing but the marks.
#[derive(Default)]
struct Noting(Vec<Marks>);

impl Answer for Noting {
    fn head(&mut self, status: u16, _: &HeaderMap) {
        assert_eq!(status, 200);
    }

    fn chunk(&mut self, _: &[u8]) {}

    fn marks(&mut self, marks: &Marks) {
        self.0.push(marks.clone());
    }
}

/// A server that closes each connection after one answer, and a client object.
fn closing_after_one() -> (Box<dyn AsyncClient>, Settings) {
    let close_after_one = |mut stream: TcpStream| {
        let Some(index) = read_request(&mut stream) else { return };
        let head =
            format!("HTTP/1.1 200 OK\r\nInflight-Index: {index}\r\nContent-Length: 0\r\n\r\n");
        drop(stream.write_all(head.as_bytes()));
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(close_after_one));
    let config = config(addr, hyper(Reuse::Session, Some(1)), 1, fixed_ms(0));
    let settings = settings(&config).expect("settings");
    match library::named("hyper").expect("a library").connect {
        Connect::Async(connect) => (connect(&settings).expect("a client"), settings),
        Connect::Blocking(_) => panic!("hyper is async"),
    }
}

/// A server may close a connection that is idle. That is no failure, if it is seen in time.
#[test]
fn a_connection_that_was_closed_while_idle_is_not_used() {
    let (client, settings) = closing_after_one();
    let runtime = start(Runtime::CurrentThread).expect("a runtime");
    let mut answers = Noting::default();
    runtime.block_on(async {
        for index in 0..3 {
            client.fetch(index, &mut answers).await.expect("an answer");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let carried: Vec<_> =
        answers.0.iter().map(|m| m.carried.map(|c| (c.connection, c.nth))).collect();
    assert_eq!(carried, [Some((0, 1)), Some((1, 1)), Some((2, 1))]);
    let connections = settings.probes.expect("probes").all();
    let closed = connections.iter().filter(|c| c.opening().closed.is_some()).count();
    assert_eq!(connections.len(), 3);
    assert!(closed >= 2, "the last one is not asked for again, {closed} are closed");
}

/// The server closes while the next request is on its way: some are answered on a new connection,
/// some fail, and each ends.
#[test]
fn a_connection_that_is_closed_at_any_moment_ends_its_request() {
    let (client, _) = closing_after_one();
    let runtime = start(Runtime::CurrentThread).expect("a runtime");
    let mut answers = Noting::default();
    runtime.block_on(async {
        for index in 0..500u32 {
            let fetch = client.fetch(index, &mut answers);
            let ended = tokio::time::timeout(Duration::from_secs(20), fetch).await;
            assert!(ended.is_ok(), "request {index} never ends");
            // From none to the time that the server needs to close.
            std::thread::sleep(Duration::from_micros(u64::from(index % 100)));
        }
    });
}
