//! What the harness and its trial children say to each other: one JSON document each way.
//!
//! A server child reads a [`ServerConfig`] from the first line of its standard input, answers with a
//! [`ServerReady`] line, serves until its standard input ends, then writes a [`ServerReport`]
//! line. A client child reads a [`ClientConfig`] and writes a [`ClientReport`].

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::arrival::Arrival;
use crate::delay::Delay;
use crate::spec::Scenario;
use crate::strategy::Strategy;
use crate::strategy::probe::Phase;

/// Raised when a document changes its form or its meaning: `inflight ab` lets builds of the same
/// version speak with each other, and no others.
pub const VERSION: u32 = 4;

/// What a delay server is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// [`VERSION`] of the sender.
    pub protocol: u32,
    /// Address to listen on: loopback, or the near side of a network of the trial's own.
    pub listen: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Seed of delays and body.
    pub seed: u64,
    /// The delay model.
    pub delay: Delay,
    /// Factor on every delay.
    pub time_scale: f64,
    /// Bytes of each body.
    pub body_bytes: u64,
    /// Pieces that each body is sent in.
    pub chunks: u32,
    /// Pause between two pieces.
    pub chunk_delay_ns: u64,
    /// Bytes of each request's body, if it brings one: another body is refused. Any, if absent.
    pub upload_bytes: Option<u64>,
    /// Length of the accept queue asked for.
    pub backlog: u32,
    /// Whether connections are encrypted, and whether sessions may be resumed.
    pub tls: Option<TlsTerms>,
    /// Pause before the first read from a new connection.
    pub connect_delay_ns: u64,
    /// Requests at once on an HTTP/2 connection at most.
    pub streams: u32,
    /// A name server beside it.
    pub dns: Option<DnsTerms>,
    /// CPUs that it may run on; any, if empty.
    pub cpus: Vec<usize>,
    /// Open files that it may have; as many as the system gives, if absent.
    pub nofile: Option<u64>,
    /// How often it says how far it has come, as a line with a [`Tick`]; never, if absent.
    pub tick_ns: Option<u64>,
    /// When it refuses requests; never, if absent.
    pub capacity: Option<Capacity>,
}

/// How far a trial has come, as its server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// Requests answered so far.
    pub answered: u64,
    /// Requests that wait for their answer.
    pub in_flight: u64,
}

/// A line between the others that a server writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum Aside {
    /// How far the trial has come.
    Tick(Tick),
}

impl ServerConfig {
    /// The server of a scenario: on a free port of loopback, on any CPU.
    pub fn of(scenario: &Scenario) -> ServerConfig {
        ServerConfig {
            protocol: VERSION,
            listen: IpAddr::from(Ipv4Addr::LOCALHOST),
            port: 0,
            seed: scenario.seed,
            delay: scenario.delay.clone(),
            time_scale: scenario.time_scale,
            body_bytes: scenario.body_bytes,
            chunks: scenario.chunks,
            chunk_delay_ns: scenario.chunk_delay_ns,
            upload_bytes: Some(scenario.upload_bytes),
            backlog: scenario.backlog,
            tls: scenario.tls.then_some(TlsTerms {
                handshake_delay_ns: scenario.handshake_delay_ns,
                resumption: true,
            }),
            connect_delay_ns: scenario.connect_delay_ns,
            streams: scenario.streams,
            dns: scenario.dns_delay_ns.map(|delay_ns| DnsTerms {
                targets: scenario.targets,
                address: Ipv4Addr::LOCALHOST,
                delay_ns,
                ttl_ns: scenario.dns_ttl_ns,
            }),
            cpus: Vec::new(),
            tick_ns: None,
            nofile: scenario.server_nofile,
            capacity: scenario.capacity.map(|requests| Capacity {
                requests: requests.get(),
                retry_after_ns: scenario.retry_after_ns,
            }),
        }
    }

