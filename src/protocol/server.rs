//! Configuration and report of a delay server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::delay::{Delay, Sampling};
use crate::spec::Scenario;
use crate::strategy::{IndexBy, Strategy};
use crate::vocabulary::report;

/// Configuration of a delay server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// [`VERSION`] of the sender.
    pub protocol: u32,
    /// Address to listen on: loopback, or the near side of a network of the trial's own.
    pub listen: IpAddr,
    /// Address that clients connect to, where it is another one.
    pub reached_at: Option<IpAddr>,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Seed of delays and body.
    pub seed: u64,
    /// The delay model.
    pub delay: Delay,
    /// Factor on every delay.
    pub time_scale: f64,
    /// Way in which delays are drawn from their model. Left out if each is drawn by itself, as in
    /// older builds.
    #[serde(default, skip_serializing_if = "Sampling::is_independent")]
    pub sampling: Sampling,
    /// Requests of the trial, which a stratified sample is made for; none if any number may come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
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
    /// Time between two [`Tick`] lines; none, if absent.
    pub tick_ns: Option<u64>,
    /// Capacity beyond which it refuses requests; none, if absent.
    pub capacity: Option<Capacity>,
    /// The index by which requests are told apart.
    #[serde(default, skip_serializing_if = "IndexBy::is_path")]
    pub index_by: IndexBy,
}

/// Progress of a trial, as its server sees it.
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
    /// Progress of the trial.
    Tick(Tick),
}

impl ServerConfig {
    /// The server of a scenario: on a free port of loopback, on any CPU.
    pub fn of(scenario: &Scenario) -> ServerConfig {
        ServerConfig {
            protocol: VERSION,
            listen: IpAddr::from(Ipv4Addr::LOCALHOST),
            reached_at: None,
            port: 0,
            seed: scenario.seed,
            delay: scenario.delay.clone(),
            time_scale: scenario.time_scale,
            sampling: scenario.sampling,
            requests: (!scenario.sampling.is_independent()).then_some(scenario.requests),
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
                targets: scenario.known_hosts(),
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
            index_by: IndexBy::Path,
        }
    }

    /// Adds what one strategy needs: TLS sessions are resumed if the server lets them, and a program may
    /// be unable to number its requests.
    pub fn for_strategy(mut self, strategy: &Strategy) -> ServerConfig {
        if let Some(tls) = &mut self.tls {
            tls.resumption = strategy.tls_resumption;
        }
        if let Some(program) = &strategy.program {
            self.index_by = program.index_by;
        }
        self
    }
}

/// Capacity of a server. Further requests are answered at once with 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Requests in flight at most.
    pub requests: u32,
    /// Value of `Retry-After` for the others.
    pub retry_after_ns: u64,
}

/// Encryption of a server's connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsTerms {
    /// Pause before a handshake.
    pub handshake_delay_ns: u64,
    /// Whether tickets are handed out.
    pub resumption: bool,
}

/// Settings of a trial's name server. It knows the names of [`host`](crate::dns::host).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsTerms {
    /// Hosts that it knows.
    pub targets: u32,
    /// The address that it gives for each: what the client is to connect to.
    pub address: Ipv4Addr,
    /// Pause before each answer.
    pub delay_ns: u64,
    /// Time for which an answer may be kept.
    pub ttl_ns: u64,
}

/// A server that listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerReady {
    /// [`VERSION`] of the server.
    pub protocol: u32,
    /// Address that it listens on.
    pub addr: SocketAddr,
    /// Its certificate (DER), if connections are encrypted.
    pub certificate: Option<Vec<u8>>,
    /// Address of the name server, if there is one.
    pub dns: Option<SocketAddr>,
}

impl ServerReady {
    /// A server that listens here, unencrypted and without names.
    pub fn at(addr: SocketAddr) -> ServerReady {
        ServerReady { protocol: VERSION, addr, certificate: None, dns: None }
    }
}

