//! Tests without a cache, and of the server alone.

use std::error::Error;
use std::io;

use super::*;
use crate::machine::process;

/// Every look-up of the list, at once, on one thread.
fn resolve_all(resolver: &Resolver, names: &[&str]) -> Vec<Result<Resolved, ResolveError>> {
    runtime().block_on(async {
        let lookups = names.iter().map(|name| resolver.resolve(name));
        futures_util::future::join_all(lookups).await
    })
}

#[test]
fn every_lookup_asks_for_itself() {
    let server = Running::start(zone(Duration::from_millis(5)));
    let resolver = server.resolver(false);
    for result in resolve_all(&resolver, &["a.test"; 100]) {
        assert_eq!(result.unwrap(), Resolved { address: ADDRESS, source: Source::Query });
    }
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let resolved = resolver.resolve_blocking("b.TEST.").unwrap();
                assert_eq!(resolved, Resolved { address: ADDRESS, source: Source::Query });
            });
        }
    });
    let counts = server.counts.get();
    assert_eq!(counts, Counts { queries: 120, answered: 120, nxdomain: 0, malformed: 0 });
    assert_eq!(resolver.lookups(), Lookups { queries: 120, ..Lookups::default() });
}

#[test]
fn a_thousand_at_once_are_all_answered() {
    // Each has a socket, and the usual limit of open files is 1024 for all tests together.
    process::set_nofile(process::hard_nofile()).unwrap();
    let server = Running::start(zone(Duration::from_millis(20)));
    let resolver = server.resolver(false);
    for result in resolve_all(&resolver, &["a.test"; 1_000]) {
        assert_eq!(result.unwrap().address, ADDRESS);
    }
    let (counts, lookups) = (server.counts.get(), resolver.lookups());
    assert_eq!((lookups.queries, lookups.failed), (1_000, 0));
    // What is sent again is answered twice; what was lost made someone send again.
    assert_eq!(counts.queries, counts.answered);
    assert!((1_000..=1_000 + lookups.resends).contains(&counts.queries), "{counts:?} {lookups:?}");
}

#[test]
fn an_unknown_name_takes_as_long_as_a_known_one() {
    let delay = Duration::from_micros(12_300);
    let server = Running::start(zone(delay));
    let resolver = server.resolver(false);
    for name in ["a.test", "c.test", "test", "a.a.test"] {
        let start = Instant::now();
        let result = resolver.resolve_blocking(name);
        assert!(start.elapsed() >= delay, "{name}: {:?}", start.elapsed());
        match name {
            "a.test" => assert_eq!(result.unwrap().address, ADDRESS),
            _ => assert!(
                matches!(result, Err(ResolveError::NotFound { name: n }) if n.as_str() == name)
            ),
        }
    }
    let start = Instant::now();
    let results = resolve_all(&resolver, &["a.test", "c.test"]);
    assert!(start.elapsed() >= delay);
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
    let counts = server.counts.get();
    assert_eq!(counts, Counts { queries: 6, answered: 2, nxdomain: 4, malformed: 0 });
    assert_eq!(resolver.lookups(), Lookups { queries: 6, failed: 4, ..Lookups::default() });
}

#[test]
fn delays_overlap() {
    // One after another they would take 200 s.
    let server = Running::start(zone(Duration::from_secs(1)));
    let start = Instant::now();
    let results = resolve_all(&server.resolver(false), &["a.test"; 200]);
    assert!(results.iter().all(Result::is_ok));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn a_burst_waits_in_the_socket() {
    const BURST: usize = 4_000;
    let (go, may_go) = mpsc::channel::<()>();
    let server = Running::start_after(zone(Duration::ZERO), move || {
        // It ends either way: by a message, or because the test is over.
        let _ = may_go.recv();
    });
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let query = Query::address_of(1, Name::new("a.test").unwrap()).encode();
    for _ in 0..BURST {
        socket.send_to(&query, server.addr).unwrap();
    }
    go.send(()).unwrap();
    // As the documentation of the server says, with some room for other kernels.
    let fit = BURST.min(server.receive_buffer_bytes / 1_280);
    server.wait_for_queries(fit as u64);
    assert!(server.counts.get().queries <= BURST as u64);
}

#[test]
fn a_question_about_something_else_has_an_empty_answer() {
    const AAAA: u16 = 28;
    let server = Running::start(zone(Duration::ZERO));
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server.addr).unwrap();
    let query = Query { id: 9, name: Name::new("a.test").unwrap(), kind: AAAA };
    socket.send(b"garbage").unwrap();
    // A response is no question either: two servers could otherwise talk for ever.
    socket.send(&answer(query.clone(), ADDRESS).encode()).unwrap();
    socket.send(&query.encode()).unwrap();
    let mut packet = [0; 512];
    let length = socket.recv(&mut packet).unwrap();
    let response = Response::decode(&packet[..length]).unwrap();
    assert_eq!(
        response,
        Response { query, code: Code::NoError, truncated: false, records: vec![] }
    );
    let counts = server.counts.get();
    assert_eq!(counts, Counts { queries: 1, answered: 1, nxdomain: 0, malformed: 2 });
}

#[test]
fn a_zone_has_host_names() {
    let bad = Zone { names: vec!["a b".to_owned()], ..zone(Duration::ZERO) };
    let bound = runtime().block_on(async { Server::bind(Ipv4Addr::LOCALHOST.into(), &bad) });
    let error = bound.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn without_a_server_a_lookup_fails_with_the_error_number() {
    // The port was free a moment ago: nobody listens there.
    let addr = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let resolver = Resolver::new(addr, false, PATIENCE);
    for error in [
        runtime().block_on(resolver.resolve("a.test")).unwrap_err(),
        resolver.resolve_blocking("a.test").unwrap_err(),
    ] {
        let error = error.clone();
        let source = error.source().and_then(|e| e.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(source.raw_os_error(), Some(libc::ECONNREFUSED));
    }
    assert_eq!(resolver.lookups().failed, 2);
}

#[test]
fn text_that_is_no_name_is_not_sent() {
    let server = Running::start(zone(Duration::ZERO));
    let resolver = server.resolver(true);
    let error = resolver.resolve_blocking("a b").unwrap_err();
    assert_eq!(error.to_string(), "\"a b\" cannot be looked up");
    assert!(error.source().unwrap().to_string().contains("0x20"));
    assert_eq!(resolver.lookups(), Lookups { failed: 1, ..Lookups::default() });
}