    /// The same for one strategy: a client's TLS sessions are resumed if the server lets them.
    pub fn for_strategy(mut self, strategy: &Strategy) -> ServerConfig {
        if let Some(tls) = &mut self.tls {
            tls.resumption = strategy.tls_resumption;
        }
        self
    }
}

/// How many requests a server takes at once. Further ones are answered at once with 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// In flight at most.
    pub requests: u32,
    /// What `Retry-After` says to the others.
    pub retry_after_ns: u64,
}

/// How a server encrypts connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsTerms {
    /// Pause before a handshake.
    pub handshake_delay_ns: u64,
    /// Whether tickets are handed out.
    pub resumption: bool,
}

/// What the name server of a trial answers. It knows the names of [`host`](crate::dns::host).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsTerms {
    /// Hosts that it knows.
    pub targets: u32,
    /// The address that it gives for each: what the client is to connect to.
    pub address: Ipv4Addr,
    /// Pause before each answer.
    pub delay_ns: u64,
    /// How long an answer may be kept.
    pub ttl_ns: u64,
}

/// A server that listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerReady {
    /// [`VERSION`] of the server.
    pub protocol: u32,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its certificate (DER), if connections are encrypted.
    pub certificate: Option<Vec<u8>>,
    /// Where the name server listens, if there is one.
    pub dns: Option<SocketAddr>,
}

impl ServerReady {
    /// A server that listens here, unencrypted and without names.
    pub fn at(addr: SocketAddr) -> ServerReady {
        ServerReady { protocol: VERSION, addr, certificate: None, dns: None }
    }
}

/// What a delay server saw.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerReport {
    /// Requests whose head was parsed, without those that were redirected: each of these comes
    /// again.
    pub requests: u64,
    /// Requests whose body was handed over whole.
    pub answered: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests of the connection with the fewest, redirected ones included; 0 if a connection
    /// carried none.
    pub requests_per_connection_min: u64,
    /// Median of requests over connections.
    pub requests_per_connection_p50: u64,
    /// Requests of the connection with the most.
    pub requests_per_connection_max: u64,
    /// Connections that could not be accepted at once (too many open files); they waited.
    pub accept_failures: u64,
    /// Requests in flight at the busiest moment: from the parsed head to just before the last
    /// write of the body.
    pub peak_in_flight: u64,
    /// Sum of the delays as they really were.
    pub delay_served_sum_ns: u64,
    /// Actual minus planned delay, median; empty if nothing was delayed.
    pub delay_error_p50_ns: Option<u64>,
    /// Actual minus planned delay, 99th percentile.
    pub delay_error_p99_ns: Option<u64>,
    /// Actual minus planned delay, longest.
    pub delay_error_max_ns: Option<u64>,
    /// CPU time in user mode of the process, since it began to serve.
    pub cpu_user_ns: u64,
    /// CPU time in the kernel of the process, likewise.
    pub cpu_sys_ns: u64,
    /// `VmHWM`; empty where the system does not tell.
    pub max_rss_bytes: Option<u64>,
    /// Redirects sent.
    pub redirected: u64,
    /// Bytes of request bodies received; a body that comes again after a redirect counts again.
    pub uploaded_bytes: u64,
    /// TLS handshakes from nothing.
    pub tls_full: u64,
    /// TLS handshakes that resumed a session.
    pub tls_resumed: u64,
    /// TLS handshakes that failed, or that the client gave up.
    pub tls_failed: u64,
    /// Queries that the name server got.
    pub dns_queries: u64,
    /// Queries for names that it does not know.
    pub dns_unknown: u64,
    /// Port of the client and number of requests, redirected ones included, of every connection, in
    /// order of acceptance.
    pub accepted: Vec<(u16, u32)>,
    /// Requests refused with 429, because as many as its capacity were in flight.
    pub refused: u64,
    /// Connections dropped because the accept queue was full, on the whole machine (network
    /// namespace) while the server ran; empty where the system does not tell.
    pub listen_overflows: Option<u64>,
    /// Connections that a listening socket dropped, for whatever reason, likewise.
    pub listen_drops: Option<u64>,
    /// TCP segments sent again, on the whole machine likewise.
    pub retransmits: Option<u64>,
    /// Of these, those that open a connection.
    pub syn_retransmits: Option<u64>,
    /// Times that TCP's timer ran out before an answer, likewise.
    pub tcp_timeouts: Option<u64>,
}

