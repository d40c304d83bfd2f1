//! How far the same work moved without any change: the A/A controls of both sides, and drift.

use std::collections::BTreeMap;

use crate::analyse::{Interval, NoEstimate, Side as Where, paired_ratio, shift_interval};
use crate::spec::Metric;

use super::Pairing;
use super::cells::Pair;
use super::side::{Side, SideScenario, paired, values};

/// The A/A controls of the scenarios that a common cell stands in. Where one side has none, that of
/// the other counts; where both have none, the margin alone does.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPair {
    /// The metric.
    pub metric: Metric,
    /// Index of the scenario in the base.
    pub base_scenario: usize,
    /// Index of the scenario in the new side.
    pub new_scenario: usize,
    /// Name of the scenario in the new side; empty if there is only one.
    pub scenario: String,
    /// The interval of the base; `None` with too few blocks or failed trials.
    pub base: Option<Interval>,
    /// The same of the new side.
    pub new: Option<Interval>,
}

/// Noise that a verdict has to get past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Where it was seen.
    pub source: Source,
    /// The side that it was seen on.
    pub side: Where,
    /// The ratio of what should be equal.
    pub interval: Interval,
}

/// Where noise was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The control cell of the scenario, measured twice in every block.
    Control,
    /// The later half of a cell's trials against the earlier half, where the two differ.
    Drift,
}

impl Noise {
    /// The farther end from 1, as a ratio of at least 1.
    pub fn reach(&self) -> f64 {
        self.interval.reach()
    }
}

/// The controls of every pair of scenarios with a common cell, in the order of the cells.
pub(super) fn controls(sides: [&Side; 2], common: &[Pair], metrics: &[Metric]) -> Vec<ControlPair> {
    let mut all: Vec<ControlPair> = Vec::new();
    for pair in common {
        let [base_scenario, new_scenario] = pair.scenarios(sides);
        if all.iter().any(|c| (c.base_scenario, c.new_scenario) == (base_scenario, new_scenario)) {
            continue;
        }
        let [base, new] = sides;
        for &metric in metrics {
            let of = |side: &Side, scenario: usize| control(&side.scenarios[scenario], metric);
            all.push(ControlPair {
                metric,
                base_scenario,
                new_scenario,
                scenario: new.scenarios[new_scenario].name.clone(),
                base: of(base, base_scenario),
                new: of(new, new_scenario),
            });
        }
    }
    all
}

fn control(scenario: &SideScenario, metric: Metric) -> Option<Interval> {
    let [first, second] = scenario.control.as_ref()?;
    let (first, second) = (values(first, metric), values(second, metric));
    let (first, second) = paired(&first, &second);
    paired_ratio(&first, &second).ok()?.ratio.interval.ok()
}

/// The worst noise known for a cell: of the controls of its scenario on both sides, and of its own
/// drift on both. Pairs of one block share the drift, so that it takes nothing from them.
///
/// `values` are what is compared, by block.
pub(super) fn worst(
    control: &ControlPair,
    values: &[Result<BTreeMap<u32, f64>, NoEstimate>; 2],
    pairing: Pairing,
) -> Option<Noise> {
    let noise = |source, side, interval: Option<Interval>| {
        interval.map(|interval| Noise { source, side, interval })
    };
    let drift = |values: &Result<BTreeMap<u32, f64>, NoEstimate>| match pairing {
        Pairing::Blocks => None,
        Pairing::None => drift(values.as_ref().ok()?),
    };
    let all = [
        noise(Source::Control, Where::Base, control.base),
        noise(Source::Control, Where::New, control.new),
        noise(Source::Drift, Where::Base, drift(&values[0])),
        noise(Source::Drift, Where::New, drift(&values[1])),
    ];
    all.into_iter().flatten().max_by(|a, b| a.reach().total_cmp(&b.reach()))
}

/// The later half of a cell's trials ÷ the earlier half, if they differ.
///
/// Only if they differ: the halves have half the trials, so their interval is wider than that of
/// the recordings, and would take verdicts away where there is nothing but its own width. A cell at
/// rest is taken for drifting in 5 % of the recordings, which costs a verdict at worst.
fn drift(by_block: &BTreeMap<u32, f64>) -> Option<Interval> {
    let values: Vec<f64> = by_block.values().copied().collect();
    let (early, late) = values.split_at(values.len() / 2);
    let interval = shift_interval(early, late)?;
    (!interval.contains(1.0)).then_some(interval)
}
