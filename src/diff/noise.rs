//! How far the same work moved without any change: the A/A controls of both recordings, and drift.

use crate::analyse::{Analysis, CellAnalysis, Interval, Side, shift_ratio};
use crate::record::Recording;

use super::cells::Pair;

/// The A/A controls of the scenarios that a common cell stands in. Where one recording has none, that
/// of the other counts; where both have none, the margin alone does.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPair {
    /// Index of the scenario in the base.
    pub base_scenario: usize,
    /// Index of the scenario in the new recording.
    pub new_scenario: usize,
    /// Name of the scenario in the new recording; empty if there is only one.
    pub scenario: String,
    /// The interval of the base; `None` with too few blocks or failed trials.
    pub base: Option<Interval>,
    /// The same of the new recording.
    pub new: Option<Interval>,
}

/// Noise that a verdict has to get past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Where it was seen.
    pub source: Source,
    /// The recording that it was seen in.
    pub side: Side,
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
pub(super) fn controls(sides: [(&Recording, &Analysis); 2], common: &[Pair]) -> Vec<ControlPair> {
    let mut all: Vec<ControlPair> = Vec::new();
    for pair in common {
        let [base_scenario, new_scenario] = pair.scenarios(sides.map(|(recording, _)| recording));
        if all.iter().any(|c| (c.base_scenario, c.new_scenario) == (base_scenario, new_scenario)) {
            continue;
        }
        let [base, new] = sides.map(|(_, analysis)| &analysis.controls);
        all.push(ControlPair {
            base_scenario,
            new_scenario,
            scenario: sides[1].0.plan.scenarios[new_scenario].name.clone(),
            base: base[base_scenario].interval(),
            new: new[new_scenario].interval(),
        });
    }
    all
}

/// The worst noise known for a cell: of the controls of its scenario in both recordings, and of its
/// own drift in both.
pub(super) fn worst(
    control: &ControlPair,
    base: &CellAnalysis,
    new: &CellAnalysis,
) -> Option<Noise> {
    let noise = |source, side, interval: Option<Interval>| {
        interval.map(|interval| Noise { source, side, interval })
    };
    let all = [
        noise(Source::Control, Side::Base, control.base),
        noise(Source::Control, Side::New, control.new),
        noise(Source::Drift, Side::Base, drift(base)),
        noise(Source::Drift, Side::New, drift(new)),
    ];
    all.into_iter().flatten().max_by(|a, b| a.reach().total_cmp(&b.reach()))
}

/// The later half of a cell's trials ÷ the earlier half, if they differ.
///
/// Only if they differ: the halves have half the trials, so their interval is wider than that of
/// the recordings, and would take verdicts away where there is nothing but its own width. A cell at
/// rest is taken for drifting in 5 % of the recordings, which costs a verdict at worst.
fn drift(cell: &CellAnalysis) -> Option<Interval> {
    // Trials stand in the order of blocks.
    let walls: Vec<f64> = cell.walls.iter().map(|&(_, ns)| ns as f64).collect();
    let (early, late) = walls.split_at(walls.len() / 2);
    let interval = shift_ratio(early, late).ok()?.ratio.interval.ok()?;
    (!interval.contains(1.0)).then_some(interval)
}
