//! The form of the documents.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use super::*;
use crate::arrival::Arrival;
use crate::delay::Sampling;
use crate::record::synthetic::{experiment, strategy};
use crate::strategy::IndexBy;
use crate::strategy::probe::Phase;

/// Where a document of client or server changes on purpose, [`VERSION`] is raised, and there is a new snapshot.
/// The relay is always of the build that asks it.
#[test]
fn documents_have_one_form_in_each_version() {
    let delay = experiment(Vec::new(), 1).scenarios[0].delay.clone();
    let server = ServerConfig {
        protocol: VERSION,
        listen: IpAddr::from([127, 0, 0, 1]),
        reached_at: None,
        port: 0,
        seed: 1,
        delay: delay.clone(),
        time_scale: 1.0,
        sampling: Sampling::Independent,
        requests: None,
        body_bytes: 1,
        chunks: 1,
        chunk_delay_ns: 0,
        upload_bytes: Some(1),
        backlog: 1,
        tls: Some(TlsTerms { handshake_delay_ns: 1, resumption: true }),
        connect_delay_ns: 1,
        streams: 1,
        dns: Some(DnsTerms { targets: 1, address: Ipv4Addr::LOCALHOST, delay_ns: 1, ttl_ns: 1 }),
        cpus: vec![0],
        nofile: None,
        tick_ns: Some(1),
        capacity: Some(Capacity { requests: 1, retry_after_ns: 1 }),
        index_by: IndexBy::Path,
    };
    let addr = SocketAddr::from(([127, 0, 0, 1], 1));
    let client = ClientConfig {
        protocol: VERSION,
        server: addr,
        certificate: Some(vec![1]),
        dns: Some(addr),
        targets: 1,
        redirects: 1,
        upload_bytes: 1,
        strategy: strategy("s", "async-semaphore", Some(2)),
        requests: 1,
        arrival: Arrival::Closed,
        seed: 1,
        delay,
        time_scale: 1.0,
        sampling: Sampling::Independent,
        body_bytes: 1,
        cpus: vec![0],
        request_log: Some(RequestLog { path: Path::new("r").to_owned(), rows: 1 }),
        connection_log: Some(Path::new("c").to_owned()),
        timeline: Some(Timeline { path: Path::new("t").to_owned(), every_ns: 1 }),
    };
    let report = ClientReport {
        latency_percentiles: Some(Percentiles {
            p50_ns: 1,
            p90_ns: 1,
            p99_ns: 1,
            max_ns: 1,
            ..Percentiles::default()
        }),
        phases: vec![PhaseTime { phase: Phase::Wait, requests: 1, sum_ns: 1 }],
        connections: Some(ConnectionCounts::default()),
        dns: Some(DnsCounts::default()),
        failures: vec![Failures { class: "c".to_owned(), phase: Phase::Connect, requests: 1 }],
        first_failure: Some(FirstFailure {
            class: "c".to_owned(),
            phase: Phase::Connect,
            at_ns: 1,
            in_flight: 1,
            started: 1,
        }),
        ..ClientReport::default()
    };
    let ready =
        ServerReady { protocol: VERSION, addr, certificate: Some(vec![1]), dns: Some(addr) };
    let all = serde_json::json!([server, ready, ServerReport::default(), client, report]);
    let text = serde_json::to_string_pretty(&all).expect("plain data");
    insta::assert_snapshot!(format!("documents_of_version_{VERSION}"), text);
}

/// Fields of open arrival, which are left out without it.
#[test]
fn open_arrival_has_one_form_in_each_version() {
    let poisson = Arrival::Poisson(crate::arrival::Rate::per_s(500));
    let arrivals = [Arrival::Closed, Arrival::Constant(crate::arrival::Rate::per_s(1)), poisson];
    let text = serde_json::json!([arrivals, OpenReport::default()]).to_string();
    insta::assert_snapshot!(text, @r#"[["closed",{"constant":60000},{"poisson":30000000}],{"backlog_end":0,"backlog_peak":0,"early":0,"lateness_apart_ns":null,"lateness_before_ns":null,"lateness_end_ns":null,"misplanned":0,"service":null,"span_ns":0,"start_lateness":null}]"#);
}

#[test]
fn percentiles_are_nearest_ranks() {
    let thousand: Vec<u64> = (1..=1_000).collect();
    let want = Percentiles {
        p50_ns: 500,
        p90_ns: 900,
        p95_ns: Some(950),
        p99_ns: 990,
        p999_ns: Some(999),
        max_ns: 1_000,
    };
    assert_eq!(Percentiles::of(&thousand), Some(want));
    let one = Percentiles {
        p50_ns: 7,
        p90_ns: 7,
        p95_ns: Some(7),
        p99_ns: 7,
        p999_ns: Some(7),
        max_ns: 7,
    };
    assert_eq!(Percentiles::of(&[7]), Some(one));
    assert_eq!(Percentiles::of(&[]), None);
}
