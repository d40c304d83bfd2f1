//! What is measured of a trial.

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
    /// Peak resident memory of the client.
    Memory,
    /// Connections that the server accepted.
    Connections,
    /// Requests that failed.
    Errors,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 9] = [
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
            Metric::Memory => "memory",
            Metric::Connections => "connections",
            Metric::Errors => "errors",
        }
    }
    /// The unit of its values.
    pub fn unit(self) -> Unit {
        match self {
            Metric::Wall | Metric::P50 | Metric::P99 | Metric::Cpu => Unit::Nanoseconds,
            Metric::Throughput => Unit::PerSecond,
            Metric::Memory => Unit::Bytes,
            Metric::Efficiency => Unit::Share,
            Metric::Connections | Metric::Errors => Unit::Count,
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
