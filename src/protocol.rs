//! What the harness and its trial children say to each other: one JSON document each way.
//!
//! A server child reads a [`ServerConfig`] from the first line of its standard input, answers with a
//! [`ServerReady`] line, serves until its standard input ends, then writes a [`ServerReport`]
//! line. A client child reads a [`ClientConfig`] and writes a [`ClientReport`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::delay::Delay;
use crate::strategy::Strategy;

/// Raised when a document changes its form or its meaning: `inflight ab` lets builds of the same
/// version speak with each other, and no others.
pub const VERSION: u32 = 1;

/// What a delay server is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// [`VERSION`] of the sender.
    pub protocol: u32,
    /// Loopback port to listen on; 0 takes a free one.
    pub port: u16,
    /// Seed of delays and body.
    pub seed: u64,
    /// The delay model.
    pub delay: Delay,
    /// Factor on every delay.
    pub time_scale: f64,
    /// Bytes of each body.
    pub body_bytes: u64,
    /// Length of the accept queue asked for.
    pub backlog: u32,
    /// CPUs that it may run on; any, if empty.
    pub cpus: Vec<usize>,
    /// Open files that it may have; as many as the system gives, if absent.
    pub nofile: Option<u64>,
}

/// A server that listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerReady {
    /// [`VERSION`] of the server.
    pub protocol: u32,
    /// Where it listens.
    pub addr: SocketAddr,
}

/// What a delay server saw.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerReport {
    /// Requests whose head was parsed.
    pub requests: u64,
    /// Requests whose body was handed over whole.
    pub answered: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests of the connection with the fewest; 0 if a connection carried none.
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
    /// Connections dropped because the accept queue was full, on the whole machine (network
    /// namespace) while the server ran; empty where the system does not tell.
    pub listen_overflows: Option<u64>,
    /// TCP segments sent again, on the whole machine likewise.
    pub retransmits: Option<u64>,
}

/// What a trial's client is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// [`VERSION`] of the sender.
    pub protocol: u32,
    /// The delay server.
    pub server: SocketAddr,
    /// How to issue requests.
    pub strategy: Strategy,
    /// How many requests.
    pub requests: u32,
    /// Seed of delays and body (the client checks the body, and records planned delays).
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
    /// Where to write the timeline, and the time between samples.
    pub timeline: Option<Timeline>,
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
    /// Latency histogram of successful requests (from the start of a request to its last byte):
    /// highest value of the bucket in nanoseconds, and count.
    pub latency: Vec<(u64, u64)>,
    /// Longest and other percentiles, read before bucketing: p50, p90, p99, max in nanoseconds.
    pub latency_percentiles: Option<Percentiles>,
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
            port: 0,
            seed: 1,
            delay: delay.clone(),
            time_scale: 1.0,
            body_bytes: 1,
            backlog: 1,
            cpus: vec![0],
            nofile: None,
        };
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let client = ClientConfig {
            protocol: VERSION,
            server: addr,
            strategy: strategy("s", "async-semaphore", Some(2)),
            requests: 1,
            seed: 1,
            delay,
            time_scale: 1.0,
            body_bytes: 1,
            cpus: vec![0],
            request_log: Some(RequestLog { path: Path::new("r").to_owned(), rows: 1 }),
            timeline: Some(Timeline { path: Path::new("t").to_owned(), every_ns: 1 }),
        };
        let report = ClientReport {
            latency_percentiles: Some(Percentiles { p50_ns: 1, p90_ns: 1, p99_ns: 1, max_ns: 1 }),
            ..ClientReport::default()
        };
        let ready = ServerReady { protocol: VERSION, addr };
        let all = serde_json::json!([server, ready, ServerReport::default(), client, report]);
        let text = serde_json::to_string_pretty(&all).expect("plain data");
        insta::assert_snapshot!(format!("documents_of_version_{VERSION}"), text);
    }
}