/// What a trial's client is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// [`VERSION`] of the sender.
    pub protocol: u32,
    /// The delay server: where connections go.
    pub server: SocketAddr,
    /// Its certificate (DER), if connections are to be encrypted.
    pub certificate: Option<Vec<u8>>,
    /// The name server, if hosts have names.
    pub dns: Option<SocketAddr>,
    /// Hosts that requests go to in turn.
    pub targets: u32,
    /// Redirects before each answer.
    pub redirects: u32,
    /// Bytes of a request's body.
    pub upload_bytes: u64,
    /// How to issue requests.
    pub strategy: Strategy,
    /// How many requests.
    pub requests: u32,
    /// When they are to start. Left out if closed: a client that knows of nothing else is told
    /// nothing else, so builds from before stay comparable.
    #[serde(default, skip_serializing_if = "Arrival::is_closed")]
    pub arrival: Arrival,
    /// Seed of delays, arrivals and body (the client checks the body, and records planned delays).
    pub seed: u64,
    /// The delay model.
    pub delay: Delay,
    /// Factor on every delay.
    pub time_scale: f64,
    /// Bytes of each body.
    pub body_bytes: u64,
    /// CPUs that it may run on; any, if empty.
    pub cpus: Vec<usize>,
    /// Where to write request rows, and how many of the first.
    pub request_log: Option<RequestLog>,
    /// Where to write connection rows (a zstd-compressed CSV; the file must not exist).
    pub connection_log: Option<PathBuf>,
    /// Where to write the timeline, and the time between samples.
    pub timeline: Option<Timeline>,
}

impl ClientConfig {
    /// The client of a cell: any CPU, and no rows.
    pub fn of(scenario: &Scenario, strategy: &Strategy, server: &ServerReady) -> ClientConfig {
        ClientConfig {
            protocol: VERSION,
            server: server.addr,
            certificate: server.certificate.clone(),
            dns: server.dns,
            targets: scenario.targets,
            redirects: scenario.redirects,
            upload_bytes: scenario.upload_bytes,
            strategy: strategy.clone(),
            requests: scenario.requests,
            arrival: scenario.arrival,
            seed: scenario.seed,
            delay: scenario.delay.clone(),
            time_scale: scenario.time_scale,
            body_bytes: scenario.body_bytes,
            cpus: Vec::new(),
            request_log: None,
            connection_log: None,
            timeline: None,
        }
    }
}

/// Where to write request rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLog {
    /// A zstd-compressed CSV; the file must not exist.
    pub path: PathBuf,
    /// Rows at most: the first requests by index.
    pub rows: u32,
}

/// Where to write the timeline of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// A CSV; the file must not exist.
    pub path: PathBuf,
    /// Time between samples.
    pub every_ns: u64,
    /// Whether sockets are told apart by their state, which takes up to a twentieth of a CPU.
    pub states: bool,
}

