//! What is measured of a trial.

use crate::strategy::probe::Phase;

/// What of a trial is compared, claimed or gated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Wall time of a trial.
    Wall,
    /// Requests that were answered, by the wall time.
    Throughput,
    /// Ideal wall time by wall time.
    Efficiency,
    /// Median latency of a trial.
    P50,
    /// 99th percentile of latency of a trial.
    P99,
    /// CPU time of the client in the measured window.
    Cpu,
    /// Wall time of a trial by its requests.
    WallPerRequest,
    /// CPU time of the client by the requests of the trial.
    CpuPerRequest,
    /// Peak resident memory of the client.
    Memory,
    /// Connections that the server accepted.
    Connections,
    /// Requests that failed.
    Errors,
    /// Requests that failed for want of open files.
    ErrorsEmfile,
    /// Requests that failed for want of local ports.
    ErrorsEaddrnotavail,
    /// Requests that were refused by status.
    ErrorsStatus4xx,
    /// Requests in flight at the busiest moment, as the client saw it.
    InFlight,
    /// Open files of the client at the busiest moment.
    OpenFiles,
    /// Connections open at once at the busiest moment.
    PeakConnections,
    /// Connections beyond the free files that no ended one explains.
    UnexplainedConnections,
    /// Connections dropped by a full accept queue.
    ListenOverflows,
    /// Segments sent again that open a connection.
    SynRetransmits,
    /// Median time to open a connection.
    Connect,
    /// Connections that were ready and carried no request.
    UnusedConnections,
    /// Queries that the name server got.
    DnsQueries,
    /// Look-ups that the cache answered.
    DnsHits,
    /// TLS handshakes from nothing.
    TlsFull,
    /// TLS handshakes that resumed a session.
    TlsResumed,
    /// Median service time of a trial, under open arrival.
    ServiceP50,
    /// 99th percentile of the same.
    ServiceP99,
    /// The rate at which requests went through, under open arrival.
    Achieved,
    /// The same by the offered rate.
    KeptUp,
    /// Requests that had not started when a later one was planned, under open arrival.
    Backlog,
    /// Mean time of a successful request in a phase.
    Phase(Phase),
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 40] = [
        Metric::Wall,
        Metric::Throughput,
        Metric::Efficiency,
        Metric::P50,
        Metric::P99,
        Metric::Cpu,
        Metric::WallPerRequest,
        Metric::CpuPerRequest,
        Metric::Memory,
        Metric::Connections,
        Metric::Errors,
        Metric::ErrorsEmfile,
        Metric::ErrorsEaddrnotavail,
        Metric::ErrorsStatus4xx,
        Metric::InFlight,
        Metric::OpenFiles,
        Metric::PeakConnections,
        Metric::UnexplainedConnections,
        Metric::ListenOverflows,
        Metric::SynRetransmits,
        Metric::Connect,
        Metric::UnusedConnections,
        Metric::DnsQueries,
        Metric::DnsHits,
        Metric::TlsFull,
        Metric::TlsResumed,
        Metric::ServiceP50,
        Metric::ServiceP99,
        Metric::Achieved,
        Metric::KeptUp,
        Metric::Backlog,
        Metric::Phase(Phase::Queue),
        Metric::Phase(Phase::Pool),
        Metric::Phase(Phase::Dns),
        Metric::Phase(Phase::Connect),
        Metric::Phase(Phase::Tls),
        Metric::Phase(Phase::Stream),
        Metric::Phase(Phase::Send),
        Metric::Phase(Phase::Wait),
        Metric::Phase(Phase::Receive),
    ];

    /// Those that every recording has: the others need probes, names, TLS, limits or open arrival.
    pub const OF_EVERY_TRIAL: [Metric; 9] = [
        Metric::Wall,
        Metric::Throughput,
        Metric::Efficiency,
        Metric::P50,
        Metric::P99,
        Metric::Cpu,
        Metric::Memory,
        Metric::Connections,
        Metric::Errors,
    ];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Wall => "wall",
            Metric::Throughput => "throughput",
            Metric::Efficiency => "efficiency",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::Cpu => "cpu",
            Metric::WallPerRequest => "wall-per-request",
            Metric::CpuPerRequest => "cpu-per-request",
            Metric::Memory => "memory",
            Metric::Connections => "connections",
            Metric::Errors => "errors",
            Metric::ErrorsEmfile => "errors-emfile",
            Metric::ErrorsEaddrnotavail => "errors-eaddrnotavail",
            Metric::ErrorsStatus4xx => "errors-status-4xx",
            Metric::InFlight => "in-flight",
            Metric::OpenFiles => "open-files",
            Metric::PeakConnections => "peak-connections",
            Metric::UnexplainedConnections => "unexplained-connections",
            Metric::ListenOverflows => "listen-overflows",
            Metric::SynRetransmits => "syn-retransmits",
            Metric::Connect => "connect",
            Metric::UnusedConnections => "unused-connections",
            Metric::DnsQueries => "dns-queries",
            Metric::DnsHits => "dns-hits",
            Metric::TlsFull => "tls-full",
            Metric::TlsResumed => "tls-resumed",
            Metric::ServiceP50 => "service-p50",
            Metric::ServiceP99 => "service-p99",
            Metric::Achieved => "achieved",
            Metric::KeptUp => "kept-up",
            Metric::Backlog => "backlog",
            Metric::Phase(Phase::Queue) => "phase-queue",
            Metric::Phase(Phase::Pool) => "phase-pool",
            Metric::Phase(Phase::Dns) => "phase-dns",
            Metric::Phase(Phase::Connect) => "phase-connect",
            Metric::Phase(Phase::Tls) => "phase-tls",
            Metric::Phase(Phase::Stream) => "phase-stream",
            Metric::Phase(Phase::Send) => "phase-send",
            Metric::Phase(Phase::Wait) => "phase-wait",
            Metric::Phase(Phase::Receive) => "phase-receive",
        }
    }

    /// The unit of its values.
    pub fn unit(self) -> Unit {
        match self {
            Metric::Wall
            | Metric::P50
            | Metric::P99
            | Metric::Cpu
            | Metric::WallPerRequest
            | Metric::CpuPerRequest
            | Metric::Connect
            | Metric::ServiceP50
            | Metric::ServiceP99
            | Metric::Phase(_) => Unit::Nanoseconds,
            Metric::Throughput | Metric::Achieved => Unit::PerSecond,
            Metric::Memory => Unit::Bytes,
            Metric::Efficiency | Metric::KeptUp => Unit::Share,
            Metric::Connections
            | Metric::Errors
            | Metric::ErrorsEmfile
            | Metric::ErrorsEaddrnotavail
            | Metric::ErrorsStatus4xx
            | Metric::InFlight
            | Metric::OpenFiles
            | Metric::PeakConnections
            | Metric::UnexplainedConnections
            | Metric::ListenOverflows
            | Metric::SynRetransmits
            | Metric::UnusedConnections
            | Metric::DnsQueries
            | Metric::DnsHits
            | Metric::TlsFull
            | Metric::Backlog
            | Metric::TlsResumed => Unit::Count,
        }
    }
}

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Nanoseconds,
    /// Requests per second.
    PerSecond,
    /// Memory.
    Bytes,
    /// A part of one.
    Share,
    /// A number of things.
    Count,
}

impl Unit {
    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "ns",
            Unit::PerSecond => "1/s",
            Unit::Bytes => "B",
            Unit::Share | Unit::Count => "",
        }
    }
}