report! { server =>
    /// Report of a delay server: its own fields, and those of the columns from it.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ServerReport {
        /// Lateness of its pauses, and of itself.
        pub lateness: PauseReport,
        /// Queries for names that it does not know.
        pub dns_unknown: u64,
        /// When it parsed the head of the first request, by the machine's monotonic clock; empty without a
        /// request, or where each process has a clock of its own.
        pub began_ns: Option<u64>,
        /// Port of the client and number of requests, redirected ones included, of every connection, in
        /// order of acceptance.
        pub accepted: Vec<(u16, u32)>,
    }
}

/// A pause that is late by no more than this is on time: a thread that wakes waits about as long for a
/// CPU that another one has.
pub const LATE_NS: u64 = 1_000_000;
/// Share of a pause by which it may be late, where that is more than [`LATE_NS`].
pub const LATE_SHARE: f64 = 0.05;

/// Nanoseconds by which a pause of this length may be late.
pub fn late_after_ns(planned_ns: u64) -> u64 {
    LATE_NS.max((planned_ns as f64 * LATE_SHARE) as u64)
}

/// A server that does not run for this long stands still. On a busy machine a thread waits for a few
/// others, each of which keeps its CPU for 3 ms or so (Linux's base slice); three of them are 9 ms.
pub const STALL_NS: u64 = 10_000_000;

/// A pause that a server makes because its plan says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// The pause before an answer.
    Delay,
    /// The pause between two pieces of an answer.
    Piece,
    /// The pause before the first read from a connection.
    Connect,
    /// The pause before a TLS handshake.
    Handshake,
    /// The pause before the answer to a query for a name.
    Name,
}

impl Pause {
    /// Every kind.
    pub const ALL: [Pause; 5] =
        [Pause::Delay, Pause::Piece, Pause::Connect, Pause::Handshake, Pause::Name];
}

/// Lateness of the pauses of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// Pauses that ended, or were given up after they should have ended.
    pub pauses: u64,
    /// Of these, those that were later than [`late_after_ns`] for another reason than the server's own
    /// work.
    pub late: u64,
    /// Actual minus planned, median; empty if there was no pause.
    pub error_p50_ns: Option<u64>,
    /// Actual minus planned, 99th percentile.
    pub error_p99_ns: Option<u64>,
    /// Actual minus planned, longest.
    pub error_max_ns: Option<u64>,
}

/// Lateness of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseReport {
    /// Lateness of the pauses before answers.
    pub delays: Lateness,
    /// Lateness of the pauses between pieces of answers.
    pub pieces: Lateness,
    /// Lateness of the pauses of new connections.
    pub connects: Lateness,
    /// Lateness of the pauses before TLS handshakes.
    pub handshakes: Lateness,
    /// Lateness of the name server's pauses.
    pub names: Lateness,
    /// All pauses, as long as they really were.
    pub sum_ns: u64,
    /// Sum of the lateness of pauses that were late by more than [`LATE_NS`], without the server's
    /// own work.
    pub late_sum_ns: u64,
    /// The most of these.
    pub late_max_ns: u64,
    /// Times in which the server stood still for at least [`STALL_NS`], in their order.
    pub stalls: Vec<Stall>,
}

impl PauseReport {
    /// Lateness of one kind of pause.
    pub fn of(&self, pause: Pause) -> &Lateness {
        match pause {
            Pause::Delay => &self.delays,
            Pause::Piece => &self.pieces,
            Pause::Connect => &self.connects,
            Pause::Handshake => &self.handshakes,
            Pause::Name => &self.names,
        }
    }

    /// Lateness of one kind of pause, to be changed.
    pub fn of_mut(&mut self, pause: Pause) -> &mut Lateness {
        match pause {
            Pause::Delay => &mut self.delays,
            Pause::Piece => &mut self.pieces,
            Pause::Connect => &mut self.connects,
            Pause::Handshake => &mut self.handshakes,
            Pause::Name => &mut self.names,
        }
    }
}

/// A time in which a server should have run and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// When it ran again, by the machine's monotonic clock.
    pub end_ns: u64,
    /// Its length.
    pub ns: u64,
}