/// What a trial's client measured. The window starts before the first thread or task is spawned
/// and ends when the last body is checked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientReport {
    /// [`VERSION`] of the client.
    pub protocol: u32,
    /// Length of the window.
    pub wall_ns: u64,
    /// CPU time in user mode within the window.
    pub cpu_user_ns: u64,
    /// CPU time in the kernel within the window.
    pub cpu_sys_ns: u64,
    /// CPU time of the whole process, user and kernel, up to the report.
    pub cpu_process_ns: u64,
    /// `VmHWM`; empty where the system does not tell.
    pub max_rss_bytes: Option<u64>,
    /// Threads of the process at the busiest moment seen; empty where the system does not tell.
    pub peak_threads: Option<u64>,
    /// Context switches that waited for something, within the window.
    pub voluntary_switches: u64,
    /// Context switches forced by the scheduler, within the window.
    pub involuntary_switches: u64,
    /// Requests issued.
    pub issued: u64,
    /// Requests answered with status 200 and the right body.
    pub ok: u64,
    /// Requests that failed, by class.
    pub errors: BTreeMap<String, u64>,
    /// The raw chain of the first failure by index.
    pub first_error: Option<String>,
    /// Answers whose body had the wrong length, checksum or index; also in `errors`.
    pub body_mismatches: u64,
    /// Requests between start and end at the busiest moment, as the client saw it.
    pub peak_in_flight: u64,
    /// Bytes of bodies received.
    pub body_bytes: u64,
    /// Latency histogram of successful requests (from the start of a request to its last byte; under
    /// open arrival from its planned start):
    /// highest value of the bucket in nanoseconds, and count.
    pub latency: Vec<(u64, u64)>,
    /// Time in each phase, of successful requests; a phase that the library cannot tell is left
    /// out. Empty without probes.
    pub phases: Vec<PhaseTime>,
    /// What became of connections; empty without probes.
    pub connections: Option<ConnectionCounts>,
    /// Look-ups of names; empty without names.
    pub dns: Option<DnsCounts>,
    /// Failed requests by class and by the phase that they did not come to the end of.
    pub failures: Vec<Failures>,
    /// The failure that came first in time.
    pub first_failure: Option<FirstFailure>,
    /// Files of the process just before the window; taken where the strategy limits them.
    pub open_files_before: Option<u64>,
    /// Files of the process at the busiest moment, likewise.
    pub peak_open_files: Option<u64>,
    /// Longest and other percentiles, read before bucketing: p50, p90, p99, max in nanoseconds.
    pub latency_percentiles: Option<Percentiles>,
    /// What open arrival adds; left out if arrival is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenReport>,
}

/// What a trial of open arrival has beside its latencies, which count from the planned starts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenReport {
    /// From the planned start of the first request to that of the last.
    pub span_ns: u64,
    /// Service times of successful requests: from handing a request to the library to its last
    /// byte.
    pub service: Option<Percentiles>,
    /// How much later than planned requests were handed to the library.
    pub start_lateness: Option<Percentiles>,
    /// Requests that had not started when a later one was planned, at the worst moment.
    pub backlog_peak: u64,
    /// The same when the last one was planned.
    pub backlog_end: u64,
    /// Median of (end − planned start − planned delay) of a tenth of the successful requests: the
    /// least of the tenths before the middle.
    pub lateness_before_ns: Option<u64>,
    /// The same of the last tenth.
    pub lateness_end_ns: Option<u64>,
    /// From the middle of that tenth to the middle of the last, as planned.
    pub lateness_apart_ns: Option<u64>,
    /// Requests that were planned for another time than seed and index say.
    pub misplanned: u64,
    /// Requests that started before their planned time.
    pub early: u64,
}

/// Failed requests of one class and phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// The class, as it is written.
    pub class: String,
    /// The phase that they did not come to the end of.
    pub phase: Phase,
    /// How many.
    pub requests: u64,
}

/// The failure of a trial that came first in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstFailure {
    /// Its class, as it is written.
    pub class: String,
    /// The phase that it did not come to the end of.
    pub phase: Phase,
    /// When, since the start of the window.
    pub at_ns: u64,
    /// Requests between start and end at that moment, itself included.
    pub in_flight: u64,
    /// Requests handed to the library until then.
    pub started: u64,
}

/// Time that the successful requests of a trial spent in one phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseTime {
    /// Which.
    pub phase: Phase,
    /// Requests that were in it (a reused connection needs no handshake).
    pub requests: u64,
    /// Sum over these.
    pub sum_ns: u64,
}

