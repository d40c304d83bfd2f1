//! A network that loses packets, and answers that are none.

use std::error::Error;

use super::*;

const WRONG: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 7);

/// Resolves once in each way, at the same time, each with a server of its own that answers so.
fn both_ways(
    timeout: Duration,
    answers: impl Fn() -> Vec<Answer> + Sync,
) -> [(Result<Resolved, ResolveError>, Lookups); 2] {
    let resolve = |blocking| {
        let (addr, thread) = fake(answers());
        let resolver = Resolver::new(addr, false, timeout);
        let result = match blocking {
            true => resolver.resolve_blocking("a.test"),
            false => runtime().block_on(resolver.resolve("a.test")),
        };
        thread.join().unwrap();
        (result, resolver.lookups())
    };
    std::thread::scope(|scope| {
        [false, true]
            .map(|blocking| scope.spawn(move || resolve(blocking)))
            .map(|t| t.join().unwrap())
    })
}

fn nothing() -> Answer {
    Box::new(|_| vec![])
}

#[test]
fn what_is_not_the_answer_is_not_taken_for_it() {
    let spoofed = || -> Vec<Answer> {
        vec![Box::new(|query: Query| {
            let wrong = |query| answer(query, WRONG).encode();
            let right = answer(query.clone(), ADDRESS).encode();
            vec![
                wrong(Query { id: query.id.wrapping_add(1), ..query.clone() }),
                wrong(Query { name: Name::new("b.test").unwrap(), ..query.clone() }),
                wrong(Query { kind: 28, ..query.clone() }),
                query.encode(),
                right[..right.len() - 1].to_vec(),
                Vec::new(),
                vec![0xff; 600],
                right,
            ]
        })]
    };
    for (result, lookups) in both_ways(PATIENCE, spoofed) {
        assert_eq!(result.unwrap(), Resolved { address: ADDRESS, source: Source::Query });
        assert_eq!(lookups, Lookups { queries: 1, ..Lookups::default() });
    }
}

#[test]
fn an_answer_from_elsewhere_is_not_taken() {
    let [server, elsewhere] = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let resolver = &Resolver::new(server.local_addr().unwrap(), false, PATIENCE);
    std::thread::scope(|scope| {
        let lookup = scope.spawn(|| resolver.resolve_blocking("a.test"));
        let mut packet = [0; 512];
        let (length, from) = server.recv_from(&mut packet).unwrap();
        let query = Query::decode(&packet[..length]).unwrap();
        elsewhere.send_to(&answer(query.clone(), WRONG).encode(), from).unwrap();
        server.send_to(&answer(query, ADDRESS).encode(), from).unwrap();
        assert_eq!(lookup.join().unwrap().unwrap().address, ADDRESS);
    });
}

#[test]
fn a_lost_packet_is_sent_again() {
    let timeout = Duration::from_secs(2);
    let start = Instant::now();
    let late = || -> Vec<Answer> {
        vec![nothing(), Box::new(|query| vec![answer(query, ADDRESS).encode()])]
    };
    for (result, lookups) in both_ways(timeout, late) {
        assert_eq!(result.unwrap().address, ADDRESS);
        assert_eq!(lookups, Lookups { queries: 1, resends: 1, ..Lookups::default() });
    }
    assert!(start.elapsed() >= timeout / 2);
}

#[test]
fn silence_is_a_timeout() {
    let timeout = Duration::from_millis(100);
    let start = Instant::now();
    for (result, lookups) in both_ways(timeout, || vec![nothing(), nothing()]) {
        assert!(matches!(result, Err(ResolveError::Timeout { after, .. }) if after == timeout));
        assert_eq!(lookups, Lookups { queries: 1, resends: 1, failed: 1, ..Lookups::default() });
    }
    assert!(start.elapsed() >= timeout);
}

#[test]
fn only_damaged_answers_are_an_error_of_their_own() {
    let damaged = || -> Vec<Answer> {
        let cut: fn() -> Answer = || {
            Box::new(|query| {
                let mut right = answer(query, ADDRESS).encode();
                right.pop();
                vec![right]
            })
        };
        vec![cut(), cut()]
    };
    for (result, _) in both_ways(Duration::from_secs(1), damaged) {
        let error = result.unwrap_err();
        let source = error.source().and_then(|e| e.downcast_ref::<MessageError>());
        assert!(matches!(source, Some(MessageError::Short { .. })), "{error:?}");
    }
}

#[test]
fn what_the_server_says_is_final() {
    let says = |code, truncated| {
        let answers = move || -> Vec<Answer> {
            vec![Box::new(move |query| {
                vec![Response { query, code, truncated, records: vec![] }.encode()]
            })]
        };
        both_ways(PATIENCE, answers).map(|(result, lookups)| {
            assert_eq!(lookups.failed, 1);
            result.unwrap_err()
        })
    };
    for error in says(Code::Other(2), false) {
        assert!(matches!(error, ResolveError::Refused { code: 2, .. }), "{error:?}");
    }
    for error in says(Code::NoError, false) {
        assert!(matches!(error, ResolveError::NotFound { .. }), "{error:?}");
    }
    for error in says(Code::NoError, true) {
        let source = MessageError::Truncated;
        assert!(matches!(error, ResolveError::Malformed { source: s, .. } if s == source));
    }
}
