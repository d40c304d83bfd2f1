//! Configuration and report of a trial's client.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ServerReady, VERSION};
use crate::arrival::Arrival;
use crate::delay::{Delay, Planned, Sampling};
use crate::spec::Scenario;
use crate::strategy::Strategy;
use crate::strategy::probe::Phase;
use crate::vocabulary::report;

/// Configuration of a trial's client.
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
    /// The strategy that issues requests.
    pub strategy: Strategy,
    /// Number of requests.
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
    /// Way in which delays are drawn from their model. Left out if each is drawn by itself, as in
    /// older builds.
    #[serde(default, skip_serializing_if = "Sampling::is_independent")]
    pub sampling: Sampling,
    /// Bytes of each body.
    pub body_bytes: u64,
    /// CPUs that it may run on; any, if empty.
    pub cpus: Vec<usize>,
    /// File of request rows, and how many of the first.
    pub request_log: Option<RequestLog>,
    /// File of connection rows: a zstd-compressed CSV, which must not exist.
    pub connection_log: Option<PathBuf>,
    /// File of the timeline, and the time between samples.
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
            sampling: scenario.sampling,
            body_bytes: scenario.body_bytes,
            cpus: Vec::new(),
            request_log: None,
            connection_log: None,
            timeline: None,
        }
    }

    /// The delays that the server is to wait.
    pub fn planned(&self) -> Planned<'_> {
        Planned {
            delay: &self.delay,
            sampling: self.sampling,
            requests: self.requests,
            seed: self.seed,
            time_scale: self.time_scale,
        }
    }
}

/// File and number of request rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLog {
    /// A zstd-compressed CSV; the file must not exist.
    pub path: PathBuf,
    /// Rows at most: the first requests by index.
    pub rows: u32,
}

/// File of a trial's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// A CSV; the file must not exist.
    pub path: PathBuf,
    /// Time between samples.
    pub every_ns: u64,
}

report! { client =>
    /// Report of a trial's client: its own fields, and those of the columns from it. The window
    /// starts before the first thread or task is spawned and ends when the last body is checked.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ClientReport {
        /// [`VERSION`] of the client.
        pub protocol: u32,
        /// When the window began, by the machine's monotonic clock; empty where each process has a clock
        /// of its own.
        pub began_ns: Option<u64>,
        /// Requests that failed, by class.
        pub errors: BTreeMap<String, u64>,
        /// The raw chain of the first failure by index.
        pub first_error: Option<String>,
        /// Latency histogram of successful requests (from the start of a request to its last byte;
        /// under open arrival from its planned start): highest value of the bucket in nanoseconds, and
        /// count.
        pub latency: Vec<(u64, u64)>,
        /// Time in each phase, of successful requests; a phase that the library cannot tell is left
        /// out. Empty without probes.
        pub phases: Vec<PhaseTime>,
        /// Counts of connections; empty without probes.
        pub connections: Option<ConnectionCounts>,
        /// Look-ups of names; empty without names.
        pub dns: Option<DnsCounts>,
        /// Failed requests by class and by the phase that they did not come to the end of.
        pub failures: Vec<Failures>,
        /// The failure that came first in time.
        pub first_failure: Option<FirstFailure>,
        /// Requests that the library sent again by itself, where it may and that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub retries: Option<u64>,
        /// Report of a program; empty of a client of inflight's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub program: Option<ProgramReport>,
        /// Answers of each worker of a service; `None` if an answer did not name its worker.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub workers: Option<Vec<u64>>,
        /// Longest and other percentiles, read before bucketing.
        pub latency_percentiles: Option<Percentiles>,
        /// Report of open arrival; left out if arrival is closed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub open: Option<OpenReport>,
    }
}

/// Report of a program, beside what it reports of its requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramReport {
    /// Why the trial is no measurement: it failed, say, or left processes behind.
    pub failure: Option<String>,
    /// Whether it reported its requests. If not, only the server knows of them.
    pub reports: bool,
    /// Whether it reported the bytes of every good answer. If not, its bodies are unknown.
    pub reports_bodies: bool,
    /// Measurement of its CPU time.
    pub cpu_by: CpuBy,
    /// From before its start until it ended.
    pub process_wall_ns: u64,
    /// Processes at the busiest moment seen.
    pub peak_processes: u64,
}

/// Way in which the CPU time of a tree of processes was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuBy {
    /// By a cgroup of its own: all that ever ran in it.
    Cgroup,
    /// By waiting for each process: all but those that nobody waited for.
    #[default]
    Wait,
}

impl CpuBy {
    /// The word of the record.
    pub fn name(self) -> &'static str {
        match self {
            CpuBy::Cgroup => "cgroup",
            CpuBy::Wait => "wait",
        }
    }
}

report! { client.open =>
    /// Report of open arrival, beside latencies, which count from the planned starts.
    #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct OpenReport {
        /// Service times of successful requests: from handing a request to the library to its last
        /// byte.
        pub service: Option<Percentiles>,
        /// Lateness with which requests were handed to the library, from their planned starts.
        pub start_lateness: Option<Percentiles>,
    }
}

/// Failed requests of one class and phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// The class, as it is written.
    pub class: String,
    /// The phase that they did not come to the end of.
    pub phase: Phase,
    /// Number of requests.
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

report! { client.connections =>
    /// Connections of a trial, as the client saw them.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ConnectionCounts {
        /// Connections that were ready and carried a request.
        pub used: u64,
        /// TLS handshakes from nothing.
        pub tls_full: u64,
        /// TLS handshakes that resumed a session.
        pub tls_resumed: u64,
        /// Own port and number of requests of every connection that was ready and whose port the
        /// library tells, in the order of opening.
        pub ports: Vec<(u16, u32)>,
    }
}

report! { client.dns =>
    /// Look-ups of names of a trial.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct DnsCounts {}
}

/// Percentiles of a trial's latencies, exact (nearest rank), in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// Median.
    pub p50_ns: u64,
    /// 90th percentile.
    pub p90_ns: u64,
    /// 95th percentile; empty from builds that do not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ns: Option<u64>,
    /// 99th percentile.
    pub p99_ns: u64,
    /// 99.9th percentile, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999_ns: Option<u64>,
    /// The longest.
    pub max_ns: u64,
}

impl Percentiles {
    /// Percentiles of values in ascending order; `None` of none.
    pub fn of(sorted_ns: &[u64]) -> Option<Percentiles> {
        // The smallest value that at least p of 1,000 values do not exceed.
        let at = |p: usize| sorted_ns[(sorted_ns.len() * p).div_ceil(1_000) - 1];
        let max_ns = *sorted_ns.last()?;
        Some(Percentiles {
            p50_ns: at(500),
            p90_ns: at(900),
            p95_ns: Some(at(950)),
            p99_ns: at(990),
            p999_ns: Some(at(999)),
            max_ns,
        })
    }
}