/// What became of a trial's connections, as the client saw it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionCounts {
    /// Connections that were ready for requests.
    pub opened: u64,
    /// Of these, those that carried a request.
    pub used: u64,
    /// Of these, those that carried none: the library had begun them for a request that another
    /// connection then carried.
    pub unused: u64,
    /// Connections that could not be opened.
    pub failed: u64,
    /// Connections that were given up while they were being opened.
    pub given_up: u64,
    /// Connections open at the end of the window; empty where the library does not tell when one
    /// is closed.
    pub kept: Option<u64>,
    /// TCP connections open at once at the busiest moment. A connection whose end the library does
    /// not tell ends, without reuse, with its request, and otherwise with the window. Empty where the
    /// library does not tell the request either.
    pub peak: Option<u64>,
    /// TCP connections that may have ended when the last one was opened. Where the library does not
    /// tell, one without reuse may have ended as soon as its answer could come, and with reuse nobody
    /// knows.
    pub ended_before_last: Option<u64>,
    /// From the TCP connect (after the look-up) to a connection that is ready, median.
    pub connect_p50_ns: Option<u64>,
    /// TLS handshakes from nothing.
    pub tls_full: u64,
    /// TLS handshakes that resumed a session.
    pub tls_resumed: u64,
    /// Own port and number of requests of every connection that was ready and whose port the
    /// library tells, in the order of opening.
    pub ports: Vec<(u16, u32)>,
}

/// Look-ups of names of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsCounts {
    /// Answered by the name server.
    pub misses: u64,
    /// Answered from the cache.
    pub hits: u64,
    /// Answered by the query of another look-up.
    pub coalesced: u64,
    /// Without an answer.
    pub failed: u64,
    /// Queries sent a second time, because the first was not answered in time.
    pub resends: u64,
}

/// Percentiles of a trial's latencies, exact (nearest rank), in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// Median.
    pub p50_ns: u64,
    /// 90th percentile.
    pub p90_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::synthetic::{experiment, strategy};

    /// Where a document changes on purpose, [`VERSION`] is raised, and there is a new snapshot.
    #[test]
    fn documents_have_one_form_in_each_version() {
        let delay = experiment(Vec::new(), 1).scenarios[0].delay.clone();
        let server = ServerConfig {
            protocol: VERSION,
            listen: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            seed: 1,
            delay: delay.clone(),
            time_scale: 1.0,
            body_bytes: 1,
            chunks: 1,
            chunk_delay_ns: 0,
            upload_bytes: Some(1),
            backlog: 1,
            tls: Some(TlsTerms { handshake_delay_ns: 1, resumption: true }),
            connect_delay_ns: 1,
            streams: 1,
            dns: Some(DnsTerms {
                targets: 1,
                address: Ipv4Addr::LOCALHOST,
                delay_ns: 1,
                ttl_ns: 1,
            }),
            cpus: vec![0],
            nofile: None,
            tick_ns: Some(1),
            capacity: Some(Capacity { requests: 1, retry_after_ns: 1 }),
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
            body_bytes: 1,
            cpus: vec![0],
            request_log: Some(RequestLog { path: Path::new("r").to_owned(), rows: 1 }),
            connection_log: Some(Path::new("c").to_owned()),
            timeline: Some(Timeline { path: Path::new("t").to_owned(), every_ns: 1, states: true }),
        };
        let report = ClientReport {
            latency_percentiles: Some(Percentiles { p50_ns: 1, p90_ns: 1, p99_ns: 1, max_ns: 1 }),
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

    /// What is added for open arrival, and left out without it.
    #[test]
    fn open_arrival_has_one_form_in_each_version() {
        let poisson = Arrival::Poisson(crate::arrival::Rate::per_s(500));
        let arrivals =
            [Arrival::Closed, Arrival::Constant(crate::arrival::Rate::per_s(1)), poisson];
        let text = serde_json::to_string(&(arrivals, OpenReport::default())).expect("plain data");
        insta::assert_snapshot!(text, @r#"[["closed",{"constant":60000},{"poisson":30000000}],{"span_ns":0,"service":null,"start_lateness":null,"backlog_peak":0,"backlog_end":0,"lateness_before_ns":null,"lateness_end_ns":null,"lateness_apart_ns":null,"misplanned":0,"early":0}]"#);
    }
}
