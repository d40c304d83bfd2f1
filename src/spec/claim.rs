//! Claims: what the author of an experiment expects.

use super::Selector;

/// What a claim measures; its values are in the unit of the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Wall time of a trial.
    Wall,
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
    pub const ALL: [Metric; 7] = [
        Metric::Wall,
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
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::Cpu => "cpu",
            Metric::Memory => "memory",
            Metric::Connections => "connections",
            Metric::Errors => "errors",
        }
    }
}

/// A sentence with a ratio and a bound. It must hold for every cell that `of` selects.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// What is measured.
    pub metric: Metric,
    /// The cells that are claimed about.
    pub of: Selector,
    /// What their metric is divided by.
    pub over: Over,
    /// The ratio is at least this.
    pub at_least: Option<f64>,
    /// The ratio is at most this.
    pub at_most: Option<f64>,
}

/// The denominator of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// The ideal wall time of the same cell (metric `wall` only).
    Ideal,
    /// The longest of the planned delays of the scenario (metrics of time only).
    LongestDelay,
    /// The sum of the planned delays of the scenario (metrics of time only).
    SumOfDelays,
    /// Nothing: the bound is on the metric itself, in its own unit (nanoseconds, bytes, count).
    One,
    /// The only cell of the same scenario that this selects.
    Cell(Selector),
}
