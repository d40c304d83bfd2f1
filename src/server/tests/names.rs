//! The name server beside the delay server.

use super::*;
use crate::dns::{ResolveError, Resolver};
use crate::protocol::DnsTerms;

#[test]
fn names_are_answered_late_and_counted() {
    let terms =
        DnsTerms { targets: 2, address: [127, 0, 0, 9].into(), delay_ns: 20_000_000, ttl_ns: 1 };
    let server = Running::start(ServerConfig { dns: Some(terms), ..config(1, 0) });
    let addr = server.ready.dns.expect("a name server");
    assert_eq!(addr.ip(), server.addr.ip());
    let resolver = Resolver::new(addr, false, PATIENCE);
    runtime().unwrap().block_on(async {
        for (name, known) in [("host0.test", true), ("host1.test", true), ("host2.test", false)] {
            let start = Instant::now();
            let resolved = resolver.resolve(name).await;
            assert!(start.elapsed() >= Duration::from_millis(20), "{name}");
            match resolved {
                Ok(resolved) => {
                    assert_eq!((known, resolved.address), (true, [127, 0, 0, 9].into()));
                }
                Err(error) => assert!(!known && matches!(error, ResolveError::NotFound { .. })),
            }
        }
    });
    // It goes on serving requests.
    assert_eq!(server.connect().get(0, "").status, 200);
    let report = server.stop();
    assert_eq!((report.dns_queries, report.dns_unknown, report.requests), (3, 1, 1));
}

#[test]
fn without_terms_there_is_no_name_server() {
    let server = Running::start(config(1, 0));
    assert_eq!((server.ready.dns, &server.ready.certificate), (None, &None));
    let report = server.stop();
    assert_eq!((report.dns_queries, report.dns_unknown), (0, 0));
}
