//! Factors name the properties of a cell; selectors pick cells by them.

use super::Scenario;
use crate::strategy::Strategy;

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
