//! Experiment files: text in, an [`Experiment`] out, or every error with its place.

use serde::{Deserialize, Serialize};

use crate::delay::Delay;
use crate::strategy::Strategy;

/// An experiment, expanded: every value is valid and every list is multiplied out.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The file's name without its ending; part of the names of runs and reports.
    pub name: String,
    /// One line.
    pub title: String,
    /// What the report answers.
    pub question: String,
    /// The points of the workload and server settings, in file order; at least one.
    pub scenarios: Vec<Scenario>,
    /// The strategies, in file order; at least one.
    pub strategies: Vec<Strategy>,
    /// Combinations of scenario and strategy that are left out.
    pub excludes: Vec<Selector>,
    /// The cell of each scenario that the others are compared with; the first, if absent.
    pub baseline: Option<Selector>,
    /// The cell of each scenario that is repeated as the A/A control; the one with the shortest
    /// ideal time, if absent.
    pub control: Option<Selector>,
    /// How often everything is repeated.
    pub blocks: Blocks,
    /// What the author expects.
    pub claims: Vec<Claim>,
    /// Which request rows are kept.
    pub record: RecordLevel,
    /// A ratio within 1 ± this is no difference that matters; 0.02 is 2 %.
    pub margin: f64,
    /// A trial that takes longer is killed; derived from the ideal time if absent. Nanoseconds.
    pub deadline_ns: Option<u64>,
}

/// One point of the workload and server settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Requests of a trial; at least one.
    pub requests: u32,
    /// How long the server waits before each answer.
    pub delay: Delay,
    /// Every delay is multiplied by this; positive and finite.
    pub time_scale: f64,
    /// Bytes of an answer's body.
    pub body_bytes: u64,
    /// Seed of the delays and of the body.
    pub seed: u64,
    /// The server's queue of connections that are not accepted yet.
    pub backlog: u32,
}

/// How often everything is repeated, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// Measured blocks; at least one.
    pub count: u32,
    /// Blocks before them that are recorded but not analysed.
    pub warmup: u32,
    /// Seed of the order within blocks; the delays do not depend on it.
    pub seed: u64,
}

/// Which rows of single requests are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLevel {
    /// Of one trial of each cell, the first 1 000.
    Sample,
    /// Of every trial, all.
    All,
    /// None.
    None,
}

/// A named property of a cell, as text. Selectors, tables and `diff` speak of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Factor {
    /// The reader's name for a strategy.
    Label,
    /// How requests are issued.
    Model,
    /// The HTTP library.
    Client,
    /// What happens to connections.
    Reuse,
    /// Requests in flight at most.
    Limit,
    /// The async runtime.
    Runtime,
    /// The request timeout.
    Timeout,
    /// Open files allowed.
    Nofile,
    /// Requests of a trial.
    Requests,
    /// The delay model.
    Delay,
    /// The factor on delays.
    TimeScale,
    /// The size of an answer.
    Body,
    /// The seed of delays and body.
    Seed,
    /// The server's accept queue.
    Backlog,
}

impl Factor {
    /// Every factor: those of the strategy first, then those of the scenario.
    pub const ALL: [Factor; 14] = [
        Factor::Label,
        Factor::Model,
        Factor::Client,
        Factor::Reuse,
        Factor::Limit,
        Factor::Runtime,
        Factor::Timeout,
        Factor::Nofile,
        Factor::Requests,
        Factor::Delay,
        Factor::TimeScale,
        Factor::Body,
        Factor::Seed,
        Factor::Backlog,
    ];

    /// The key of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Factor::Label => "label",
            Factor::Model => "model",
            Factor::Client => "client",
            Factor::Reuse => "reuse",
            Factor::Limit => "limit",
            Factor::Runtime => "runtime",
            Factor::Timeout => "timeout",
            Factor::Nofile => "nofile",
            Factor::Requests => "requests",
            Factor::Delay => "delay",
            Factor::TimeScale => "time_scale",
            Factor::Body => "body",
            Factor::Seed => "seed",
            Factor::Backlog => "backlog",
        }
    }

    /// Whether it belongs to the strategy rather than to the scenario.
    pub fn is_of_strategy(self) -> bool {
        self < Factor::Requests
    }

    /// Its value in one cell, in one fixed form; `"none"` where the cell has none.
    pub fn value(self, scenario: &Scenario, strategy: &Strategy) -> String {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        match self {
            Factor::Label => strategy.label.clone(),
            Factor::Model => strategy.model.name.to_owned(),
            Factor::Client => strategy.library.name.to_owned(),
            Factor::Reuse => strategy.reuse.to_string(),
            Factor::Limit => or_none(strategy.limit.map(|n| n.to_string())),
            Factor::Runtime => or_none(strategy.runtime.map(|r| r.to_string())),
            Factor::Timeout => or_none(strategy.timeout_ns.map(crate::units::exact_duration)),
            Factor::Nofile => or_none(strategy.nofile.map(|n| n.to_string())),
            Factor::Requests => scenario.requests.to_string(),
            Factor::Delay => scenario.delay.describe(),
            Factor::TimeScale => scenario.time_scale.to_string(),
            Factor::Body => crate::units::exact_size(scenario.body_bytes),
            Factor::Seed => scenario.seed.to_string(),
            Factor::Backlog => scenario.backlog.to_string(),
        }
    }
}

/// Cells by the values of their factors: every factor named must have one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Factor and accepted values, in the form of [`Factor::value`].
    pub terms: Vec<(Factor, Vec<String>)>,
}

impl Selector {
    /// Whether the cell of this scenario and strategy is selected.
    pub fn matches(&self, scenario: &Scenario, strategy: &Strategy) -> bool {
        self.terms.iter().all(|(factor, accepted)| {
            let value = factor.value(scenario, strategy);
            accepted.contains(&value)
        })
    }
}

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
