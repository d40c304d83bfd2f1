//! Changes of the same work without any cause: the A/A controls of both sides, and drift.

use std::collections::BTreeMap;

use crate::analyse::{
    Interval, NoEstimate, NoInterval, Side as Where, difference_interval, lossy_paired_ratio,
    paired_ratio, shift_interval,
};
use crate::record::{Status, TrialRow};
use crate::spec::Metric;

use super::Pairing;
use super::side::{Pair, Side, SideScenario, paired, values};
use super::values::Values;

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
    /// The interval of the new side; `None` with too few blocks or failed trials.
    pub new: Option<Interval>,
    /// Largest change of a control that lost trials, whatever they would have shown: a ratio of at
    /// least 1. Endless if too many were lost; 1 if neither side lost one.
    pub lost_reach: f64,
}

/// Noise that a verdict has to get past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Place where it was seen.
    pub source: Source,
    /// The side that it was seen on.
    pub side: Where,
    /// The ratio of what should be equal.
    pub interval: Interval,
}

/// Place where noise was seen.
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
            let scenarios = [&base.scenarios[base_scenario], &new.scenarios[new_scenario]];
            let lost_reach = scenarios.into_iter().filter_map(|s| lost_reach(s, metric));
            all.push(ControlPair {
                metric,
                base_scenario,
                new_scenario,
                scenario: new.scenarios[new_scenario].name.clone(),
                base: control(scenarios[0], metric),
                new: control(scenarios[1], metric),
                lost_reach: lost_reach.fold(1.0, f64::max),
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

/// The farther end from 1 of the interval of a control that lost trials; none with too few blocks for
/// one, or if it lost none.
fn lost_reach(scenario: &SideScenario, metric: Metric) -> Option<f64> {
    let [first, second] = scenario.control.as_ref()?;
    let tried = |row: &&TrialRow| row.status != Status::Skipped;
    let pairs = metric.pairs(first.iter().filter(tried), second.iter().filter(tried));
    if pairs.lost == 0 {
        return None;
    }
    match lossy_paired_ratio(&pairs).map(|ratio| ratio.ratio.interval) {
        Ok(Ok(interval)) => Some(interval.reach()),
        // No block was lost that would have made the difference.
        Ok(Err(NoInterval::TooFewBlocks { needs, .. }))
            if pairs.base.len() + pairs.lost < needs =>
        {
            None
        }
        Ok(Err(_)) | Err(_) => Some(f64::INFINITY),
    }
}

/// Largest change of the controls of two scenarios, in the unit of `values`; 0 without one.
pub(super) fn shift(
    scenarios: [&SideScenario; 2],
    values: impl Fn(&[TrialRow]) -> BTreeMap<u32, f64>,
) -> f64 {
    let of = |scenario: &SideScenario| {
        let [first, second] = scenario.control.as_ref()?;
        let (first, second) = paired(&values(first), &values(second));
        let interval = difference_interval(&first, &second)?;
        Some(interval.low.abs().max(interval.high.abs()))
    };
    scenarios.into_iter().filter_map(of).fold(0.0, f64::max)
}

/// The worst noise known for a cell: of the controls of its scenario on both sides, and of its own
/// drift on both. Pairs of one block share the drift, so that it takes nothing from them.
///
/// `values` are what is compared, by block.
pub(super) fn worst(
    control: &ControlPair,
    values: &[Result<Values, NoEstimate>; 2],
    pairing: Pairing,
) -> Option<Noise> {
    let noise = |source, side, interval: Option<Interval>| {
        interval.map(|interval| Noise { source, side, interval })
    };
    let drift = |values: &Result<Values, NoEstimate>| match pairing {
        Pairing::Blocks => None,
        Pairing::None => drift(&values.as_ref().ok()?.known),
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
